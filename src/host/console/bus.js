// What happens in the page, told to whoever listens: parts of the page do not know each other.

const listeners = new Map();

// Listens to a name; the answer stops listening.
export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
  return () => listeners.get(name).delete(listener);
}

// Tells everybody who listens now.
export function tell(name, value) {
  for (const listener of [...(listeners.get(name) ?? [])]) listener(value);
}
