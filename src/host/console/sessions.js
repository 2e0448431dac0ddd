// Lists of sessions that stay right while things happen: pages from the host, kept up by the feed.

import { get, path, withQuery } from "./api.js";
import { on, tell } from "./bus.js";
import { myself, supervises } from "./directory.js";

// The longest page of the host's.
const PAGE = 200;

// Events come in bursts; what they touched is read once for each.
const GATHER_MS = 60;

// Of more sessions than these the list is read again rather than each of them.
const SINGLY_MAX = 40;

// After how long what could not be read is read again.
const RETRY_MS = 2000;

const newest = (of) => (a, b) => (of(a) < of(b) ? 1 : of(a) > of(b) ? -1 : a.session < b.session ? 1 : -1);
const oldest = (of) => (a, b) => -newest(of)(a, b);

const KINDS = {
  my: { has: (it) => it.status === "assigned" && it.operator === myself(), order: newest((it) => it.last_activity_at) },
  queue: { has: (it) => it.status === "waiting", order: oldest((it) => it.status_since) },
  active: { has: (it) => it.status === "assigned" && supervises(it.line), order: newest((it) => it.last_activity_at) },
  closed: { has: (it) => it.status === "closed", order: newest((it) => it.closed_at) },
};

// One list: `changed` is called whenever its items or its state do.
export class SessionList {
  constructor(kind, line, changed) {
    this.kind = kind;
    this.line = line;
    this.changed = changed;
    this.items = [];
    this.state = "loading";
    this.problem = null;
    this.next = undefined;
    this.reading = null;
    this.late = [];
    this.off = [on("sessions", (found) => this.apply(found)), on("lists-stale", () => this.reload())];
    this.more();
  }

  stop() {
    this.off.forEach((off) => off());
  }

  get complete() {
    return this.next === null;
  }

  // Reads the next page, one at a time.
  more() {
    if (this.complete || this.reading) return;
    this.reading = this.read(this.next).finally(() => { this.reading = null; });
  }

  async reload() {
    await this.reading;
    this.reading = this.read(undefined, true).finally(() => { this.reading = null; });
  }

  async read(after, fresh = false) {
    try {
      const page = await get(withQuery("/api/sessions", { list: this.kind, line: this.line, after, limit: PAGE }));
      this.next = page.next;
      this.items = this.merged(fresh ? [] : this.items, page.items);
      this.state = "ready";
      const late = this.late.splice(0);
      this.reading = null;
      this.apply(late);
    } catch (problem) {
      this.problem = problem;
      if (!this.items.length) this.state = "failed";
    }
    this.changed();
  }

  merged(items, found) {
    const ids = new Set(found.map((item) => item.session));
    return [...items.filter((item) => !ids.has(item.session)), ...found].sort(KINDS[this.kind].order);
  }

  // Takes in what became of sessions; those beyond the last page that was read come with theirs.
  apply(found) {
    // The page under way may be older than what is told meanwhile: it is told again after it.
    if (this.reading) this.late.push(...found);
    if (this.state !== "ready") return;
    const { has, order } = KINDS[this.kind];
    const here = found.filter((item) => has(item) && (!this.line || item.line === this.line));
    const gone = new Set(found.map((item) => item.session));
    let items = this.items.filter((item) => !gone.has(item.session));
    const last = items.at(-1);
    items.push(...here.filter((item) => this.complete || !last || order(item, last) < 0));
    this.items = items.sort(order);
    this.changed();
  }
}

// The sessions that events touched since they were read.
const touched = new Set();
let timer = 0;
// One at a time: an older answer would take the place of a newer one.
let reading = false;

function readSoon(after = GATHER_MS) {
  if (touched.size && !timer && !reading) timer = setTimeout(readTouched, after);
}

on("events", (events) => {
  for (const { stream } of events) if (stream.of === "session") touched.add(stream.session);
  readSoon();
});

async function readTouched() {
  timer = 0;
  const ids = [...touched];
  touched.clear();
  if (ids.length > SINGLY_MAX) {
    tell("lists-stale");
    return;
  }
  reading = true;
  const reads = await Promise.allSettled(ids.map((id) => get(path`/api/sessions/${id}`)));
  reading = false;
  const found = [];
  // What is gone stays out; what could not be read now is read again.
  const failed = ids.filter((_, at) => reads[at].status === "rejected" && reads[at].reason.passing);
  for (const read of reads) if (read.status === "fulfilled") found.push(read.value);
  if (found.length) tell("sessions", found);
  failed.forEach((id) => touched.add(id));
  readSoon(failed.length ? RETRY_MS : GATHER_MS);
}

on("connection", (state) => {
  if (state === "live") readSoon();
});
