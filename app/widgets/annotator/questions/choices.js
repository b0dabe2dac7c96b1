// Any of a set of labels: buttons and keys that switch each on and off, or a list to search with the chosen ones above it.

import { Buttons } from "../buttons.js";
import { KEYED, Picker } from "../picker.js";

export class ChoicesQuestion {
  static kind = "choices";
  static instant = false;

  constructor(question, host) {
    this.labels = question.labels ?? [];
    this.least = question.least ?? 0;
    this.most = question.most || Infinity;
    this.host = host;
    this.large = this.labels.length > KEYED || Object.keys(question.parents ?? {}).length > 0;
    const flip = (label) => this.#flip(label);
    this.list = this.large ? new Picker(question, host, flip, true)
      : new Buttons(this.labels.map((name) => ({ id: name, name })), host, flip);
    this.element = make("div", "choices");
    this.chips = make("div", "chips");
    this.nothing = make("button", "nothing");
    this.nothing.type = "button";
    this.nothingKey = make("kbd");
    this.nothing.append(this.nothingKey, make("span", "", host.say("annotator.none_of_these")));
    this.nothing.hidden = this.least > 0;
    this.nothing.addEventListener("click", () => this.#none());
    this.element.append(this.chips, this.list.element, this.nothing);
    this.item = undefined;
  }

  show(item, value, suggestion) {
    this.value = value;
    if (this.large && item?.key !== this.item) this.list.clear();
    this.item = item?.key;
    const chosen = new Set(value ?? []);
    this.list.show(chosen, suggestion, (label) => this.host.keyOf(this.#id(label)), !item);
    this.nothing.disabled = !item;
    this.nothing.setAttribute("aria-pressed", String(value?.length === 0));
    const key = this.host.keyOf("none");
    if (this.nothingKey.textContent !== key) this.nothingKey.textContent = key;
    this.nothingKey.hidden = !key;
    this.#chips(value ?? []);
  }

  #chips(chosen) {
    this.chips.hidden = !this.large || !chosen.length;
    const now = JSON.stringify(chosen);
    if (!this.large || now === this.drawn) return;
    this.drawn = now;
    this.chips.replaceChildren(...chosen.map((label) => {
      const chip = make("button", "chip", `${label} ×`);
      chip.type = "button";
      chip.setAttribute("aria-label", this.host.say("annotator.take_out", { label }));
      chip.addEventListener("click", () => this.#flip(label));
      return chip;
    }));
  }

  actions() {
    const keyed = this.labels.map((name, at) => ({ id: `label-${at}`, title: name, keys: at < KEYED ? [] : null, group: "" }));
    const { say } = this.host;
    const none = { id: "none", title: say("annotator.none_of_these"), keys: ["x", "-"], group: "" };
    const search = { id: "search", title: say("annotator.search_labels"), keys: ["/"], group: "" };
    return [...(this.large ? [search] : []), ...(this.least > 0 ? [] : [none]), ...keyed.slice(0, KEYED)];
  }

  act(id) {
    if (id === "search") this.list.focus();
    else if (id === "none") this.#none();
    else this.#flip(this.labels[Number(id.slice(6))]);
    return true;
  }

  key(event) {
    return this.large && this.list.key(event);
  }

  #id(label) {
    this.places ??= new Map(this.labels.map((name, at) => [name, `label-${at}`]));
    return this.places.get(label);
  }

  #none() {
    this.host.change(this.value?.length === 0 ? undefined : []);
  }

  // In the order of the labels, however they were chosen; without any left the question is open again.
  #flip(label) {
    if (label === undefined) return;
    const chosen = new Set(this.value ?? []);
    if (!chosen.delete(label)) {
      if (chosen.size >= this.most) {
        this.host.notice(this.host.say("annotator.at_most", { n: this.most }));
        return;
      }
      chosen.add(label);
    }
    const next = this.labels.filter((name) => chosen.has(name));
    this.host.change(next.length ? next : undefined);
    this.host.announce(this.host.say(`annotator.${chosen.has(label) ? "put_in" : "put_out"}`, { label, n: next.length }));
  }

  lacks(value) {
    return value.length < this.least ? this.host.say("annotator.at_least", { n: this.least }) : "";
  }

  spoken(value) {
    return value.length ? value.join(", ") : this.host.say("annotator.none_of_these");
  }

  close() {}
}

function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}
