// The live feed: every event after a position, also over lost connections, without a gap.

import { Problem } from "./api.js";
import { language } from "./words.js";

// The host gives a sign of life every five seconds; without three of them the connection is lost.
const SILENCE_MAX_MS = 15_000;

const AGAIN_AFTER_MS = [250, 500, 1000, 2000, 3000];

// Follows `path` from a position on. `told.events` gets lists of events in order and the position after
// them, also with none as a sign of life; `told.state` gets "live" and "lost", `told.refused` a problem
// that no trying again mends.
export class Feed {
  constructor(path, position, told) {
    this.path = path;
    this.position = position;
    this.told = told;
    this.failures = 0;
    this.stopped = false;
    this.rewound = false;
    this.abort = null;
    // A browser that finds its network again need not wait for the next try.
    this.wake = () => this.hurry?.();
    addEventListener("online", this.wake);
    // One that has lost it need not wait for silence.
    this.cut = () => this.abort?.abort();
    addEventListener("offline", this.cut);
    this.run();
  }

  stop() {
    this.stopped = true;
    removeEventListener("online", this.wake);
    removeEventListener("offline", this.cut);
    this.abort?.abort();
  }

  // Begins again after a position that lies behind: what was told since then is told once more.
  rewind(position) {
    if (position >= this.position) return;
    this.position = position;
    this.rewound = true;
    this.abort?.abort();
    this.hurry?.();
  }

  async run() {
    while (!this.stopped) {
      try {
        await this.connect();
      } catch (problem) {
        if (problem instanceof Problem && problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
          if (!this.stopped) this.told.refused(problem);
          return;
        }
      }
      if (this.stopped) return;
      if (this.rewound) continue;
      this.told.state("lost");
      const wait = AGAIN_AFTER_MS[Math.min(this.failures, AGAIN_AFTER_MS.length - 1)];
      this.failures += 1;
      await new Promise((done) => {
        const timer = setTimeout(done, wait);
        this.hurry = () => { clearTimeout(timer); done(); };
      });
    }
  }

  async connect() {
    this.abort = new AbortController();
    this.rewound = false;
    let watch = setTimeout(() => this.abort.abort(), SILENCE_MAX_MS);
    try {
      const response = await fetch(`${this.path}?after=${this.position}`, {
        headers: { "Accept-Language": language }, signal: this.abort.signal, cache: "no-store",
      });
      if (!response.ok) throw new Problem({ status: response.status, ...await response.json() });
      this.failures = 0;
      this.told.state("live");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done || this.rewound) return;
        clearTimeout(watch);
        watch = setTimeout(() => this.abort.abort(), SILENCE_MAX_MS);
        rest = this.take(rest + value);
      }
    } finally {
      clearTimeout(watch);
    }
  }

  // Takes whole blocks of the stream, and gives back what is not whole yet.
  take(text) {
    const blocks = text.split("\n\n");
    const rest = blocks.pop();
    const events = [];
    let position = this.position;
    for (const block of blocks) {
      const data = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("id:")) position = Number(line.slice(3));
        if (line.startsWith("data:")) data.push(line.slice(5));
      }
      if (data.length) events.push(JSON.parse(data.join("\n")));
    }
    this.told.events(events, position);
    // After they were told: an event is never skipped because telling it failed.
    if (!this.rewound) this.position = position;
    return rest;
  }
}
