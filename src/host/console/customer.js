// The customer's side, for trying it out: one types as the customer on a channel, and sees what comes back.
// The page stands for the channel: it hands messages in, and reports what became of those of operators.

import { t, channelKind, switchLanguage } from "./words.js";
import { h, fill, announce } from "./dom.js";
import { command, freshKey, get, once, path, withQuery } from "./api.js";
import { on } from "./bus.js";
import { SharedFeed } from "./shared.js";
import { notice } from "./notice.js";
import { signInForm } from "./signin.js";
import { clockTime, dayKey, dayName, wholeTime } from "./time.js";

const app = document.getElementById("app");
const PAGE = 100;

// A page that nobody sees gives its connection back, of which a browser has six, and looks so often.
const LOOK_MS = 5000;

const kept = (channel) => `switchboard.customer.${channel}`;

// An address to begin with, of the form that the medium has.
const EXAMPLES = {
  whatsapp: "+79161234567", telegram: "+79161234567", "telegram-bot": "100500", "viber-bot": "viber-ivan==",
  vk: "100501", "live-chat": "visitor-17", email: "ivan.petrov@example.com",
};

let feed = null;
// Ends what a dialogue listens to.
let leaving = null;
let looking = 0;

function leave() {
  clearInterval(looking);
  feed?.stop();
  feed = null;
  leaving?.abort();
  leaving = null;
}

async function start() {
  const channel = location.hash.slice(1);
  leave();
  if (!/^[0-9a-f-]{36}$/.test(channel)) return signIn();
  try {
    const about = await get(path`/api/channels/${channel}`);
    dialogue(about);
  } catch (problem) {
    if (problem.status === 401 || problem.status === 403) signIn();
    else fill(app, h("main", { class: "center-page", id: "main" }, notice(problem, start)));
  }
}

function signIn() {
  leave();
  fill(app, signInForm({
    title: t("customer-side"), about: t("customer-about"), hint: t("channel-token-hint"),
    more: h("p", { class: "quiet" }, h("a", { href: "/" }, t("to-console"))),
    signedIn: async (me) => {
      if (me.principal.kind !== "channel") throw { code: "NotAChannel", detail: t("not-a-channel") };
      if (location.hash === `#${me.principal.channel}`) await start();
      else location.hash = me.principal.channel;
    },
  }));
}

function dialogue(channel) {
  const saved = JSON.parse(localStorage.getItem(kept(channel.channel)) ?? "{}");
  const base = path`/api/channels/${channel.channel}`;
  const address = h("input", { type: "text", id: "address", value: saved.address ?? EXAMPLES[channel.kind] ?? "", autocomplete: "off", spellcheck: "false", onchange: restart });
  const sender = h("input", { type: "text", id: "sender", value: saved.sender ?? "", autocomplete: "off", onchange: keep });
  const subject = h("input", { type: "text", id: "subject", autocomplete: "off" });
  const list = h("div", { class: "messages" });
  const problems = h("div", { class: "window-problems" });
  const transcript = h("div", { class: "transcript", role: "log", "aria-live": "off", tabindex: "0", "aria-label": t("transcript") }, list);
  const text = h("textarea", { rows: "2", id: "text", "aria-label": t("message"), placeholder: t("message"), onkeydown: keyed });
  const offline = h("div", { class: "offline", role: "status", hidden: true });
  const messages = new Map();
  let round = 0;
  let last = Promise.resolve();

  const form = h("form", { class: "composer", onsubmit: send },
    channel.kind === "email" && h("div", { class: "field" }, h("label", { for: "subject" }, t("subject")), subject),
    h("div", { class: "composer-line" }, text, h("button", { type: "submit", class: "primary" }, t("send"))));
  document.title = `${t("customer")} · ${channel.title}`;
  fill(app, offline, h("main", { class: "customer", id: "main" },
    h("header", { class: "window-head" },
      h("div", { class: "window-line" }, h("h1", { class: "window-title" }, channel.title),
        h("button", { type: "button", class: "plain", onclick: switchLanguage, title: t("other-language") }, t("other-language-short")),
        h("button", { type: "button", class: "plain", onclick: () => { location.hash = ""; } }, t("other-channel"))),
      h("p", { class: "quiet" }, `${channelKind(channel.kind)} · ${channel.line_title}`),
      h("div", { class: "customer-who" },
        h("div", { class: "field" }, h("label", { for: "address" }, t("my-address")), address),
        h("div", { class: "field" }, h("label", { for: "sender" }, t("my-name")), sender))),
    problems, transcript, form));

  function keep() {
    localStorage.setItem(kept(channel.channel), JSON.stringify({ address: address.value, sender: sender.value }));
  }

  async function restart() {
    keep();
    messages.clear();
    draw();
    await follow();
  }

  async function follow() {
    round += 1;
    const mine = round;
    clearInterval(looking);
    feed?.stop();
    feed = null;
    if (!address.value.trim()) return;
    if (document.visibilityState !== "visible") looking = setInterval(() => read(mine).catch(() => {}), LOOK_MS);
    try {
      const { head } = await once("GET", "/healthz", {});
      await read(mine);
      if (mine !== round || document.visibilityState !== "visible") return;
      feed = new SharedFeed(`${base}/events`, "customer", head, {
        events: (events) => heard(events, mine),
        state: (state) => {
          offline.hidden = state === "live";
          fill(offline, state === "live" ? "" : t("connection-lost"));
          if (state === "live") read(mine).catch(() => {});
        },
        refused: (problem) => (problem.status === 401 ? signIn() : fill(problems, notice(problem, follow))),
      });
    } catch (problem) {
      if (mine === round) fill(problems, notice(problem, follow));
    }
  }

  async function read(mine) {
    const page = await get(withQuery(`${base}/${path`customers/${address.value.trim()}/messages`}`, { limit: PAGE }));
    if (mine !== round) return;
    fill(problems);
    const known = messages.size;
    for (const message of page.items.reverse()) {
      if (known && message.direction === "outgoing" && !messages.has(message.message)) announce(t("new-message-from", t("operator")));
      messages.set(message.message, message);
    }
    draw();
    report();
  }

  function heard(events, mine) {
    if (mine === round && events.some(({ kind }) => kind.includes("message"))) read(mine).catch(() => {});
  }

  // What a medium tells: it took the message, it came to the customer, and on a page that is seen it was read.
  function report() {
    for (const { direction, delivery, session, message } of messages.values()) {
      if (direction !== "outgoing" || delivery.state === "read" || delivery.state === "failed") continue;
      const state = document.visibilityState === "visible" ? "read" : "delivered";
      if (delivery.state === state || reported.has(message + state)) continue;
      reported.add(message + state);
      command("POST", `${base}/deliveries`, { session, message, report: { state } }, `${message}.${state}`).catch(() => reported.delete(message + state));
    }
  }

  const reported = new Set();
  leaving = new AbortController();
  document.addEventListener("visibilitychange", () => { report(); follow(); }, { signal: leaving.signal });

  function draw() {
    const rows = [];
    let day = null;
    for (const message of [...messages.values()].sort((a, b) => a.position - b.position)) {
      if (dayKey(message.time) !== day) {
        day = dayKey(message.time);
        rows.push(h("div", { class: "divider" }, dayName(message.time)));
      }
      // The customer's own stand on the right here: it is the other end of the line.
      rows.push(h("div", { class: `message ${message.direction === "incoming" ? "out" : "in"}` },
        message.subject && h("div", { class: "subject" }, message.subject), h("div", { class: "text" }, message.text),
        h("div", { class: "meta" }, h("time", { title: wholeTime(message.time) }, clockTime(message.time)))));
    }
    fill(list, rows.length ? rows : h("div", { class: "empty" }, h("p", {}, t("customer-empty")), h("p", { class: "quiet" }, t("customer-empty-more"))));
    transcript.scrollTop = transcript.scrollHeight;
  }

  function keyed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  }

  async function send(event) {
    event.preventDefault();
    if (!text.value.trim()) return;
    const key = freshKey();
    const body = {
      address: address.value.trim(), sender: sender.value.trim() || undefined, external_id: key, text: text.value,
      subject: subject.value.trim() || undefined,
    };
    const before = text.value;
    text.value = "";
    const turn = last;
    let done;
    last = new Promise((resolve) => { done = resolve; });
    try {
      // One after another: what was written first is told first.
      await turn;
      await command("POST", `${base}/messages`, body, key);
      subject.value = "";
      fill(problems);
      keep();
      if (feed) await read(round);
      else await restart();
    } catch (problem) {
      text.value = [before, text.value].filter(Boolean).join("\n");
      fill(problems, notice(problem));
    } finally {
      done();
    }
  }

  restart();
  text.focus();
}

addEventListener("hashchange", start);
on("signed-out", () => signIn());
start();
