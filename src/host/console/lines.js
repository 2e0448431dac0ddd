// The section «Линии»: the lists of sessions on one side, the chosen session on the other.

import { t } from "./words.js";
import { h, fill } from "./dom.js";
import { on } from "./bus.js";
import { directory, isAdministrator, lineTitle, myself, personName, supervises, channelOf } from "./directory.js";
import { SessionList } from "./sessions.js";
import { virtualList } from "./virtual.js";
import { shortTime, wholeTime } from "./time.js";
import { sessionWindow } from "./session.js";
import { openCreation } from "./creation.js";
import { go } from "./router.js";
import { notice } from "./notice.js";

const ROW_HEIGHT = 68;
const KEPT = "switchboard.list";

// The lists that the person has.
function lists() {
  const all = ["my", "queue", "active", "closed"];
  const supervisor = isAdministrator() || [...directory.lines.keys()].some(supervises);
  return all.filter((kind) => (kind === "my" ? myself() : kind === "active" ? supervisor : true));
}

// The page; `session` is the one to show.
export function linesPage(session) {
  const kinds = lists();
  const kept = sessionStorage.getItem(KEPT);
  let kind = kinds.includes(kept) ? kept : kinds[0];
  let line = null;
  let current = null;
  let shown = null;
  // The session that was just created: one writes there next.
  let writeTo = null;
  const known = new Map();

  const tabs = new Map(kinds.map((of) => [of, h("button", {
    role: "tab", type: "button", class: "tab", id: `tab-${of}`, "aria-controls": "list-panel", onclick: () => choose(of),
    onkeydown: tabKeyed,
  }, t(`list-${of}`), " ", h("span", { class: "count" }))]));
  const create = h("button", {
    type: "button", class: "primary", id: "new-session", onclick: () => openCreation(null, (id) => { writeTo = id; go(`sessions/${id}`); }),
  }, t("new-session"));
  const lineChoice = h("select", { "aria-label": t("line-filter"), onchange: () => { line = lineChoice.value || null; restart(); } });
  const view = virtualList({
    name: "sessions", label: t("lists"), height: ROW_HEIGHT, row, id: (item) => item.session,
    more: () => current?.more(), complete: () => current?.complete ?? false, open: (item) => go(`sessions/${item.session}`),
  });
  const state = h("div", { class: "list-state" });
  const heading = h("h1", { class: "block-title" });
  const pane = h("section", { class: "lists", "aria-label": t("lists") },
    h("div", { class: "lists-head" }, h("div", { class: "block-head" }, heading, create), lineChoice),
    h("div", { class: "tabs", role: "tablist", "aria-label": t("lists") }, [...tabs.values()]),
    h("div", { class: "list-panel", id: "list-panel", role: "tabpanel" }, state, view.element));
  const place = h("section", { class: "window-place", "aria-label": t("session-window") });
  const element = h("main", { class: "lines", id: "main" }, pane, place);

  function fillLines() {
    const options = [...directory.lines.values()].sort((a, b) => a.title.localeCompare(b.title));
    fill(lineChoice, h("option", { value: "" }, t("every-line")),
      options.map((of) => h("option", { value: of.line }, of.title)));
    lineChoice.value = line ?? "";
    lineChoice.hidden = options.length < 2;
  }

  function restart() {
    known.forEach((list) => list.stop());
    known.clear();
    choose(kind);
    // The person's own list counts unread messages also while another list is shown.
    if (kinds.includes("my")) of("my");
    of("queue");
  }

  function of(which) {
    if (!known.has(which)) known.set(which, new SessionList(which, line, () => changed(which)));
    return known.get(which);
  }

  function choose(which) {
    kind = which;
    sessionStorage.setItem(KEPT, kind);
    current = of(kind);
    for (const [name, tab] of tabs) {
      tab.setAttribute("aria-selected", name === kind);
      tab.tabIndex = name === kind ? 0 : -1;
    }
    document.getElementById("list-panel")?.setAttribute("aria-labelledby", `tab-${kind}`);
    fill(heading, t(`list-${kind}`));
    create.hidden = kind !== "my";
    view.element.scrollTop = 0;
    view.element.setAttribute("aria-label", t(`list-${kind}`));
    changed(kind);
    view.select(shown);
  }

  function changed(which) {
    count(which);
    if (which !== kind || !current) return;
    view.show(current.items);
    view.element.hidden = !current.items.length;
    fill(state);
    if (current.state === "loading") fill(state, h("div", { class: "quiet loading" }, t("loading")));
    else if (current.state === "failed") fill(state, notice(current.problem, () => current.reload()));
    else if (!current.items.length && current.complete) {
      fill(state, h("div", { class: "empty" }, h("p", {}, t(`empty-${kind}`)), h("p", { class: "quiet" }, t(`empty-${kind}-more`))));
    }
  }

  function count(which) {
    const list = known.get(which);
    if (!list) return;
    const more = list.complete ? "" : "+";
    const unread = list.items.filter((item) => item.unread > 0).length;
    const badge = tabs.get(which)?.querySelector(".count");
    if (!badge) return;
    if (which === "my") {
      badge.textContent = unread ? `${unread}${more}` : "";
      badge.classList.toggle("unread", unread > 0);
      document.title = unread ? `(${unread}) ${t("lines")} · Switchboard` : `${t("lines")} · Switchboard`;
    } else if (which === "queue") {
      badge.textContent = list.items.length ? `${list.items.length}${more}` : "";
    }
  }

  function tabKeyed(event) {
    const names = [...tabs.keys()];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = names[(names.indexOf(kind) + step + names.length) % names.length];
    choose(next);
    tabs.get(next).focus();
  }

  function row(item) {
    const who = item.customer_name || item.account.address;
    const channel = channelOf(item)?.title ?? item.kind;
    const others = item.operator && item.operator !== myself();
    return [
      h("div", { class: "row-top" },
        h("span", { class: "row-who" }, who),
        h("time", { class: "quiet", datetime: item.last_activity_at, title: wholeTime(item.last_activity_at) },
          shortTime(kind === "queue" ? item.status_since : item.last_activity_at))),
      h("div", { class: "row-name" }, item.name),
      h("div", { class: "row-foot" },
        h("span", { class: "quiet cut" }, [channel, lineTitle(item.line), others && personName(item.operator)].filter(Boolean).join(" · ")),
        // A session that is closed waits for nobody.
        item.unread > 0 && item.status !== "closed" && h("span", { class: "badge", title: t("unread", item.unread) }, item.unread,
          h("span", { class: "unseen" }, ` ${t("unread-short")}`))),
    ];
  }

  function show(id) {
    shown = id;
    element.classList.toggle("has-window", Boolean(id));
    window_?.destroy();
    window_ = null;
    if (id) {
      window_ = sessionWindow(id, { back: () => go("") });
      fill(place, window_.element);
      if (writeTo === id) window_.focus();
      writeTo = null;
    } else {
      fill(place, h("div", { class: "empty center" }, h("p", {}, t("choose-session")), h("p", { class: "quiet" }, t("choose-session-more"))));
    }
    view.select(id);
  }

  let window_ = null;
  const off = on("directory", () => { fillLines(); view.redraw(); });
  fillLines();
  restart();
  show(session);
  return {
    element,
    show,
    destroy() {
      off();
      known.forEach((list) => list.stop());
      view.destroy();
      window_?.destroy();
    },
  };
}
