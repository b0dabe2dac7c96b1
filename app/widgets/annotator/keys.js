// The keys of the annotator: which key does what, and the person's own choice of keys, kept in the browser.
//
// An action is {id, title, keys: [preferred…], group, scope}: actions of different scopes may hold
// the same key (the labels of two questions); one without a scope is there always. Actions of the group "tools" choose first,
// and all their preferred keys work as long as nobody else has them (s and 0 both skip); others get the first that is free,
// then the next of HAND. `keys: null` means no key at all.

import { KeyDialog as Panel } from "./key_dialog.js";
import { pressed } from "./key_names.js";

export const KeyDialog = Panel;
const HAND = "12345qwertasdfgzxcvb6789yuiophjklnm"; // left hand first
const KEPT = new Set("ursfca"); // for the tools alone, also when they have other keys
const BROWSER = /^(Tab|Shift\+Tab|Escape|F\d+|PrintScreen|ContextMenu|Insert|Dead|Process|Unidentified|Meta|OS)$/;
const MOST = 20_000; // characters of a map that is brought in

export class KeyMap {
  constructor(storage, box) {
    this.storage = storage;
    this.place = `${box}.keys`;
    this.paused = false; // the panel is open: keys are for it
    this.actions = [];
    this.held = new Held();
    this.own = this.#kept(); // action id -> key
  }

  // Give the actions their keys: Map(action id -> key); one that got none is not in it. The same actions, the same keys,
  // and a key that a person changed moves no other.
  assign(actions) {
    this.actions = actions;
    const held = new Held();
    for (const one of actions) held.give(one, [this.own.get(one.id)]);
    const usual = new Held();
    const ranked = byRank(actions).filter((one) => one.keys !== null);
    for (const one of ranked) usual.give(one, choices(one));
    for (const one of ranked) held.give(one, [usual.keys.get(one.id)]);
    for (const one of ranked) held.give(one, choices(one));
    this.held = held;
    return held.keys;
  }

  get shown() {
    return this.held.keys;
  }

  // The id of the action that this key press asks for, in this scope; undefined: none, or text is being composed.
  actionOf(event, scope = "") {
    if (this.paused || event.isComposing) return undefined;
    for (const key of pressed(event)) {
      const found = this.#heldBy(key, scope);
      if (found) return found.id;
    }
    return undefined;
  }

  #heldBy(key, scope) {
    const here = (one) => !one.scope || one.scope === scope;
    const found = this.held.holders(key).filter(here).sort((a, b) => Boolean(b.scope) - Boolean(a.scope))[0];
    return found ?? this.actions.find((one) => here(one) && this.#also(one, key));
  }

  // A tool's other keys work as well, unless its key was changed.
  #also(action, key) {
    return action.group === "tools" && !this.own.has(action.id) && Boolean(action.keys?.includes(key));
  }

  // Who has this key where the action is.
  #otherOf(key, action) {
    return this.held.holder(key, action)
      ?? this.actions.find((one) => one.id !== action.id && meet(one, action) && this.#also(one, key));
  }

  // Why a key cannot be chosen, as the name of a word, or "".
  refusal(key) {
    const shift = key.startsWith("Shift+") ? key.slice(6) : key;
    if (!key || BROWSER.test(key) || BROWSER.test(shift)) return "writing.key_browser";
    if (/^(Ctrl|Alt|Meta)\+/.test(key) && !/^(Ctrl|Alt)\+Enter$/.test(key)) return "writing.key_modifier";
    if (!/^(.|[A-Z][A-Za-z]+)$/u.test(shift) && !key.endsWith("+Enter")) return "writing.key_browser";
    return "";
  }

  // Make this key the person's own for the action. Returns null when done, else the action that has the key, or
  // {id: "", title: "", refused: word} for a key that is the browser's.
  change(id, key) {
    const refused = this.refusal(key);
    if (refused) return { id: "", title: "", refused };
    const action = this.actions.find((one) => one.id === id) ?? { id };
    const other = this.#otherOf(key, action);
    if (other) return other;
    this.#keep(id, key);
    return null;
  }

  // The action takes this key from `other`, which gets the action's own in its place.
  exchange(id, other, key) {
    const mine = this.shown.get(id);
    if (this.shown.get(other) === key && mine) this.own.set(other, mine);
    else this.own.delete(other);
    this.#keep(id, key);
  }

  reset() {
    this.own.clear();
    this.#store();
  }

  // The person's own keys as text, to be carried to another browser.
  get text() {
    return JSON.stringify({ winnow_keys: 1, keys: Object.fromEntries(this.own) }, null, 1);
  }

  // Take over such a text. Returns how many keys there were in it, or -1 if it is none; keys of actions that are not here
  // are kept for the tasks that have them.
  take(text) {
    const found = text.length > MOST ? null : ownKeys(readJson(text)?.keys);
    if (!found) return -1;
    for (const [id, key] of [...found]) if (this.refusal(key)) found.delete(id);
    this.own = found;
    this.#store();
    return found.size;
  }

  #keep(id, key) {
    this.own.set(id, key);
    this.#store();
  }

  #store() {
    this.assign(this.actions);
    try {
      if (this.own.size) this.storage.setItem(this.place, JSON.stringify(Object.fromEntries(this.own)));
      else this.storage.removeItem(this.place);
    } catch {
      // this browser keeps nothing: the keys hold until the page is closed
    }
  }

  #kept() {
    try {
      const found = ownKeys(readJson(this.storage.getItem(this.place))) ?? new Map();
      for (const [id, key] of [...found]) if (this.refusal(key)) found.delete(id);
      return found;
    } catch {
      return new Map();
    }
  }
}

// Who holds which key. A key has one holder wherever two actions can meet.
class Held {
  constructor() {
    this.keys = new Map(); // action id -> key
    this.byKey = new Map(); // key -> actions
  }

  // The action gets the first of these keys that is free, unless it has one.
  give(action, keys) {
    if (this.keys.has(action.id)) return;
    const key = keys.find((wanted) => wanted && !this.holder(wanted, action));
    if (!key) return;
    this.keys.set(action.id, key);
    this.byKey.set(key, [...this.holders(key), action]);
  }

  holders(key) {
    return this.byKey.get(key) ?? [];
  }

  holder(key, action) {
    return this.holders(key).find((one) => one.id !== action.id && meet(one, action));
  }
}

const choices = (action) => (action.group === "tools"
  ? [...(action.keys ?? []), ...HAND] : [...(action.keys ?? []), ...HAND].filter((key) => !KEPT.has(key)));
const byRank = (actions) => [...actions].sort((a, b) => (b.group === "tools" ? 1 : 0) - (a.group === "tools" ? 1 : 0));
const meet = (one, other) => !one.scope || !other.scope || one.scope === other.scope;

function ownKeys(plain) {
  if (!plain || typeof plain !== "object" || Array.isArray(plain)) return null;
  const entries = Object.entries(plain);
  return entries.every(([, key]) => typeof key === "string" && key.length < 30) ? new Map(entries) : null;
}

function readJson(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
