// The marks of a spans question: a person's, and a machine's that are neither taken nor turned down.

import { idOf, inOrder, sound, stretches } from "./stretches.js";

export class SpanPool {
  constructor(labels) {
    this.labels = labels;
    this.value = undefined; // the answer
    this.machine = [];
    this.turnedDown = new Set();
  }

  restart() {
    this.turnedDown.clear();
  }

  show(value, suggestion, field) {
    this.value = value;
    const own = new Set((value ?? []).map(idOf));
    const open = (span) => !own.has(idOf(span)) && !this.turnedDown.has(idOf(span));
    const machine = stretches(suggestion).filter((span) => this.labels.includes(span.label) && sound(field, span) && open(span));
    if (machine.length || this.machine.length) this.machine = machine;
  }

  // All in their order; made anew only when one of the two lists is another.
  get all() {
    const { value, machine, made } = this;
    if (made && made.value === value && made.machine === machine) return made.all;
    const all = [...(value ?? []).map((span) => ({ ...span, id: idOf(span), own: true })),
      ...machine.map((span) => ({ ...span, id: idOf(span), own: false }))].sort(inOrder);
    this.made = { value, machine, all, known: new Map(all.map((span) => [span.id, span])) };
    return all;
  }

  find(id) {
    return this.all.length ? this.made.known.get(id) : undefined;
  }

  turnDown(id) {
    this.turnedDown.add(id);
    this.machine = this.machine.filter((one) => idOf(one) !== id);
  }
}
