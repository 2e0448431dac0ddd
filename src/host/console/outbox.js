// What was written and the host has not taken yet: it outlasts the window of its session and a reload of the
// page, and is sent under its key until it is known to have arrived, or somebody takes it back.

import { command, freshKey, path } from "./api.js";
import { on } from "./bus.js";

const kept = (id) => `switchboard.unsent.${id}`;

// By session: the messages in order, and the end of their sending.
const boxes = new Map();

function box(id) {
  if (!boxes.has(id)) {
    const messages = JSON.parse(sessionStorage.getItem(kept(id)) ?? "[]").map((message) => ({ ...message, problem: null, isSending: false }));
    boxes.set(id, { messages, last: Promise.resolve() });
  }
  return boxes.get(id);
}

function keep(id) {
  const messages = box(id).messages.map(({ key, text, card }) => ({ key, text, card }));
  if (messages.length) sessionStorage.setItem(kept(id), JSON.stringify(messages));
  else sessionStorage.removeItem(kept(id));
}

// Forgets all of it: another person may sign in.
export function forgetUnsent() {
  boxes.clear();
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(kept(""))) sessionStorage.removeItem(name);
}

// The messages of a session that are on their way or did not get through.
export function unsent(id) {
  return box(id).messages;
}

// A new message; `card` is the element from whose card it is written, or null.
export function put(id, text, card) {
  const message = { key: freshKey(), text, card, problem: null, isSending: false };
  box(id).messages.push(message);
  keep(id);
  return message;
}

// Takes a message back.
export function take(id, message) {
  const { messages } = box(id);
  const at = messages.indexOf(message);
  if (at >= 0) messages.splice(at, 1);
  keep(id);
}

// Sends a message after those before it: the customer reads what was written first first. Whoever shows it
// listens by its `changed`, and by `arrived` once the host has it.
export function send(id, message) {
  if (message.isSending) return;
  message.isSending = true;
  message.problem = null;
  message.changed?.();
  const of = box(id);
  of.last = of.last.then(async () => {
    // Somebody else sits here now.
    if (boxes.get(id) !== of) return;
    const before = of.messages.slice(0, of.messages.indexOf(message)).find(({ problem }) => problem?.passing);
    message.problem = before ? before.problem : await problemOf(id, message);
    message.isSending = false;
    message.changed?.();
    if (message.problem || boxes.get(id) !== of) return;
    take(id, message);
    message.arrived?.();
    resend(id, of);
  });
}

// Gives the command; the answer is what is wrong, or null.
async function problemOf(id, { key, text, card }) {
  try {
    await command("POST", path`/api/sessions/${id}/messages`, card ? { text, card } : { text }, key);
    return null;
  } catch (problem) {
    return problem;
  }
}

// What failed with the connection, or waits for what did, is sent again; what was refused is not.
function resend(id, { messages }) {
  for (const message of messages) if (message.problem?.passing) send(id, message);
}

on("connection", (state) => {
  if (state === "live") for (const [id, of] of boxes) resend(id, of);
});
