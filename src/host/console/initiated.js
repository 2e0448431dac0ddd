// «Инициативное сообщение в линию», tried out: sent as a permitted process, with no operator in it.

import { t, fieldTitle } from "./words.js";
import { h, fill } from "./dom.js";
import { command, freshKey, get, path, withQuery } from "./api.js";
import { directory } from "./directory.js";
import { field } from "./dialog.js";
import { finder } from "./finder.js";
import { notice } from "./notice.js";
import { actAs } from "./tokens.js";

export function initiatedForm() {
  const element = h("div", { class: "panels" });
  let contact = null;
  // What failed is sent again under its key: one press too many is not one message too many.
  let key = "";
  let keyed = "";

  async function load() {
    try {
      const { processes } = await get("/api/workspace");
      draw(processes);
    } catch (problem) {
      fill(element, notice(problem, load));
    }
  }

  function draw(processes) {
    const lines = [...directory.lines.values()].filter((line) => line.contact_app);
    if (!processes.length || !lines.length) {
      fill(element, h("section", { class: "panel" }, h("h1", {}, t("settings-initiated")), h("p", { class: "quiet" }, t("initiated-needs"))));
      return;
    }
    const answer = h("div", { role: "status" });
    const process = h("select", {}, processes.map((of) => h("option", { value: of.process }, of.title)));
    const line = h("select", { onchange: () => found.clear() }, lines.map((of) => h("option", { value: of.line }, of.title)));
    const account = h("select", { disabled: true, onchange: showSubject });
    const subject = h("input", { type: "text", autocomplete: "off" });
    const subjectField = field(t("subject"), subject);
    const text = h("textarea", { rows: "3", required: true });
    const send = h("button", { type: "submit", class: "primary", disabled: true }, t("send"));
    const found = finder({
      label: t("contact"), ask: (wanted, after) => get(withQuery(path`/api/lines/${line.value}/contacts`, { text: wanted, after, limit: 20 })),
      choose: (of) => {
        contact = of;
        const fields = of ? Object.entries(of.fields) : [];
        fill(account, fields.map(([name, value]) => h("option", { value: name }, `${value.text} (${fieldTitle(name)})`)));
        account.disabled = send.disabled = !fields.length;
        showSubject();
      },
    });

    // Letters have a subject; where one was left by another choice it must not be sent along.
    function showSubject() {
      const value = contact?.fields[account.value];
      subjectField.hidden = !value || !(value.type === "email" || value.kind === "email");
      if (subjectField.hidden) subject.value = "";
    }

    async function run(event) {
      event.preventDefault();
      send.disabled = true;
      try {
        const name = account.value;
        const body = {
          line: line.value, contact: { app: contact.app, element: contact.element },
          account: { text: contact.fields[name].text, field: name }, subject: subject.value.trim() || undefined, text: text.value,
        };
        if (JSON.stringify(body) !== keyed) {
          keyed = JSON.stringify(body);
          key = freshKey();
        }
        const { session } = await actAs({ kind: "process", process: process.value },
          () => command("POST", path`/api/processes/${process.value}/messages`, body, key));
        keyed = "";
        fill(answer, h("p", { class: "good" }, t("initiated-sent"), " ", h("a", { href: `#/sessions/${session}` }, t("to-session"))));
        text.value = "";
      } catch (problem) {
        fill(answer, notice(problem));
      } finally {
        send.disabled = !contact;
      }
    }

    fill(element, h("section", { class: "panel" }, h("h1", {}, t("settings-initiated")), h("p", { class: "quiet" }, t("initiated-about")),
      h("form", { onsubmit: run }, field(t("process"), process), field(t("line"), line), found.element, field(t("account"), account),
        subjectField, field(t("message"), text), answer, send)));
    showSubject();
    found.search();
  }

  load();
  return { element, destroy() {} };
}
