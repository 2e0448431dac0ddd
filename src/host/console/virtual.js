// A list of any length that draws only what is seen: rows of one height in a scrolled listbox.

import { h, fill } from "./dom.js";

// Rows drawn above and below what is seen, so that scrolling shows no gap.
const SPARE = 8;

// `about.row(item)` draws an item, `about.id(item)` names it, `about.more()` is called near the end,
// `about.open(item)` when one is chosen.
export function virtualList(about) {
  const body = h("div", { class: "rows-body", role: "presentation" });
  const box = h("div", {
    class: "rows", role: "listbox", tabindex: "0", "aria-label": about.label,
    onscroll: draw, onkeydown: keyed, onfocus: focused,
  }, body);
  const drawn = new Map();
  let items = [];
  let at = -1;
  let chosen = null;
  let frame = 0;

  function show(next) {
    const active = items[at] && about.id(items[at]);
    items = next;
    at = active === undefined ? -1 : items.findIndex((item) => about.id(item) === active);
    body.style.height = `${items.length * about.height}px`;
    draw();
  }

  function draw() {
    if (!frame) frame = requestAnimationFrame(() => { frame = 0; drawNow(); });
  }

  function drawNow() {
    const first = Math.max(0, Math.floor(box.scrollTop / about.height) - SPARE);
    const last = Math.min(items.length, Math.ceil((box.scrollTop + box.clientHeight) / about.height) + SPARE);
    const wanted = new Set();
    for (let index = first; index < last; index += 1) wanted.add(about.id(items[index]));
    if (at >= 0) wanted.add(about.id(items[at]));
    for (const [id, { element }] of drawn) {
      if (!wanted.has(id)) {
        element.remove();
        drawn.delete(id);
      }
    }
    for (let index = first; index < last; index += 1) place(index);
    if (at >= 0 && (at < first || at >= last)) place(at);
    const active = at >= 0 ? drawn.get(about.id(items[at]))?.element.id : null;
    if (active) box.setAttribute("aria-activedescendant", active);
    else box.removeAttribute("aria-activedescendant");
    if (last > items.length - SPARE * 4) about.more();
  }

  function place(index) {
    const item = items[index];
    const id = about.id(item);
    let known = drawn.get(id);
    if (known && known.item !== item) {
      // The row stays: whoever presses it while it changes has pressed it.
      fill(known.element, about.row(item));
      known.item = item;
    }
    if (!known) {
      const element = h("div", {
        class: "row", role: "option", id: `row-${about.name}-${id}`, "data-id": id, onclick: () => choose(index),
      }, about.row(item));
      body.append(element);
      known = { item, element };
      drawn.set(id, known);
    }
    const { element } = known;
    element.style.transform = `translateY(${index * about.height}px)`;
    element.setAttribute("aria-posinset", index + 1);
    element.setAttribute("aria-setsize", about.complete() ? items.length : -1);
    element.setAttribute("aria-selected", id === chosen);
    element.classList.toggle("active", index === at);
    element.onclick = () => choose(index);
  }

  function choose(index) {
    at = index;
    chosen = about.id(items[index]);
    drawNow();
    about.open(items[index]);
  }

  function focused() {
    if (at < 0 && items.length) move(0);
  }

  function move(to) {
    at = Math.max(0, Math.min(items.length - 1, to));
    const top = at * about.height;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + about.height > box.scrollTop + box.clientHeight) box.scrollTop = top + about.height - box.clientHeight;
    drawNow();
  }

  function keyed(event) {
    const page = Math.max(1, Math.floor(box.clientHeight / about.height) - 1);
    const steps = {
      ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: items.length - 1,
    };
    if (event.key in steps && items.length) {
      event.preventDefault();
      move(steps[event.key]);
    } else if ((event.key === "Enter" || event.key === " ") && at >= 0) {
      event.preventDefault();
      choose(at);
    }
  }

  const resized = new ResizeObserver(draw);
  resized.observe(box);
  return {
    element: box,
    show,
    redraw() { drawn.forEach((row) => row.element.remove()); drawn.clear(); draw(); },
    select(id) { chosen = id; at = items.findIndex((item) => about.id(item) === id); draw(); },
    destroy() { resized.disconnect(); cancelAnimationFrame(frame); },
  };
}
