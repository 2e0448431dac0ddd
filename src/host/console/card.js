// The card of an element: its fields, and where the widget stands on its form «Переписка в Линиях».

import { t, fieldTitle } from "./words.js";
import { h, fill } from "./dom.js";
import { get, path } from "./api.js";
import { appTitle, directory } from "./directory.js";
import { notice } from "./notice.js";
import { widget } from "./widget.js";

export function cardPage(app, id) {
  const fields = h("section", { class: "card-fields" });
  const place = h("div", { class: "card-widget" });
  const element = h("main", { class: "card page-wide", id: "main" }, fields, place);
  let shown = null;

  async function load() {
    fill(fields, h("p", { class: "quiet loading" }, t("loading")));
    try {
      const found = await get(path`/api/apps/${app}/elements/${id}`);
      directory.elements.set(id, found);
      show(found);
    } catch (problem) {
      fill(fields, notice(problem, load));
      return;
    }
    try {
      // The host says whether the form has the widget; without it the card has none of this.
      await get(path`/api/apps/${app}/elements/${id}/sessions` + "?limit=1");
      shown = widget({ app, element: id });
      fill(place, shown.element);
    } catch (problem) {
      fill(place, problem.code === "WidgetNotPlaced" ? null : notice(problem, load));
    }
  }

  function show(found) {
    document.title = `${found.title} · Switchboard`;
    fill(fields, h("p", { class: "crumb" }, h("a", { href: `#/apps/${app}` }, appTitle(app))), h("h1", {}, found.title),
      h("dl", { class: "fields" }, Object.entries(found.fields).map(([name, value]) => [
        h("dt", {}, fieldTitle(name)), h("dd", {}, value.text, " ", h("span", { class: "quiet" }, t(`field-${value.type}`))),
      ])),
      !Object.keys(found.fields).length && h("p", { class: "quiet" }, t("no-fields")));
  }

  load();
  return { element, destroy: () => shown?.destroy() };
}
