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

// A list without some items, and with others each in its place: the rest is in order already.
function placed(items, without, added, order) {
  const gone = new Set(without.map((item) => item.session));
  const rest = items.filter((item) => !gone.has(item.session));
  const next = added.toSorted(order);
  const list = [];
  let at = 0;
  for (const item of rest) {
    while (at < next.length && order(next[at], item) < 0) list.push(next[at++]);
    list.push(item);
  }
  return list.concat(next.slice(at));
}

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
    this.pause = 0;
    this.stopped = false;
    this.off = [on("sessions", (found) => this.apply(found)), on("lists-stale", () => this.reload())];
    this.more();
  }

  stop() {
    clearTimeout(this.pause);
    this.stopped = true;
    this.off.forEach((off) => off());
  }

  get complete() {
    return this.next === null;
  }

  // Reads the next page, one at a time.
  more() {
    if (this.complete || this.reading || this.pause) return;
    this.reading = this.read(this.next).finally(() => { this.reading = null; });
  }

  again(fresh) {
    if (fresh) this.reload();
    else this.more();
  }

  async reload() {
    await this.reading;
    this.reading = this.read(undefined, true).finally(() => { this.reading = null; });
  }

  async read(after, fresh = false) {
    clearTimeout(this.pause);
    this.pause = 0;
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
      // Drawing the end of the list asks for more, again and again: not before a while has passed.
      if (!this.stopped) this.pause = setTimeout(() => { this.pause = 0; if (problem.passing) this.again(fresh); }, RETRY_MS);
    }
    this.changed();
  }

  // A page continues the list: only what is known already or stands elsewhere has to be put in its place.
  merged(items, found) {
    const { order } = KINDS[this.kind];
    const known = this.known(items);
    if (!found.some((item) => known.has(item.session)) && (!items.length || !found.length || order(items.at(-1), found[0]) < 0)) {
      for (const item of found) {
        items.push(item);
        known.add(item.session);
      }
      return items;
    }
    return placed(items, found, found, order);
  }

  // The sessions of the list, which are not counted anew for each page.
  known(items) {
    if (this.ids?.of !== items || this.ids.set.size !== items.length) {
      this.ids = { of: items, set: new Set(items.map((item) => item.session)) };
    }
    return this.ids.set;
  }

  // Takes in what became of sessions; those beyond the last page that was read come with theirs.
  apply(found) {
    // The page under way may be older than what is told meanwhile: it is told again after it.
    if (this.reading) this.late.push(...found);
    if (this.state !== "ready" || !found.length) return;
    const { has, order } = KINDS[this.kind];
    const here = found.filter((item) => has(item) && (!this.line || item.line === this.line));
    const gone = new Set(found.map((item) => item.session));
    const last = this.items.findLast((item) => !gone.has(item.session));
    this.items = placed(this.items, found, here.filter((item) => this.complete || !last || order(item, last) < 0), order);
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
