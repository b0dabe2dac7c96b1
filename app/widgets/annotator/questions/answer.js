// The answer to a question, as a stretch of a passage. Drag or double-click marks it; with keys, select and press the mark key.

import { isActive, keyButton, part } from "../label_bar.js";
import { short, sound, stretches } from "../stretches.js";

const COLOR = 2;

export class AnswerQuestion {
  static kind = "answer";
  static instant = false;

  constructor(question, host) {
    this.question = question;
    this.host = host;
    this.owner = question.name;
    this.none = question.none !== false;
    this.element = part("div", "marking answering");
    this.row = part("div", "row");
    const here = this.actions().filter(({ id }) => id !== "unit"); // the text has a button for that
    this.buttons = here.map(({ id, title }) => {
      const button = keyButton(title, () => this.act(id));
      button.dataset.tool = id;
      return button;
    });
    this.row.append(...this.buttons);
    this.hint = part("p", "hint", host.say("marks.answer_hint"));
    this.shown = part("p", "answer-shown");
    this.shown.dir = "auto";
    this.element.append(this.row, this.hint, this.shown);
  }

  get field() {
    const field = this.host.field(this.question.field ?? "text");
    if (field && field !== this.known) {
      this.known = field;
      field.listen(this.owner, {
        active: () => isActive(this.element), select: (how) => this.#selected(how), pick: (mark) => this.#clicked(mark),
        move: (id, start, end) => this.#answer({ start, end }),
      }, this.question.unit);
    }
    return field;
  }

  show(item, value, suggestion) {
    const { field } = this;
    this.value = value;
    if (item?.key !== this.key0) {
      this.key0 = item?.key;
      this.picked = false;
      field?.restart();
    }
    const [span] = value ?? [];
    [this.machine] = value === undefined ? stretches(suggestion).filter((one) => sound(field, one)) : [];
    if (!span) this.picked = false;
    this.#mark(field, span);
    if (field && this.picked !== (field.picked?.owner === this.owner)) field.pick(this.picked ? "answer" : null, this.owner);
    this.#draw(span);
  }

  #mark(field, span) {
    const drawn = JSON.stringify([span, this.machine]);
    if (!field || (drawn === this.drawn && field.layers.has(this.owner))) return;
    this.drawn = drawn;
    field.marks([span, this.machine].filter(Boolean).map((one) => ({
      ...one, id: one === span ? "answer" : "machine", label: "", color: COLOR, dotted: one !== span,
    })), this.owner);
  }

  #draw(span) {
    for (const button of this.buttons) {
      const key = this.host.keyOf(button.dataset.tool) ?? "";
      button.firstChild.textContent = key;
      button.firstChild.hidden = !key;
      if (button.dataset.tool === "none") button.setAttribute("aria-pressed", String(this.value?.length === 0));
      if (button.dataset.tool === "drop") button.disabled = this.value === undefined;
    }
    const words = span ? this.known?.surface(span.start, span.end) ?? span.text : "";
    if (this.shown.textContent !== words) this.shown.textContent = words;
    this.shown.setAttribute("aria-label", words && this.host.say("marks.answer_is", { text: short(words) }));
  }

  actions() {
    const group = this.question.title || this.question.name;
    const tool = (id, word, keys) => ({ id, title: this.host.say(`marks.${word}`), keys, group });
    return [
      tool("mark", "answer_mark", ["1", " "]), ...(this.none ? [tool("none", "unanswerable", ["x"])] : []),
      tool("drop", "answer_drop", ["d"]), tool("unit", "unit", ["Shift+u"]),
    ];
  }

  act(id) {
    const { field, host } = this;
    if (!["mark", "none", "drop", "unit"].includes(id)) return false;
    host.activate?.();
    field?.attend(this.owner);
    if (id === "mark") this.#answer(field?.selection ?? field?.word ?? this.machine);
    else if (id === "none") host.change(this.value?.length === 0 ? undefined : []);
    else if (id === "drop") host.change(undefined);
    else field?.turnUnit();
    return true;
  }

  key(event) {
    const { field } = this;
    if (!field || event.isComposing) return false;
    field.attend(this.owner);
    const { key } = event;
    if (this.picked && (key === "Delete" || key === "Backspace")) this.host.change(undefined);
    else if (this.picked && key.startsWith("Arrow") && (event.shiftKey || event.altKey)) this.#edge(event);
    else return field.key(event);
    return true;
  }

  // Shift: the end of the picked answer, Alt: its start.
  #edge(event) {
    event.preventDefault();
    const [{ start, end }] = this.value;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") return;
    const way = this.field.way(start, event.key);
    const to = event.altKey ? { start: this.field.step(start, way, false), end } : { start, end: this.field.step(end, way, true) };
    if (to.start < to.end) this.#answer(to, true);
  }

  #selected(how) {
    const { selection } = this.field;
    if (!selection) return;
    if (how === "drag" || how === "double") this.#answer(selection);
    else this.host.announce(this.host.say("marks.selected", { text: short(this.field.surface(selection.start, selection.end)) }));
  }

  #clicked(mark) {
    if (mark && mark.owner !== this.owner) return false;
    if (mark?.id === "machine") this.#answer(this.machine);
    else {
      this.picked = Boolean(mark);
      this.field.pick(mark ? "answer" : null, this.owner);
    }
    return true;
  }

  #answer(stretch, picked = false) {
    if (!stretch) {
      this.host.notice(this.host.say("marks.answer_hint"));
      return;
    }
    const { start, end } = stretch;
    const text = this.field.surface(start, end);
    this.field.clear();
    this.picked = picked;
    this.host.change([{ start, end, text }]);
    this.host.announce(this.host.say("marks.answer_is", { text: short(text) }));
  }

  focus() {
    this.field?.attend(this.owner);
    this.field?.passage.focus({ preventScroll: true });
  }

  spoken(value) {
    return value?.length ? short(value[0].text) : this.host.say("marks.unanswerable");
  }

  close() {}
}
