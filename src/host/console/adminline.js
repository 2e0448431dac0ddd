// One line's settings: its title, channels and their rules, apps, people, and the names of its sessions.

import { t, channelKind } from "./words.js";
import { h, fill, debounced, drawCalmly } from "./dom.js";
import { command, get, once, path, withQuery } from "./api.js";
import { on } from "./bus.js";
import { appTitle, directory, everyone } from "./directory.js";
import { field, openDialog } from "./dialog.js";
import { notice, sentence } from "./notice.js";
import { tryAsCustomer } from "./tokens.js";

const KINDS = ["whatsapp", "telegram", "telegram-bot", "viber-bot", "vk", "live-chat", "email"];
const ROLES = ["operator", "supervisor", "reader"];
const PAUSE_MS = 300;

export function lineSettings(id) {
  const base = path`/api/lines/${id}`;
  const problems = h("div");
  const panels = h("div", { class: "panels" });
  const element = h("div", {}, problems, panels);

  // The forms in which something was changed and is not saved yet.
  const edited = new Set();
  // Whether something is being typed here, or was and is not saved: a new drawing would lose it.
  const isTyping = () => edited.size > 0
    || (panels.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox])"));
  // Whether others changed something meanwhile.
  let stale = false;
  // What is shown: drawing the same once more could take a key out of somebody's hands.
  let drawn = "";
  // The newest reading counts; an older one may come after it.
  let reading = 0;
  // Whether what is shown may be other than what holds: a switch that was refused.
  let anew = false;
  // What was switched is done one after another, and shown when all of it is.
  let works = 0;
  let last = Promise.resolve();

  async function load(quietly = false) {
    anew ||= !quietly;
    reading += 1;
    const mine = reading;
    try {
      const found = await Promise.all([get(base), everyMember(), everyone()]);
      // Whatever is at work reads again at its end.
      if (mine !== reading || works) return;
      drawCalmly(() => {
        const now = JSON.stringify(found);
        if (mine !== reading || works || (!anew && now === drawn)) return;
        stale = isTyping();
        if (stale) return;
        drawn = now;
        anew = false;
        draw(...found);
      });
    } catch (problem) {
      fill(problems, notice(problem, () => load()));
    }
  }

  async function everyMember() {
    const found = [];
    let after;
    do {
      const page = await get(withQuery(`${base}/members`, { after, limit: 200 }));
      found.push(...page.items);
      after = page.next;
    } while (after);
    return found;
  }

  function draw(line, members, people) {
    fill(panels,
      h("section", { class: "panel" }, h("header", { class: "page-head" }, h("h1", {}, line.title),
        h("button", { type: "button", onclick: () => ask(t("rename-line"), line.title, (title) => command("PATCH", base, { title })) }, t("rename")))),
      channels(line), apps(line), roles(members, people), names(line), rules(line), refusals(line));
  }

  // Does something and shows the page as it is then; `form` is what it saves, if it does.
  async function run(work, form = null) {
    fill(problems);
    works += 1;
    last = last.then(work).then(() => edited.delete(form)).catch((problem) => {
      fill(problems, notice(problem));
      problems.scrollIntoView({ block: "nearest" });
    });
    await last;
    works -= 1;
    if (!works) await load();
  }

  function ask(title, value, save) {
    const input = h("input", { type: "text", value, required: true, autocomplete: "off" });
    openDialog({ title, submit: t("save"), body: field(t("title"), input), run: async () => { await save(input.value); await load(); } });
    input.select();
  }

  function channels(line) {
    return h("section", { class: "panel" }, h("h2", {}, t("channels")),
      line.channels.length ? h("ul", { class: "plain-list" }, line.channels.map((channel) => h("li", { class: "setting" },
        h("span", {}, channel.title, " ", h("span", { class: "quiet" }, [channelKind(channel.kind) !== channel.title && channelKind(channel.kind), t(channel.connected ? "connected" : "disconnected")].filter(Boolean).join(" · "))),
        h("button", { type: "button", class: "plain", "aria-label": `${t("policy")}: ${channel.title}`, onclick: () => askPolicy(channel) }, t("policy")),
        channel.connected
          ? h("button", { type: "button", class: "plain", "aria-label": `${t("disconnect")}: ${channel.title}`, onclick: () => run(() => command("DELETE", `${base}/channels/${channel.channel}`)) }, t("disconnect"))
          : h("button", { type: "button", class: "plain", "aria-label": `${t("connect")}: ${channel.title}`, onclick: () => run(() => command("POST", `${base}/channels`, { channel: channel.channel, kind: channel.kind, title: channel.title })) }, t("connect")),
        h("button", { type: "button", class: "plain", "aria-label": `${t("try-as-customer")}: ${channel.title}`, onclick: () => run(() => tryAsCustomer(channel.channel)) }, t("try-as-customer")))))
        : h("p", { class: "quiet" }, t("no-channels")),
      h("button", { type: "button", onclick: askChannel }, t("connect-channel")));
  }

  function askChannel() {
    const title = h("input", { type: "text", required: true, autocomplete: "off" });
    const kind = h("select", {}, KINDS.map((of) => h("option", { value: of }, channelKind(of))));
    openDialog({
      title: t("connect-channel"), submit: t("connect"), body: [field(t("channel-kind"), kind), field(t("title"), title)],
      run: async () => { await command("POST", `${base}/channels`, { kind: kind.value, title: title.value }); await load(); },
    });
    kind.focus();
  }

  // The rules of a channel that can be made narrower; the host refuses what is wider than the medium.
  function askPolicy({ channel, policy, title }) {
    const choice = (value, all, words) => h("select", {}, all.map((of) => h("option", { value: of, selected: of === value }, t(`${words}-${of}`))));
    const check = (checked, words) => {
      const box = h("input", { type: "checkbox", checked });
      return [box, h("label", { class: "check" }, box, h("span", {}, words))];
    };
    const create = choice(policy.operator_create, ["always", "prior-inbound-only", "never"], "create");
    const subject = choice(policy.subject, ["optional", "none"], "subject");
    const [initiated, initiatedLabel] = check(policy.initiated, t("policy-initiated"));
    const [account, accountLabel] = check(policy.field_types.account, t("policy-account"));
    const [email, emailLabel] = check(policy.field_types.email, t("policy-email"));
    const max = h("input", { type: "number", min: "1", step: "1", required: true, value: policy.text_chars_max });
    openDialog({
      title: t("policy-of", title), submit: t("save"),
      body: [field(t("policy-create"), create), field(t("policy-subject"), subject), initiatedLabel, accountLabel, emailLabel, field(t("policy-max"), max)],
      run: async () => {
        await command("PUT", `${base}/channels/${channel}/policy`, {
          ...policy, operator_create: create.value, subject: subject.value, initiated: initiated.checked,
          field_types: { account: account.checked, email: email.checked }, text_chars_max: Number(max.value),
        });
        await load();
      },
    });
  }

  function apps(line) {
    const all = [...directory.apps.keys()];
    const contact = h("select", {
      onchange: () => run(() => (contact.value
        ? command("PUT", `${base}/contact-app`, { app: contact.value }) : command("DELETE", `${base}/contact-app`))),
    }, h("option", { value: "" }, t("no-contact-app")), all.map((app) => h("option", { value: app, selected: app === line.contact_app }, appTitle(app))));
    return h("section", { class: "panel" }, h("h2", {}, t("apps")), field(t("contact-app"), contact),
      h("h3", {}, t("bound-apps")), h("ul", { class: "plain-list" }, all.map((app) => {
        const bound = line.bound_apps.includes(app);
        return h("li", { class: "setting" }, toggle(appTitle(app), bound, (on) => command(on ? "PUT" : "DELETE", `${base}/apps/${app}`)),
          bound && toggle(t("widget-of", appTitle(app)), line.widgets.includes(app), (on) => command(on ? "PUT" : "DELETE", `${base}/apps/${app}/widget`)));
      })));
  }

  function toggle(words, checked, save) {
    const box = h("input", { type: "checkbox", checked, onchange: () => run(() => save(box.checked)) });
    return h("label", { class: "check" }, box, h("span", {}, words));
  }

  function roles(members, people) {
    const of = new Map(members.map((member) => [member.operator, member.roles]));
    return h("section", { class: "panel" }, h("h2", {}, t("people")), h("div", { class: "scroll-x", tabindex: "0", role: "region", "aria-label": t("people") },
      h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("contact-name")), ROLES.map((role) => h("th", { scope: "col" }, t(`role-${role}`))))),
        h("tbody", {}, people.map((person) => h("tr", {}, h("th", { scope: "row" }, person.name), ROLES.map((role) => {
          const box = h("input", {
            type: "checkbox", checked: (of.get(person.operator) ?? []).includes(role), "aria-label": `${person.name}: ${t(`role-${role}`)}`,
            onchange: () => run(() => command(box.checked ? "PUT" : "DELETE", `${base}/members/${person.operator}/${role}`)),
          });
          return h("td", {}, box);
        })))))));
  }

  function names(line) {
    const preview = h("output", { class: "preview" });
    const input = h("input", { type: "text", value: line.name_template ?? "", autocomplete: "off", spellcheck: "false", oninput: debounced(PAUSE_MS, show) });
    const save = h("button", { type: "submit", class: "primary" }, t("save"));
    async function show() {
      save.disabled = true;
      if (!input.value.trim()) return void fill(preview, t("template-built-in"));
      try {
        const { name } = await once("POST", `${base}/name-template/preview`, {}, { template: input.value });
        preview.classList.remove("wrong");
        fill(preview, t("template-gives", name));
        save.disabled = false;
      } catch (problem) {
        preview.classList.add("wrong");
        fill(preview, sentence(problem));
      }
    }
    show();
    return h("section", { class: "panel" }, h("h2", {}, t("name-template")), h("form", {
      onsubmit: (event) => { event.preventDefault(); run(() => command("PUT", `${base}/name-template`, { template: input.value }), event.target); },
    }, field(t("template"), input, t("template-hint")), h("p", {}, preview), save));
  }

  function rules(line) {
    const supervisors = h("input", { type: "checkbox", checked: line.rules.supervisors_create });
    const seconds = h("input", { type: "number", min: "0", step: "1", value: line.rules.reopen_within_seconds ?? "" });
    return h("section", { class: "panel" }, h("h2", {}, t("rules")), h("form", {
      onsubmit: (event) => {
        event.preventDefault();
        const within = seconds.value === "" ? null : Number(seconds.value);
        run(() => command("PUT", `${base}/rules`, { supervisors_create: supervisors.checked, reopen_within_seconds: within }), event.target);
      },
    }, h("label", { class: "check" }, supervisors, h("span", {}, t("supervisors-create"))), field(t("reopen-within"), seconds, t("reopen-within-hint")),
    h("button", { type: "submit", class: "primary" }, t("save"))));
  }

  function refusals(line) {
    const kept = h("input", { type: "checkbox", checked: line.refusal_audit, onchange: () => run(() => command("PUT", `${base}/refusal-audit`, { active: kept.checked })) });
    return h("section", { class: "panel" }, h("h2", {}, t("refusal-audit")),
      h("label", { class: "check" }, kept, h("span", {}, t("refusal-audit-keep"))), h("p", { class: "quiet" }, t("refusal-audit-hint")));
  }

  load();
  panels.addEventListener("input", ({ target }) => { if (target.form) edited.add(target.form); });
  // Another administrator's changes come with the feed; what is being typed here stays until it is saved or left.
  panels.addEventListener("focusout", () => stale && load(true));
  const off = on("directory", () => load(true));
  return { element, destroy: off };
}
