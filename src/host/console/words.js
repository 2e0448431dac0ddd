// The language of the page: chosen by the browser, switchable, kept for the next visit.

import { ru } from "./words.ru.js";
import { en } from "./words.en.js";

const KEPT = "switchboard.language";

function chosen() {
  const kept = localStorage.getItem(KEPT);
  if (kept === "ru" || kept === "en") return kept;
  const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "ru" || tag === "en");
  return known ?? "en";
}

export const language = chosen();
document.documentElement.lang = language;

const words = language === "ru" ? ru : en;

// The words of a key, with `{0}`, `{1}` … replaced by what is handed in.
export function t(key, ...values) {
  const text = words[key];
  if (text === undefined) throw new Error(`there are no words for ${key}`);
  return text.replace(/\{(\d)\}/g, (_, at) => values[Number(at)] ?? "");
}

// The name of a kind of channel; one that the host declares has its code alone.
export function channelKind(kind) {
  return words[`channel-${kind}`] ?? kind;
}

// The name of a field, as people say it where it is one of those that the console gives; a second one
// of its kind has a number.
export function fieldTitle(name) {
  const [, base, number] = /^(.+?)(-\d+)?$/.exec(name);
  const title = words[`kind-${base}`] ?? words[`field-name-${base}`];
  return title ? [title, number?.slice(1)].filter(Boolean).join(" ") : name;
}

// Switches to the other language; drafts and the place in the page stay.
export function switchLanguage() {
  localStorage.setItem(KEPT, language === "ru" ? "en" : "ru");
  location.reload();
}
