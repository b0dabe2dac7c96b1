// The questions on the card: which of them are asked, which one is active, what is lacking, and their keys.

import { KINDS } from "./kinds.js";
import { idOf, MARKS, sound, stretches } from "./stretches.js";

export class Form {
  // base: {say, notice, announce, field, locale, change(name, value, how), submit()} of the annotator
  constructor(element, base) {
    this.element = element;
    this.base = base;
    this.slots = [];
    this.state = { item: null, value: {} };
    this.active = null; // name of the question that the keys go to
    this.keyNames = () => "";
  }

  close() {
    for (const { module } of this.slots) module?.close();
  }

  build(questions) {
    this.close();
    this.slots = questions.map((question) => this.#slot(question, questions.length));
    this.element.replaceChildren(...this.slots.map((slot) => slot.section));
    this.active = this.slots[0]?.name ?? null;
  }

  #slot(question, n) {
    const slot = { name: question.name, question, title: question.title || question.name };
    const Kind = KINDS.get(question.kind);
    slot.section = make("section", "question");
    slot.section.dataset.question = question.name;
    slot.section.setAttribute("role", "group");
    slot.section.setAttribute("aria-label", slot.title);
    slot.head = make("h4", "question-title", n > 1 || question.title ? slot.title : "");
    if (question.required === false && slot.head.textContent) {
      slot.head.append(make("small", "", this.base.say("annotator.optional")));
    }
    slot.machine = make("p", "machine");
    slot.section.append(slot.head, make("p", "question-help", question.help ?? ""), slot.machine);
    if (Kind) {
      slot.module = new Kind(question, this.#host(slot));
      Object.defineProperty(slot, "instant", { get: () => Boolean(slot.module.instant ?? Kind.instant) });
      slot.section.append(slot.module.element);
    } else {
      slot.section.append(make("p", "", this.base.say("annotator.unknown_kind", { kind: question.kind })));
    }
    slot.section.addEventListener("focusin", () => this.activate(slot.name));
    slot.section.addEventListener("pointerdown", () => this.activate(slot.name));
    return slot;
  }

  #host(slot) {
    const form = this;
    const { base } = this;
    return {
      change: (value, how) => base.change(slot.name, value, how),
      submit: () => base.submit(),
      say: base.say, notice: base.notice, announce: base.announce, field: base.field, locale: base.locale,
      keyOf: (id) => form.keyNames(`${slot.name}/${id}`),
      value: (name) => answerTo(form.state.value, name),
      question: (name) => form.slot(name)?.question,
      activate: () => form.activate(slot.name),
      get item() {
        return form.state.item;
      },
    };
  }

  slot(name) {
    return this.slots.find((slot) => slot.name === name);
  }

  // The slots of the questions that are asked when these are the answers.
  asked(value) {
    const names = new Set();
    return this.slots.filter(({ name, question }) => {
      const when = question.when;
      const is = !when?.question || (names.has(when.question) && holds(answerTo(value, when.question), when.is));
      if (is) names.add(name);
      return is;
    });
  }

  // What of the answers counts: those to questions that are asked.
  counted(value) {
    const given = this.asked(value).filter(({ name }) => answerTo(value, name) !== undefined);
    return Object.fromEntries(given.map(({ name }) => [name, value[name]]));
  }

  // The first question that must be answered before this can be submitted, with a sentence; null if there is none.
  lacking(value) {
    for (const slot of this.asked(value)) {
      const answer = answerTo(value, slot.name);
      const begun = answer !== undefined && (slot.module?.lacks?.(answer) ?? "");
      if (begun) return { slot, words: begun };
      if (answer === undefined && slot.question.required !== false) {
        return { slot, words: this.base.say("annotator.lacks", { question: slot.title }) };
      }
    }
    const some = this.slots.length && Object.keys(this.counted(value)).length === 0;
    return some ? { slot: this.asked(value)[0], words: this.base.say("annotator.lacks_all") } : null;
  }

  // Whether one key each answers all that is asked, and all of it is answered.
  complete(value) {
    return this.asked(value).every(({ name, instant, module }) => (
      instant && answerTo(value, name) !== undefined && !module.lacks?.(value[name])
    ));
  }

  get single() {
    return this.slots.length === 1;
  }

  activate(name, focus = false) {
    const before = this.active;
    this.active = name;
    if (before !== name) this.#marks();
    if (focus) this.#focus();
  }

  #focus() {
    const slot = this.slot(this.active);
    if (!slot) return;
    slot.section.scrollIntoView({ block: "nearest" });
    if (slot.module?.focus) slot.module.focus();
    else if (!slot.section.querySelector("input:focus")) { // who searches goes on searching
      slot.section.tabIndex = -1;
      slot.section.focus({ preventScroll: true });
    }
  }

  // The question to look at first: the first without an answer, from `after` on if that is named.
  settle(value, after = null) {
    const asked = this.asked(value);
    const from = asked.findIndex(({ name }) => name === after) + 1;
    const next = [...asked.slice(from), ...asked.slice(0, from)].find(({ name }) => answerTo(value, name) === undefined);
    const found = next ?? (after ? this.slot(after) : asked[0]);
    this.activate(found?.name ?? null);
  }

  // Make the question beside the active one the active one. False at the end: the key goes on to what follows.
  step(by, value) {
    const asked = this.asked(value);
    const at = asked.findIndex(({ name }) => name === this.active) + by;
    if (at < 0 || at >= asked.length) return false;
    this.activate(asked[at].name, true);
    return true;
  }

  draw(item, value) {
    this.state = { item, value };
    const asked = new Set(this.asked(value));
    for (const slot of this.slots) {
      slot.section.hidden = !asked.has(slot);
      const suggestion = usable(slot.question, item?.suggestions?.[slot.name]);
      this.#machine(slot, suggestion);
      slot.module?.show(item, asked.has(slot) ? answerTo(value, slot.name) : undefined, suggestion);
    }
    this.element.classList.toggle("idle", !item);
    this.#marks();
  }

  #machine(slot, suggestion) {
    const words = suggestion && !slot.module?.constructor.offers ? this.base.say("annotator.machine", {
      value: slot.module?.spoken(suggestion.value) ?? "", score: percent(suggestion.score), source: suggestion.source ?? "",
    }) : "";
    if (slot.machine.textContent !== words) slot.machine.textContent = words;
  }

  #marks() {
    const several = this.slots.length > 1;
    for (const { name, section } of this.slots) {
      section.classList.toggle("active", several && name === this.active);
      if (several && name === this.active) section.setAttribute("aria-current", "true");
      else section.removeAttribute("aria-current");
    }
  }

  // The answers with the machines' in the place of those that are not given yet; null when there is nothing to take.
  suggested(item, value) {
    let next = value;
    for (const { name, question } of this.slots) {
      const suggestion = usable(question, item?.suggestions?.[name]);
      const open = suggestion && answerTo(next, name) === undefined;
      const answer = open && this.asked(next).some((slot) => slot.name === name) ? taken(question, suggestion.value, item, next) : undefined;
      if (answer !== undefined) next = { ...next, [name]: answer };
    }
    return next === value ? null : next;
  }

  // Every question's actions for the key map; an action works while its question is the active one.
  actions() {
    return this.slots.flatMap(({ name, title, module }) => (module?.actions() ?? []).map((action) => ({
      ...action, id: `${name}/${action.id}`, scope: name, group: this.single ? action.group ?? title : title,
    })));
  }

  act(id) {
    const slot = this.slots.find(({ name }) => id.startsWith(`${name}/`) && name === this.active);
    return slot?.module?.act(id.slice(slot.name.length + 1)) ?? false;
  }

  // A raw key press, for the active question.
  key(event) {
    return Boolean(this.slot(this.active)?.module?.key(event));
  }

  spoken(value) {
    const said = this.asked(value).map(({ name, module }) => (answerTo(value, name) === undefined ? "" : module?.spoken(value[name])));
    return said.filter(Boolean).join(" · ");
  }
}

// The answer that was given: a question may bear a name that every object knows, like "constructor".
const answerTo = (value, name) => (Object.hasOwn(value, name) ? value[name] : undefined);

// Whether an answer is, or holds, one of these.
function holds(answer, wanted) {
  const values = Array.isArray(answer) ? answer : answer === undefined ? [] : [answer];
  const among = new Set([wanted ?? []].flat().map(String));
  return values.some((one) => among.has(String(one?.label ?? one)));
}

// A machine's answer, unless it names a label that is not asked for any more.
function usable(question, suggestion) {
  if (!suggestion || suggestion.value === undefined || suggestion.value === null) return undefined;
  const { value } = suggestion;
  const labels = question.labels && new Set(question.labels);
  const named = typeof value === "string" ? [value] : Array.isArray(value) ? value.map((one) => one?.label ?? one) : [];
  return labels && named.some((one) => typeof one === "string" && !labels.has(one)) ? undefined : suggestion;
}

const takings = new WeakMap(); // a machine's marks -> {fields, marks}: asked for at every keystroke

// A machine's answer as a person's would be stored: marks with the text that they lie on, and nothing besides; undefined if none
// of its marks lies in the text, or none of its relations joins two marks that are there.
function taken({ kind, field = "text", spans }, value, item, answers) {
  if (!Array.isArray(value)) return value;
  if (kind === "relations") return joined(value, stretches(item.suggestions?.[spans]), answerTo(answers, spans) ?? []);
  if (!MARKS.includes(kind)) return value;
  if (takings.get(value)?.fields !== item.fields) takings.set(value, { fields: item.fields, marks: marksIn(kind, field, value, item) });
  return takings.get(value).marks;
}

// Relations name marks by their places among the machine's; not all of those need be among the marks that are there.
function joined(value, machine, marks) {
  const places = new Map(marks.map((mark, at) => [idOf(mark), at]));
  const place = (at) => (machine[at] ? places.get(idOf(machine[at])) : undefined);
  const found = value.map(({ from, to, label }) => ({ from: place(from), to: place(to), label }));
  const whole = found.filter(({ from, to }) => from !== undefined && to !== undefined);
  return whole.length || !value.length ? whole : undefined;
}

function marksIn(kind, field, value, item) {
  const points = Array.from(item.fields[field] ?? "");
  const text = { surface: (start, end) => points.slice(start, end).join("") };
  const marks = stretches(value).filter((one) => sound(text, one)).map(({ start, end, label }) => (
    { start, end, ...(kind === "spans" ? { label } : {}), text: text.surface(start, end) }
  ));
  return marks.length || !value.length ? marks : undefined;
}

const percent = (score) => (Number.isFinite(score) ? `${Math.round(score * 100)} %` : "");

function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}
