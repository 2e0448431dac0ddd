// The JSON API: requests, commands that are sent until they are answered, and problems.

import { language } from "./words.js";
import { tell } from "./bus.js";

// The waits before a command is sent again under the same key, after which a person decides.
const AGAIN_AFTER_MS = [300, 900, 2000, 4000];

// Why a request has no success, in the words of the host; `Offline` is ours.
export class Problem extends Error {
  constructor(body) {
    super(body.detail ?? "");
    this.code = body.code;
    this.status = body.status ?? 0;
    this.detail = body.detail ?? "";
    this.hint = body.hint ?? null;
    this.facts = body.facts ?? {};
    this.outcome = body.outcome ?? "not-written";
  }

  // Whether the same request under the same key may still succeed.
  get passing() {
    return this.code === "Offline" || this.status === 503 || this.status === 429 || this.outcome === "unknown";
  }
}

// A fresh id for a command: UUID of version 4, also where the page has no secure context.
export function freshKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

// Reads.
export function get(path) {
  return once("GET", path, {});
}

// Gives a command, again and again under one key while it is not known whether it was taken.
export async function command(method, path, body, key = freshKey()) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(method, path, { "Idempotency-Key": key }, body);
    } catch (problem) {
      if (!problem.passing || tries >= AGAIN_AFTER_MS.length) throw problem;
      await new Promise((done) => setTimeout(done, AGAIN_AFTER_MS[tries]));
    }
  }
}

// Asks for something that is no command, or must not be repeated by itself.
export async function once(method, path, headers, body) {
  const sent = { ...headers, "Accept-Language": language };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let response, text;
  try {
    response = await fetch(path, {
      method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin", cache: "no-store",
    });
    text = await response.text();
  } catch {
    throw new Problem({ code: "Offline" });
  }
  const answer = parsed(text);
  if (response.ok) return answer;
  if (response.status === 401 && !headers.Authorization) tell("signed-out", path);
  throw new Problem({ status: response.status, ...answer });
}

// Whether a path is opened by the cookie of a channel or a process, which stands beside the person's.
export function isBeside(where) {
  return /^\/api\/(channels\/|processes\/[^/]+\/messages)/.test(where);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

// A path with its variable parts escaped: path`/api/lines/${line}`.
export function path(parts, ...values) {
  return parts.reduce((whole, part, at) => whole + encodeURIComponent(values[at - 1]) + part);
}

// A path with a query; what is null or undefined is left out.
export function withQuery(base, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return given.length ? `${base}?${new URLSearchParams(given)}` : base;
}
