// One live feed for all windows of a browser: a browser has six connections to a host, and a feed keeps one.
//
//   window that has the lock ── Feed ──▶ host        the others ◀── events, state ── it, over a channel
//
// Who has the lock leads. When its window closes, the next one gets the lock and goes on after what it has
// seen itself. Every window knows its own position, takes only what lies beyond it, and tells the leader when
// it is behind: the leader then begins again from there. So no window misses an event, and none sees one twice.

import { Feed } from "./feed.js";

// A leader says something every five seconds, or tries to connect for fifteen; who is silent for longer
// hangs, and its place is taken.
const LEADER_SILENT_MS = 40_000;

// The pause after which the same position is told again.
const ASKED_AGAIN_MS = 2000;

// Like a `Feed`; `who` sets apart those who see different things.
export class SharedFeed {
  constructor(path, who, position, told) {
    this.path = path;
    this.position = position;
    this.told = told;
    this.name = `switchboard.feed ${who} ${path}`;
    this.feed = null;
    this.state = null;
    this.stopped = false;
    this.turn = null;
    this.asked = null;
    // Without a secure context there are no locks: then every window has a feed of its own.
    if (!navigator.locks) {
      this.lead();
      return;
    }
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => this.heard(data);
    this.queue(false);
    this.ask();
    this.watch();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.silence);
    this.turn?.abort();
    this.channel?.close();
    this.feed?.stop();
    this.feed = null;
    this.release?.();
  }

  // Waits for its turn to lead, or takes it; a turn lasts until the window closes, stops, or hangs.
  async queue(steal) {
    this.turn?.abort();
    const turn = new AbortController();
    this.turn = turn;
    try {
      await navigator.locks.request(this.name, steal ? { steal } : { signal: turn.signal }, () => new Promise((release) => {
        this.release = release;
        this.lead();
      }));
    } catch {
      // It waits no more, or another took the turn.
    }
    if (this.stopped || this.turn !== turn) return;
    this.feed?.stop();
    this.feed = null;
    this.queue(false);
  }

  lead() {
    clearTimeout(this.silence);
    const feed = new Feed(this.path, this.position, {
      events: (events, position) => {
        this.say({ from: feed.position, events, position });
        this.take(events, position);
      },
      state: (state) => {
        this.say({ state });
        this.turned(state);
      },
      refused: (problem) => {
        this.say({ refused: { code: problem.code, status: problem.status, detail: problem.detail } });
        this.refuse(problem);
      },
    });
    this.feed = feed;
    // Who was behind the one that led before says so now.
    this.say({ leads: true });
  }

  say(message) {
    this.channel?.postMessage(message);
  }

  // Tells the leader how far it is: once for each position, unless nothing came of it.
  ask() {
    const now = performance.now();
    if (this.asked?.position === this.position && now - this.asked.at < ASKED_AGAIN_MS) return;
    this.asked = { position: this.position, at: now };
    this.say({ behind: this.position });
  }

  // What another window says.
  heard(message) {
    if (this.feed) {
      if ("behind" in message) {
        this.say({ state: this.state ?? "live" });
        this.feed.rewind(message.behind);
      }
      return;
    }
    this.watch();
    if (message.leads) {
      this.asked = null;
      this.ask();
    }
    if (message.state) this.turned(message.state);
    if (message.refused) this.refuse(message.refused);
    if (message.events) {
      if (message.from > this.position) this.ask();
      else this.take(message.events, message.position);
    }
  }

  take(events, position) {
    const fresh = events.filter((event) => event.position > this.position);
    if (fresh.length) this.told.events(fresh);
    this.position = Math.max(this.position, position);
  }

  turned(state) {
    this.state = state;
    this.told.state(state);
  }

  refuse(problem) {
    this.stop();
    this.told.refused(problem);
  }

  watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.queue(true), LEADER_SILENT_MS);
  }
}
