// Problems as people read them: what is wrong, what would be right, and where to go on.

import { t } from "./words.js";
import { h } from "./dom.js";

// The sentence of a problem. The host's English ones are parts of lines; here they stand alone.
export function sentence(problem) {
  if (problem.code === "Offline") return t("offline");
  return begun(problem.detail) || t("failed");
}

// The sentence of a refusal with what would make it legal.
export function reason({ detail, hint }) {
  return [begun(detail), hint].filter(Boolean).join(" — ");
}

function begun(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

// A notice with the problem's hint, a link to the session that it names, and a way to try again.
export function notice(problem, again = null) {
  const { session } = problem.facts ?? {};
  const linked = session && problem.code === "OpenSessionExists";
  return h("div", { class: "notice", role: "alert" },
    h("p", {}, sentence(problem)),
    problem.hint && h("p", { class: "quiet" }, begun(problem.hint)),
    linked && h("p", {}, h("a", { href: `#/sessions/${session}` }, t("open-that-session", problem.facts.holder_name ?? t("queue-holds")))),
    again && h("button", { type: "button", onclick: again }, t("try-again")));
}
