// The annotator as Streamlit mounts it: one Desk and one Sender a mount, kept across redraws, and the keys.

import { Desk } from "./desk.js";
import { Sender } from "./sender.js";
import { View } from "./view.js";

const mounts = new WeakMap();

export default function annotator({ data, parentElement, setStateValue }) {
  let mount = mounts.get(parentElement);
  if (mount && mount.box !== data.box) {
    mount.stop();
    mount = undefined;
  }
  if (!mount) {
    mount = new Annotator(parentElement, data);
    mounts.set(parentElement, mount);
  }
  mount.take(data, (sent) => setStateValue("outbox", sent));
  return () => {
    mount.stop();
    mounts.delete(parentElement);
  };
}

class Annotator {
  constructor(root, data) {
    this.box = data.box;
    this.desk = new Desk(localStorage, data.box);
    this.sender = new Sender(this.desk.outbox, () => this.draw());
    this.comments = new Map(); // item key -> what was written before the answer was given
    this.last = null;
    this.stopper = new AbortController();
    this.view = new View(root, data.strings, {
      choose: (name) => this.choose(name), skip: () => this.skip(), undo: () => this.undo(), redo: () => this.redo(),
      back: () => this.move(this.desk.back()), forward: () => this.move(this.desk.forward()),
      note: () => this.note(), closeNote: () => this.view.closeComment(),
      keepNote: () => this.saveComment(this.view.written),
    });
    // Before Streamlit's own shortcuts see a key: "c" and "r" are keys of this widget while it is on the page.
    window.addEventListener("keydown", (event) => this.key(event), { capture: true, signal: this.stopper.signal });
  }

  stop() {
    this.stopper.abort();
    this.sender.stop();
  }

  take(data, send) {
    this.data = data;
    this.view.strings = data.strings;
    this.sender.send = send;
    const conflicts = this.desk.take(data);
    if (this.desk.justSwapped) this.view.notice(data.strings.swapped);
    this.sender.heardTurn(data.turn);
    for (const conflict of conflicts) {
      this.view.notice(this.view.say(conflict.ok ? `conflict_${conflict.conflict}` : "refused", {
        id: conflict.record, reason: conflict.reason,
      }));
    }
    this.draw();
    this.sender.pump();
  }

  draw() {
    const { desk, data, sender } = this;
    const n = desk.outbox.events.length;
    const item = desk.current;
    sender.hungry = !item;
    this.view.draw({
      item, chosen: desk.chosen, back: desk.at !== null, comment: item ? this.comments.get(item.key) : "",
      labels: data.labels, tally: desk.tally, empty: data.empty || data.strings.loading, last: this.last,
      saved: { kind: !sender.online ? "offline" : !desk.outbox.safe && n ? "unsafe" : n ? "saving" : "saved", n },
      canUndo: desk.done.length > 0 || desk.past.length > 0, canRedo: desk.undone.length > 0,
      canBack: (desk.at ?? desk.past.length) > 0,
    });
  }

  choose(name) {
    if (this.#answer("submitted", { [this.data.question]: name })) this.view.flash(name);
  }

  skip() {
    this.#answer("skipped", {});
  }

  #answer(state, value) {
    const { desk } = this;
    const item = desk.current;
    if (!item || desk.justSwapped) return false;
    const comment = this.comments.get(item.key) ?? desk.chosen?.comment ?? "";
    this.comments.delete(item.key);
    desk.answer({ state, value, comment });
    this.#changed(state === "skipped" ? this.data.strings.last_skipped : Object.values(value)[0], item);
    return true;
  }

  undo() {
    const action = this.desk.undo();
    if (!action) return;
    if (action.after.comment && !action.before) this.comments.set(action.item.key, action.after.comment);
    this.last = this.view.say("undone", { text: start(action.item.text) });
    this.draw();
    this.sender.pump();
  }

  redo() {
    const action = this.desk.redo();
    if (!action) return;
    this.comments.delete(action.item.key);
    const skipped = action.after.state === "skipped";
    this.#changed(skipped ? this.data.strings.last_skipped : Object.values(action.after.value)[0], action.item);
  }

  #changed(word, item) {
    this.last = this.view.say("last", { label: word, text: start(item.text) });
    this.draw();
    this.sender.pump();
  }

  move(moved) {
    if (moved) this.draw();
  }

  note() {
    const item = this.desk.current;
    if (item) this.view.openComment(this.comments.get(item.key) ?? this.desk.chosen?.comment ?? "");
  }

  saveComment(text) {
    const { desk } = this;
    const item = desk.current;
    this.view.closeComment();
    if (!item) return;
    if (desk.at === null) {
      this.comments.set(item.key, text);
      this.draw();
    } else {
      const { state, value } = desk.chosen;
      desk.answer({ state, value, comment: text });
      this.#changed(this.data.strings.comment, item);
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event)) return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const label = this.data.labels.find((one) => one.key === pressed);
    const acts = {
      u: () => this.undo(), Backspace: () => this.undo(), r: () => this.redo(), s: () => this.skip(), 0: () => this.skip(),
      c: () => this.note(), ArrowLeft: () => this.move(this.desk.back()), ArrowRight: () => this.move(this.desk.forward()),
      PageDown: () => this.view.scroll(1), PageUp: () => this.view.scroll(-1),
    };
    const act = label ? () => this.choose(label.name) : acts[pressed];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat || pressed.startsWith("Page")) act(); // a key held down is one decision
  }
}

// Keys belong to whatever is being typed in or chosen from.
function typing(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (target.closest("input, textarea, select, [contenteditable=true], [contenteditable='']")) return true;
  return Boolean(target.closest("[role=combobox], [role=listbox], [role=radiogroup], [role=slider], [role=tablist], [role=dialog] input"));
}

const start = (text) => {
  const line = text.replace(/\s+/g, " ").trim();
  const cut = Array.from(line).slice(0, 48).join("");
  return cut.length < line.length ? `${cut}…` : cut;
};
