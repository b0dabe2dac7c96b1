// A conversation: turns that are read, corrected, continued with a turn of one's own, or marked one by one.

import { Conversation, messagesOf, same } from "../conversation.js";
import { TurnView } from "../turn_view.js";
import { button, composing, make } from "../writing.js";

const KNOWN = ["system", "user", "assistant", "tool"];
const TOOLS = { edit: ["e"], add: ["b"], remove: ["x"], up: ["Shift+ArrowUp"], down: ["Shift+ArrowDown"] };

export class ChatQuestion {
  static kind = "chat";
  static instant = false;

  constructor(question, host) {
    Object.assign(this, { question, host, item: null, given: undefined, talk: null, told: undefined, current: null, open: null });
    this.views = new Map(); // turn -> its view
    this.list = make("ol", "turns");
    this.list.setAttribute("aria-label", question.title || this.#say("box"));
    this.list.tabIndex = 0; // to be scrolled by the keyboard
    this.state = make("span", "writing-hint");
    this.keep = button(this.#say("keep"), () => this.act("keep"));
    this.again = button(this.#say("restore"), () => this.#restore());
    const foot = make("div", "writing-foot");
    foot.append(this.state, this.keep, this.again);
    this.tools = make("div", "turn-tools");
    this.tools.append(...Object.keys(TOOLS).map((id) => button(this.#say(id), () => this.act(id))));
    this.element = make("div", "conversation");
    this.element.append(this.list, foot);
  }

  show(item, value) {
    const fresh = item?.key !== this.item?.key;
    const given = item?.fields?.[this.question.field] ?? item?.meta?.[this.question.field];
    const renewed = item !== this.item && !same(given, this.given);
    Object.assign(this, { item, given });
    // What was written here last is what stands here: the place, the caret and a word half composed stay.
    if (!fresh && !renewed && same(value, this.told)) return;
    this.told = value;
    this.talk = item && new Conversation(this.question, messagesOf(given), value);
    this.#build(fresh);
  }

  actions() {
    const { question } = this;
    const action = (id, keys, values) => ({ id, title: this.#say(id.split(":")[0], values), keys, group: question.title || "" });
    const marks = Array.from({ length: question.rate || 0 }, (_, at) => (
      action(`mark:${at + 1}`, at < 9 ? [String(at + 1)] : [], { n: at + 1, most: question.rate })));
    return [
      ...marks,
      ...(question.write ? [action("write", ["w"])] : []),
      ...(this.#confirms ? [action("keep", ["y"])] : []),
      action("before", ["k"]), action("after", ["j"]),
      ...(question.edit ? Object.entries(TOOLS).map(([id, keys]) => action(id, keys)) : []),
    ];
  }

  act(id) {
    const { talk, current } = this;
    if (!talk || !current) return false;
    if (id.startsWith("mark:")) return this.#mark(current, Number(id.slice(5)));
    const acts = {
      write: () => this.#write(talk.written), keep: () => this.#keep(), edit: () => this.#write(current),
      before: () => this.#step(-1), after: () => this.#step(1), add: () => this.#add(current),
      remove: () => this.#remove(current), up: () => this.#move(current, -1), down: () => this.#move(current, 1),
    };
    return Boolean(acts[id]?.());
  }

  // The arrows walk through the turns.
  key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const changed = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
    if (!step || changed || composing(event) || event.composedPath()[0].closest?.("textarea, select, input")) return false;
    return this.#step(step);
  }

  // Why an answer that was begun cannot be given yet.
  lacks() {
    const written = this.talk?.written;
    if (written && !written.text.trim()) return this.#say("unwritten");
    return this.talk?.turns.some((turn) => turn.blank) ? this.#say("blank") : "";
  }

  spoken(value) {
    return value ? this.#say("wrote", { n: value.length }) : "";
  }

  focus() {
    if (this.talk?.written) this.#write(this.talk.written);
    else this.views.get(this.current)?.element.focus({ preventScroll: true });
  }

  close() {}

  #say(word, values = {}) {
    return this.host.say(`writing.chat_${word}`, values);
  }

  // Only where nothing is to be written or marked can a conversation be right as it is.
  get #confirms() {
    return !this.question.write && !this.question.rate;
  }

  // What the views ask of the question.
  #forViews() {
    return {
      rate: this.question.rate, say: (word, values) => this.#say(word, values),
      roleName: (role) => (KNOWN.includes(role) ? this.#say(role) : role),
      canMark: (turn) => this.talk.canMark(turn), mark: (view, mark) => this.#mark(view.turn, mark),
      typed: () => this.#tell("typed"), leave: (view) => this.#leave(view),
      submit: () => (this.lacks() ? this.host.notice(this.lacks()) : this.host.submit()),
      current: (view) => {
        this.host.activate();
        this.#go(view.turn, false);
      },
    };
  }

  #build(fresh) {
    const at = fresh ? -1 : Number(this.list.dataset.at ?? -1);
    this.open = this.current = null;
    const turns = this.talk?.turns ?? [];
    this.views = new Map(turns.map((turn) => [turn, new TurnView(turn, this.#forViews())]));
    this.list.replaceChildren(...turns.map((turn) => this.views.get(turn).element));
    if (this.talk && !turns.length) this.list.append(make("li", "writing-hint", this.#say("none")));
    if (this.talk?.written) this.views.get(this.talk.written).write();
    this.#number();
    this.#go(turns[at] ?? this.#first(), fresh);
    this.#draw();
  }

  #first() {
    const { talk } = this;
    return talk?.written ?? talk?.turns.find((turn) => talk.canMark(turn)) ?? talk?.turns[0] ?? null;
  }

  #number() {
    const { turns } = this.talk ?? { turns: [] };
    for (const [at, turn] of turns.entries()) this.views.get(turn).number(at + 1, turns.length);
  }

  // Make a turn the current one.
  #go(turn, reveal = true) {
    if (!turn) return false;
    if (turn !== this.current) {
      this.views.get(this.current)?.element.removeAttribute("aria-current");
      this.current = turn;
      this.#drawTools();
    }
    const { element } = this.views.get(turn);
    element.setAttribute("aria-current", "true");
    this.list.dataset.at = String(this.talk.turns.indexOf(turn));
    if (reveal) element.scrollIntoView({ block: "nearest" });
    return true;
  }

  #step(by) {
    const { turns } = this.talk ?? { turns: [] };
    const to = turns[turns.indexOf(this.current) + by];
    if (!to || !this.#go(to)) return false;
    this.host.announce(this.views.get(to).spoken);
    return true;
  }

  #drawTools() {
    const { talk, current } = this;
    if (!this.question.edit || current === talk.written) return this.tools.remove();
    const able = {
      edit: talk.canEdit(current), add: true, remove: talk.canRemove(current),
      up: talk.placeOf(current, -1) >= 0, down: talk.placeOf(current, 1) >= 0,
    };
    for (const [at, id] of Object.keys(TOOLS).entries()) {
      const one = this.tools.children[at];
      one.disabled = !able[id];
    }
    return this.views.get(current).head.append(this.tools);
  }

  #write(turn) {
    const view = this.views.get(turn);
    if (!view || !this.talk.canEdit(turn)) return false;
    if (turn !== this.open) this.#shut();
    if (turn !== this.talk.written) this.open = turn;
    view.write();
    this.#go(turn);
    view.area.focus({ preventScroll: true });
    return true;
  }

  #shut() {
    this.views.get(this.open)?.read();
    this.open = null;
  }

  // Escape: the keys are keys again.
  #leave(view) {
    view.area?.blur();
    if (view.turn === this.open) this.#shut();
    view.element.focus({ preventScroll: true });
  }

  #mark(turn, mark) {
    if (!this.talk.canMark(turn)) return false;
    turn.rate(mark);
    const view = this.views.get(turn);
    view.drawMark();
    this.#go(turn, false);
    this.#tell();
    this.host.announce(`${view.spoken}: ${turn.rating ?? "–"}`);
    return true;
  }

  #add(after) {
    if (!this.question.edit) return false;
    const turn = this.talk.add(after);
    this.views.set(turn, new TurnView(turn, this.#forViews()));
    this.#place(turn);
    return this.#write(turn);
  }

  #remove(turn) {
    if (!this.talk.canRemove(turn)) return false;
    const at = this.talk.turns.indexOf(turn);
    if (this.open === turn) this.open = null;
    this.talk.remove(turn);
    this.views.get(turn).element.remove();
    this.views.delete(turn);
    this.#number();
    this.#go(this.talk.turns[Math.min(at, this.talk.turns.length - 1)]);
    this.views.get(this.current).element.focus({ preventScroll: true }); // the button that was pressed is gone
    this.#tell();
    this.host.announce(this.#say("removed"));
    return true;
  }

  #move(turn, by) {
    if (!this.talk.move(turn, by)) return false;
    this.#place(turn);
    this.#drawTools();
    this.#go(turn);
    this.#tell();
    return true;
  }

  // Put a turn's view where the turn is.
  #place(turn) {
    const { turns } = this.talk;
    const next = this.views.get(turns[turns.indexOf(turn) + 1]);
    this.list.insertBefore(this.views.get(turn).element, next?.element ?? null);
    this.#number();
  }

  #keep() {
    const { base, value } = this.talk;
    if (!this.#confirms || !base.length || value !== undefined) return false;
    this.told = base;
    this.host.change(base);
    this.#draw();
    return true;
  }

  #restore() {
    this.talk = new Conversation(this.question, this.talk.base);
    this.#build(false);
    this.#tell();
  }

  #tell(how) {
    this.told = this.talk.value;
    this.host.change(this.told, how);
    this.#draw();
  }

  #draw() {
    const { talk, told } = this;
    const changed = told !== undefined && !same(told, talk?.base);
    this.keep.hidden = !this.#confirms || !talk?.base.length || told !== undefined;
    this.again.hidden = !changed;
    this.state.textContent = told === undefined || changed ? "" : this.#say("kept");
  }
}
