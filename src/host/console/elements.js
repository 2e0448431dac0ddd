// Apps and their elements: the way to a card.

import { t } from "./words.js";
import { h, fill, debounced } from "./dom.js";
import { command, get, path, withQuery } from "./api.js";
import { appTitle, directory, isAdministrator } from "./directory.js";
import { addresses } from "./finder.js";
import { field, openDialog } from "./dialog.js";
import { go } from "./router.js";
import { notice } from "./notice.js";

const PAUSE_MS = 200;

// The apps whose elements the person reads: those of the person's lines; administrators all.
function readable() {
  if (isAdministrator()) return [...directory.apps.keys()];
  const of = [...directory.lines.values()].flatMap((line) => [line.contact_app, ...line.bound_apps]);
  return [...new Set(of.filter(Boolean))].sort();
}

// The page of one app; without one, of the first.
export function elementsPage(chosen) {
  const apps = readable();
  const app = apps.includes(chosen) ? chosen : apps[0];
  const list = h("ul", { class: "plain-list" });
  const state = h("div", { class: "list-state" });
  const input = h("input", { type: "search", "aria-label": t("find"), placeholder: t("find-by"), autocomplete: "off", oninput: debounced(PAUSE_MS, () => read()) });
  const element = h("main", { class: "page", id: "main" },
    h("header", { class: "page-head" }, h("h1", {}, t("apps")),
      isAdministrator() && app && h("button", { type: "button", class: "primary", onclick: create }, t("create-element"))),
    h("nav", { class: "tabs", "aria-label": t("apps") }, apps.map((of) => h("a", {
      class: "tab", href: `#/apps/${of}`, "aria-current": of === app ? "page" : null,
    }, appTitle(of)))),
    input, state, list);
  let asked = 0;

  async function read(after = null, before = []) {
    if (!app) {
      fill(state, h("div", { class: "empty" }, h("p", {}, t("no-apps"))));
      return;
    }
    asked += 1;
    const mine = asked;
    if (!before.length) fill(state, h("p", { class: "quiet loading" }, t("loading")));
    try {
      const page = await get(withQuery(path`/api/apps/${app}/elements`, { text: input.value.trim(), after, limit: 50 }));
      if (mine === asked) show([...before, ...page.items], page.next);
    } catch (problem) {
      if (mine === asked) fill(state, notice(problem, () => read()));
    }
  }

  function show(items, next) {
    fill(state, !items.length && h("div", { class: "empty" }, h("p", {}, t("nothing-found"))));
    fill(list, items.map((item) => h("li", {}, h("a", { class: "plain-item", href: `#/apps/${item.app}/${item.element}` },
      h("span", {}, item.title), h("span", { class: "quiet cut" }, addresses(item))))),
    next && h("li", {}, h("button", { type: "button", onclick: () => read(next, items) }, t("more"))));
  }

  function create() {
    const title = h("input", { type: "text", required: true, autocomplete: "off" });
    openDialog({
      title: t("create-element"), submit: t("create"), body: field(t("title"), title),
      run: async () => {
        const { id } = await command("POST", path`/api/apps/${app}/elements`, { title: title.value });
        go(`apps/${app}/${id}`);
      },
    });
    title.focus();
  }

  read();
  return { element, destroy() { asked += 1; } };
}
