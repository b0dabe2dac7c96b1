// A question's labels as buttons with their keys and colours, with a search where there are many.

import { composing } from "./writing.js";

const MANY = 20;
const COLORS = 16;

export class LabelBar {
  // onpick(label): a button was pressed
  constructor(labels, host, onpick, colored = true) {
    Object.assign(this, { labels, host, onpick });
    this.element = part("div", "marking");
    this.bar = part("div", "bar");
    this.bar.setAttribute("role", "group");
    this.bar.setAttribute("aria-label", host.say("marks.labels"));
    this.buttons = labels.map((label, at) => this.#button(label, colored ? at : null));
    this.bar.append(...this.buttons);
    if (labels.length > MANY) this.element.append(this.#search());
    this.element.append(this.bar);
  }

  #button(label, color) {
    const button = part("button", "label");
    button.type = "button";
    if (color !== null) {
      button.dataset.label = label;
      button.style.cssText = paint(color);
    }
    const key = part("kbd");
    button.append(key, part("span", "", label));
    button.addEventListener("click", () => this.onpick(label));
    return button;
  }

  #search() {
    this.search = part("input");
    this.search.type = "search";
    this.search.placeholder = this.host.say("marks.search");
    this.search.setAttribute("aria-label", this.host.say("marks.search"));
    this.search.addEventListener("input", () => this.#filter());
    this.search.addEventListener("keydown", (event) => this.#key(event));
    return this.search;
  }

  #filter() {
    const wanted = this.search.value.trim().toLowerCase();
    this.buttons.forEach((button, at) => { button.hidden = !this.labels[at].toLowerCase().includes(wanted); });
  }

  // Enter takes the first that is found, Escape leaves.
  #key(event) {
    if (composing(event) || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    const first = this.buttons.findIndex((button) => !button.hidden);
    if (event.key === "Enter" && this.search.value.trim() && first < 0) return;
    const taken = event.key === "Enter" && this.search.value.trim();
    this.search.value = "";
    this.#filter();
    this.search.blur();
    if (taken) this.onpick(this.labels[first]);
  }

  find() {
    this.search?.focus();
  }

  // Keys may have changed, and which label is in hand.
  show(inHand) {
    this.buttons.forEach((button, at) => {
      const key = this.host.keyOf(`label:${this.labels[at]}`) ?? "";
      if (button.firstChild.textContent !== key) button.firstChild.textContent = key;
      button.firstChild.hidden = !key;
      button.setAttribute("aria-pressed", String(this.labels[at] === inHand));
    });
  }
}

export const paint = (color) => ["mark: var(--m", "tint: var(--t", "strong: var(--p"].map((name) => `--${name}${color % COLORS})`).join("; ");

export function part(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

// Whether a question's element is that of the active one (the annotator says so where there are several).
export const isActive = (element) => Boolean(element.closest("[aria-current=true]"));

// A button with the place of its key before its words.
export function keyButton(words, onclick) {
  const button = part("button");
  button.type = "button";
  button.append(part("kbd"), part("span", "", words));
  button.addEventListener("click", onclick);
  return button;
}
