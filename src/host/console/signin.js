// Signing in: a token in, a cookie that no script reads out of it.

import { t, switchLanguage } from "./words.js";
import { h, fill } from "./dom.js";
import { once } from "./api.js";
import { sentence } from "./notice.js";

// Signs in with a token; the answer says who that is.
export function signIn(token) {
  return once("POST", "/api/sign-in", { Authorization: `Bearer ${token.trim()}` });
}

// The form. `about.signedIn(me)` is called with who signed in, and may throw what is wrong with that.
export function signInForm(about) {
  const problem = h("p", { class: "wrong", role: "alert", id: "sign-in-problem" });
  const input = h("input", {
    type: "password", id: "token", name: "token", autocomplete: "current-password", required: true, spellcheck: "false",
    "aria-describedby": "sign-in-problem token-hint",
  });
  const button = h("button", { type: "submit", class: "primary" }, t("sign-in"));
  const form = h("form", { class: "sign-in", onsubmit: submitted },
    h("img", { src: "/console/icon.svg", alt: "", width: "40", height: "40" }),
    h("h1", {}, about.title ?? "Switchboard"), h("p", { class: "quiet" }, about.about),
    h("div", { class: "field" }, h("label", { for: "token" }, t("token")), input, h("p", { class: "quiet", id: "token-hint" }, about.hint)),
    problem, button, about.more,
    h("button", { type: "button", class: "plain", onclick: switchLanguage }, t("other-language")));

  async function submitted(event) {
    event.preventDefault();
    button.disabled = true;
    fill(problem);
    try {
      await about.signedIn(await signIn(input.value));
    } catch (wrong) {
      fill(problem, sentence(wrong));
      input.select();
    } finally {
      button.disabled = false;
    }
  }

  queueMicrotask(() => input.focus());
  return h("main", { class: "center-page", id: "main" }, form);
}
