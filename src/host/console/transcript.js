// What was said in a session and happened to it: the newest at the foot, the past on scrolling up, and
// above its beginning what was said before with the same customer on the same channel.

import { t } from "./words.js";
import { h, fill, arrange } from "./dom.js";
import { get, path, withQuery } from "./api.js";
import { on } from "./bus.js";
import { elementTitle, personName, processTitle } from "./directory.js";
import { clockTime, dayKey, dayName, wholeTime } from "./time.js";
import { notice } from "./notice.js";

// Entries of a page towards the past.
const PAGE = 50;

// After how long what could not be read is read again.
const RETRY_MS = 2000;

// The distance from an end, in pixels, that counts as being there.
const NEAR = 120;

const DELIVERY = {
  "message-handed-over": "handed-over", "message-delivered": "delivered", "message-read": "read", "message-failed": "failed",
};

// How far a delivery is; a report that comes late does not take it back.
const REACHED = ["pending", "handed-over", "delivered", "read", "failed"];

export function transcript(id) {
  const entries = [];
  const earlier = [];
  // What is on its way, until the transcript has it.
  let pending = [];
  const list = h("div", { class: "messages" });
  const state = h("div", { class: "list-state" });
  const element = h("div", {
    class: "transcript", role: "log", "aria-live": "off", "aria-label": t("transcript"), tabindex: "0", onscroll: scrolled,
  }, state, list);
  let session = null;
  let older;
  let before;
  let reading = null;
  let syncing = null;
  let again = false;
  let atFoot = true;
  let retry = 0;
  let beginning = false;
  let gone = false;

  async function first() {
    if (beginning) return;
    beginning = true;
    if (!state.firstChild) fill(state, h("p", { class: "quiet loading" }, t("loading")));
    try {
      const page = await get(withQuery(path`/api/sessions/${id}/transcript`, { limit: PAGE }));
      entries.push(...page.items.reverse());
      older = page.next;
      fill(state);
      draw();
      if (!older) await past();
      again = true;
    } catch (problem) {
      beginning = false;
      fill(state, notice(problem, first));
      retry = problem.passing && !gone ? setTimeout(sync, RETRY_MS) : 0;
      return;
    }
    // What happened while the page was read.
    sync();
  }

  // Reads on towards the past: this session's, then what came before it.
  function past() {
    if (!reading && entries.length) reading = readPast().finally(() => { reading = null; });
    return reading;
  }

  async function readPast() {
    try {
      if (older) {
        const page = await get(withQuery(path`/api/sessions/${id}/transcript`, { after: older, limit: PAGE }));
        entries.unshift(...page.items.reverse());
        older = page.next;
      } else if (before !== null) {
        const page = await get(withQuery(path`/api/sessions/${id}/earlier`, { after: before, limit: PAGE }));
        earlier.unshift(...page.items.reverse());
        before = page.next;
      } else {
        return;
      }
      keepingPlace(draw);
    } catch {
      // Scrolling up asks again.
    }
  }

  // Reads what is newer than the last entry; one at a time, and once more when asked meanwhile.
  function sync() {
    again = true;
    clearTimeout(retry);
    if (gone) return;
    if (!entries.length) return void first();
    syncing ??= readOn().finally(() => { syncing = null; });
  }

  async function readOn() {
    while (again && entries.length) {
      again = false;
      let after = `p${entries.at(-1).position}`;
      try {
        while (after) {
          const page = await get(withQuery(path`/api/sessions/${id}/transcript`, { order: "oldest-first", after, limit: 200 }));
          const known = entries.at(-1).position;
          entries.push(...page.items.filter((entry) => entry.position > known));
          after = page.next;
        }
      } catch {
        // The connection's return asks at once.
        if (!gone) retry = setTimeout(sync, RETRY_MS);
        return;
      }
      draw();
    }
  }

  // The rows that are shown, by their names: with what they say, and as they were drawn.
  let drawn = new Map();

  // Only what says something new is drawn anew: a text that somebody selects stays selected.
  function draw() {
    const foot = atFoot;
    const before = drawn;
    drawn = new Map();
    const row = (name, says, build) => {
      const known = before.get(name);
      drawn.set(name, known?.says === says ? known : { says, element: build() });
    };
    if (earlier.length) {
      row("earlier", "", () => h("div", { class: "divider strong" }, t("earlier")));
      grouped("earlier", earlier.map((message) => ({ time: message.time, item: { kind: "message", message } })), row);
      row("this", "", () => h("div", { class: "divider strong" }, t("this-session")));
    }
    grouped("this", entries, row);
    const taken = new Set(entries.map(({ item }) => item.message?.message));
    pending = pending.filter(({ key }) => !taken.has(key));
    for (const message of pending) row(message.key, `${JSON.stringify(message.problem)}`, () => waiting(message));
    arrange(list, [...drawn.values()].map((of) => of.element));
    if (foot) element.scrollTop = element.scrollHeight;
  }

  function grouped(group, all, row) {
    let day = null;
    let last = null;
    for (const entry of all) {
      const name = `${group} ${entry.position ?? entry.item.message.message}`;
      if (dayKey(entry.time) !== day) {
        day = dayKey(entry.time);
        last = null;
        row(`day before ${name}`, dayName(entry.time), () => h("div", { class: "divider" }, dayName(entry.time)));
      }
      if (entry.item.kind === "message") {
        const { message } = entry.item;
        const who = JSON.stringify(message.author);
        const follows = who === last;
        row(name, JSON.stringify([message.delivery, follows, author(message)]), () => bubble(message, follows));
        last = who;
      } else {
        last = null;
        const what = happened(entry);
        row(name, what, () => h("p", { class: "happened" }, what, " ", h("time", { title: wholeTime(entry.time) }, clockTime(entry.time))));
      }
    }
  }

  function bubble(message, follows) {
    const outgoing = message.direction === "outgoing";
    return h("div", { class: `message ${outgoing ? "out" : "in"} ${follows ? "follows" : ""}`, "data-message": message.message },
      !follows && h("div", { class: "author" }, author(message)),
      message.subject && h("div", { class: "subject" }, message.subject),
      h("div", { class: "text" }, message.text),
      h("div", { class: "meta" }, h("time", { datetime: message.time, title: wholeTime(message.time) }, clockTime(message.time)),
        outgoing && delivery(message.delivery)));
  }

  function author({ author }) {
    if (author.kind === "operator") return personName(author.operator);
    if (author.kind === "process") return t("by-process", processTitle(author.process));
    return session?.customer_name || session?.account.address || t("customer");
  }

  function delivery({ state, reason }) {
    const marks = { pending: "○", "handed-over": "✓", delivered: "✓✓", read: "✓✓", failed: "!" };
    return h("span", { class: `delivery ${state}` }, h("span", { "aria-hidden": "true" }, marks[state]), " ",
      t(`delivery-${state}`), reason && `: ${reason}`);
  }

  function waiting({ text, problem, resend, drop }) {
    return h("div", { class: "message out unsent" }, h("div", { class: "text" }, text),
      problem
        ? h("div", {}, notice(problem), h("div", { class: "actions" },
          h("button", { type: "button", onclick: resend }, t("send-again")),
          h("button", { type: "button", onclick: drop }, t("back-to-draft"))))
        : h("div", { class: "meta" }, t("sending")));
  }

  function happened({ item, by }) {
    switch (item.kind) {
      case "created": return t(`created-${item.origin.kind}`);
      case "assigned": return t("happened-assigned", personName(item.operator));
      case "closed": return by.operator ? t("happened-closed-by", personName(by.operator)) : t("happened-closed");
      case "reopened": return item.operator ? t("happened-reopened", personName(item.operator)) : t("happened-reopened-queue");
      case "renamed": return t("happened-renamed", item.name);
      case "linked": return t("happened-linked", elementTitle(item.element));
      case "unlinked": return t("happened-unlinked", elementTitle(item.element));
    }
    return item.kind;
  }

  function scrolled() {
    atFoot = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (element.scrollTop < NEAR) past();
  }

  function keepingPlace(change) {
    const fromFoot = element.scrollHeight - element.scrollTop;
    change();
    if (!atFoot) element.scrollTop = element.scrollHeight - fromFoot;
  }

  const off = [
    on("events", (events) => {
      const mine = events.filter(({ stream }) => stream.session === id);
      let reported = false;
      for (const { kind, payload } of mine) {
        const to = DELIVERY[kind];
        const entry = to && entries.find(({ item }) => item.message?.message === payload.message);
        if (!entry) continue;
        const { message } = entry.item;
        if (REACHED.indexOf(to) > REACHED.indexOf(message.delivery.state)) message.delivery = { state: to, reason: payload.reason };
        reported = true;
      }
      if (mine.some(({ kind }) => !(kind in DELIVERY))) sync();
      else if (reported) draw();
    }),
    on("connection", (now) => {
      if (now === "live") sync();
    }),
    on("directory", draw),
  ];
  // A longer draft or a notice takes room from below: whoever reads the newest still sees it.
  const resized = new ResizeObserver(() => { if (atFoot) element.scrollTop = element.scrollHeight; });
  resized.observe(element);
  first();
  return {
    element,
    sync,
    show(of) {
      const renamed = session?.customer_name !== of.customer_name;
      session = of;
      if (renamed) draw();
    },
    // Shows a message that is on its way, until the transcript has it.
    add(message) {
      pending.push(message);
      atFoot = true;
      draw();
      return {
        redraw: draw,
        remove() {
          pending = pending.filter((other) => other !== message);
          draw();
        },
      };
    },
    destroy() {
      gone = true;
      resized.disconnect();
      clearTimeout(retry);
      off.forEach((stop) => stop());
    },
  };
}
