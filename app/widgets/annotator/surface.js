// The annotator's surface: the record, its questions, the tools and the keys, built for a task and drawn from the desk.

import { Desk } from "./desk.js";
import { Form } from "./form.js";
import { keyName } from "./key_names.js";
import { Keyboard } from "./keyboard.js";
import { KeyDialog, KeyMap } from "./keys.js";
import { RecordView } from "./record.js";
import { Sender } from "./sender.js";
import { storageFor } from "./storage.js";
import { tools } from "./tools.js";
import { View } from "./view.js";

const GO = ["label", "guideline", "text", "task"]; // conflicts that looking at the record again can settle
const RESTLESS = ".labels button, .tools button, .nothing"; // buttons that do not keep the focus that a click gives

// What the tools and the questions ask for (change, submit, skip, undo, move, leave, …) is the annotator's.
export class Surface {
  constructor(root, data) {
    this.root = root;
    this.box = data.box;
    this.preview = Boolean(data.preview);
    const storage = storageFor(this.preview);
    this.desk = new Desk(storage, data.box);
    this.sender = this.preview ? null : new Sender(this.desk, () => this.draw());
    this.last = this.lack = "";
    this.later = new Map();
    this.dry = false; // the last record was answered in writing, and there is no next yet
    this.built = { task: "", strings: "" };
    this.tools = tools(this);
    this.stopper = new AbortController();
    const { signal } = this.stopper;
    this.view = new View(root, this.acts(), signal);
    const say = (key, values) => this.view.say(key, values);
    const base = {
      say, notice: (text) => this.view.notice(text), announce: (text) => this.view.announce(text),
      field: (name) => this.record.field(name), locale: document.documentElement.lang || navigator.language,
      change: (name, value, how) => this.change(name, value, how), submit: () => this.submit(),
    };
    this.form = new Form(this.view.parts.questions, base);
    this.record = new RecordView(this.view.parts, base, signal);
    this.keyMap = new KeyMap(storage, data.box);
    this.dialog = new KeyDialog(this.keyMap, say, () => this.keysChanged());
    this.view.parts.body.after(this.dialog.element);
    this.form.keyNames = (id) => this.keyName(id);
    const keyboard = new Keyboard(this);
    // Before Streamlit's own shortcuts see a key: "c" and "r" are keys of this widget while it is on the page.
    window.addEventListener("keydown", (event) => keyboard.handle(event), { capture: true, signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.leave(), { signal });
    // After a click the keys belong to the record again, not to the button.
    root.addEventListener("click", (event) => {
      if (event.detail && event.target.closest(RESTLESS)) this.view.parts.fields.focus({ preventScroll: true });
    }, { signal });
  }

  acts() {
    const of = (id) => () => this.tools.find((tool) => tool.id === id).run();
    const named = Object.fromEntries(this.tools.map(({ id }) => [id, of(id)]));
    return {
      ...named, keepNote: () => this.saveComment(this.view.written), closePanels: () => this.view.closePanels(),
      skipFor: (reason) => this.skip(reason),
    };
  }

  stop() {
    clearTimeout(this.rest);
    this.stopper.abort();
    this.sender?.stop();
    this.form.close();
    this.record.close();
    this.dialog.element.remove();
  }

  build(data) {
    const strings = JSON.stringify(data.strings);
    const task = JSON.stringify([data.task.fields, data.task.questions]) + strings;
    if (task === this.built.task) return;
    const { writing, form: { active } } = this;
    this.view.strings = data.strings;
    this.record.build(shownOf(data.task));
    this.form.build(data.task.questions);
    this.view.parts.body.classList.toggle("beside", data.task.fields.some((field) => field.show === "source"));
    this.view.parts.body.classList.toggle("tall", data.task.fields.length > 1 || !this.oneKey);
    this.built.task = task;
    this.keysChanged();
    this.form.settle(this.desk.work.value);
    if (writing) this.#goOn(active);
  }

  // The questions were built anew under the hands: they go on in the same one, or rest, so that letters do not become keys.
  #goOn(name) {
    if (this.form.slot(name)?.module?.focus) this.form.activate(name, true);
    else this.desk.pause.begin();
  }

  // The focus is in a question.
  get writing() {
    return this.form.element.contains(this.root.activeElement);
  }

  // The focus is somewhere else on the page, on purpose.
  get elsewhere() {
    const { activeElement } = document;
    return Boolean(activeElement) && activeElement !== document.body && activeElement !== this.root.host;
  }

  // The task asks one question that one key answers.
  get oneKey() {
    return this.form.single && this.form.slots[0].instant;
  }

  keysChanged() {
    const { say } = this.view;
    const tools = this.tools.map(({ id, keys }) => ({
      id: `tool/${id}`, title: say.call(this.view, `annotator.tool_${id}`), keys, group: "tools",
    }));
    this.shownKeys = this.keyMap.assign([...tools, ...this.form.actions()]);
    this.view.words(this.data.strings, (id) => this.shownKeys.get(`tool/${id}`) ?? "");
    if (this.built.task) this.draw();
  }

  keyName(id) {
    const key = this.shownKeys?.get(id);
    return key ? keyName(key) : "";
  }

  conflict({ ok, conflict, reason, record, key }) {
    const known = `annotator.conflict_${conflict}` in this.data.strings;
    const word = !ok ? "refused" : known ? `conflict_${conflict}` : "conflict_other";
    const words = this.view.say(`annotator.${word}`, { id: record, reason: reason || conflict });
    const again = !ok || GO.includes(conflict);
    this.view.notice(words, again && this.desk.past.some((entry) => entry.item.key === key) ? {
      words: this.view.say("annotator.go_there"),
      act: () => this.move(() => this.desk.goTo(key)),
    } : null);
  }

  draw() {
    const { desk, data, sender, form } = this;
    const n = desk.outbox.events.length;
    const { current: item, work } = desk;
    const back = desk.at !== null;
    this.record.show(item);
    this.view.parts.card.classList.toggle("bare", this.record.bare);
    this.drawing = true;
    form.draw(item, work.value);
    this.drawing = false;
    this.view.draw({
      item, chosen: desk.chosen, back, work, changed: back && Boolean(desk.drafts.of(item.key)),
      tally: desk.counted.shown(desk.outbox.events),
      empty: data.empty || this.view.say("annotator.loading"), last: this.last, lack: this.lack, preview: this.preview,
      single: this.oneKey, canAccept: Boolean(item && form.suggested(item, work.value)),
      saved: { kind: sender && !sender.online ? "offline" : !desk.outbox.safe && n ? "unsafe" : n ? "saving" : "saved", n },
      canUndo: desk.canUndo, canRedo: desk.canRedo, canBack: (desk.at ?? desk.past.length) > 0,
    });
    this.view.parts.guide.hidden = !desk.guideline?.text;
    const later = [...this.later];
    this.later.clear();
    for (const [name, value] of later) this.change(name, value, "follows");
  }
}

// The fields that the card shows: candidates stand on cards of their own, and a talk to be written is the question's.
function shownOf({ fields, questions }) {
  const own = new Set(questions.flatMap(({ kind, candidates, field }) => (
    kind === "ranking" ? [...(candidates ?? []), field] : kind === "chat" ? [field] : []
  )));
  return fields.filter(({ name }) => !own.has(name));
}
