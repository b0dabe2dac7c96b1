// A field of a record as text in which stretches can be picked and marked, by mouse, touch and keyboard.
//
// Outside, places are code points (see text_table.js). Questions that mark in this field listen to it under a name of their
// own; what the reader selects goes to the one that is attended to.

import { Ink } from "./text_ink.js";
import { TextTable } from "./text_table.js";
import { Caret } from "./text_caret.js";

const UNITS = ["auto", "word", "character"];

export class TextField {
  constructor({ name, title = "", show = "main" }, host) {
    this.name = name;
    this.host = host;
    this.unit = "auto";
    this.listeners = new Map(); // owner -> {active(), select(how), pick(mark) -> taken, move(id, start, end)}
    this.layers = new Map(); // owner -> marks, places in units
    this.more = new Map(); // owner -> what is shown on its marks by another
    this.attended = "";
    this.pen = false; // what is double-clicked or tapped is marked at once
    this.picked = null; // the picked mark
    this.table = new TextTable("");
    this.ink = new Ink();
    this.#build(title || name, Boolean(title), show);
    this.caret = new Caret(this);
    this.show("");
  }

  #build(name, titled, show) {
    this.element = div(`text-field ${show}`);
    this.passage = div("passage");
    this.passage.dataset.field = this.name;
    this.passage.tabIndex = 0;
    this.passage.setAttribute("role", "textbox");
    this.passage.setAttribute("aria-readonly", "true");
    this.passage.setAttribute("aria-multiline", "true");
    this.passage.setAttribute("aria-label", name);
    this.bar = div("text-bar");
    this.bar.hidden = !titled;
    const words = document.createElement("span");
    words.textContent = titled ? name : "";
    this.unitButton = document.createElement("button");
    this.unitButton.type = "button";
    this.unitButton.className = "unit";
    this.unitButton.hidden = true;
    this.unitButton.addEventListener("click", () => this.turnUnit());
    this.bar.append(words, this.unitButton);
    this.layer = div("layer");
    this.layer.setAttribute("aria-hidden", "true");
    this.passage.append(this.ink.element, this.layer);
    this.element.append(this.bar, this.passage);
  }

  // Draw this text; another one than before starts without caret, selection and marks.
  show(text) {
    if (text === this.table.text && this.shown) return;
    this.shown = true;
    this.table = new TextTable(text);
    this.layers.clear();
    this.more.clear();
    this.picked = null;
    this.ink.text(this.table);
    this.caret.restart();
  }

  // Draw these marks, {start, end, label, color, id, title, dotted, badge}, instead of those that the owner had.
  // `picked`: the id of the one that is picked, null: none of these.
  marks(list, owner = "", picked = this.picked?.owner === owner ? this.picked.id : null) {
    const owners = [...this.layers.keys(), owner];
    const layer = owners.indexOf(owner);
    this.layers.set(owner, list.map((mark, at) => ({
      ...mark, owner, layer, at, color: mark.color ?? 0, start: this.table.toUnit(mark.start),
      end: this.table.toUnit(mark.end),
    })));
    if (picked !== null) this.picked = { owner, id: picked };
    else if (this.picked?.owner === owner) this.picked = null;
    this.redraw();
  }

  // Another record with the same text: no caret, no selection.
  restart() {
    this.pick(null);
    this.caret.restart();
  }

  redraw() {
    const all = [...this.layers.values()].flat();
    const { picked } = this;
    this.picked = picked && (all.find((mark) => mark.owner === picked.owner && mark.id === picked.id) ?? null);
    for (const mark of all) {
      const more = this.more.get(mark.owner)?.get(mark.id);
      mark.picked = mark === this.picked || Boolean(more?.lit);
      mark.name = [more?.badge, mark.title ?? mark.label].filter(Boolean).join(" ");
    }
    this.ink.marks(all);
    this.caret.draw();
  }

  // Show something more on the marks of an owner: Map(id -> {badge, lit}), a number before the name, or as if picked.
  adorn(owner, more) {
    const before = this.more.get(owner);
    this.more.set(owner, more);
    if (!alike(before, more)) this.redraw(); // asked for at every keystroke, wherever it is
  }

  // Pick a mark of an owner by its id, so that it is shown as picked; null: none.
  pick(id, owner = "") {
    this.picked = id === null ? null : (this.layers.get(owner) ?? []).find((mark) => mark.id === id) ?? null;
    this.redraw();
  }

  listen(owner, handlers, unit) {
    const first = !this.listeners.size;
    this.listeners.set(owner, handlers);
    if (!this.attended) this.attended = owner;
    if (!first) return;
    this.bar.hidden = this.unitButton.hidden = false;
    this.ink.element.setAttribute("aria-live", "off"); // drawing marks is no news of the text
    this.caret.listen();
    this.setUnit(unit ?? "auto");
  }

  attend(owner) {
    this.attended = owner;
  }

  setUnit(unit) {
    this.unit = unit;
    this.unitButton.textContent = this.host.say(`marks.unit_${unit}`);
    this.unitButton.title = this.host.say("marks.unit_help");
    this.caret.draw();
  }

  turnUnit() {
    this.setUnit(UNITS[(UNITS.indexOf(this.unit) + 1) % UNITS.length]);
    this.host.announce?.(this.unitButton.textContent);
  }

  // What is selected, {start, end}, snapped to whole characters and to the unit; or null.
  get selection() {
    return this.#outside(this.caret.span);
  }

  // The word (or character) at the caret, or null.
  get word() {
    return this.#outside(this.caret.token);
  }

  #outside(span) {
    return span && { start: this.table.toPoint(span[0]), end: this.table.toPoint(span[1]) };
  }

  clear() {
    this.caret.clear();
  }

  // Put the caret away, to come back where it was.
  lift() {
    this.caret.lift();
  }

  put(place) {
    const unit = this.table.toUnit(place);
    this.caret.set(unit, unit);
    this.caret.reveal(unit);
  }

  // Where the caret is or was; null: nowhere yet.
  get place() {
    const at = this.caret.head ?? this.caret.last;
    return at === null ? null : this.table.toPoint(at);
  }

  // Put the caret, if there is one, at the first word behind the place.
  pass(end) {
    this.caret.pass(this.table.toUnit(end));
  }

  surface(start, end) {
    return this.table.surface(this.table.toUnit(start), this.table.toUnit(end));
  }

  // The place to which an edge of a mark goes by one step; `asEnd`: the edge is its end.
  step(place, way, asEnd) {
    const { table, unit } = this;
    const from = table.toUnit(place);
    return table.toPoint(asEnd && way < 0 && unit !== "character" ? table.endBefore(from, unit) : table.step(from, way, unit, asEnd));
  }

  // 1 or -1: where an arrow key leads at a place, by the direction of the text.
  way(place, key) {
    return (key === "ArrowRight") !== this.ink.caret(this.table.toUnit(place)).rtl ? 1 : -1;
  }

  key(event) {
    return this.caret.key(event);
  }

  reveal(start) {
    this.caret.reveal(this.table.toUnit(start));
  }

  // The marks that cover a place, the shortest first.
  marksAt(start, end) {
    return [...this.layers.values()].flat().filter((mark) => mark.start < end && mark.end > start)
      .sort((a, b) => a.end - a.start - (b.end - b.start) || a.layer - b.layer || a.at - b.at);
  }

  close() {
    this.caret.close();
  }

  // From the caret: a selection was made, how: "drag", "double", "touch" or "keys".
  selected(how) {
    this.#attending().select?.(how);
  }

  // From the caret: a mark was clicked. The attended listener may take it; else it is its owner's.
  clicked(mark) {
    if (!this.#attending().pick?.(mark) && mark) this.listeners.get(mark.owner)?.pick?.(mark);
  }

  #attending() {
    const all = [...this.listeners.values()];
    return all.find((one) => one.active?.()) ?? this.listeners.get(this.attended) ?? all[0] ?? {};
  }

  moved(mark, start, end) {
    this.listeners.get(mark.owner)?.move?.(mark.id, this.table.toPoint(start), this.table.toPoint(end));
  }
}

function alike(before, more) {
  const same = ([id, { badge, lit }]) => before.get(id)?.badge === badge && before.get(id).lit === lit;
  return before?.size === more.size && [...more].every(same);
}

function div(name) {
  const part = document.createElement("div");
  part.className = name;
  return part;
}
