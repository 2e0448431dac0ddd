// The console: who signed in, the bar at the top, and the page that the address names.

import { t, switchLanguage } from "./words.js";
import { h, fill, drawCalmly } from "./dom.js";
import { command, get, isBeside, once, path } from "./api.js";
import { on, tell } from "./bus.js";
import { directory, isAdministrator, loadDirectory, myself } from "./directory.js";
import { SharedFeed } from "./shared.js";
import { go, onPlace, place } from "./router.js";
import { openDialog } from "./dialog.js";
import { notice, sentence } from "./notice.js";
import { signInForm } from "./signin.js";
import { linesPage } from "./lines.js";
import { elementsPage } from "./elements.js";
import { cardPage } from "./card.js";
import { adminPage } from "./admin.js";
import { forgetDrafts } from "./composer.js";
import { endTrials } from "./tokens.js";

const app = document.getElementById("app");

let feed = null;
let page = null;
let shown = null;
let connection = "live";
// Ends what the frame listens to.
let stop = [];

// Of whom the drafts of this window are.
const WRITER = "switchboard.writer";

// The windows of a browser have one person: each tells the others who that is, null when nobody is.
const windows = new BroadcastChannel("switchboard.person");

windows.onmessage = ({ data }) => {
  if (!page || data === personKey()) return;
  if (data === null) signedOut();
  else location.reload();
};

function personKey() {
  return JSON.stringify(directory.me.principal);
}

// Drafts outlast a token that ended, but not a change of persons.
function ownDrafts() {
  if (sessionStorage.getItem(WRITER) !== personKey()) forgetDrafts();
  sessionStorage.setItem(WRITER, personKey());
}

async function start() {
  fill(app, h("main", { class: "center-page", id: "main" }, h("p", { class: "quiet loading" }, t("loading"))));
  try {
    // First the position, then what is shown: what happens in between is told by the feed.
    const { head } = await once("GET", "/healthz", {});
    await loadDirectory();
    if (!["operator", "administrator"].includes(directory.me.principal.kind)) return signIn();
    ownDrafts();
    windows.postMessage(personKey());
    follow(head);
    frame();
  } catch (problem) {
    if (problem.status === 401) signIn();
    else fill(app, h("main", { class: "center-page", id: "main" }, notice(problem, start)));
  }
}

function signIn() {
  leave();
  document.title = "Switchboard";
  fill(app, signInForm({
    about: t("sign-in-about"), hint: t("sign-in-hint"),
    more: h("p", { class: "quiet" }, h("a", { href: "/customer" }, t("customer-side"))),
    signedIn: async (me) => {
      if (me.principal.kind === "channel") location.assign(`/customer#${me.principal.channel}`);
      else if (me.principal.kind === "process") throw { code: "NotAPerson", detail: t("not-a-person") };
      // Nothing of another person stays in the page.
      else if (directory.me) location.reload();
      else await start();
    },
  }));
}

function follow(position) {
  feed?.stop();
  feed = new SharedFeed("/api/events", personKey(), position, {
    events: (events) => tell("events", events),
    state: (state) => {
      if (connection === state) return;
      connection = state;
      tell("connection", state);
    },
    refused: (problem) => {
      // Another log under the same address: nothing of what is shown holds.
      if (problem.code === "BadPosition") location.reload();
      else if (problem.status === 401) signIn();
      else fill(app, h("main", { class: "center-page", id: "main" }, notice(problem, () => location.reload())));
    },
  });
}

function leave() {
  stop.forEach((off) => off());
  stop = [];
  feed?.stop();
  feed = null;
  page?.destroy();
  page = null;
  shown = null;
}

function frame() {
  const bar = h("header", { class: "bar" });
  const offline = h("div", { class: "offline", role: "status", hidden: true });
  const body = h("div", { class: "body" });
  // Whether the presence is on its way: a second press would take the first one back.
  let switching = false;
  fill(app, h("a", { class: "skip", href: "#main", onclick: skip }, t("skip")), bar, offline, body);

  function draw() {
    const [section] = place();
    const link = (to, of, words) => h("a", { href: `#/${to}`, "aria-current": of.includes(section) ? "page" : null }, words);
    fill(bar,
      h("a", { class: "brand", href: "#/" }, h("img", { src: "/console/icon.svg", alt: "Switchboard", width: "24", height: "24" })),
      h("nav", { "aria-label": t("sections") }, link("", [undefined, "sessions"], t("lines")), link("apps", ["apps"], t("apps")),
        isAdministrator() && link("settings", ["settings"], t("settings"))),
      h("div", { class: "bar-end" }, presence(),
        h("span", { class: "who quiet" }, directory.me.operator?.name ?? t("administrator")),
        h("button", { type: "button", class: "plain", onclick: switchLanguage, title: t("other-language") }, t("other-language-short")),
        h("button", { type: "button", class: "plain", onclick: signOut }, t("sign-out"))));
  }

  // Without the licence presence means nothing, and there is no switch.
  function presence() {
    const { operator, service_licence: licence } = directory.me;
    if (!operator || !licence) return null;
    return h("button", {
      type: "button", class: "presence", role: "switch", "aria-checked": String(operator.online), onclick: async () => {
        if (switching) return;
        switching = true;
        try {
          await command("PUT", path`/api/operators/${operator.operator}/presence`, { online: !operator.online });
          directory.me = await get("/api/me");
          connected(connection);
        } catch (problem) {
          fill(offline, sentence(problem));
          offline.hidden = false;
        }
        switching = false;
        tell("directory");
      },
    }, h("span", { class: `dot ${operator.online ? "on" : ""}`, "aria-hidden": "true" }), operator.online ? t("online") : t("away"));
  }

  function route() {
    const [section, one, two] = place();
    draw();
    const wanted = section === "apps" ? (two ? `card ${one} ${two}` : `apps ${one}`) : section === "settings" ? `settings ${one}` : "lines";
    if (wanted === "lines" && shown === "lines") {
      page.show(one ?? null);
      return;
    }
    if (wanted === shown) return;
    page?.destroy();
    shown = wanted;
    document.title = `${t(section === "apps" ? "apps" : section === "settings" ? "settings" : "lines")} · Switchboard`;
    page = section === "apps" ? (two ? cardPage(one, two) : elementsPage(one))
      : section === "settings" && isAdministrator() ? adminPage(one) : linesPage(section === "sessions" ? one : null);
    fill(body, page.element);
  }

  function connected(state) {
    offline.hidden = state === "live";
    fill(offline, state === "live" ? "" : t("connection-lost"));
  }

  stop.forEach((off) => off());
  stop = [onPlace(route), on("directory", () => drawCalmly(draw)), on("connection", connected)];
  connected(connection);
  route();
}

function skip(event) {
  event.preventDefault();
  const main = document.getElementById("main");
  main.tabIndex = -1;
  main.focus();
}

async function signOut() {
  try {
    await endTrials();
    await once("DELETE", "/api/sign-in", {});
  } catch (problem) {
    // A cookie that nobody could take back opens still: the page must not look as if it did not.
    if (problem.status !== 401) {
      openDialog({ title: t("sign-out"), body: notice(problem), submit: t("try-again"), run: async () => signOut });
      return;
    }
  }
  windows.postMessage(null);
  signedOut();
}

function signedOut() {
  forgetDrafts();
  go("");
  signIn();
}

// A token that ended opens nothing in any window. That of a channel or a process says nothing of the person.
on("signed-out", (where) => page && !isBeside(where) && signIn());

start();
