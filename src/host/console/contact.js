// «+ Создать»: a new contact inside the dialog, without losing what was chosen there.

import { t } from "./words.js";
import { h, fill, freshId } from "./dom.js";
import { command, get, path } from "./api.js";
import { notice } from "./notice.js";
import { field } from "./dialog.js";

// The addresses that one can give a contact: the name of the field, and its value from a text.
const KINDS = {
  phone: (text) => ({ type: "account", kind: "phone", text }),
  email: (text) => ({ type: "email", text }),
  "telegram-username": (text) => ({ type: "account", kind: "telegram-username", text }),
  "telegram-user": (text) => ({ type: "account", kind: "telegram-user", text }),
  "viber-user": (text) => ({ type: "account", kind: "viber-user", text }),
  "vk-user": (text) => ({ type: "account", kind: "vk-user", text }),
  "live-chat-visitor": (text) => ({ type: "account", kind: "live-chat-visitor", text }),
};

// `line()` tells for which line and app; `created(element)` gets the contact; `left()` when one thinks better of it.
export function contactForm(line, created, left) {
  const name = h("input", { type: "text", autocomplete: "off" });
  const rows = h("div", { class: "field-rows" });
  const problems = h("div");
  const save = h("button", { type: "button", class: "primary", onclick: run }, t("add-contact"));
  const element = h("fieldset", { class: "contact-form", onkeydown: entered },
    h("legend", {}, t("new-contact")), field(t("contact-name"), name), rows,
    h("button", { type: "button", class: "plain", onclick: () => { addRow("email").focus(); } }, t("another-address")),
    problems, h("div", { class: "actions" }, h("button", { type: "button", onclick: left }, t("cancel")), save));
  addRow("phone");

  function addRow(kind) {
    const choice = h("select", { "aria-label": t("address-kind") },
      Object.keys(KINDS).map((of) => h("option", { value: of, selected: of === kind }, t(`kind-${of}`))));
    const text = h("input", { type: "text", "aria-label": t("address"), autocomplete: "off", id: freshId("address"), placeholder: t("address") });
    rows.append(h("div", { class: "field-row" }, choice, text));
    return text;
  }

  // Enter adds the contact and Escape leaves it; neither must reach the dialog around this form.
  function entered(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      left();
    }
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  async function run() {
    save.disabled = true;
    fill(problems);
    try {
      const { line: of, app } = line();
      const { id } = await command("POST", path`/api/apps/${app}/elements`, { line: of, title: name.value, fields: fields() });
      created(await get(path`/api/apps/${app}/elements/${id}`));
    } catch (problem) {
      fill(problems, notice(problem));
    } finally {
      save.disabled = false;
    }
  }

  // The fields by name; a second one of a kind gets a number.
  function fields() {
    const given = {};
    for (const row of rows.children) {
      const [choice, text] = row.children;
      if (!text.value.trim()) continue;
      let fieldName = choice.value;
      for (let at = 2; fieldName in given; at += 1) fieldName = `${choice.value}-${at}`;
      given[fieldName] = KINDS[choice.value](text.value.trim());
    }
    return given;
  }

  return { element, focus: () => name.focus() };
}
