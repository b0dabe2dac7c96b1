// A list of labels to search and choose from, for sets too large for keys: a tree by `parents`, drawn once and then only
// marked, so that hundreds of labels cost nothing at a key press.

import { composing } from "./writing.js";

export const KEYED = 24; // labels that get a key of their own

export class Picker {
  // host: of the question; pick(label): it was asked for; several: whether more than one can be chosen
  constructor(question, host, pick, several) {
    Object.assign(this, { host, pick, several, cursor: null, chosen: new Set(), machine: new Set() });
    this.element = make("div", "picker");
    this.#build(question, host.say);
    this.rows = rowsOf(question);
    this.byLabel = new Map(this.rows.filter((row) => row.label !== null).map((row) => [row.label, row]));
    this.keyed = question.labels.slice(0, KEYED).map((label) => this.byLabel.get(label)); // wherever they stand in the tree
    this.list.append(...this.rows.map((row, at) => this.#row(row, at)));
  }

  #build(question, say) {
    this.search = make("input", "picker-search");
    this.search.type = "search";
    this.search.placeholder = say("annotator.search_labels");
    this.search.setAttribute("role", "combobox");
    this.search.setAttribute("aria-expanded", "true");
    this.search.setAttribute("aria-label", say("annotator.search_labels"));
    this.search.setAttribute("aria-autocomplete", "list");
    this.list = make("div", "picker-list");
    this.list.id = `list-${question.name}`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", question.title || question.name);
    if (this.several) this.list.setAttribute("aria-multiselectable", "true");
    this.search.setAttribute("aria-controls", this.list.id);
    this.search.addEventListener("input", () => this.#filter());
    this.search.addEventListener("keydown", (event) => this.#searchKey(event));
    this.list.addEventListener("click", (event) => {
      const element = event.target.closest("[role=option]");
      const row = element && this.rows[Number(element.dataset.at)];
      if (row) this.#picked(row);
    });
    this.none = make("p", "picker-none", say("annotator.no_label_found"));
    this.none.hidden = true;
    this.element.append(this.search, this.list, this.none);
  }

  #row(row, at) {
    const element = (row.element = make("div", row.label === null ? "picker-group" : "picker-row"));
    element.style.setProperty("--depth", String(row.depth));
    element.dataset.at = String(at);
    row.key = make("kbd");
    row.key.hidden = true;
    row.score = make("small");
    element.append(row.key, make("span", "", row.name), row.score);
    if (row.label !== null) {
      element.setAttribute("role", "option");
      element.id = `${this.list.id}-${element.dataset.at}`;
      element.setAttribute("aria-selected", "false");
    }
    return element;
  }

  // Mark what is chosen and what a machine says; keyOf(label) is the key that a label has, or "".
  show(chosen, suggestion, keyOf) {
    const machine = new Set(suggestion ? [suggestion.value].flat() : []);
    for (const label of new Set([...this.chosen, ...this.machine, ...chosen, ...machine])) {
      const row = this.byLabel.get(label);
      if (!row) continue;
      row.element.setAttribute("aria-selected", String(chosen.has(label)));
      row.element.classList.toggle("machine-says", machine.has(label));
      setText(row.score, machine.has(label) ? this.host.say("annotator.machine_mark", { score: percent(suggestion.score) }) : "");
    }
    this.chosen = new Set(chosen);
    this.machine = machine;
    for (const row of this.keyed) {
      const key = keyOf(row.label);
      setText(row.key, key);
      row.key.hidden = !key;
    }
  }

  clear() {
    if (this.search.value) {
      this.search.value = "";
      this.#filter();
    }
    this.#point(null);
    this.list.scrollTop = 0;
  }

  focus() {
    this.search.focus({ preventScroll: true });
    this.search.select();
  }

  // Arrows and the space bar while the search has not the focus.
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) this.#move(by);
    else if (event.key === " " && this.cursor) {
      if (!event.repeat) this.#picked(this.cursor);
    } else return false;
    return true;
  }

  #searchKey(event) {
    if (composing(event)) return;
    const empty = !this.search.value;
    if (event.key === "Escape") {
      if (empty) this.search.blur();
      else this.clear();
    } else if (event.key === "Enter") {
      if (!event.repeat) this.#entered(event.ctrlKey || event.metaKey || (empty && (!this.cursor || this.several)));
    } else if ((event.key === " " && !empty) || !this.key(event)) {
      return;
    }
    event.preventDefault();
  }

  #entered(submits) {
    if (submits) this.host.submit();
    else if (this.cursor) this.#picked(this.cursor);
  }

  #picked(row) {
    this.#point(row);
    this.pick(row.label);
    if (!this.search.value) return;
    this.search.value = "";
    this.#filter();
    this.#point(row);
  }

  #filter() {
    const words = folded(this.search.value).split(/\s+/).filter(Boolean);
    const kept = new Set();
    let first = null;
    for (const row of this.rows) {
      row.found = row.label !== null && words.every((word) => row.path.includes(word));
      if (!row.found) continue;
      first ??= row;
      if (words.length && words.every((word) => row.plain.startsWith(word)) && !first.plain.startsWith(words[0])) first = row;
      for (let one = row; one && !kept.has(one); one = one.parent) kept.add(one);
    }
    for (const row of this.rows) row.element.hidden = !kept.has(row);
    this.none.hidden = kept.size > 0;
    this.#point(words.length ? first : null);
  }

  #move(by) {
    const open = this.rows.filter((row) => row.label !== null && !row.element.hidden && row.found !== false);
    const at = open.indexOf(this.cursor);
    this.#point(open[at < 0 ? (by > 0 ? 0 : open.length - 1) : Math.min(open.length - 1, Math.max(0, at + by))] ?? null);
  }

  #point(row) {
    this.cursor?.element.classList.remove("at");
    this.cursor = row;
    if (!row) {
      this.search.removeAttribute("aria-activedescendant");
      return;
    }
    row.element.classList.add("at");
    row.element.scrollIntoView({ block: "nearest" });
    this.search.setAttribute("aria-activedescendant", row.element.id);
  }
}

// The labels as rows in the order of the tree: {label (null: only a group), name, depth, path, plain, parent}.
function rowsOf({ labels, parents = {} }) {
  const known = new Set(labels);
  const children = new Map([[null, []]]);
  for (const name of [...new Set([...labels, ...Object.values(parents)])]) children.set(name, []);
  const groups = Object.values(parents).filter((name) => !known.has(name));
  const roots = new Set();
  for (const name of labels) {
    const above = rooted(name, parents);
    if (above === null) roots.add(name);
    else {
      children.get(above).push(name);
      if (!known.has(above) && !aboveOf(above, parents)) roots.add(above);
    }
  }
  for (const name of new Set(groups)) {
    const above = rooted(name, parents);
    if (above !== null) children.get(above).push(name);
  }
  const rows = [];
  const add = (name, parent, depth) => {
    const plain = folded(name);
    const row = { label: known.has(name) ? name : null, name, depth, parent, plain, path: `${parent?.path ?? ""} ${plain}` };
    rows.push(row);
    for (const child of children.get(name)) add(child, row, depth + 1);
  };
  for (const name of roots) add(name, null, 0);
  return rows;
}

// The parent of a name; null for none, also where following the parents leads back to the name.
function rooted(name, parents) {
  const seen = new Set([name]);
  for (let one = aboveOf(name, parents); one; one = aboveOf(one, parents)) {
    if (seen.has(one)) return null;
    seen.add(one);
  }
  return aboveOf(name, parents);
}

// What a name stands under: a label may bear a name that every object knows, like "constructor".
const aboveOf = (name, parents) => (Object.hasOwn(parents, name) ? parents[name] : null);

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const percent = (score) => (Number.isFinite(score) ? `${Math.round(score * 100)} %` : "");

function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

function setText(part, text) {
  if (part.textContent !== text) part.textContent = text;
}
