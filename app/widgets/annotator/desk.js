// What lies before the annotator: records to come, answers given and begun, undo and redo. Pure state: it draws nothing and
// sends nothing; every change becomes an event in the outbox or a draft.

import { Drafts } from "./drafts.js";
import { Outbox } from "./outbox.js";
import { Pause } from "./pause.js";
import { renew, standing } from "./renew.js";
import { Tally } from "./tally.js";
import { ANSWERED, answerOf, begun, NOTHING } from "./work.js";

const PAST_MOST = 200;
const BREATH = 800; // ms within which changes of one text are one step of undo

export class Desk {
  constructor(storage, prefix) {
    this.outbox = new Outbox(storage, prefix);
    this.drafts = new Drafts(storage, prefix);
    this.queue = []; // items to come; queue[0] is on the screen unless we look back
    this.past = []; // {item, answer} in the order of their answers
    this.at = null; // index in past while looking back
    this.done = []; // actions that undo takes back: {item, before, after, work}
    this.undone = [];
    this.steps = []; // states of the work on this item before each change, and those that undo took back
    this.unsteps = [];
    this.counted = new Tally();
    this.revisions = { task: null, guideline: 1 };
    this.guideline = null; // {revision, text} as the server gave it last
    this.shownAt = now();
    this.pause = new Pause(); // while it holds, nothing may be decided
    this.swapped = false; // the server's last news took the record from the screen
    this.edition = this.renewed = null; // of the texts; what to tell of one that was changed
    this.seeded = false; // the server has told us our last answers
    this.lacking = 0; // records that are held for us and that we were not given
  }

  get current() {
    return this.at === null ? (this.queue[0] ?? null) : this.past[this.at].item;
  }

  // The answer that stands for the item on the screen: only when looking back at one's own.
  get chosen() {
    return this.at === null ? null : this.past[this.at].answer;
  }

  // What is written on the item on the screen now: {value, comment, flagged}.
  get work() {
    const item = this.current;
    return item ? this.workOn(item, this.chosen) : NOTHING;
  }

  workOn(item, chosen = null) {
    return this.drafts.of(item.key) ?? chosen ?? begun(item) ?? NOTHING;
  }

  // The records that the server need not send again; null on a new page, which has no past answers either.
  get have() {
    return this.seeded ? this.queue.map((item) => item.key) : null;
  }

  // Take the server's news: acknowledgements, then the records that it holds for us. Returns the conflicts in them.
  take(data) {
    const conflicts = [];
    this.swapped = false;
    for (const ack of data.acks) {
      const event = this.outbox.drop(ack.event_id);
      if (!event) continue;
      this.counted.acknowledge(event);
      if (!ack.ok) this.#giveBack(event);
      if (!ack.ok || ack.conflict) conflicts.push({ ...ack, record: event.external, key: event.key });
    }
    const { guideline: text, guideline_revision: revision } = data.task;
    if (text !== undefined) this.guideline = { revision, text };
    this.revisions = { task: data.task.revision ?? null, guideline: data.task.guideline_revision };
    this.counted.take(data.counts);
    if (!this.seeded && data.recent) {
      this.seeded = true;
      this.#remember(data);
    }
    this.renewed = renew(this, data);
    if (this.renewed) this.#moved(); // its undo would lead back to the old text
    this.#refill(data.window, new Map(data.items.map((item) => [item.key, item])));
    return conflicts;
  }

  // The answers of earlier pages, those that are still on their way, and those that were given here before we were told.
  #remember({ recent, items, task }) {
    const here = new Set(this.past.map((entry) => entry.item.key));
    const earlier = recent.map(({ answer, ...item }) => ({ item, answer: standing(answer, item, task.questions) }));
    for (const item of items) {
      const event = this.outbox.lastOf(item.key);
      if (event && ANSWERED.includes(event.state)) earlier.push({ item, answer: answerOf(event) });
    }
    const others = earlier.filter((entry) => !here.has(entry.item.key));
    const added = others.slice(Math.max(0, others.length + this.past.length - PAST_MOST));
    this.past.unshift(...added);
    if (this.at !== null) this.at += added.length;
  }

  // What the server could not store is not lost with its event: it lies on its record, to be mended there.
  #giveBack({ key, state, value, comment, flagged }) {
    if (state === "submitted" && !this.drafts.of(key)) this.drafts.keep(key, { value, comment, flagged, sent: true });
  }

  // The order of the records here stays. One that the server no longer holds for us (dropped, or answered by another) goes;
  // if it was on the screen, a pause begins, so that a key meant for it does not land on the next.
  #refill(keys, sent) {
    const shown = this.at === null ? this.queue[0] : undefined;
    const last = (key) => this.outbox.lastOf(key)?.state;
    const offered = new Set(keys.filter((key) => !ANSWERED.includes(last(key))));
    this.queue = this.queue.filter((item) => offered.has(item.key) || last(item.key) === "withdrawn");
    this.queue = this.queue.map((item) => (sent.has(item.key) && !alike(sent.get(item.key), item) ? sent.get(item.key) : item));
    const here = new Set(this.queue.map((item) => item.key));
    const missing = [...offered].filter((key) => !here.has(key));
    for (const key of missing) if (sent.has(key)) this.queue.push(sent.get(key));
    this.lacking = missing.filter((key) => !sent.has(key)).length;
    if (this.at !== null || this.queue[0]?.key === shown?.key) return;
    this.#moved();
    if (!shown) return;
    this.swapped = true;
    this.pause.begin();
  }

  // Change the work on the item on the screen; `what` names the part, so that typing is not undone letter by letter.
  edit(patch, what, follows = false) {
    const item = this.current;
    if (!item) return;
    const last = this.steps.at(-1);
    const typing = typeof patch.value?.[what] === "string" && last?.what === what && now() - last.time < BREATH;
    if (typing) last.time = now();
    else if (!follows) this.steps.push({ work: this.work, what, time: now() });
    this.unsteps = [];
    this.undone = [];
    this.#write(item, { ...this.work, ...patch });
  }

  #write(item, { value, comment, flagged }) {
    this.drafts.keep(item.key, { value, comment: comment ?? "", flagged: Boolean(flagged), sent: false });
  }

  // Send the draft of the item on the screen, if there is one that the server does not know and no answer stands.
  // `value` is what of it counts. Returns whether there was something to send.
  sendDraft(value) {
    const item = this.current;
    const draft = item && this.drafts.of(item.key);
    if (!draft || draft.sent || this.at !== null || item.relabel) return false;
    this.drafts.keep(item.key, { ...draft, sent: true });
    this.outbox.dropDrafts(item.key);
    this.#emit(item, { ...draft, value, state: "draft", reason: "" }, null);
    return true;
  }

  // Answer the record on the screen with what is written on it. Returns false when there is none.
  answer(state, { value = {}, reason = "" }) {
    const item = this.current;
    if (!item) return false;
    const { comment, flagged } = this.work;
    const answer = { state, value, comment: comment ?? "", reason, flagged: Boolean(flagged) };
    const { at, chosen: before } = this;
    const work = before ? null : this.drafts.of(item.key) ?? begun(item) ?? NOTHING;
    this.#settle(item, answer, before);
    if (at === null) {
      this.queue.shift();
      this.past.push({ item, answer });
      if (this.past.length > PAST_MOST) this.past.shift();
    } else {
      this.past[at] = { item, answer };
      this.at = at + 1 < this.past.length ? at + 1 : null;
    }
    this.#did({ item, before, after: answer, work });
    this.undone = [];
    this.#moved();
    return true;
  }

  // Change the comment or the flag of an answer that stands, and stay on it.
  amend(patch) {
    const { item, answer: before } = this.past[this.at];
    const after = { ...before, ...patch };
    this.#emit(item, after, before);
    this.past[this.at] = { item, answer: after };
    this.#did({ item, before, after, work: null });
    this.undone = [];
  }

  get canUndo() {
    return this.steps.length + this.done.length + this.past.length > 0;
  }

  get canRedo() {
    return this.unsteps.length + this.undone.length > 0;
  }

  // Take back the last change of what is on the screen; if there is none, the last answer, of this page or of an earlier
  // one: its record is on the screen again. Returns what was taken back: {item, step} or an action, or null.
  undo() {
    const step = this.steps.pop();
    if (step) return this.#step(step, this.unsteps);
    const last = this.past.at(-1);
    const action = this.done.pop() ?? (last ? { item: last.item, before: null, after: last.answer, work: null } : null);
    if (!action) return null;
    const { item, before, after } = action;
    this.#emit(item, before ?? { ...NOTHING, state: "withdrawn", reason: "" }, after);
    const at = this.past.findIndex((entry) => entry.item.key === item.key);
    if (before) {
      this.drafts.drop(item.key);
      if (at >= 0) this.past[at] = { item, answer: before };
      this.at = at >= 0 ? at : null;
    } else {
      this.#write(item, action.work ?? after);
      if (at >= 0) this.past.splice(at, 1);
      this.queue = [item, ...this.queue.filter((other) => other.key !== item.key)];
      this.at = null;
    }
    this.undone.push(action);
    this.#moved();
    return action;
  }

  redo() {
    const step = this.unsteps.pop();
    if (step) return this.#step(step, this.steps);
    const action = this.undone.pop();
    if (!action) return null;
    const { item, before, after } = action;
    this.#settle(item, after, before);
    const at = this.past.findIndex((entry) => entry.item.key === item.key);
    if (at >= 0) this.past[at] = { item, answer: after };
    else this.past.push({ item, answer: after });
    this.queue = this.queue.filter((other) => other.key !== item.key);
    this.at = null;
    this.#did(action);
    this.#moved();
    return action;
  }

  // An action holds its record's texts: a long day must not hold them all.
  #did(action) {
    this.done.push(action);
    if (this.done.length > PAST_MOST) this.done.shift();
  }

  #step(step, others) {
    const item = this.current;
    others.push({ work: this.work, what: step.what, time: -Infinity });
    if (step.work === this.chosen) this.drafts.drop(item.key);
    else this.#write(item, step.work);
    return { item, step: true };
  }

  back() {
    const to = (this.at ?? this.past.length) - 1;
    if (to < 0) return false;
    this.at = to;
    this.#moved();
    return true;
  }

  forward() {
    if (this.at === null) return false;
    this.at = this.at + 1 < this.past.length ? this.at + 1 : null;
    this.#moved();
    return true;
  }

  // Show the item with this key again, if it is among the last answers or is the next one.
  goTo(key) {
    const at = this.past.findLastIndex((entry) => entry.item.key === key);
    if (at < 0) return false;
    this.at = at;
    this.#moved();
    return true;
  }

  #moved() {
    this.steps = [];
    this.unsteps = [];
    this.shownAt = now();
  }

  #settle(item, answer, before) {
    this.outbox.dropDrafts(item.key);
    this.#emit(item, answer, before);
    this.drafts.drop(item.key);
  }

  #emit(item, answer, before) {
    const submitted = (one) => (one?.state === "submitted" ? 1 : 0);
    const closed = (one) => (ANSWERED.includes(one?.state) ? 1 : 0);
    const change = submitted(answer) - submitted(before);
    this.outbox.add({
      key: item.key, record_id: item.id, external: item.external, ...answerOf(answer),
      guideline_revision: this.revisions.guideline, task_revision: this.revisions.task,
      seconds: Math.min(3600, Math.round(now() - this.shownAt) / 1000),
      delta: { done: change, today: change, left: closed(before) - closed(answer) },
    });
  }
}

const alike = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);
const now = () => performance.now();
