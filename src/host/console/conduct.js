// What a session's window asks before it acts: another name, another operator, an element to link.

import { t } from "./words.js";
import { h, fill } from "./dom.js";
import { get, path, withQuery } from "./api.js";
import { field, openDialog } from "./dialog.js";
import { appTitle, directory, personName } from "./directory.js";
import { finder } from "./finder.js";
import { notice } from "./notice.js";

export function askName(name, run) {
  const input = h("input", { type: "text", value: name, required: true, autocomplete: "off" });
  openDialog({ title: t("rename-session"), body: field(t("name"), input), submit: t("save"), run: () => run(input.value) });
  input.select();
}

// Asks for somebody who may hold sessions of the line.
export async function askAssignee(session, run) {
  const choice = h("select", { required: true });
  const body = h("div", {}, field(t("operator"), choice));
  const opened = openDialog({ title: t("assign-session"), body, submit: t("assign"), run: () => run(choice.value) });
  opened.submit.disabled = true;
  try {
    await fillAssignees(session, choice);
    opened.submit.disabled = false;
    choice.focus();
  } catch (problem) {
    fill(opened.problems, notice(problem, () => { opened.close(); askAssignee(session, run); }));
  }
}

async function fillAssignees(session, choice) {
  const members = await everyone(session.line);
  const able = members.filter(({ roles }) => roles.includes("operator") || roles.includes("supervisor"));
  await Promise.all(able.map(async ({ operator }) => {
    if (!directory.people.has(operator)) directory.people.set(operator, await get(path`/api/operators/${operator}`));
  }));
  able.sort((a, b) => personName(a.operator).localeCompare(personName(b.operator)));
  fill(choice, able.map(({ operator }) => h("option", { value: operator, selected: operator === session.operator }, personName(operator))));
}

async function everyone(line) {
  const found = [];
  let after;
  do {
    const page = await get(withQuery(path`/api/lines/${line}/members`, { after, limit: 200 }));
    found.push(...page.items);
    after = page.next;
  } while (after);
  return found;
}

// Asks for an element of an app that is bound to the line.
export function askLink(session, run) {
  const apps = directory.lines.get(session.line)?.bound_apps ?? [];
  if (!apps.length) {
    const opened = openDialog({ title: t("link-element"), body: h("p", {}, t("no-bound-apps")), submit: t("link"), run: async () => {} });
    opened.submit.disabled = true;
    return;
  }
  let app = apps[0];
  let chosen = null;
  const found = finder({
    label: t("element"), ask: (text, after) => get(withQuery(path`/api/apps/${app}/elements`, { text, after, limit: 20 })),
    choose: (element) => { chosen = element; opened.submit.disabled = !element; },
  });
  const choice = h("select", { onchange: () => { app = choice.value; found.clear(); } },
    apps.map((of) => h("option", { value: of }, appTitle(of))));
  const opened = openDialog({
    title: t("link-element"), submit: t("link"), body: [field(t("app"), choice), found.element],
    run: () => run({ app, element: chosen.element }),
  });
  opened.submit.disabled = true;
  found.search();
}
