// Moments for people, in their language and their zone.

import { language } from "./words.js";
import { t } from "./words.js";

// The browser's own variety of the language, with its clock and its order of dates.
const locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
const short = new Intl.DateTimeFormat(locale, { day: "2-digit", month: "2-digit" });
const whole = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "medium" });

// `14:05`.
export function clockTime(time) {
  return clock.format(new Date(time));
}

// The day, as a key that compares.
export function dayKey(time) {
  return new Date(time).toDateString();
}

// `Сегодня`, `Вчера`, `21 ноября`.
export function dayName(time) {
  const date = new Date(time);
  const days = Math.round((new Date(new Date().toDateString()) - new Date(date.toDateString())) / 86_400_000);
  if (days === 0) return t("today");
  if (days === 1) return t("yesterday");
  return (date.getFullYear() === new Date().getFullYear() ? day : dayOfYear).format(date);
}

// The clock of today, the date of any other day.
export function shortTime(time) {
  return dayKey(time) === dayKey(Date.now()) ? clockTime(time) : short.format(new Date(time));
}

// Everything about it.
export function wholeTime(time) {
  return whole.format(new Date(time));
}
