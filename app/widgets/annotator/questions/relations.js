// Relations between the marks of a spans question: a head, a label, a tail; as a list "head —label→ tail", with the marks
// numbered in the text. An answer names marks by their places in the spans answer, so it follows when that changes.

import { isActive, keyButton, LabelBar, paint, part } from "../label_bar.js";
import { MarkList } from "../mark_list.js";
import { compare, follow, idOf, short } from "../stretches.js";

export class RelationsQuestion {
  static kind = "relations";
  static instant = false;

  constructor(question, host) {
    this.question = question;
    this.host = host;
    this.owner = question.name;
    this.labels = question.labels ?? [];
    this.none = question.none !== false;
    Object.assign(this, { spans: [], value: undefined, key0: undefined });
    this.#drop();
    this.bar = new LabelBar(this.labels, host, (label) => this.#press(label), false);
    this.ends = new MarkList(host, host.say("marks.ends"), { go: (id) => this.#pick(id) });
    this.list = new MarkList(host, host.say("marks.relations"), { go: (id) => this.#go(id), drop: (id) => this.#delete(id) });
    this.nothing = keyButton(host.say("marks.no_relation"), () => this.act("none"));
    this.hint = part("p", "hint");
    this.element = part("div", "marking relations");
    const row = part("div", "row");
    row.append(this.nothing);
    row.hidden = !this.none;
    const ends = part("details");
    ends.append(part("summary", "", host.say("marks.ends")), this.ends.element);
    this.element.append(this.bar.element, row, this.hint, this.list.element, ends);
  }

  // What is in hand: the head, the label, and the mark that the keys have come to.
  #drop() {
    Object.assign(this, { head: null, label: null, sticky: false, cursor: null, shown: null });
  }

  get field() {
    const field = this.host.field(this.host.question(this.question.spans)?.field ?? "text");
    if (field && field !== this.known) {
      this.known = field;
      field.listen(this.owner, { active: () => isActive(this.element), pick: (mark) => this.#clicked(mark) });
    }
    return field;
  }

  show(item, value) {
    const spans = this.host.value(this.question.spans) ?? [];
    if (item?.key !== this.key0 || item?.fields !== this.fields0) {
      [this.key0, this.fields0] = [item?.key, item?.fields];
      this.#drop();
      this.list.restart();
      this.ends.restart();
    } else if (JSON.stringify(value) === JSON.stringify(this.value)) value = this.#followed(spans, value);
    this.spans = spans;
    this.value = value;
    const known = new Set(spans.map(idOf));
    if (this.head && !known.has(this.head)) this.head = null;
    if (this.cursor && !known.has(this.cursor)) this.cursor = null;
    this.#draw();
  }

  // The spans have changed under an answer that has not: it goes on to name the same marks, without those that are gone.
  #followed(spans, value) {
    if (spans === this.spans) return value;
    const to = follow(this.spans, spans);
    if (this.head) this.head = spans[to[this.spans.findIndex((span) => idOf(span) === this.head)]] ?? null;
    this.head &&= idOf(this.head);
    if (!value?.length) return value;
    const left = value.map((one) => ({ from: to[one.from], to: to[one.to], label: one.label }))
      .filter((one) => one.from !== undefined && one.to !== undefined && one.from !== one.to);
    const next = tidy(left);
    if (JSON.stringify(next) === JSON.stringify(value)) return value;
    const n = value.length - next.length;
    if (n) this.host.notice(this.host.say("marks.relations_gone", { n }));
    this.host.change(next.length ? next : undefined);
    return next.length ? next : undefined;
  }

  #draw() {
    const { field, host, spans } = this;
    const shown = this.shown && this.#relation(this.shown);
    const lit = new Set([this.head, this.cursor, shown && idOf(spans[shown.from]), shown && idOf(spans[shown.to])]);
    field?.adorn(this.question.spans, new Map(spans.map((span, at) => [idOf(span), { badge: `${at + 1}`, lit: lit.has(idOf(span)) }])));
    this.bar.show(this.label);
    this.nothing.firstChild.textContent = host.keyOf("none") ?? "";
    this.nothing.setAttribute("aria-pressed", String(this.value?.length === 0));
    this.hint.textContent = this.#hint();
    const ends = new Map(spans.map((span, at) => [idOf(span), at]));
    this.ends.show([...ends.keys()], (id) => this.#end(ends.get(id)), this.head ?? this.cursor);
    const list = (this.value ?? []).filter((one) => spans[one.from] && spans[one.to]);
    const known = new Map(list.map((one) => [name(one), one]));
    this.list.show([...known.keys()], (id) => this.#row(known.get(id)), this.shown);
  }

  #hint() {
    const { host } = this;
    if (this.spans.length < 2) return host.say("marks.hint_two");
    if (!this.head) return this.label ? host.say("marks.hint_head_of", { label: this.label }) : host.say("marks.hint_head");
    const head = this.#words(this.spans.findIndex((span) => idOf(span) === this.head));
    return this.label ? host.say("marks.hint_tail", { head, label: this.label }) : host.say("marks.hint_label", { head });
  }

  #words(at) {
    const span = this.spans[at];
    return span ? `${at + 1} ${short(this.known?.surface(span.start, span.end) ?? span.text, 40)}` : "";
  }

  #chip(at) {
    const { label } = this.spans[at];
    const colors = this.host.question(this.question.spans)?.labels ?? [];
    return { chip: `${at + 1} ${label}`, style: paint(Math.max(0, colors.indexOf(label))) };
  }

  #surface(at) {
    return short(this.known?.surface(this.spans[at].start, this.spans[at].end) ?? this.spans[at].text);
  }

  #end(at) {
    const words = { n: at + 1, text: this.#surface(at), label: this.spans[at].label };
    return { said: this.host.say("marks.end_row", words), parts: [this.#chip(at), words.text] };
  }

  #row({ from, to, label }) {
    const words = { head: this.#surface(from), tail: this.#surface(to), label };
    return {
      said: this.host.say("marks.relation", words), dropped: this.host.say("marks.relation_delete", words),
      parts: [this.#chip(from), words.head, { arrow: `—${label}→` }, this.#chip(to), words.tail],
    };
  }

  actions() {
    const group = this.question.title || this.question.name;
    const tool = (id, word, keys) => ({ id, title: this.host.say(`marks.${word}`), keys, group });
    return [
      ...(this.none ? [tool("none", "no_relation", ["x"])] : []), tool("next", "next", ["n"]),
      tool("previous", "previous", ["Shift+n"]), tool("pick", "pick_end", [" "]),
      tool("relation", "next_relation", ["j"]),
      ...(this.bar.search ? [tool("find", "find", ["/"])] : []),
      ...this.labels.map((label, at) => ({ id: `label:${label}`, title: label, keys: at < 5 ? [String(at + 1)] : [], group })),
    ];
  }

  act(id) {
    this.field?.attend(this.owner);
    if (id.startsWith("label:")) this.#label(id.slice(6));
    else if (id === "none") this.#nothing();
    else if (id === "next" || id === "previous") this.#walk(id === "next" ? 1 : -1);
    else if (id === "pick") this.#pick(this.cursor);
    else if (id === "relation") this.#through();
    else if (id === "find") this.bar.find();
    else return false;
    return true;
  }

  key(event) {
    this.field?.attend(this.owner);
    const { key } = event;
    if (key === "Enter" && this.cursor && this.cursor !== this.head) this.#pick(this.cursor);
    else if ((key === "Delete" || key === "Backspace") && this.shown) this.#delete(this.shown);
    else if (key === "Escape" && (this.head || this.label || this.cursor || this.shown)) {
      this.#drop();
      this.#draw();
    } else return false;
    return true;
  }

  // A label: with a head (or the mark that the keys have come to as head) it waits for the tail; alone it is kept in hand
  // for several relations.
  #label(label) {
    if (!this.head && this.cursor) {
      this.head = this.cursor;
      this.cursor = null;
    } else if (this.head && this.cursor && this.cursor !== this.head && (!this.label || this.label === label)) {
      this.label = label;
      this.#join(this.cursor);
      return;
    }
    this.sticky = !this.head;
    this.label = this.label === label && !this.head ? null : label;
    this.host.announce(this.#hint());
    this.#draw();
  }

  #press(label) {
    this.host.activate?.();
    this.#label(label);
  }

  #clicked(mark) {
    if (mark && mark.owner !== this.question.spans) return false;
    if (!mark || mark.dotted) return Boolean(mark?.dotted);
    this.#pick(mark.id);
    return true;
  }

  // A mark as the head, or as the tail when there is a head and a label.
  #pick(id) {
    if (!id) return;
    this.shown = null;
    if (this.head && this.label) this.#join(id);
    else {
      this.head = this.head === id ? null : id;
      this.cursor = null;
      this.host.announce(this.#hint());
      this.#draw();
    }
  }

  #join(id) {
    const at = (wanted) => this.spans.findIndex((span) => idOf(span) === wanted);
    const made = { from: at(this.head), to: at(id), label: this.label };
    if (made.from === made.to) this.host.notice(this.host.say("marks.relation_self"));
    else if ((this.value ?? []).some((one) => name(one) === name(made))) this.host.notice(this.host.say("marks.relation_twice"));
    else {
      const words = { head: this.#surface(made.from), tail: this.#surface(made.to), label: made.label };
      this.#change([...(this.value ?? []), made]);
      this.host.announce(this.host.say("marks.related", words));
    }
    Object.assign(this, { head: null, cursor: null, label: this.sticky ? this.label : null });
    this.#draw();
  }

  #walk(way) {
    const { spans } = this;
    if (!spans.length) return;
    const at = spans.findIndex((span) => idOf(span) === (this.cursor ?? this.head));
    const next = at < 0 && way < 0 ? spans.length - 1 : (at + way + spans.length) % spans.length;
    this.cursor = idOf(spans[next]);
    this.shown = null;
    this.field?.reveal(spans[next].start);
    this.host.announce(this.#end(next).said);
    this.#draw();
  }

  #relation(id) {
    return (this.value ?? []).find((one) => name(one) === id && this.spans[one.from] && this.spans[one.to]);
  }

  #go(id) {
    const found = this.#relation(id);
    this.shown = this.shown === id ? null : id;
    if (found) this.field?.reveal(this.spans[found.from].start);
    this.#draw();
  }

  // The next relation of the list, to be looked at or deleted.
  #through() {
    const known = (this.value ?? []).map(name);
    if (!known.length) return;
    const next = known[(known.indexOf(this.shown) + 1) % known.length];
    Object.assign(this, { head: null, cursor: null, shown: null });
    this.#go(next);
    this.host.announce(this.#row(this.#relation(next)).said);
  }

  #delete(id) {
    const found = this.#relation(id);
    if (!found) return;
    const words = { head: this.#surface(found.from), tail: this.#surface(found.to), label: found.label };
    this.shown = null;
    this.#change(this.value.filter((one) => one !== found));
    this.host.announce(this.host.say("marks.relation_deleted", words));
  }

  #nothing() {
    if (!this.none) return;
    if (this.value?.length) this.host.notice(this.host.say("marks.relations_first"));
    else this.host.change(this.value ? undefined : []);
  }

  #change(relations) {
    this.value = relations.length ? tidy(relations) : undefined;
    this.host.change(this.value);
  }

  focus() {
    this.field?.attend(this.owner);
    this.field?.passage.focus({ preventScroll: true });
  }

  spoken(value) {
    if (!value?.length) return this.host.say("marks.no_relation");
    const marked = ({ from, to }) => this.spans[from] && this.spans[to]; // a machine's relations may join marks that are not taken
    const said = (one) => (marked(one) ? `${this.#words(one.from)} —${one.label}→ ${this.#words(one.to)}` : one.label);
    return value.slice(0, 3).map(said).join(" · ") + (value.length > 3 ? ` · +${value.length - 3}` : "");
  }

  close() {}
}

const name = ({ from, to, label }) => `${from}>${to}:${label}`;

// In the order of from, to and label, each once.
function tidy(relations) {
  const each = [...new Map(relations.map((one) => [name(one), one])).values()];
  return each.sort((a, b) => a.from - b.from || a.to - b.to || compare(a.label, b.label));
}
