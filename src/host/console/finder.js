// The magnifier: finds an element by name, number or address, and lets one be chosen.

import { t } from "./words.js";
import { h, fill, freshId, debounced } from "./dom.js";
import { notice } from "./notice.js";

// The pause in typing after which is searched.
const PAUSE_MS = 200;

// `about.ask(text, after)` gives a page of elements; `about.choose(element)` is told the choice, or null.
export function finder(about) {
  const results = h("div", { class: "found", role: "group", "aria-label": t("found") });
  const input = h("input", {
    type: "search", id: freshId("finder"), autocomplete: "off", placeholder: t("find-by"), oninput: debounced(PAUSE_MS, () => search()),
    onkeydown: (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      search();
    },
  });
  const lens = h("button", { type: "button", class: "lens", "aria-label": t("find"), title: t("find"), onclick: () => search() });
  const searching = h("div", {}, h("div", { class: "finder-line" }, input, lens), results);
  const element = h("div", { class: "field finder" }, h("label", { for: input.id }, about.label), searching);
  let asked = 0;

  async function search(after = null, before = []) {
    asked += 1;
    const mine = asked;
    try {
      const page = await about.ask(input.value.trim(), after);
      if (mine === asked) list([...before, ...page.items], page.next);
    } catch (problem) {
      if (mine === asked) fill(results, notice(problem, () => search()));
    }
  }

  function list(items, next) {
    if (!items.length) {
      fill(results, h("p", { class: "quiet", role: "status" }, t("nothing-found")));
      return;
    }
    fill(results, items.map((item) => h("button", { type: "button", class: "found-item", onclick: () => choose(item) },
      h("span", {}, item.title), h("span", { class: "quiet cut" }, addresses(item)))),
    next && h("button", { type: "button", class: "found-item more", onclick: () => search(next, items) }, t("more")));
  }

  function choose(item) {
    const change = h("button", { type: "button", onclick: () => { clear(); input.focus(); } }, t("change"));
    fill(element, h("span", { class: "label" }, about.label), h("div", { class: "chosen" },
      h("div", { class: "chosen-what" }, h("strong", {}, item.title), h("span", { class: "quiet cut" }, addresses(item))), change));
    change.focus();
    about.choose(item);
  }

  function clear() {
    asked += 1;
    fill(results);
    fill(element, h("label", { for: input.id }, about.label), searching);
    about.choose(null);
    search();
  }

  return { element, search, choose, clear, input };
}

// The addresses of an element, or whatever else its fields say.
export function addresses(element) {
  return Object.values(element.fields).map((value) => value.text).join(" · ");
}
