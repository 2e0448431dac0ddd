// «Переписка в Линиях»: the sessions of an element on the left, what was written on the right.

import { t } from "./words.js";
import { h, fill, drawCalmly } from "./dom.js";
import { get, path, withQuery } from "./api.js";
import { on } from "./bus.js";
import { channelOf, directory, lineTitle, myself, personName, processTitle } from "./directory.js";
import { shortTime, clockTime, dayKey, dayName, wholeTime } from "./time.js";
import { sessionWindow } from "./session.js";
import { openCreation } from "./creation.js";
import { notice } from "./notice.js";

const PAGE = 50;

// The distance from the foot, in pixels, that counts as being there.
const NEAR = 120;

// The widget of the card of an element, `{ app, element }`.
export function widget(card) {
  const base = path`/api/apps/${card.app}/elements/${card.element}`;
  const place = h("section", { class: "widget-place", "aria-label": t("correspondence") });
  const menu = h("nav", { class: "widget-menu", "aria-label": t("correspondence") });
  const element = h("section", { class: "widget", "aria-labelledby": "widget-title" },
    h("h2", { id: "widget-title" }, t("correspondence")), h("div", { class: "widget-body" }, menu, place));
  let active = { items: [], next: null };
  let archive = { items: [], next: null };
  let shown = null;
  let session = null;
  // Null is the whole element; else one account of its sessions.
  let account = null;
  let stale = false;
  let reading = null;

  async function load() {
    try {
      [active, archive] = await Promise.all([
        get(`${base}/sessions?limit=${PAGE}`), get(`${base}/sessions?archive=true&limit=${PAGE}`),
      ]);
      drawCalmly(showMenu);
      if (!session) await showHistory();
    } catch (problem) {
      fill(menu, notice(problem, load));
    }
  }

  // One reading at a time, and one more when something happened meanwhile.
  function again() {
    stale = true;
    if (reading) return;
    reading = (async () => {
      while (stale) {
        stale = false;
        await load();
      }
    })().finally(() => { reading = null; });
  }

  function showMenu() {
    const sessions = [...active.items, ...archive.items];
    const accounts = [...new Map(sessions.map((of) => [`${of.account.kind} ${of.account.address}`, of.account])).values()];
    fill(menu,
      myself() && h("button", { type: "button", class: "primary", id: "new-card-session", onclick: create }, t("new-session")),
      h("div", { class: "modes", role: "group", "aria-label": t("mode") },
        mode(t("by-element"), null), accounts.map((of) => mode(of.address, of))),
      group(t("active-sessions"), active, "active"), group(t("archive"), archive, "archive"));
  }

  function mode(label, of) {
    const on = !session && (account?.address ?? null) === (of?.address ?? null);
    return h("button", { type: "button", class: "mode", "aria-pressed": String(on), onclick: () => { leave(); account = of; showMenu(); showHistory(); } },
      of ? t("by-account", label) : label);
  }

  function group(title, page, which) {
    return h("div", { class: "menu-group" }, h("h3", {}, title),
      page.items.length
        ? h("ul", { class: "plain-list" }, page.items.map((item) => h("li", {}, h("button", {
          type: "button", class: "menu-item", "data-id": item.session, "aria-current": item.session === session ? "true" : null, onclick: () => open(item.session),
        }, h("span", { class: "row-top" }, h("span", { class: "cut" }, item.name), h("time", { class: "quiet" }, shortTime(item.last_activity_at))),
        h("span", { class: "quiet cut" }, [channelOf(item)?.title ?? item.kind, lineTitle(item.line), item.operator && personName(item.operator)].filter(Boolean).join(" · ")),
        item.unread > 0 && item.status !== "closed" && h("span", { class: "badge" }, item.unread)))))
        : h("p", { class: "quiet" }, t(`no-${which}`)),
      page.next && h("button", { type: "button", class: "plain", onclick: () => more(page, which) }, t("more")));
  }

  async function more(page, which) {
    try {
      const next = await get(withQuery(`${base}/sessions`, { archive: which === "archive" ? true : null, after: page.next, limit: PAGE }));
      page.items.push(...next.items);
      page.next = next.next;
      showMenu();
    } catch (problem) {
      fill(place, notice(problem));
    }
  }

  function create() {
    openCreation(card, (id) => { again(); open(id); });
  }

  function leave() {
    shown?.destroy();
    shown = null;
    session = null;
  }

  function open(id) {
    leave();
    session = id;
    shown = sessionWindow(id, { back: () => { leave(); showMenu(); showHistory(); }, card });
    fill(place, shown.element);
    showMenu();
    shown.focus();
  }

  // The history that is shown: of which account, its messages and where its past goes on.
  let history = null;

  // The messages of all sessions, newest first from the host, oldest first on the page. With `after` the past
  // before those that are shown; without it what is new: whoever reads further up stays there.
  async function showHistory(after = null) {
    const of = account;
    const where = of ? path`/api/customers/${of.kind}/${of.address}/messages` : `${base}/messages`;
    let page;
    try {
      page = await get(withQuery(where, { after, limit: PAGE }));
    } catch (problem) {
      if (!session && of === account) fill(place, notice(problem, () => showHistory()));
      return;
    }
    if (session || of !== account) return;
    const found = page.items.reverse();
    const ids = new Set(found.map(({ message }) => message));
    const before = history?.of === of && history.list.isConnected ? history : null;
    const continues = before && (after || before.messages.some(({ message }) => ids.has(message)));
    const messages = !continues ? found : after ? [...found, ...before.messages]
      : [...before.messages.filter(({ message }) => !ids.has(message)), ...found];
    if (!messages.length) {
      fill(place, h("div", { class: "empty center" }, h("p", {}, t("no-correspondence")), h("p", { class: "quiet" }, t("no-correspondence-more"))));
      return;
    }
    const { scrollTop, scrollHeight, clientHeight } = before?.list ?? {};
    const next = continues && !after ? before.next : page.next;
    const list = historyOf(messages, next);
    history = { of, messages, next, list };
    fill(place, list);
    const read = continues && (after || scrollHeight - scrollTop - clientHeight > NEAR);
    list.scrollTop = !read ? list.scrollHeight : after ? list.scrollHeight - scrollHeight + scrollTop : scrollTop;
  }

  function historyOf(messages, next) {
    const rows = [];
    let day = null;
    for (const message of messages) {
      if (dayKey(message.time) !== day) {
        day = dayKey(message.time);
        rows.push(h("div", { class: "divider" }, dayName(message.time)));
      }
      rows.push(row(message));
    }
    return h("div", { class: "transcript", tabindex: "0", role: "log", "aria-live": "off", "aria-label": t("correspondence") },
      next && h("button", { type: "button", class: "plain", onclick: () => showHistory(next) }, t("earlier-messages")),
      h("div", { class: "messages" }, rows));
  }

  function row(message) {
    const { author } = message;
    const who = author.kind === "operator" ? personName(author.operator)
      : author.kind === "process" ? t("by-process", processTitle(author.process)) : customerOf(message);
    return h("div", { class: `message ${message.direction === "outgoing" ? "out" : "in"}` },
      h("div", { class: "author" }, who), h("div", { class: "text" }, message.text),
      h("div", { class: "meta" }, h("time", { title: wholeTime(message.time) }, clockTime(message.time)),
        h("button", { type: "button", class: "plain small", onclick: () => open(message.session) }, t("to-session"))));
  }

  function customerOf(message) {
    const session = known().find((item) => item.session === message.session);
    return session?.customer_name || session?.account.address || t("customer");
  }

  const known = () => [...active.items, ...archive.items];
  const off = [
    on("sessions", (found) => {
      const here = ({ session: id, links }) => known().some((item) => item.session === id)
        || links.some((link) => link.app === card.app && link.element === card.element)
        || (account && found.some((item) => item.account.address === account.address));
      if (found.some(here)) again();
    }),
    on("connection", (state) => state === "live" && again()),
    on("directory", () => directory.me && drawCalmly(showMenu)),
  ];
  again();
  return { element, destroy() { off.forEach((stop) => stop()); leave(); } };
}
