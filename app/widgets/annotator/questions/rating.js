// A mark from low to high; its digit is its key.

import { Buttons } from "../buttons.js";

export class RatingQuestion {
  static kind = "rating";
  static instant = true;

  constructor(question, host) {
    this.host = host;
    const low = question.low ?? 1;
    const high = question.high ?? 5;
    this.marks = Array.from({ length: Math.max(0, high - low + 1) }, (_, at) => low + at);
    this.titles = question.titles ?? {};
    const options = this.marks.map((mark) => ({ id: String(mark), name: String(mark), hint: this.titles[mark] ?? "" }));
    this.buttons = new Buttons(options, host, (id) => this.act(id));
    this.buttons.element.classList.add("marks-row");
    this.element = this.buttons.element;
  }

  show(item, value, suggestion) {
    this.buttons.show(new Set(value === undefined ? [] : [String(value)]), suggestion, (id) => this.host.keyOf(id), !item);
  }

  actions() {
    return this.marks.map((mark) => ({
      id: String(mark), title: this.spoken(mark), keys: mark >= 0 && mark < 10 ? [String(mark)] : [], group: "",
    }));
  }

  act(id) {
    this.host.change(Number(id));
    this.buttons.flash(id);
    return true;
  }

  key() {
    return false;
  }

  spoken(value) {
    return this.titles[value] ? `${value} ${this.titles[value]}` : String(value);
  }

  close() {}
}
