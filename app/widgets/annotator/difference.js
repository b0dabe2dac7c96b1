// What was changed in a text, in words: pieces {kind: "same"|"removed"|"added", text} in their order.

const SAME_MOST = 60; // characters of an unchanged stretch that are shown on either side of a change
const WORDS_MOST = 20_000; // characters of a text that is compared by words; a longer one is compared by lines
const CELLS_MOST = 1_000_000;

export function differences(before, after, locale) {
  const byLine = Math.max(before.length, after.length) > WORDS_MOST;
  const [old, young] = [before, after].map((text) => (byLine ? text.split(/(?<=\n)/) : words(text, locale)));
  let start = 0;
  while (start < Math.min(old.length, young.length) && old[start] === young[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, young.length) - start && old.at(-1 - end) === young.at(-1 - end)) end += 1;
  const middle = compared(old.slice(start, old.length - end), young.slice(start, young.length - end));
  const pieces = [["same", old.slice(0, start)], ...middle, ["same", old.slice(old.length - end)]];
  return joined(pieces);
}

// The longest common run of words, by the usual table.
function compared(old, young) {
  const [rows, columns] = [old.length + 1, young.length + 1];
  if (rows * columns > CELLS_MOST || rows === 1 || columns === 1) return [["removed", old], ["added", young]];
  const best = new Uint32Array(rows * columns);
  for (let i = rows - 2; i >= 0; i--) {
    for (let j = columns - 2; j >= 0; j--) {
      const at = i * columns + j;
      best[at] = old[i] === young[j] ? best[at + columns + 1] + 1 : Math.max(best[at + columns], best[at + 1]);
    }
  }
  const pieces = [];
  let [i, j] = [0, 0];
  while (i < rows - 1 || j < columns - 1) {
    const at = i * columns + j;
    if (i < rows - 1 && j < columns - 1 && old[i] === young[j]) {
      pieces.push(["same", [old[i]]]);
      [i, j] = [i + 1, j + 1];
    } else if (j === columns - 1 || (i < rows - 1 && best[at + columns] >= best[at + 1])) pieces.push(["removed", [old[i++]]]);
    else pieces.push(["added", [young[j++]]]);
  }
  return pieces;
}

function joined(pieces) {
  const found = [];
  for (const [kind, parts] of pieces) {
    const text = parts.join("");
    if (!text) continue;
    if (found.at(-1)?.kind === kind) found.at(-1).text += text;
    else found.push({ kind, text });
  }
  return found;
}

// The pieces with the middle of long unchanged stretches left out.
export function shortened(pieces) {
  return pieces.map(({ kind, text }, at) => {
    if (kind !== "same" || text.length <= 3 * SAME_MOST) return { kind, text };
    const head = at === 0 ? "" : cut(text, 0, SAME_MOST);
    const tail = at === pieces.length - 1 ? "" : cut(text, text.length - SAME_MOST, text.length);
    return { kind, text: `${head} … ${tail}` };
  });
}

// Never through the middle of a character.
function cut(text, from, to) {
  const low = (at) => text.charCodeAt(at) >= 0xdc00 && text.charCodeAt(at) <= 0xdfff;
  return text.slice(low(from) ? from + 1 : from, low(to) ? to + 1 : to);
}

function words(text, locale) {
  if (!Intl.Segmenter) return text.match(/\s+|[\p{L}\p{N}]+|./gsu) ?? [];
  return Array.from(new Intl.Segmenter(locale || undefined, { granularity: "word" }).segment(text), (one) => one.segment);
}
