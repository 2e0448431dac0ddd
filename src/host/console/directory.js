// Who and what there is: the person, lines, people, apps and elements, by their ids.

import { get, path, withQuery } from "./api.js";
import { on, tell } from "./bus.js";
import { t } from "./words.js";

// People that are read at once; others are read when their names are needed.
const PAGE = 200;

export const directory = {
  me: null,
  lines: new Map(),
  apps: new Map(),
  processes: new Map(),
  people: new Map(),
  elements: new Map(),
};

const asked = new Set();

// Reads what every page needs.
export async function loadDirectory() {
  // Alone first: who has not signed in is told so once.
  directory.me = await get("/api/me");
  if (!["operator", "administrator"].includes(directory.me.principal.kind)) return;
  const [lines, workspace, people] = await Promise.all([everyLine(), get("/api/workspace"), get(`/api/operators?limit=${PAGE}`)]);
  directory.lines = new Map(lines.map((line) => [line.line, line]));
  keep(workspace);
  for (const person of people.items) directory.people.set(person.operator, person);
}

function keep({ apps, processes }) {
  directory.apps = new Map(apps.map((app) => [app.app, app.title]));
  directory.processes = new Map(processes.map((process) => [process.process, process.title]));
}

async function everyLine() {
  const lines = [];
  let after;
  do {
    const page = await get(withQuery("/api/lines", { after, limit: PAGE }));
    lines.push(...page.items);
    after = page.next;
  } while (after);
  return lines;
}

// Whether the person who signed in is an operator, and which one.
export function myself() {
  return directory.me?.principal.operator ?? null;
}

export function isAdministrator() {
  return directory.me?.principal.kind === "administrator";
}

// Everybody at the console.
export async function everyone() {
  const found = [];
  let after;
  do {
    const page = await get(withQuery("/api/operators", { after, limit: 200 }));
    found.push(...page.items);
    after = page.next;
  } while (after);
  for (const person of found) directory.people.set(person.operator, person);
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

// The roles of the person on a line.
export function rolesOn(line) {
  return directory.lines.get(line)?.my_roles ?? [];
}

export function supervises(line) {
  return isAdministrator() || rolesOn(line).includes("supervisor");
}

export function lineTitle(line) {
  return directory.lines.get(line)?.title ?? t("some-line");
}

export function channelOf(session) {
  return directory.lines.get(session.line)?.channels.find((channel) => channel.channel === session.channel);
}

export function appTitle(app) {
  return directory.apps.get(app) ?? app;
}

// The title of a process; one that is not permitted any more has its code alone.
export function processTitle(process) {
  return directory.processes.get(process) ?? process;
}

// A person's name; one that is not known yet is asked for, and told later.
export function personName(operator) {
  const known = directory.people.get(operator);
  if (known) return known.name;
  lookUp(`person ${operator}`, path`/api/operators/${operator}`, (person) => {
    directory.people.set(operator, person);
  });
  return "…";
}

// The title of an element, likewise.
export function elementTitle({ app, element }) {
  const known = directory.elements.get(element);
  if (known) return known.title;
  lookUp(`element ${element}`, path`/api/apps/${app}/elements/${element}`, (found) => {
    directory.elements.set(element, found);
  });
  return appTitle(app);
}

async function lookUp(name, where, keep) {
  if (asked.has(name)) return;
  asked.add(name);
  try {
    keep(await get(where));
    tell("directory");
  } catch {
    // The name stays open; the next page that needs it asks again.
    asked.delete(name);
  }
}

// Keeps up with the feed: lines, roles, presence and the licence.
on("events", async (events) => {
  const lines = new Set();
  let workspace = false;
  for (const { stream, kind, payload } of events) {
    if (stream.of === "line") {
      lines.add(stream.line);
    } else if (stream.of === "workspace" || (stream.of === "operator" && stream.operator === myself())) {
      workspace = true;
    }
    if (stream.of === "operator" && payload.name) {
      directory.people.set(stream.operator, { ...directory.people.get(stream.operator), name: payload.name });
    }
    if (stream.of === "operator" && kind.startsWith("went-")) directory.people.delete(stream.operator);
  }
  if (lines.size || workspace) await refresh();
});

// What could not be read while the connection was lost is read when it is back.
let stale = false;

on("connection", (state) => {
  if (state === "live" && stale) refresh();
});

async function refresh() {
  try {
    const [me, workspace, found] = await Promise.all([get("/api/me"), get("/api/workspace"), everyLine()]);
    directory.me = me;
    keep(workspace);
    directory.lines = new Map(found.map((line) => [line.line, line]));
    stale = false;
    tell("directory");
  } catch {
    stale = true;
  }
}
