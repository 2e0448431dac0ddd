// The administrator's page: the licence, people, apps, processes, and the lines with all that is theirs.

import { t } from "./words.js";
import { h, fill, drawCalmly } from "./dom.js";
import { command, get, path } from "./api.js";
import { on } from "./bus.js";
import { directory, everyone } from "./directory.js";
import { field, openDialog } from "./dialog.js";
import { go } from "./router.js";
import { notice } from "./notice.js";
import { lineSettings } from "./adminline.js";
import { initiatedForm } from "./initiated.js";
import { tokensPanel } from "./tokens.js";

// `chosen` is a line's id, or one of the pages beside them.
export function adminPage(chosen) {
  const menu = h("nav", { class: "settings-menu", "aria-label": t("settings") });
  const place = h("div", { class: "settings-place" });
  const element = h("main", { class: "settings page-wide", id: "main" }, menu, place);
  const pages = { installation, initiated: () => initiatedForm(), tokens: () => tokensPanel() };
  let shown = null;

  function draw() {
    const here = (of) => (of === (chosen ?? "installation") ? "page" : null);
    const lines = [...directory.lines.values()].sort((a, b) => a.title.localeCompare(b.title));
    fill(menu,
      Object.keys(pages).map((of) => h("a", { href: `#/settings/${of}`, "aria-current": here(of) }, t(`settings-${of}`))),
      h("h2", {}, t("all-lines")),
      lines.map((line) => h("a", { href: `#/settings/${line.line}`, "aria-current": here(line.line) }, line.title)),
      h("button", { type: "button", class: "plain", onclick: createLine }, t("create-line")));
  }

  function createLine() {
    const title = h("input", { type: "text", required: true, autocomplete: "off" });
    openDialog({
      title: t("create-line"), submit: t("create"), body: field(t("title"), title),
      run: async () => { go(`settings/${(await command("POST", "/api/lines", { title: title.value })).id}`); },
    });
    title.focus();
  }

  draw();
  const line = directory.lines.get(chosen);
  if (pages[chosen ?? "installation"]) shown = pages[chosen ?? "installation"]();
  else if (line || chosen) shown = lineSettings(chosen);
  fill(place, shown.element);
  const off = on("directory", draw);
  return { element, destroy() { off(); shown.destroy(); } };
}

// The licence, people, apps and processes.
function installation() {
  const element = h("div", { class: "panels" });
  // The newest reading counts; an older one may come after it.
  let reading = 0;

  async function load() {
    reading += 1;
    const mine = reading;
    try {
      const [workspace, people] = await Promise.all([get("/api/workspace"), everyone()]);
      drawCalmly(() => mine === reading && draw(workspace, people));
    } catch (problem) {
      if (mine === reading) fill(element, notice(problem, load));
    }
  }

  function draw(workspace, people) {
    fill(element, licence(workspace), panel(t("people"), people.map((person) => item(person.name,
      workspace.service_licence ? t(person.online ? "online" : "away") : null,
      () => ask(t("rename-person"), person.name, (name) => command("PATCH", path`/api/operators/${person.operator}`, { name })))),
    () => ask(t("add-person"), "", (name) => command("POST", "/api/operators", { name })), t("add-person")),
    panel(t("apps"), workspace.apps.map((app) => item(app.title, app.app,
      () => ask(t("rename-app"), app.title, (title) => command("POST", "/api/apps", { app: app.app, title })))),
    () => askCoded(t("add-app"), (code, title) => command("POST", "/api/apps", { app: code, title })), t("add-app")),
    panel(t("processes"), workspace.processes.map((process) => item(process.title, process.process, null,
      () => command("DELETE", path`/api/processes/${process.process}`))),
    () => askCoded(t("permit-process"), (code, title) => command("PUT", path`/api/processes/${code}`, { title })), t("permit-process")));
  }

  function licence({ service_licence: active }) {
    const problems = h("div");
    const box = h("input", {
      type: "checkbox", role: "switch", checked: active, id: "licence", onchange: async () => {
        try {
          await command("PUT", "/api/workspace/service-licence", { active: box.checked });
        } catch (problem) {
          box.checked = active;
          fill(problems, notice(problem));
        }
      },
    });
    return h("section", { class: "panel" }, h("h1", {}, t("settings-installation")),
      h("label", { class: "check" }, box, h("span", {}, t("licence"), h("span", { class: "quiet block" }, t("licence-hint")))), problems);
  }

  function panel(title, items, add, words) {
    return h("section", { class: "panel" }, h("h2", {}, title),
      items.length ? h("ul", { class: "plain-list" }, items) : h("p", { class: "quiet" }, t("none-yet")),
      h("button", { type: "button", onclick: add }, words));
  }

  function item(title, about, change, remove) {
    const problems = h("div");
    const removed = async () => {
      try {
        await remove();
        await load();
      } catch (problem) {
        fill(problems, notice(problem));
      }
    };
    return h("li", { class: "setting" }, h("span", {}, title, " ", about && h("span", { class: "quiet" }, about)),
      change && h("button", { type: "button", class: "plain", onclick: change, "aria-label": `${t("change")}: ${title}` }, t("change")),
      remove && h("button", { type: "button", class: "plain", onclick: removed, "aria-label": `${t("forbid")}: ${title}` }, t("forbid")), problems);
  }

  function ask(title, value, run) {
    const input = h("input", { type: "text", value, required: true, autocomplete: "off" });
    openDialog({ title, submit: t("save"), body: field(t("name"), input), run: async () => { await run(input.value); await load(); } });
    input.select();
  }

  function askCoded(title, run) {
    const code = h("input", { type: "text", required: true, autocomplete: "off", spellcheck: "false" });
    const name = h("input", { type: "text", required: true, autocomplete: "off" });
    openDialog({
      title, submit: t("save"), body: [field(t("code"), code, t("code-hint")), field(t("title"), name)],
      run: async () => { await run(code.value, name.value); await load(); },
    });
    code.focus();
  }

  load();
  const off = on("directory", load);
  return { element, destroy: off };
}
