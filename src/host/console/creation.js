// The dialog «+ Новая сессия»: line, contact, account, and for e-mail a subject. What is not legal is
// shown grey with its reason; the reasons are those of the engine's dry run.

import { t } from "./words.js";
import { h, fill, freshId, debounced } from "./dom.js";
import { command, freshKey, get, once, path, withQuery } from "./api.js";
import { directory } from "./directory.js";
import { field, openDialog } from "./dialog.js";
import { finder } from "./finder.js";
import { contactForm } from "./contact.js";
import { notice, reason, sentence } from "./notice.js";

const PAUSE_MS = 250;

// Opens the dialog; `card` is the element from whose card it is opened, or null; `opened(id)` gets the session.
export function openCreation(card, opened) {
  const form = { line: null, contact: null, choice: null, subject: "", isAdding: false };
  const lines = h("fieldset", { class: "choices" }, h("legend", {}, t("line")), h("p", { class: "quiet" }, t("loading")));
  const contactPlace = h("div", { class: "contact-place" });
  const accounts = h("div");
  // What cannot be chosen stands last: the subject of what can is not looked for below it.
  const unfit = h("div");
  const subjectPlace = h("div");
  const verdict = h("p", { class: "verdict quiet", role: "status" });
  let asked = 0;

  const found = finder({
    label: t("contact"),
    ask: (text, after) => get(withQuery(path`/api/lines/${form.line}/contacts`, { text, after, limit: 20 })),
    choose: (contact) => { form.contact = contact; form.choice = null; showAccounts(); },
  });
  const add = h("button", { type: "button", class: "plain", id: "add-contact", onclick: addContact }, t("create-contact"));
  // The same choice has the same key, however often it is sent: a double click is one session.
  let key = freshKey();
  let keyed = "";
  const { submit, dialog } = openDialog({
    title: t("new-session-title"), submit: t("create"), wide: true, run, settled: check,
    body: [lines, contactPlace, accounts, subjectPlace, unfit], foot: verdict,
  });
  submit.disabled = true;
  showLines();

  async function showLines() {
    try {
      const page = await get(withQuery("/api/choices/lines", card ? { app: card.app, element: card.element } : {}));
      const items = page.items.sort((a, b) => a.refusals.length - b.refusals.length || a.title.localeCompare(b.title));
      fill(lines, h("legend", {}, t("line")), items.map((item) => option("line", item.title, null, item.refusals, () => chooseLine(item.line))),
        !items.length && h("p", { class: "quiet" }, t("no-lines")));
      const usable = items.filter((item) => !item.refusals.length);
      if (usable.length === 1) lines.querySelector("input:not(:disabled)").click();
      (lines.querySelector("input:not(:disabled)") ?? dialog.querySelector("button")).focus();
    } catch (problem) {
      fill(lines, h("legend", {}, t("line")), notice(problem, showLines));
    }
  }

  // A choice; one that is not legal is grey, and says why.
  function option(name, label, about, refusals, choose) {
    const why = refusals[0];
    const whyId = freshId("reason");
    return h("label", { class: `choice ${why ? "refused" : ""}` },
      h("input", { type: "radio", name, disabled: Boolean(why), "aria-describedby": why ? whyId : null, onchange: choose }),
      h("span", { class: "choice-what" }, h("span", {}, label, about && h("span", { class: "quiet" }, ` · ${about}`)),
        why && h("span", { class: "reason", id: whyId }, reason(why)),
        why?.code === "OpenSessionExists" && h("a", { href: `#/sessions/${why.facts.session}`, onclick: () => dialog.close() },
          t("open-that-session", why.facts.holder_name ?? t("queue-holds")))));
  }

  function chooseLine(line) {
    if (form.isAdding) {
      form.isAdding = false;
      for (const part of [accounts, subjectPlace, unfit]) part.hidden = false;
    }
    const before = form.contact;
    const app = directory.lines.get(line)?.contact_app;
    form.line = line;
    form.choice = null;
    if (before && before.app !== app) {
      found.clear();
      fill(contactPlace, h("p", { class: "dropped", role: "status" }, t("contact-dropped", before.title)), found.element, add);
    } else {
      fill(contactPlace, found.element, add);
      if (!before) found.search();
    }
    showAccounts();
  }

  function addContact() {
    const adds = (isAdding) => {
      form.isAdding = isAdding;
      // They are of the contact that was chosen before, which a new one takes the place of.
      for (const part of [accounts, subjectPlace, unfit]) part.hidden = isAdding;
      check();
    };
    const finish = () => {
      fill(contactPlace, found.element, add);
      adds(false);
    };
    const adding = contactForm(
      () => ({ line: form.line, app: directory.lines.get(form.line).contact_app }),
      (contact) => { finish(); found.choose(contact); },
      () => { finish(); add.focus(); },
    );
    fill(contactPlace, adding.element);
    adds(true);
    adding.focus();
  }

  async function showAccounts() {
    fill(subjectPlace);
    fill(unfit);
    check();
    asked += 1;
    const mine = asked;
    if (!form.line || !form.contact) {
      fill(accounts);
      return;
    }
    const { app, element } = form.contact;
    const query = { app, element, card_app: card?.app, card_element: card?.element };
    try {
      const page = await get(withQuery(path`/api/lines/${form.line}/choices`, query));
      if (mine === asked) listAccounts(page.items);
    } catch (problem) {
      if (mine === asked) fill(accounts, notice(problem, showAccounts));
    }
  }

  function listAccounts(items) {
    const usable = items.filter((item) => !item.refusals.length);
    // What would do but for its state stands before what belongs to other media.
    const isForeign = (item) => ["AccountKindMismatch", "FieldTypeNotAllowed"].includes(item.refusals[0]?.code);
    const refused = items.filter((item) => item.refusals.length).sort((a, b) => isForeign(a) - isForeign(b));
    const choices = (title, of) => h("fieldset", { class: "choices" }, h("legend", {}, title), of.map((item) => {
      return option("account", item.text, isForeign(item) ? null : item.channel_title, item.refusals, () => chooseAccount(item));
    }));
    fill(accounts, usable.length ? choices(t("account"), usable) : !items.length && h("p", { class: "quiet" }, t("no-accounts")));
    fill(unfit, refused.length > 0 && choices(t(usable.length ? "unfit-accounts" : "account"), refused));
    if (usable.length === 1) accounts.querySelector("input:not(:disabled)").click();
  }

  function chooseAccount(choice) {
    form.choice = choice;
    form.subject = "";
    if (choice.subject) {
      const input = h("input", { type: "text", autocomplete: "off", id: "subject", oninput: () => { form.subject = input.value; checkSoon(); } });
      fill(subjectPlace, field(t("subject"), input, t("subject-hint")));
    } else {
      fill(subjectPlace);
    }
    check();
  }

  function draft() {
    const { app, element } = form.contact;
    const { text, field: name, channel, subject } = form.choice;
    return {
      line: form.line, contact: { app, element }, account: { text, field: name }, channel,
      subject: subject && form.subject.trim() ? form.subject : undefined, card: card ?? undefined,
    };
  }

  const checkSoon = debounced(PAUSE_MS, check);

  // The dry run of what is chosen; the button waits for it.
  async function check() {
    const whole = form.line && form.contact && form.choice && !form.isAdding;
    submit.disabled = true;
    fill(verdict, whole ? "" : t(form.isAdding ? "finish-contact" : !form.line ? "choose-line" : !form.contact ? "choose-contact" : "choose-account"));
    if (!whole) return;
    const wanted = draft();
    if (JSON.stringify(wanted) !== keyed) {
      keyed = JSON.stringify(wanted);
      key = freshKey();
    }
    try {
      const { allowed, refusals } = await once("POST", "/api/sessions/dry-run", {}, wanted);
      if (!form.choice || form.isAdding || JSON.stringify(wanted) !== JSON.stringify(draft())) return;
      submit.disabled = !allowed;
      fill(verdict, allowed ? "" : reason(refusals[0]));
    } catch (problem) {
      if (form.isAdding) return;
      fill(verdict, sentence(problem));
      // The command itself tells what is wrong.
      submit.disabled = false;
    }
  }

  async function run() {
    const { session } = await command("POST", "/api/sessions", draft(), key);
    return () => opened(session);
  }
}
