// Marks in a text: stretches of a field with labels. Select, then press a label's key; or take a label in hand like a pen, then
// drag or double-click.

import { isActive, keyButton, LabelBar, part } from "../label_bar.js";
import { MarkList } from "../mark_list.js";
import { SpanPool } from "../span_pool.js";
import { hintOf, idOf, inOrder, rowOf, short, spokenOf } from "../stretches.js";

export class SpansQuestion {
  static kind = "spans";
  static instant = false;

  constructor(question, host) {
    this.question = question;
    this.host = host;
    this.owner = question.name;
    this.labels = question.labels ?? [];
    this.none = question.none !== false;
    this.pool = new SpanPool(this.labels);
    this.picked = null; // the id of the picked mark
    this.pen = null; // the label in hand
    this.key0 = null; // of the item
    this.bar = new LabelBar(this.labels, host, (label) => this.#press(label));
    this.list = new MarkList(host, host.say("marks.list"), { go: (id) => this.#go(id), drop: (id) => this.#drop(id) });
    this.nothing = keyButton(host.say("marks.none"), () => this.act("none"));
    this.hint = part("p", "hint");
    this.element = part("div", "marking spans");
    const row = part("div", "row");
    row.append(this.nothing);
    row.hidden = !this.none;
    this.element.append(this.bar.element, row, this.hint, this.list.element);
  }

  // The field in which we mark; listened to from the first time on.
  get field() {
    const field = this.host.field(this.question.field ?? "text");
    if (field && field !== this.known) {
      this.known = field;
      field.listen(this.owner, {
        active: () => isActive(this.element), select: (how) => this.#selected(how), pick: (mark) => this.#clicked(mark),
        move: (id, start, end) => this.#edges(id, start, end),
      }, this.question.unit);
    }
    return field;
  }

  show(item, value, suggestion) {
    const { field } = this;
    if (item?.key !== this.key0) this.#restart(item, field);
    this.pool.show(value, suggestion, field);
    if (this.picked && !this.pool.find(this.picked)) this.picked = null;
    this.#draw();
  }

  #restart(item, field) {
    this.key0 = item?.key;
    this.pool.restart();
    this.picked = null;
    this.list.restart();
    field?.restart();
  }

  #draw() {
    const { field, host } = this;
    const all = this.pool.all;
    if (field && (this.drawn !== `${this.picked}` || this.drawnAll !== all || !field.layers.has(this.owner))) {
      Object.assign(this, { drawn: `${this.picked}`, drawnAll: all });
      field.marks(all.map(({ start, end, label, id, own }) => (
        { start, end, label, id, color: this.labels.indexOf(label), dotted: !own }
      )), this.owner, this.picked);
    }
    if (field) field.pen = this.pen !== null;
    this.bar.show(this.pen);
    this.nothing.firstChild.textContent = host.keyOf("none") ?? "";
    this.nothing.setAttribute("aria-pressed", String(this.pool.value?.length === 0));
    this.hint.textContent = hintOf(this.host, this.pen, this.picked && this.pool.find(this.picked));
    this.list.show(all.map((span) => span.id), (id) => this.#entry(this.pool.find(id)), this.picked);
  }

  #entry(span) {
    return rowOf(this.host, span, this.#surface(span), Math.max(0, this.labels.indexOf(span.label)));
  }

  #surface(span) {
    return this.known?.surface(span.start, span.end) ?? span.text ?? "";
  }

  actions() {
    const group = this.question.title || this.question.name;
    const tool = (id, keys) => ({ id, title: this.host.say(`marks.${id}`), keys, group });
    return [
      ...(this.none ? [tool("none", ["x"])] : []), tool("next", ["n"]), tool("previous", ["Shift+n"]), tool("unit", ["Shift+u"]),
      ...(this.bar.search ? [tool("find", ["/"])] : []),
      ...this.labels.map((label, at) => ({ id: `label:${label}`, title: label, keys: at < 5 ? [String(at + 1)] : [], group })),
    ];
  }

  act(id) {
    this.field?.attend(this.owner);
    if (id.startsWith("label:")) this.#label(id.slice(6));
    else if (id === "none") this.#nothing();
    else if (id === "next") this.#walk(1);
    else if (id === "previous") this.#walk(-1);
    else if (id === "unit") this.field?.turnUnit();
    else if (id === "find") this.bar.find();
    else return false;
    return true;
  }

  key(event) {
    const { field } = this;
    if (!field || event.isComposing) return false;
    field.attend(this.owner);
    const { key } = event;
    if (this.picked && this.#pickedKey(event)) return true;
    if (field.key(event)) return true;
    if (key !== "Escape" || (!this.picked && !this.pen)) return false;
    if (this.picked) this.#pick(null);
    else this.#hold(null);
    return true;
  }

  #pickedKey(event) {
    const { key } = event;
    const span = this.pool.find(this.picked);
    if (key === "Delete" || key === "Backspace") this.#drop(this.picked);
    else if (key === "Enter" && !span.own) this.#take(span, span.label);
    else if (key === "Escape") this.#pick(null);
    else if (key === "ArrowLeft" || key === "ArrowRight") this.#pickedArrow(event, span);
    else return false;
    return true;
  }

  // Shift: the end of the picked mark, Alt: its start; an arrow alone leaves it, to that side.
  #pickedArrow(event, span) {
    event.preventDefault();
    const way = this.field.way(span.start, event.key);
    if (!event.shiftKey && !event.altKey) {
      this.#pick(null);
      this.field.put(way > 0 ? span.end : span.start);
    } else if (event.altKey) this.#edges(this.picked, this.field.step(span.start, way, false), span.end);
    else this.#edges(this.picked, span.start, this.field.step(span.end, way, true));
  }

  // A label's key: for the picked mark, else the selection, else the word at the caret; else the label is taken in hand.
  #label(label) {
    const { field } = this;
    const stretch = field?.selection;
    const span = this.picked && !stretch ? this.pool.find(this.picked) : null;
    if (span) this.#take(span, label);
    else if (stretch ?? field?.word) this.#mark(stretch ?? field.word, label);
    else this.#hold(this.pen === label ? null : label);
  }

  // A label's button: the same, but the caret alone marks nothing.
  #press(label) {
    this.host.activate?.();
    this.field?.attend(this.owner);
    if (this.picked || this.field?.selection) this.#label(label);
    else this.#hold(this.pen === label ? null : label);
  }

  #hold(label) {
    this.pen = label;
    this.host.announce(label ? this.host.say("marks.hint_pen", { label }) : this.host.say("marks.pen_away"));
    this.#draw();
  }

  #selected(how) {
    if (this.picked) this.#pick(null);
    const { selection } = this.field;
    if (this.pen && selection && (how === "drag" || how === "double")) this.#mark(selection, this.pen);
    else if (selection) this.host.announce(this.host.say("marks.selected", { text: short(this.#surface(selection)) }));
    else if (this.field.word) this.host.announce(this.#surface(this.field.word));
  }

  // A click on a mark picks it; on a suggested one, takes it.
  #clicked(mark) {
    if (mark && mark.owner !== this.owner) return false;
    const span = mark && this.pool.find(mark.id);
    if (span && !span.own) this.#take(span, span.label);
    else this.#pick(mark?.id ?? null);
    return true;
  }

  #go(id) {
    const span = this.pool.find(id);
    if (!span) return;
    this.field?.attend(this.owner);
    if (!span.own) this.#take(span, span.label);
    else this.#pick(id, true);
  }

  #pick(id, reveal = false) {
    this.picked = id;
    const span = id && this.pool.find(id);
    if (span) {
      this.field.lift();
      if (reveal) this.field.reveal(span.start);
      this.host.announce(this.#entry(span).said);
    }
    this.#draw();
  }

  // The next mark behind the picked one, or behind the caret; round at the end.
  #walk(way) {
    const all = this.pool.all;
    if (!all.length || !this.field) return;
    const at = all.findIndex((span) => idOf(span) === this.picked);
    const behind = all.findIndex((span) => span.start >= (this.field.place ?? 0));
    const from = behind < 0 ? all.length : behind;
    const next = at >= 0 ? at + way : way > 0 ? from : from - 1;
    this.#pick(idOf(all[(next + all.length) % all.length]), true);
  }

  #mark({ start, end }, label) {
    const same = (this.pool.value ?? []).find((one) => one.start === start && one.end === end);
    if (same && this.question.overlap === false) this.#take({ ...same, own: true }, label);
    else this.#put(this.#span(start, end, label), this.pool.value ?? []);
    this.field.clear();
    this.field.pass(end);
  }

  // Make it one of these marks, or say that it must not overlap one of them. `fits` is called before the change.
  #put(span, others, fits = () => {}) {
    const clash = this.question.overlap === false && others.find((one) => one.start < span.end && one.end > span.start);
    if (clash) {
      this.host.notice(this.host.say("marks.no_overlap", { label: clash.label, text: short(this.#surface(clash)) }));
      return;
    }
    fits();
    this.#change([...others.filter((one) => idOf(one) !== idOf(span)), span]);
    const words = { text: short(span.text), label: span.label, from: span.start + 1, to: span.end };
    this.host.announce(this.host.say("marks.marked", words));
  }

  #span(start, end, label) {
    return { start, end, label, text: this.field.surface(start, end) };
  }

  // Give a mark (also a suggested one) this label.
  #take(span, label) {
    const made = this.#span(span.start, span.end, label);
    this.#put(made, this.#others(span), () => {
      if (!span.own) this.pool.turnDown(idOf(span));
      this.picked = span.own ? idOf(made) : null;
    });
  }

  #others(span) {
    return (this.pool.value ?? []).filter((one) => !span.own || idOf(one) !== idOf(span));
  }

  #edges(id, start, end) {
    const span = this.pool.find(id);
    if (!span || start >= end || (start === span.start && end === span.end)) return;
    const made = this.#span(start, end, span.label);
    this.#put(made, this.#others(span), () => {
      if (!span.own) this.pool.turnDown(id);
      this.picked = idOf(made);
    });
  }

  #drop(id) {
    const span = this.pool.find(id);
    if (!span) return;
    if (this.picked === id) this.picked = null;
    this.field?.pass(span.start);
    this.host.announce(this.host.say("marks.deleted", { label: span.label, text: short(this.#surface(span)) }));
    if (span.own) this.#change(this.pool.value.filter((one) => idOf(one) !== id));
    else {
      this.pool.turnDown(id);
      this.#draw();
    }
  }

  #nothing() {
    if (!this.none) return;
    if (this.pool.value?.length) this.host.notice(this.host.say("marks.none_first"));
    else this.host.change(this.pool.value ? undefined : []);
  }

  #change(spans) {
    this.pool.value = spans.length ? spans.sort(inOrder) : undefined;
    this.host.change(this.pool.value);
  }

  focus() {
    this.field?.attend(this.owner);
    this.field?.passage.focus({ preventScroll: true });
  }

  spoken(value) {
    return value?.length ? spokenOf(value) : this.host.say("marks.none");
  }

  close() {}
}
