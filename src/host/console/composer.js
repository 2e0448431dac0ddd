// Writing to the customer: Enter sends, drafts stay with their sessions, the limit is seen in time.

import { t } from "./words.js";
import { h, fill, freshId } from "./dom.js";
import { forgetUnsent, put, send as sendOut, take, unsent } from "./outbox.js";

// The share of the limit from which the count is shown.
const SHOWN_FROM = 0.8;

const kept = (id) => `switchboard.draft.${id}`;

// Forgets every draft: another person may sign in.
export function forgetDrafts() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(kept(""))) sessionStorage.removeItem(name);
  forgetUnsent();
}

// `card` is the element from whose card is written, or null; `history` shows what is on its way.
export function composer(id, card, history) {
  const hint = h("p", { class: "quiet", id: freshId("composer") });
  // Nothing is written before it is known whether one may.
  const text = h("textarea", {
    rows: "1", disabled: true, "aria-label": t("message"), "aria-describedby": hint.id, placeholder: t("message"),
    value: sessionStorage.getItem(kept(id)) ?? "", oninput: changed, onkeydown: keyed,
  });
  const send = h("button", { type: "submit", class: "primary", disabled: true }, t("send"));
  const form = h("form", { class: "composer", onsubmit: submitted }, h("div", { class: "composer-line" }, text, send), hint);
  let max = Infinity;
  let obstacle = null;
  let wanted = false;

  function changed() {
    if (text.value) sessionStorage.setItem(kept(id), text.value);
    else sessionStorage.removeItem(kept(id));
    grow();
    check();
  }

  function grow() {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, 200)}px`;
  }

  function check() {
    // The rules count Unicode scalar values, as spreading a string does.
    const length = text.value.length > max * SHOWN_FROM / 2 ? [...text.value].length : 0;
    const over = length > max;
    text.disabled = obstacle !== null;
    send.disabled = obstacle !== null || over || !text.value.trim();
    text.setAttribute("aria-invalid", over);
    hint.classList.toggle("wrong", over);
    if (obstacle) fill(hint, obstacle);
    else if (length >= max * SHOWN_FROM) fill(hint, t(over ? "too-long" : "length", length, max));
    else fill(hint, t("enter-sends"));
  }

  function keyed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!send.disabled) submitted(event);
  }

  function submitted(event) {
    event.preventDefault();
    const message = put(id, text.value, card);
    text.value = "";
    changed();
    text.focus();
    show(message);
    sendOut(id, message);
  }

  // Shows a message that is on its way.
  function show(message) {
    const shown = history.add(message);
    message.changed = shown.redraw;
    // It stays in sight until the transcript has it, whenever that can be read.
    message.arrived = history.sync;
    message.resend = () => {
      // What waits for the same reason goes with it, in order.
      for (const other of unsent(id)) if (other === message || other.problem?.passing) sendOut(id, other);
      text.focus();
    };
    message.drop = () => {
      take(id, message);
      text.value = [message.text, text.value].filter(Boolean).join("\n");
      changed();
      shown.remove();
      text.focus();
    };
  }

  // What another window of this session left, or the page before it was loaded anew.
  for (const message of unsent(id)) {
    show(message);
    if (!message.problem || message.problem.passing) sendOut(id, message);
  }

  requestAnimationFrame(grow);
  return {
    element: form,
    destroy() {
      for (const message of unsent(id)) message.changed = message.arrived = null;
    },
    // The first chance to write: once it is known whether one may.
    focus() {
      text.focus();
      wanted = document.activeElement !== text;
    },
    show(session, policy, why) {
      max = policy?.text_chars_max ?? Infinity;
      obstacle = why;
      check();
      if (wanted && !obstacle) text.focus();
      wanted = false;
    },
  };
}
