// Elements of the page. Texts become text nodes and nothing else: no string is ever read as markup.

// An element: `h("p", { class: "hint" }, "text", child)`. Names that begin with "on" are listeners,
// `aria`/`data`/plain names are attributes, true is an attribute without value, null and false none.
export function h(tag, about = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) set(element, name, value);
  append(element, children);
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// Puts other children in the place of those an element has. What has the focus among them gives it to the
// same thing drawn anew: who works with the keyboard stays where they are.
export function fill(element, ...children) {
  const focused = element.contains(document.activeElement) && document.activeElement !== element ? document.activeElement : null;
  element.replaceChildren();
  append(element, children);
  if (focused) again(element, focused)?.focus({ preventScroll: true });
  return element;
}

// The same thing among what was drawn anew.
function again(element, focused) {
  if (focused.isConnected) return focused;
  const same = [...element.querySelectorAll(focused.tagName)].filter((other) => named(other) === named(focused));
  return same.find((other) => !other.disabled);
}

// Gives the focus back to what had it, or to the same thing where that was drawn anew meanwhile.
export function giveFocus(to) {
  again(document.body, to)?.focus();
}

// Puts children in the place of those an element has, and leaves alone what is in place already: whoever
// selects a text in it keeps the selection.
export function arrange(element, children) {
  const wanted = new Set(children);
  for (const child of [...element.childNodes]) if (!wanted.has(child)) child.remove();
  let at = element.firstChild;
  for (const child of children) {
    if (child === at) at = at.nextSibling;
    else element.insertBefore(child, at);
  }
}

// After how long nobody waits any more for a release that may never be told.
const PRESS_MAX_MS = 10_000;

let pressed = 0;
const waiting = new Set();

function press() {
  clearTimeout(pressed);
  pressed = setTimeout(release, PRESS_MAX_MS);
}

function release() {
  clearTimeout(pressed);
  pressed = 0;
  const all = [...waiting];
  waiting.clear();
  for (const draw of all) draw();
}

addEventListener("pointerdown", press, true);
addEventListener("keydown", ({ key }) => { if (key === " ") press(); }, true);
// What was pressed is told of it in the same task as the release.
for (const name of ["pointerup", "pointercancel", "keyup"]) addEventListener(name, () => { if (pressed) setTimeout(release); }, true);

// Draws now; while a button or a key is down, once after its release: what is drawn anew in between is
// pressed at its beginning, and something else at its end, and so nothing is.
export function drawCalmly(draw) {
  if (pressed) waiting.add(draw);
  else draw();
}

// What tells a control from its neighbours.
function named(control) {
  return control.id.replace(/-\d+$/, "") || control.dataset.id || control.getAttribute("aria-label")
    || control.labels?.[0]?.textContent || control.textContent;
}

let lastId = 0;

// An id of its own, for labels and descriptions.
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

// Tells a screen reader something that happened elsewhere on the page.
export function announce(text) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  requestAnimationFrame(() => { announcer.textContent = text; });
}

// Runs a function once, when calls have stopped for so long.
export function debounced(milliseconds, run) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), milliseconds);
  };
}
