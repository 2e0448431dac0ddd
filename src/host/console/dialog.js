// Dialogs over the page: the browser keeps the focus inside, Escape closes, the opener gets it back.

import { t } from "./words.js";
import { h, fill, freshId, giveFocus } from "./dom.js";
import { on } from "./bus.js";
import { notice } from "./notice.js";

// Opens a dialog with a form. `about.body` are its parts, `about.submit` the words of its button,
// `about.run` does the work: the dialog closes when it succeeds, and shows the problem when not. What
// it gives, if it is a function, is called then.
export function openDialog(about) {
  const opener = document.activeElement;
  const title = h("h2", { id: freshId("dialog") }, about.title);
  const problems = h("div", { class: "dialog-problems" });
  const submit = h("button", { type: "submit", class: "primary" }, about.submit);
  const form = h("form", { method: "dialog", class: "dialog-form", onsubmit: submitted },
    h("header", { class: "dialog-head" }, title,
      h("button", { type: "button", class: "plain", "aria-label": t("close-dialog"), onclick: close }, "×")),
    h("div", { class: "dialog-body" }, about.body, problems),
    h("footer", { class: "dialog-foot" }, about.foot,
      h("button", { type: "button", onclick: close }, t("cancel")), submit));
  const dialog = h("dialog", { class: about.wide ? "wide" : "", "aria-labelledby": title.id, onclose: closed, onkeydown: escaped }, form);

  // What `about.run` gave: where to go on instead of at the opener.
  let after;

  async function submitted(event) {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    fill(problems);
    try {
      after = await about.run();
      close();
    } catch (problem) {
      fill(problems, notice(problem));
      problems.scrollIntoView({ block: "nearest" });
      // A link of the notice leads away from the dialog.
      const link = problems.querySelector("a");
      link?.addEventListener("click", close);
      // The button that had the focus lost it while it waited.
      (link ?? dialog.querySelector(".dialog-body :is(input, select, textarea):enabled"))?.focus();
    } finally {
      submit.disabled = false;
      about.settled?.();
    }
  }

  // The browser's own handling asks twice where a form was changed; one Escape is enough.
  function escaped(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  }

  function close() {
    dialog.close();
  }

  function closed() {
    off();
    dialog.remove();
    if (typeof after === "function") after();
    else if (opener) giveFocus(opener);
  }

  // Another page, by the browser's own way back, has nothing to do with what is asked here.
  const off = on("place", close);
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, submit, problems, close };
}

// A field with its label above it.
export function field(label, control, hint = null) {
  const id = control.id || freshId("field");
  control.id = id;
  return h("div", { class: "field" }, h("label", { for: id }, label), control, hint && h("p", { class: "quiet" }, hint));
}
