// The list under a text: one row for each mark (or relation), to go to it or to delete it. Rows are kept from one drawing to the
// next, and only the first ones are drawn until all are asked for.

import { part } from "./label_bar.js";

const SHOWN = 30;

export class MarkList {
  // go(id), drop(id): what a row's two buttons do
  constructor(host, title, { go, drop }) {
    Object.assign(this, { host, go, drop });
    this.rows = new Map(); // id -> {drawn, element}
    this.all = false;
    this.element = part("div", "marking");
    this.list = part("ul", "mark-list");
    this.list.setAttribute("aria-label", title);
    this.more = part("button");
    this.more.type = "button";
    this.more.addEventListener("click", () => {
      this.all = true;
      this.show(this.ids, this.entry, this.current);
    });
    this.element.append(this.list, this.more);
  }

  // ids of all rows; `entry(id)`: {parts (see piece), said, dropped}, where `said` names the row and `dropped`, if there is
  // one, its deletion.
  show(ids, entry, current = null) {
    Object.assign(this, { ids, entry, current });
    const at = ids.indexOf(current);
    const from = this.all || at < SHOWN ? 0 : Math.min(at - 5, ids.length - SHOWN);
    const shown = this.all ? ids : ids.slice(from, from + SHOWN);
    const rows = new Map(shown.map((id) => [id, this.#row(id, entry(id))]));
    const elements = [...rows.values()].map((row) => row.element);
    if (elements.length !== this.list.children.length || elements.some((one, i) => one !== this.list.children[i])) this.#put(elements);
    this.rows = rows;
    for (const [id, { element }] of rows) element.firstChild.setAttribute("aria-current", String(id === current));
    this.more.hidden = shown.length === ids.length;
    this.more.textContent = this.more.hidden ? "" : this.host.say("marks.show_all", { n: ids.length.toLocaleString(this.host.locale) });
  }

  // The focus of those who work with keys does not fall out of the list when a row goes.
  #put(elements) {
    const focused = this.list.getRootNode().activeElement;
    const at = [...this.list.children].findIndex((row) => row.contains(focused));
    const keys = at >= 0 && focused.matches(":focus-visible");
    this.list.replaceChildren(...elements);
    if (at < 0 || !keys || this.list.contains(this.list.getRootNode().activeElement)) return;
    (elements.find((row) => row.contains(focused))?.isConnected ? focused : elements[Math.min(at, elements.length - 1)]?.firstChild)?.focus();
  }

  #row(id, entry) {
    const drawn = JSON.stringify(entry);
    const known = this.rows.get(id);
    if (known?.drawn === drawn) return known;
    const element = part("li");
    const go = part("button", "go");
    go.type = "button";
    go.setAttribute("aria-label", entry.said);
    go.append(...entry.parts.map(piece));
    go.addEventListener("click", () => this.go(id));
    element.append(go);
    if (!entry.dropped) return { drawn, element };
    const drop = part("button", "drop", "×");
    drop.type = "button";
    drop.setAttribute("aria-label", entry.dropped);
    drop.title = entry.dropped;
    drop.addEventListener("click", () => this.drop(id));
    element.append(drop);
    return { drawn, element };
  }

  restart() {
    this.all = false;
  }
}

// {chip, style, dotted} is a label, {arrow} what joins two, a string the surface.
function piece(one) {
  if (typeof one === "string") return part("bdi", "", one);
  if (one.arrow) return part("span", "arrow", one.arrow);
  const chip = part("span", one.dotted ? "mark-chip dotted" : "mark-chip", one.chip);
  chip.style.cssText = one.style;
  return chip;
}
