// The address of a page within the console: what stands behind the `#/`.

import { on, tell } from "./bus.js";

// The parts of the present address.
export function place() {
  return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
}

// Goes somewhere; going where one is changes nothing.
export function go(where) {
  location.hash = `#/${where}`;
}

addEventListener("hashchange", () => tell("place", place()));

export function onPlace(listener) {
  return on("place", listener);
}
