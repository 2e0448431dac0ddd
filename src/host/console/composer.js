// Writing to the customer: Enter sends, drafts stay with their sessions, the limit is seen in time.

import { t } from "./words.js";
import { h, fill, freshId } from "./dom.js";
import { command, freshKey, path } from "./api.js";
import { on } from "./bus.js";

// The share of the limit from which the count is shown.
const SHOWN_FROM = 0.8;

const kept = (id) => `switchboard.draft.${id}`;

// Forgets every draft: another person may sign in.
export function forgetDrafts() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(kept(""))) sessionStorage.removeItem(name);
}

// `card` is the element from whose card is written, or null; `history` shows what is on its way.
export function composer(id, card, history) {
  const hint = h("p", { class: "quiet", id: freshId("composer") });
  const text = h("textarea", {
    rows: "1", "aria-label": t("message"), "aria-describedby": hint.id, placeholder: t("message"),
    value: sessionStorage.getItem(kept(id)) ?? "", oninput: changed, onkeydown: keyed,
  });
  const send = h("button", { type: "submit", class: "primary" }, t("send"));
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
    const message = { key: freshKey(), text: text.value, problem: null };
    text.value = "";
    changed();
    text.focus();
    const shown = history.add(message);
    message.resend = () => deliver(message, shown);
    sent.push(message);
    message.drop = () => {
      sent.splice(sent.indexOf(message), 1);
      text.value = [message.text, text.value].filter(Boolean).join("\n");
      changed();
      shown.remove();
      text.focus();
    };
    deliver(message, shown);
  }

  // What the host has not taken yet.
  const sent = [];

  // What failed with the connection is sent again when it is back, under its key; what was refused is not.
  const off = on("connection", (state) => {
    if (state === "live") for (const message of sent) if (message.problem?.passing) message.resend();
  });

  // One after another: the customer reads what was written first first.
  let last = Promise.resolve();

  function deliver(message, shown) {
    message.problem = null;
    shown.redraw();
    last = last.then(async () => {
      try {
        const body = card ? { text: message.text, card } : { text: message.text };
        await command("POST", path`/api/sessions/${id}/messages`, body, message.key);
        // It stays in sight until the transcript has it, whenever that can be read.
        sent.splice(sent.indexOf(message), 1);
        history.sync();
      } catch (problem) {
        message.problem = problem;
        shown.redraw();
      }
    });
  }

  requestAnimationFrame(grow);
  return {
    element: form,
    // What was not sent is a draft again.
    destroy() {
      off();
      const left = sent.filter(({ problem }) => problem).map((message) => message.text);
      if (left.length) sessionStorage.setItem(kept(id), [...left, text.value].filter(Boolean).join("\n"));
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
