// What lies before the annotator: records to come, answers given, undo and redo. Pure state: it draws nothing and sends
// nothing; every change becomes an event in the outbox.

import { Outbox } from "./outbox.js";

const PAST_MOST = 200;
const SWAP_PAUSE = 500; // ms

export class Desk {
  constructor(storage, prefix) {
    this.outbox = new Outbox(storage, prefix);
    this.queue = []; // items to come; queue[0] is on the screen unless we look back
    this.past = []; // {item, answer} in the order of their answers
    this.at = null; // index in past while looking back
    this.done = []; // actions that undo takes back: {item, before, after}
    this.undone = [];
    this.acked = { done: 0, left: 0, today: 0 }; // what acknowledged events came to since the counts below
    this.counts = { stamp: null, mine: 0, today: 0, left: 0, total: 0 };
    this.revision = 1;
    this.shownAt = now();
    this.swappedAt = -Infinity;
    this.seeded = false;
  }

  get current() {
    return this.at === null ? (this.queue[0] ?? null) : this.past[this.at].item;
  }

  // The answer shown as chosen: only when looking back at one's own.
  get chosen() {
    return this.at === null ? null : this.past[this.at].answer;
  }

  get justSwapped() {
    return now() - this.swappedAt < SWAP_PAUSE;
  }

  // Take the server's news: acknowledgements, then the records that it holds for us. Returns the conflicts in them.
  take(data) {
    const conflicts = [];
    for (const ack of data.acks) {
      const event = this.outbox.drop(ack.event_id);
      if (!event) continue;
      this.acked.done += event.delta.done;
      this.acked.left += event.delta.left;
      this.acked.today += event.delta.today;
      if (!ack.ok || ack.conflict) conflicts.push({ ...ack, record: event.external });
    }
    this.revision = data.revision;
    if (data.counts && data.counts.stamp !== this.counts.stamp) {
      this.counts = data.counts;
      this.acked = { done: 0, left: 0, today: 0 };
    }
    if (!this.seeded) {
      this.seeded = true;
      this.past = data.recent.map(({ answer, ...item }) => ({ item, answer }));
    }
    this.#refill(data.items);
    return conflicts;
  }

  // The order of the records here stays. One that the server no longer holds for us (dropped, or answered by another) goes;
  // if it was on the screen, `swappedAt` says when, so that a key meant for it does not land on the next.
  #refill(items) {
    const shown = this.at === null ? this.queue[0] : undefined;
    const answered = (key) => ["submitted", "skipped"].includes(this.outbox.stateOf(key));
    const offered = new Map(items.filter((item) => !answered(item.key)).map((item) => [item.key, item]));
    this.queue = this.queue.filter((item) => offered.has(item.key) || this.outbox.stateOf(item.key) === "withdrawn");
    const here = new Set(this.queue.map((item) => item.key));
    for (const [key, item] of offered) if (!here.has(key)) this.queue.push(item);
    if (this.at !== null || this.queue[0]?.key === shown?.key) return;
    this.shownAt = now();
    if (shown) this.swappedAt = now();
  }

  // Answer the record on the screen. answer: {state, value, comment}. Returns false when there is none.
  answer(answer) {
    const item = this.current;
    if (!item) return false;
    const back = this.at;
    const before = this.chosen;
    this.#emit(item, answer, before);
    if (back === null) {
      this.queue.shift();
      this.past.push({ item, answer });
      if (this.past.length > PAST_MOST) this.past.shift();
    } else {
      this.past[back] = { item, answer };
      this.at = back + 1 < this.past.length ? back + 1 : null;
    }
    this.done.push({ item, before, after: answer });
    this.undone = [];
    this.shownAt = now();
    return true;
  }

  // Take back the last answer, of this page or of an earlier one; its record is on the screen again.
  undo() {
    const last = this.past.at(-1);
    const action = this.done.pop() ?? (last ? { item: last.item, before: null, after: last.answer } : null);
    if (!action) return null;
    this.#emit(action.item, action.before ?? { state: "withdrawn", value: {}, comment: "" }, action.after);
    const at = this.past.findIndex((entry) => entry.item.key === action.item.key);
    if (action.before) {
      if (at >= 0) this.past[at] = { item: action.item, answer: action.before };
      this.at = at >= 0 ? at : null;
    } else {
      if (at >= 0) this.past.splice(at, 1);
      this.queue = [action.item, ...this.queue.filter((item) => item.key !== action.item.key)];
      this.at = null;
    }
    this.undone.push(action);
    this.shownAt = now();
    return action;
  }

  redo() {
    const action = this.undone.pop();
    if (!action) return null;
    this.#emit(action.item, action.after, action.before);
    const at = this.past.findIndex((entry) => entry.item.key === action.item.key);
    if (at >= 0) this.past[at] = { item: action.item, answer: action.after };
    else this.past.push({ item: action.item, answer: action.after });
    this.queue = this.queue.filter((item) => item.key !== action.item.key);
    this.at = null;
    this.done.push(action);
    this.shownAt = now();
    return action;
  }

  back() {
    const to = (this.at ?? this.past.length) - 1;
    if (to < 0) return false;
    this.at = to;
    this.shownAt = now();
    return true;
  }

  forward() {
    if (this.at === null) return false;
    this.at = this.at + 1 < this.past.length ? this.at + 1 : null;
    this.shownAt = now();
    return true;
  }

  #emit(item, answer, before) {
    const submitted = (one) => (one?.state === "submitted" ? 1 : 0);
    const closed = (one) => (["submitted", "skipped"].includes(one?.state) ? 1 : 0);
    const change = submitted(answer) - submitted(before);
    this.outbox.add({
      key: item.key, record_id: item.id, external: item.external, ...answer, guideline_revision: this.revision,
      seconds: Math.min(3600, Math.round(now() - this.shownAt) / 1000),
      delta: { done: change, today: change, left: closed(before) - closed(answer) },
    });
  }

  // The counters with everything that was decided here, sent or not.
  get tally() {
    const sum = (name) => this.acked[name] + this.outbox.events.reduce((n, event) => n + event.delta[name], 0);
    const { mine, today, left, total } = this.counts;
    const clamp = (n) => Math.max(0, n);
    return { mine: clamp(mine + sum("done")), today: clamp(today + sum("today")), left: clamp(left + sum("left")), total };
  }
}

const now = () => performance.now();
