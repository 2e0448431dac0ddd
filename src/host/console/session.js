// The window of a session: what it is, what can be done with it, its transcript and the composer.

import { t } from "./words.js";
import { h, fill, announce, drawCalmly } from "./dom.js";
import { command, get, path } from "./api.js";
import { on } from "./bus.js";
import { channelOf, directory, elementTitle, isAdministrator, lineTitle, myself, personName, rolesOn, supervises } from "./directory.js";
import { notice } from "./notice.js";
import { transcript } from "./transcript.js";
import { composer } from "./composer.js";
import { askAssignee, askLink, askName } from "./conduct.js";

// `about.back` leaves it; `about.card` is the element from whose card it is seen, if it is.
export function sessionWindow(id, about) {
  let session = null;
  let busy = false;
  const head = h("header", { class: "window-head" });
  const problems = h("div", { class: "window-problems" });
  const history = transcript(id);
  const writing = composer(id, about.card ?? null, history);
  const element = h("article", { class: "window", "aria-label": t("session-window") },
    head, problems, history.element, writing.element);
  const title = h("h2", { tabindex: "-1", class: "window-title" });

  async function load() {
    try {
      session = await get(path`/api/sessions/${id}`);
      fill(problems);
      show();
    } catch (problem) {
      if (!session || !problem.passing) fill(problems, notice(problem, problem.status === 404 ? null : load));
      if (session) return;
      // There is nothing to read or to answer, but a way back.
      history.element.hidden = writing.element.hidden = true;
      fill(head, h("div", { class: "window-line" }, back(), h("h2", { class: "window-title" }, t("session-window"))));
    }
  }

  function back() {
    return h("button", { type: "button", class: "back", "aria-label": t("back"), onclick: about.back }, "‹");
  }

  function show() {
    const channel = channelOf(session);
    // It is taken out of the page as the head is built anew, and would lose the focus.
    const titled = document.activeElement === title;
    fill(title, session.name);
    title.title = session.name;
    const who = session.customer_name || session.account.address;
    fill(head,
      h("div", { class: "window-line" },
        back(),
        h("div", { class: "window-what" },
          h("div", { class: "window-names" }, title, state()),
          h("p", { class: "quiet window-about" },
            [who, who === session.account.address ? null : session.account.address, channel?.title ?? session.kind, lineTitle(session.line)]
              .filter(Boolean).join(" · "))),
        actions()),
      links());
    if (titled) title.focus({ preventScroll: true });
    history.element.hidden = writing.element.hidden = false;
    writing.show(session, channel?.policy ?? null, obstacle());
    history.show(session);
  }

  function state() {
    if (session.status === "waiting") return h("span", { class: "state waiting" }, t("state-waiting"));
    if (session.status === "closed") return h("span", { class: "state closed" }, t("state-closed"));
    const mine = session.operator === myself();
    return h("span", { class: "state" }, mine ? t("state-mine") : personName(session.operator));
  }

  // Whether the person works on the line at all; readers and administrators look on.
  function works() {
    const roles = rolesOn(session.line);
    return roles.includes("operator") || roles.includes("supervisor");
  }

  function away() {
    return directory.me.service_licence && directory.me.operator && !directory.me.operator.online;
  }

  // Why nothing can be written, if so.
  function obstacle() {
    if (isAdministrator()) return t("administrators-read");
    if (!works()) return t("readers-read");
    if (session.status === "closed") return t("closed-no-writing");
    if (session.status === "waiting") return t("waiting-no-writing");
    if (session.operator !== myself()) return t("others-writing", personName(session.operator));
    if (away()) return t("offline-no-writing");
    return null;
  }

  function actions() {
    const act = (name, run, kind = "") => h("button", {
      type: "button", class: kind, disabled: busy, "data-action": name, onclick: run,
    }, t(name));
    const buttons = [];
    const open = session.status !== "closed";
    const mine = session.status === "assigned" && session.operator === myself();
    if (works()) {
      if (session.status === "waiting") buttons.push(act("take", () => run("POST", "/take").then((done) => done && writing.focus()), "primary"));
      if (!open) buttons.push(act("reopen", () => run("POST", "/reopen").then((done) => done && writing.focus()), "primary"));
      if (mine) buttons.push(act("rename", rename));
      buttons.push(act("link", link));
      if (open && (mine || supervises(session.line))) buttons.push(act("assign", assign));
      if (mine) buttons.push(act("close", () => run("POST", "/close").then((done) => done && title.focus())));
    }
    return h("div", { class: "actions" }, buttons);
  }

  function links() {
    if (!session.links.length) return null;
    return h("ul", { class: "chips", "aria-label": t("links") }, session.links.map((link) => h("li", { class: "chip" },
      h("a", { href: `#/apps/${link.app}/${link.element}` }, elementTitle(link)),
      works() && h("button", {
        type: "button", "aria-label": t("unlink", elementTitle(link)),
        // It goes with what it belongs to; the title is what is left.
        onclick: () => run("DELETE", path`/links/${link.app}/${link.element}`).then((done) => done && title.focus()),
      }, "×"))));
  }

  const rename = () => askName(session.name, (name) => run("PUT", "/name", { name }, true));
  const assign = () => askAssignee(session, (operator) => run("POST", "/assign", { operator }, true));
  const link = () => askLink(session, (to) => run("PUT", path`/links/${to.app}/${to.element}`, undefined, true));

  // Gives a command of this session; a dialog that asked for it shows the refusal itself.
  async function run(method, rest, body, throws = false) {
    busy = true;
    fill(problems);
    try {
      await command(method, path`/api/sessions/${id}` + rest, body);
      await load();
      history.sync();
      return true;
    } catch (problem) {
      if (throws) throw problem;
      fill(problems, notice(problem));
      return false;
    } finally {
      busy = false;
      if (session) show();
    }
  }

  const off = [
    on("sessions", (found) => {
      const mine = found.find((item) => item.session === id);
      if (!mine) return;
      if (session && mine.messages > session.messages && mine.last_message?.direction === "incoming") {
        announce(t("new-message-from", mine.customer_name || mine.account.address));
      }
      session = mine;
      drawCalmly(show);
    }),
    on("directory", () => session && drawCalmly(show)),
    // So much happened that it was not read one by one: this may have been among it.
    on("lists-stale", load),
  ];
  load();
  return {
    element,
    focus: () => writing.focus(),
    destroy() {
      off.forEach((stop) => stop());
      history.destroy();
      writing.destroy();
    },
  };
}

