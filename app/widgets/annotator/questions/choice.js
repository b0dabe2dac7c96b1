// Exactly one of a set of labels: a button and a key each, or a list to search where there are too many for keys.

import { Buttons } from "../buttons.js";
import { KEYED, Picker } from "../picker.js";

export class ChoiceQuestion {
  static kind = "choice";
  static instant = true;

  constructor(question, host) {
    this.labels = question.labels ?? [];
    this.host = host;
    this.large = this.labels.length > KEYED || Object.keys(question.parents ?? {}).length > 0;
    const pick = (label) => this.#pick(label);
    this.list = this.large ? new Picker(question, host, pick, false)
      : new Buttons(this.labels.map((name) => ({ id: name, name })), host, pick);
    this.element = this.list.element;
    this.item = undefined;
  }

  show(item, value, suggestion) {
    this.value = value;
    if (this.large && item?.key !== this.item) this.list.clear();
    this.item = item?.key;
    this.list.show(new Set(value === undefined ? [] : [value]), suggestion, (label) => this.host.keyOf(this.#id(label)), !item);
  }

  actions() {
    const keyed = this.labels.map((name, at) => ({ id: `label-${at}`, title: name, keys: at < KEYED ? [] : null, group: "" }));
    const search = { id: "search", title: this.host.say("annotator.search_labels"), keys: ["/"], group: "" };
    return this.large ? [search, ...keyed.slice(0, KEYED)] : keyed;
  }

  act(id) {
    if (id === "search") this.list.focus();
    else this.#pick(this.labels[Number(id.slice(6))]);
    return true;
  }

  key(event) {
    return this.large && this.list.key(event);
  }

  #id(label) {
    this.places ??= new Map(this.labels.map((name, at) => [name, `label-${at}`]));
    return this.places.get(label);
  }

  #pick(label) {
    if (label === undefined) return;
    this.host.change(label);
    if (!this.large) this.list.flash(label);
  }

  spoken(value) {
    return String(value);
  }

  close() {}
}
