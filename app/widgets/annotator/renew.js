// Records whose texts were changed (cleaned, edited) while they lie here: what was begun on them goes over to the new texts.

import { idOf, inOrder, MARKS, stretches } from "./stretches.js";

// Take the server's news of records in the queue and of those answered, {edition, changed: [{key, id, external, fields, meta}]}.
// Returns null, or what to tell of the record on the screen: {lost}, the number of its marks that have no place in the new text.
export function renew(desk, { edition, changed, task: { questions } }) {
  let told = null;
  desk.edition = edition ?? null;
  for (const { key, id, ...fresh } of changed ?? []) {
    const [ahead, behind] = [queued(desk, key, fresh, questions), answered(desk, id, fresh, questions)];
    told = ahead ?? behind ?? told;
  }
  return told;
}

function queued(desk, key, fresh, questions) {
  const at = desk.queue.findIndex((item) => item.key === key);
  const item = desk.queue[at];
  if (!item || same(fresh, item)) return null;
  const work = desk.workOn(item);
  const { value, lost } = carried(work.value, questions, item.fields, fresh.fields);
  desk.queue[at] = { ...item, ...fresh, suggestions: suggested(item, questions, fresh.fields) };
  if (Object.keys(work.value).length) desk.drafts.keep(item.key, { ...work, value, sent: false });
  return at === 0 && desk.at === null ? { lost } : null;
}

// What stands at the server stands as it was sent; here its marks are shown where they lie now, to be mended and sent again.
function answered(desk, id, fresh, questions) {
  let told = null;
  const moved = (one, { fields }) => one && { ...one, value: carried(one.value, questions, fields, fresh.fields).value };
  for (const [at, { item, answer }] of desk.past.entries()) {
    if (item.id !== id || same(fresh, item)) continue;
    const draft = desk.drafts.of(item.key);
    if (at === desk.at) told = { lost: carried((draft ?? answer).value, questions, item.fields, fresh.fields).lost };
    if (draft) desk.drafts.keep(item.key, moved(draft, item));
    desk.past[at] = { item: { ...item, ...fresh }, answer: moved(answer, item) };
  }
  for (const list of [desk.done, desk.undone]) {
    for (const [at, { item, before, after, work }] of list.entries()) {
      if (item.id !== id || same(fresh, item)) continue;
      const [was, is, begun] = [before, after, work].map((one) => moved(one, item));
      list[at] = { item: { ...item, ...fresh }, before: was, after: is, work: begun };
    }
  }
  return told;
}

// An answer of an earlier page, with its marks where they lie in the text as it reads now.
export function standing(answer, { fields }, questions) {
  return { ...answer, value: carried(answer.value, questions, {}, fields).value };
}

const same = (fresh, item) => JSON.stringify(fresh.fields) === JSON.stringify(item.fields);

// The answers for other texts: a mark stays where its text still stands, else it goes to the one place where it stands now.
function carried(value, questions, before, after) {
  const next = { ...value };
  const moves = new Map(); // question -> place in the old list -> place in the new one
  let lost = 0;
  for (const { kind, name, field = "text" } of questions) {
    const given = value[name];
    if (!MARKS.includes(kind) || !given?.length || before[field] === after[field]) continue;
    const moved = given.map((mark) => placed(mark, String(after[field] ?? "")));
    const list = [...new Map(moved.filter(Boolean).map((mark) => [idOf(mark), mark])).values()].sort(inOrder);
    moves.set(name, moved.map((mark) => mark && list.findIndex((one) => idOf(one) === idOf(mark))));
    lost += moved.filter((mark) => !mark).length;
    put(next, name, list);
  }
  for (const { kind, name, spans } of questions) {
    const to = kind === "relations" && value[name]?.length ? moves.get(spans) : null;
    if (!to) continue;
    const ends = value[name].map((one) => ({ ...one, from: to[one.from], to: to[one.to] }));
    put(next, name, ends.filter((one) => Number.isInteger(one.from) && Number.isInteger(one.to) && one.from !== one.to));
  }
  return { value: next, lost };
}

// What machines marked goes over as a person's marks do; what has no place in the new text is not offered.
function suggested({ suggestions = {}, fields }, questions, after) {
  const value = {};
  for (const { kind, name, field = "text" } of questions) {
    if (!Object.hasOwn(suggestions, name)) continue;
    const points = MARKS.includes(kind) ? Array.from(fields[field] ?? "") : [];
    const marks = (list) => list.map((one) => ({ ...one, text: one.text ?? points.slice(one.start, one.end).join("") }));
    value[name] = points.length ? marks(stretches(suggestions[name])) : suggestions[name].value;
  }
  const moved = Object.entries(carried(value, questions, fields, after).value);
  return Object.fromEntries(moved.map(([name, said]) => [name, { ...suggestions[name], value: said }]));
}

// An answer that lost all it held is open again: nothing was said on purpose.
function put(value, name, list) {
  if (list.length) value[name] = list;
  else delete value[name];
}

// The mark in this text, places in code points; null: its text is not there, or more than once and not at its old place.
function placed(mark, text) {
  const points = Array.from(text);
  if (mark.text === undefined || points.slice(mark.start, mark.end).join("") === mark.text) return mark;
  const first = text.indexOf(mark.text);
  if (first < 0 || text.indexOf(mark.text, first + 1) >= 0) return null;
  const start = Array.from(text.slice(0, first)).length;
  return { ...mark, start, end: start + Array.from(mark.text).length };
}
