// The caret and the selection of a text field: from mouse, touch and keys to places, and back to the screen.
// Places are UTF-16 units here. A selection has an anchor, where it began, and a head; what is selected (`span`) is what
// lies between, snapped to whole characters and to the field's unit.

import { nativeRange } from "./text_ink.js";
import { drawLayer } from "./text_layer.js";

const FAR = 4; // pixels that a mouse may move in a click

export class Caret {
  constructor(field) {
    this.field = field;
    this.stopper = new AbortController();
    this.frame = 0;
    this.revealing = null; // a place to bring into view
    this.byKeys = false; // the last one here worked with keys: the caret is there from the start of a text
    this.restart();
  }

  // A new text.
  restart() {
    this.goal = null; // the column that up and down keep to
    this.last = null; // where the caret was when it was put away
    this.once = null; // a unit for this selection alone
    this.anchor = this.head = this.down = null;
    if (this.byKeys && this.field.table.text) this.anchor = this.head = this.#first();
    this.draw();
  }

  #first() {
    return this.last ?? this.field.table.tokens(this.field.unit).starts[0] ?? 0;
  }

  get span() {
    return this.anchor === null || this.anchor === this.head ? null : this.field.table.snap(this.anchor, this.head, this.once ?? this.field.unit);
  }

  get token() {
    if (this.head === null) return null;
    const { table, unit } = this.field;
    const { starts, ends } = table.tokens(unit);
    const at = table.tokenAt(this.head, unit);
    return at < 0 || starts[at] > this.head ? null : [starts[at], ends[at]];
  }

  set(anchor, head) {
    [this.anchor, this.head] = [anchor, head];
    this.draw();
  }

  // Nothing is selected; a caret stays only for those who work with keys.
  clear() {
    this.once = null;
    this.last = this.head ?? this.last;
    const head = this.byKeys ? this.last : null;
    this.set(head, head);
  }

  lift() {
    this.last = this.head ?? this.last;
    this.set(null, null);
  }

  pass(end) {
    this.once = this.goal = null;
    this.last = this.#tokenBehind(end);
    if (this.head === null) return;
    this.set(this.last, this.last);
    this.reveal(this.last);
  }

  // Keys. Returns whether the key was for the text.
  key(event) {
    if (event.metaKey || event.altKey) return false;
    const { key } = event;
    if (key === "Escape") return this.#escape();
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(key)) return false;
    const inside = this.field.passage.getRootNode().activeElement === this.field.passage;
    if (this.head === null && !inside && (key === "ArrowLeft" || key === "ArrowRight")) return false;
    event.preventDefault();
    this.byKeys = true;
    this.once = null;
    if (this.head === null) this.set(...Array(2).fill(this.#first()));
    else this.#go(key, event.shiftKey, event.ctrlKey);
    this.reveal(this.head);
    this.field.selected("keys");
    return true;
  }

  #escape() {
    if (this.head === null) return false;
    if (this.anchor !== this.head) this.anchor = this.head;
    else [this.last, this.anchor, this.head, this.byKeys] = [this.head, null, null, false];
    this.draw();
    return true;
  }

  #go(key, extend, far) {
    const { span } = this;
    const upright = key === "ArrowUp" || key === "ArrowDown";
    if (!upright || far) this.goal = null;
    if (span && !extend && !far && key.startsWith("Arrow") && !upright) {
      const way = this.#way(key);
      const head = way > 0 ? this.#tokenBehind(span[1]) : span[0];
      this.set(head, head);
      return;
    }
    const head = upright && !far ? this.#line(key === "ArrowUp" ? -1 : 1) : this.#step(key, extend, far);
    this.set(extend ? this.anchor : head, head);
  }

  #tokenBehind(place) {
    const { table, unit } = this.field;
    const at = table.tokenAt(place, unit);
    return at < 0 ? place : Math.max(place, table.tokens(unit).starts[at]);
  }

  // Left and right follow the direction of the text.
  #way(key) {
    const rtl = this.field.ink.caret(this.head).rtl;
    return (key === "ArrowRight") !== rtl ? 1 : -1;
  }

  #step(key, extend, far) {
    const { table, unit } = this.field;
    if (key === "Home" || key === "End") {
      if (far) return key === "Home" ? 0 : table.text.length;
      return this.#lineEnd(key === "Home" ? -1 : 1);
    }
    if (key === "ArrowUp" || key === "ArrowDown") return table.edge(table.lines, this.head, key === "ArrowUp" ? -1 : 1);
    const way = this.#way(key);
    if (far) return table.edge(table.sentences, this.head, way);
    return table.step(this.head, way, unit, extend);
  }

  #lineEnd(way) {
    const box = this.field.passage.getBoundingClientRect();
    const { top, height, rtl } = this.field.ink.caret(this.head);
    return this.field.ink.hit((way < 0) !== rtl ? box.left - 10 : box.right + 10, top + height / 2).place;
  }

  #line(way) {
    const { ink, table } = this.field;
    const now = ink.caret(this.head);
    this.goal ??= now.left;
    const tall = parseFloat(getComputedStyle(ink.element).lineHeight) || now.height * 1.6;
    for (let n = 1; n <= 3; n += 1) {
      const y = now.top + now.height / 2 + way * tall * n * 0.9;
      const { place } = ink.hit(this.goal, y);
      if (way > 0 ? place > this.head && ink.caret(place).top > now.top + 2 : place < this.head && ink.caret(place).top < now.top - 2) return place;
    }
    return way < 0 ? 0 : table.text.length;
  }

  // Mouse and touch, from the first question on that marks in the field.
  listen() {
    const { passage } = this.field;
    passage.addEventListener("pointerdown", (event) => this.#down(event));
    passage.addEventListener("pointermove", (event) => this.#drag(event));
    passage.addEventListener("pointerup", (event) => this.#up(event));
    passage.addEventListener("pointercancel", () => { this.down = null; });
    passage.addEventListener("mousedown", (event) => {
      if (this.pointer === "touch" || event.button !== 0) return;
      event.preventDefault(); // the selection is ours, not the browser's
      passage.focus({ preventScroll: true });
    });
    passage.addEventListener("click", (event) => this.#click(event));
    passage.addEventListener("copy", (event) => this.#copy(event));
    passage.addEventListener("focus", () => this.#focused());
    document.addEventListener("selectionchange", () => this.#native(), { signal: this.stopper.signal });
    this.size = new ResizeObserver(() => this.draw());
    this.size.observe(this.field.ink.element);
  }

  close() {
    this.stopper.abort();
    this.size?.disconnect();
  }

  #focused() {
    if (this.head !== null || !this.field.passage.matches(":focus-visible") || this.down) return;
    this.byKeys = true;
    this.set(...Array(2).fill(this.#first()));
  }

  #down(event) {
    this.pointer = event.pointerType;
    this.dragged = false;
    const part = event.composedPath()[0];
    const handle = part.dataset?.edge;
    if (event.button !== 0 || (event.pointerType === "touch" && !handle) || part.classList?.contains("tag")) return;
    const { place } = this.field.ink.hit(event.clientX, event.clientY);
    this.byKeys = false;
    this.down = { x: event.clientX, y: event.clientY, place, handle };
    if (event.shiftKey && this.anchor !== null) this.down.place = this.anchor;
    this.field.passage.setPointerCapture(event.pointerId);
  }

  #drag(event) {
    const { down, field } = this;
    if (!down) return;
    if (!this.dragged && Math.hypot(event.clientX - down.x, event.clientY - down.y) < FAR) return;
    this.dragged = true;
    const { place } = field.ink.hit(event.clientX, event.clientY);
    const mark = field.picked;
    this.once = event.altKey ? "character" : null; // Alt: to the character, whatever the unit
    if (down.handle && mark) this.set(down.handle === "start" ? mark.end : mark.start, place);
    else this.set(down.place, place);
    this.reveal(place);
  }

  #up(event) {
    const { down, field, span } = this;
    this.down = null;
    if (!down) return;
    if (event.shiftKey && !this.dragged && this.anchor !== null) {
      this.dragged = true;
      this.set(down.place, field.ink.hit(event.clientX, event.clientY).place);
    }
    if (!this.dragged) return;
    const mark = field.picked;
    if (down.handle && mark && span) {
      this.clear();
      field.moved(mark, ...span);
    } else if (this.span) field.selected("drag");
    else this.clear();
  }

  #click(event) {
    const part = event.composedPath()[0];
    if (this.dragged || part.dataset?.edge) {
      this.dragged = false;
      return;
    }
    const { field } = this;
    const { place, start, end, inside } = field.ink.hit(event.clientX, event.clientY);
    const tagged = part.classList?.contains("tag") ? [...field.layers.values()].flat().find((mark) => mark.id === part.dataset.id) : null;
    const marks = tagged ? [tagged] : inside ? field.marksAt(start, end) : [];
    this.byKeys = false;
    this.once = null;
    const tap = field.pen && this.pointer === "touch" && !marks.length;
    if (tap || (event.detail >= 2 && (field.pen || marks.length < 2))) this.#double(event.detail, place, inside ? start : place);
    else if (marks.length) {
      this.set(null, null);
      field.clicked(marks[(marks.indexOf(field.picked) + 1) % marks.length]);
    } else {
      this.set(place, place);
      field.clicked(null);
    }
  }

  // Twice: the word, in any script, or the character where the unit is that; three times: the line.
  #double(times, place, start) {
    const { field } = this;
    const { table } = field;
    const unit = field.unit === "auto" ? "word" : field.unit;
    const { starts, ends } = table.tokens(unit);
    const at = table.tokenAt(start, unit);
    let found = at >= 0 && starts[at] <= start ? [starts[at], ends[at]] : table.snap(start, start + 1, "character");
    if (times > 2) found = table.snap(table.edge(table.lines, place + 1, -1), table.edge(table.lines, place, 1), "auto");
    if (!found || !/\S/.test(table.surface(...found))) return;
    this.once = "character"; // it is whole as it stands
    field.clicked(null);
    this.set(...found);
    field.selected("double");
  }

  // What a long press selects, with the browser's own handles.
  #native() {
    if (this.pointer !== "touch") return;
    const found = nativeRange(this.field.passage);
    if (!found) return;
    const [from, to] = [this.field.ink.placeOf(...found[0]), this.field.ink.placeOf(...found[1])];
    if (from === null || to === null || from === to) return;
    this.once = null;
    this.set(from, to);
    this.field.selected("touch");
  }

  #copy(event) {
    if (!this.span) return;
    event.clipboardData.setData("text/plain", this.field.table.surface(...this.span));
    event.preventDefault();
  }

  reveal(place) {
    this.draw(place);
  }

  // Draw in the next frame, once, however often it is asked for.
  draw(reveal = null) {
    if (reveal !== null) this.revealing = reveal;
    if (this.frame || !this.field.layer) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      drawLayer(this.field, this.revealing);
      this.revealing = null;
    });
  }
}
