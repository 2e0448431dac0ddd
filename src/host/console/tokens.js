// Tokens: issued for people, channels and processes; and the administrator's way to try a channel or a
// process out, by a token that soon ends, that this browser alone holds, as a cookie, and that is revoked at signing out.

import { t } from "./words.js";
import { h, fill } from "./dom.js";
import { get, once, path } from "./api.js";
import { directory, everyone, processTitle } from "./directory.js";
import { field, openDialog } from "./dialog.js";
import { notice } from "./notice.js";
import { signIn } from "./signin.js";
import { wholeTime } from "./time.js";

// How long a token for trying out opens.
const TRIAL_MS = 12 * 3_600_000;

function issue(principal, expires = null) {
  return once("POST", "/api/tokens", {}, expires ? { principal, expires_at: expires } : { principal });
}

// The tokens for trying out that this browser was issued.
const TRIALS = "switchboard.trials";

const trials = () => JSON.parse(localStorage.getItem(TRIALS) ?? "[]");

// Does something as a channel or a process: with the cookie that this browser has for it, or else with a
// token for a while. `act` may be done twice.
export async function actAs(principal, act) {
  try {
    return await act();
  } catch (problem) {
    // The cookie is missing, and the path was opened with the person's; or its token ended.
    if (problem.code !== "PrincipalNotAllowed" && problem.status !== 401) throw problem;
  }
  const { id, token } = await issue(principal, new Date(Date.now() + TRIAL_MS).toISOString());
  localStorage.setItem(TRIALS, JSON.stringify([...trials(), id]));
  await signIn(token);
  return act();
}

// Revokes the tokens for trying out: who signs out tries nothing any more.
export async function endTrials() {
  const ids = trials();
  const ends = await Promise.allSettled(ids.map((id) => once("DELETE", path`/api/tokens/${id}`, {})));
  const left = ids.filter((_, at) => ends[at].status === "rejected" && ends[at].reason.status !== 404);
  localStorage.setItem(TRIALS, JSON.stringify(left));
}

// Opens the customer's side of a channel in another tab.
export async function tryAsCustomer(channel) {
  await actAs({ kind: "channel", channel }, () => get(path`/api/channels/${channel}`));
  open(`/customer#${channel}`, `customer-${channel}`);
}

// The page of tokens.
export function tokensPanel() {
  const element = h("div", { class: "panels" });

  async function load() {
    try {
      const [{ items }] = await Promise.all([get("/api/tokens"), everyone()]);
      fill(element, h("section", { class: "panel" },
        h("header", { class: "page-head" }, h("h1", {}, t("settings-tokens")), h("button", { type: "button", class: "primary", onclick: ask }, t("issue-token"))),
        h("ul", { class: "plain-list" }, items.map((token) => h("li", { class: "setting" },
          h("span", {}, principalName(token.principal), " ", h("span", { class: "quiet" },
            token.expires_at ? t("token-until", wholeTime(token.expires_at)) : t("token-for-ever"))),
          h("button", { type: "button", class: "plain", "aria-label": `${t("revoke")}: ${principalName(token.principal)}`, onclick: () => revoke(token) }, t("revoke")))))));
    } catch (problem) {
      fill(element, notice(problem, load));
    }
  }

  // Nothing brings a token back, and whoever signed in with it is out at once: it is asked first.
  function revoke(token) {
    openDialog({
      title: t("revoke-token"), submit: t("revoke"), body: h("p", {}, t("revoke-about", principalName(token.principal))),
      run: async () => {
        await once("DELETE", path`/api/tokens/${token.id}`, {});
        await load();
      },
    });
  }

  function ask() {
    const everybody = [
      ...[...directory.people.values()].map((person) => ({ kind: "operator", operator: person.operator })),
      ...[...directory.lines.values()].flatMap((line) => line.channels.map((channel) => ({ kind: "channel", channel: channel.channel }))),
      { kind: "administrator", administrator: directory.me.principal.administrator },
    ];
    const choice = h("select", {}, everybody.map((principal, at) => h("option", { value: at }, principalName(principal))));
    openDialog({
      title: t("issue-token"), submit: t("issue"), body: field(t("for-whom"), choice),
      run: async () => {
        const { token } = await issue(everybody[Number(choice.value)]);
        await load();
        const shown = h("input", { type: "text", readonly: true, value: token });
        openDialog({ title: t("token-issued"), submit: t("done"), body: field(t("token"), shown, t("token-once")), run: async () => {} });
        shown.select();
      },
    });
    choice.focus();
  }

  load();
  return { element, destroy() {} };
}

function principalName(principal) {
  switch (principal.kind) {
    case "operator": return directory.people.get(principal.operator)?.name ?? t("operator");
    case "administrator": return t("administrator");
    case "process": return t("by-process", processTitle(principal.process));
  }
  const channels = [...directory.lines.values()].flatMap((line) => line.channels);
  return t("channel-of", channels.find((channel) => channel.channel === principal.channel)?.title ?? principal.channel);
}
