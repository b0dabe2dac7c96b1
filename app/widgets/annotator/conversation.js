// The turns of a conversation that is corrected, continued or marked: pure state. The messages of the record stay as they
// are, with every key that we do not know, wherever nothing was changed.

import { asStored } from "./writing.js";

export class Conversation {
  // base: the record's messages; value: the answer so far, or undefined
  constructor(question, base, value) {
    this.question = question;
    this.base = base;
    const messages = value ?? base;
    this.turns = messages.map((message) => new Turn(message));
    this.written = null; // the turn that is to be written at the end
    if (!question.write) return;
    const last = this.turns.at(-1);
    const begun = value && last?.role === question.write && (value.length > base.length || !same(value.at(-1), base.at(-1)));
    this.written = begun ? last : new Turn({ role: question.write, content: "" });
    if (!begun) this.turns.push(this.written);
  }

  // The answer: undefined while it is the conversation as it came.
  get value() {
    const { written } = this;
    const messages = this.turns.filter((turn) => turn !== written || turn.text.trim()).map((turn) => turn.message);
    const untouched = messages.length === this.base.length && messages.every((one, at) => same(one, this.base[at]));
    return untouched || !messages.length ? undefined : messages;
  }

  canEdit(turn) {
    return turn.text !== null && (this.question.edit || turn === this.written);
  }

  canMark(turn) {
    return this.question.rate > 0 && turn.role === "assistant";
  }

  add(after) {
    const turn = new Turn({ role: after.role === "user" ? "assistant" : "user", content: "" });
    turn.added = true;
    const at = Math.min(this.turns.indexOf(after) + 1, this.turns.length - (this.written ? 1 : 0));
    this.turns.splice(at, 0, turn);
    return turn;
  }

  canRemove(turn) {
    return this.question.edit && turn !== this.written && this.turns.length - (this.written ? 1 : 0) > 1;
  }

  remove(turn) {
    this.turns.splice(this.turns.indexOf(turn), 1);
  }

  // The turn's new place, or -1 where it cannot move.
  placeOf(turn, by) {
    const to = this.turns.indexOf(turn) + by;
    const most = this.turns.length - (this.written ? 1 : 0);
    return !this.question.edit || turn === this.written || to < 0 || to >= most ? -1 : to;
  }

  move(turn, by) {
    const to = this.placeOf(turn, by);
    if (to < 0) return false;
    this.turns.splice(this.turns.indexOf(turn), 1);
    this.turns.splice(to, 0, turn);
    return true;
  }
}

// One message and what was made of it.
class Turn {
  constructor(message) {
    this.given = message;
    this.message = message;
    this.added = false;
  }

  get role() {
    return this.message.role;
  }

  set role(role) {
    this.message = { ...this.message, role };
  }

  // null: the message holds no text, but the call of a tool or a list of parts.
  get text() {
    return typeof this.message.content === "string" ? this.message.content : null;
  }

  // As a text area has it.
  write(text) {
    const content = asStored(text, [this.given.content]);
    if (content !== this.message.content) this.message = { ...this.message, content };
  }

  get rating() {
    return this.message.rating;
  }

  // The same mark again takes it back.
  rate(mark) {
    const { rating, ...rest } = this.message;
    this.message = rating === mark ? rest : { ...this.message, rating: mark };
  }

  // What else the message holds, or null.
  get rest() {
    const { role, content, rating, ...rest } = this.message;
    if (typeof content !== "string" && content !== null && content !== undefined) rest.content = content;
    return Object.keys(rest).length ? rest : null;
  }

  // Made blank here; a turn that came blank may stay so.
  get blank() {
    return this.text !== null && !this.text.trim() && (this.added || this.message.content !== this.given.content);
  }
}

export const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

// The record's messages: a list of {role, content}; a plain text is what the user said.
export function messagesOf(value) {
  if (typeof value === "string" && value.trim()) return [{ role: "user", content: value }];
  return Array.isArray(value) ? value.filter((one) => one && typeof one.role === "string") : [];
}
