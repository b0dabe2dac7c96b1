// Stretches of a text with labels, {start, end, label, text}: what names them, their order, and how they are spoken of.

import { paint } from "./label_bar.js";

export const MARKS = ["spans", "answer"]; // kinds of question whose answers are stretches

export const idOf = ({ start, end, label }) => `${start}:${end}:${label}`;

// By start, end and label (by code points, as the server sorts).
export function inOrder(a, b) {
  return a.start - b.start || a.end - b.end || compare(a.label, b.label);
}

export function compare(a, b) {
  const [one, two] = [Array.from(a ?? ""), Array.from(b ?? "")];
  for (let i = 0; i < Math.min(one.length, two.length); i += 1) if (one[i] !== two[i]) return one[i].codePointAt(0) - two[i].codePointAt(0);
  return one.length - two.length;
}

// The marks of a suggestion, as it comes: {value, …} or the list alone.
export function stretches(suggestion) {
  const list = Array.isArray(suggestion) ? suggestion : suggestion?.value;
  return Array.isArray(list) ? list.filter((one) => one && typeof one === "object") : [];
}

// Whether a stretch lies in the field's text, and reads there as it says, if it says.
export function sound(field, { start, end, text }) {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end <= start) return false;
  if (!field) return true;
  return text === undefined ? field.surface(end - 1, end) !== "" : text !== "" && field.surface(start, end) === text;
}

export function short(text, most = 80) {
  const points = Array.from(text.slice(0, most * 4).replace(/\s+/gu, " "));
  return points.length > most ? `${points.slice(0, most).join("")}…` : points.join("");
}

// Where each of the old stretches is in the new list: the same one, else the one at its place with another label, else the one of
// its label that lies over it, else undefined.
export function follow(before, after) {
  const left = new Map(after.map((span, at) => [idOf(span), at]));
  const to = before.map((span) => taken(left, idOf(span)));
  const again = (same) => before.forEach((span, at) => {
    if (to[at] !== undefined) return;
    const found = [...left].find(([, place]) => same(span, after[place]));
    if (found) to[at] = taken(left, found[0]);
  });
  again((a, b) => a.start === b.start && a.end === b.end);
  again((a, b) => a.label === b.label && a.start < b.end && b.start < a.end);
  return to;
}

function taken(left, id) {
  const at = left.get(id);
  left.delete(id);
  return at;
}

// The row of a mark in the list; `own` says that it is no suggestion.
export function rowOf(host, { start, end, label, own }, text, color) {
  const words = { label, text, from: start + 1, to: end };
  return {
    said: host.say(own ? "marks.row" : "marks.row_machine", words), dropped: host.say(own ? "marks.delete" : "marks.turn_down", words),
    parts: [{ chip: label, style: paint(color), dotted: !own }, short(text)],
  };
}

// What can be done now, in a line.
export function hintOf(host, pen, picked) {
  if (pen) return host.say("marks.hint_pen", { label: pen });
  if (picked) return host.say(picked.own ? "marks.hint_picked" : "marks.hint_machine");
  return host.say("marks.hint");
}

export function spokenOf(spans) {
  const more = spans.length > 3 ? ` · +${spans.length - 3}` : "";
  return spans.slice(0, 3).map(({ label, text }) => `${label}: ${short(text ?? "")}`).join(" · ") + more;
}
