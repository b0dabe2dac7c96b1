// The panel of the keys.

import { keyName, pressed } from "./key_names.js";
import { button, composing, make } from "./writing.js";

// The list of all actions with their keys: the help behind "?", and where keys are changed. `say(word, values)` gives the
// words; `onchange` is called when a key has changed. While it is open the key map answers to no key.
export class KeyDialog {
  constructor(keyMap, say, onchange = () => {}) {
    Object.assign(this, { keyMap, say, onchange, rows: [], catching: null, clash: null });
    this.element = make("dialog", "keypanel");
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("close", () => this.#closed());
  }

  get isOpen() {
    return this.element.open;
  }

  open(actions = this.keyMap.actions) {
    if (this.isOpen) return;
    this.keyMap.assign(actions);
    this.before = this.element.getRootNode().activeElement;
    this.keyMap.paused = true;
    this.#build();
    this.element.showModal();
    this.search.focus();
  }

  close() {
    this.element.close();
    this.#closed(); // the browser tells of it later: the next key is already the page's
  }

  #closed() {
    if (!this.keyMap.paused) return;
    this.keyMap.paused = false;
    this.#catch(null);
    if (this.before?.isConnected) this.before.focus({ preventScroll: true });
  }

  #build() {
    const { say } = this;
    const title = make("h2", "", say("writing.key_title"));
    title.id = "keypanel-title";
    this.element.setAttribute("aria-labelledby", title.id);
    const shut = button("×", () => this.close(), "keypanel-shut");
    shut.setAttribute("aria-label", say("writing.key_close"));
    this.search = make("input");
    this.search.type = "search";
    this.search.setAttribute("aria-label", say("writing.key_search"));
    this.search.placeholder = say("writing.key_search");
    this.search.addEventListener("input", () => this.#filter());
    this.note = make("p", "keypanel-note", say("writing.key_hint"));
    this.note.setAttribute("role", "status");
    this.swap = button(say("writing.key_exchange"), () => this.#exchange());
    this.swap.hidden = true;
    this.list = make("div", "keypanel-list");
    const head = make("div", "keypanel-head");
    head.append(title, shut);
    const end = make("div", "keypanel-end");
    end.append(this.swap, button(say("writing.key_reset"), () => this.#reset()));
    this.element.replaceChildren(head, this.search, this.note, end, this.list, this.#carry());
    this.#rows();
  }

  // The keys as text, to take along.
  #carry() {
    const box = make("details");
    this.text = make("textarea");
    this.text.rows = 4;
    this.text.spellcheck = false;
    this.text.setAttribute("aria-label", this.say("writing.key_text"));
    box.append(make("summary", "", this.say("writing.key_carry")), this.text,
      button(this.say("writing.key_take"), () => this.#take()));
    return box;
  }

  #rows() {
    const groups = new Map();
    this.rows = this.keyMap.actions.filter((one) => one.keys !== null).map((action) => {
      const row = button("", () => this.#catch(row), "keypanel-row");
      row.action = action;
      row.append(make("span", "", action.title), make("kbd"));
      if (!groups.has(action.group)) groups.set(action.group, []);
      groups.get(action.group).push(row);
      return row;
    });
    this.list.replaceChildren(...[...groups].map(([group, rows]) => {
      const part = make("section");
      const name = group === "tools" ? this.say("writing.key_tools") : group;
      if (name) part.append(make("h3", "", name));
      part.append(...rows);
      return part;
    }));
    this.#fill();
  }

  #fill() {
    for (const row of this.rows) {
      const key = this.keyMap.shown.get(row.action.id);
      const words = row === this.catching ? this.say("writing.key_press") : key ? keyName(key) : "–";
      row.lastChild.textContent = words;
      row.classList.toggle("catching", row === this.catching);
      row.setAttribute("aria-label", this.say("writing.key_row", { title: row.action.title, key: key ? keyName(key) : "–" }));
    }
    this.text.value = this.keyMap.text;
  }

  #filter() {
    const wanted = this.search.value.trim().toLowerCase();
    for (const row of this.rows) row.hidden = !`${row.action.title} ${row.lastChild.textContent}`.toLowerCase().includes(wanted);
    for (const part of this.list.children) part.hidden = [...part.querySelectorAll("button")].every((row) => row.hidden);
  }

  #catch(row) {
    this.catching = row;
    this.clash = null;
    if (!this.note) return;
    this.swap.hidden = true;
    this.note.textContent = row ? this.say("writing.key_wait", { title: row.action.title }) : this.say("writing.key_hint");
    this.#fill();
  }

  #key(event) {
    event.stopPropagation(); // the page has shortcuts of its own
    if (event.isComposing || (!this.catching && composing(event))) return;
    const [key] = pressed(event);
    if (!this.catching && key === "Escape") {
      event.preventDefault();
      this.close();
    }
    if (!this.catching) return;
    if (!key || (key === "Tab" && this.clash)) return;
    event.preventDefault();
    if (key === "Escape") this.#catch(null);
    else if (!event.repeat) this.#change(this.catching, key);
  }

  #change(row, key) {
    const clash = this.keyMap.change(row.action.id, key);
    const values = { key: keyName(key), title: clash?.title ?? row.action.title };
    if (!clash) this.#changed(this.say("writing.key_done", values));
    else {
      this.clash = clash.refused ? null : { id: clash.id, key };
      this.swap.hidden = !this.clash;
      this.note.textContent = this.say(clash.refused ?? "writing.key_clash", values);
    }
  }

  #exchange() {
    const { action } = this.catching;
    const { key } = this.clash;
    this.keyMap.exchange(action.id, this.clash.id, key);
    this.catching.focus();
    this.#changed(this.say("writing.key_done", { key: keyName(key), title: action.title }));
  }

  #reset() {
    this.keyMap.reset();
    this.#changed(this.say("writing.key_was_reset"));
  }

  #take() {
    const n = this.keyMap.take(this.text.value);
    if (n < 0) this.note.textContent = this.say("writing.key_not_text");
    else this.#changed(this.say("writing.key_taken", { n }));
  }

  #changed(words) {
    this.#catch(null);
    this.note.textContent = words;
    this.onchange();
  }
}
