// Places in a text. Outside, a place is counted in Unicode code points, as the server counts; inside, in UTF-16 units, as
// the page counts. The text is taken as stored: nothing is normalised, and \r\n is two places.

const GLYPHS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });
const SENTENCES = new Intl.Segmenter(undefined, { granularity: "sentence" });
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}\p{sc=Tibt}]/u;
const LINES = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;
const BLOCK = 700; // characters laid out as one
const CHUNK = 250; // characters drawn as one

export class TextTable {
  constructor(text) {
    this.text = text;
    this.points = pointPlaces(text); // null: each place is the same in both counts
    this.known = {};
  }

  // Code points to units and back. A place beyond the end is the end.
  toUnit(point) {
    if (!this.points) return Math.min(point, this.text.length);
    return this.points[Math.min(point, this.points.length - 1)];
  }

  toPoint(unit) {
    return this.points ? floor(this.points, unit) : unit;
  }

  surface(start, end) {
    return this.text.slice(start, end);
  }

  // The edges of what a reader sees as one character, with 0 and the end.
  get glyphs() {
    return (this.known.glyphs ??= edges(GLYPHS, this.text));
  }

  get sentences() {
    return (this.known.sentences ??= edges(SENTENCES, this.text));
  }

  // The edges of the lines, each with its line break.
  get lines() {
    return (this.known.lines ??= [0, ...[...this.text.matchAll(LINES)].map((m) => m.index + m[0].length), this.text.length]
      .filter((edge, i, all) => edge !== all[i - 1]));
  }

  // A line in blocks of sentences, [start, end], each laid out by itself: one paragraph of ten thousand characters would be
  // laid out anew, whole, with every mark. Only a line of more than two blocks' length is broken, and looks so.
  blocks(start, end) {
    if (end - start <= 2 * BLOCK) return [[start, end]];
    const found = [];
    for (let from = start; from < end;) {
      const sentence = this.sentences[ceil(this.sentences, from + BLOCK)] ?? end;
      let to = sentence - from > 1.5 * BLOCK ? this.chunkEnd(from + BLOCK, from, end) : sentence;
      if (end - to < BLOCK / 4) to = end;
      found.push([from, Math.min(to, end)]);
      from = Math.min(to, end);
    }
    return found;
  }

  // The edges of the pieces that are drawn as one, inside of a block: [start, end].
  chunks(start, end) {
    const found = [];
    for (let from = start; from < end;) {
      const to = end - from <= CHUNK * 1.5 ? end : this.chunkEnd(from + CHUNK, from, end);
      found.push([from, to]);
      from = to;
    }
    return found;
  }

  chunkEnd(wanted, from, end) {
    const space = this.text.lastIndexOf(" ", wanted);
    const at = this.glyphs[floor(this.glyphs, space > from + CHUNK / 2 ? space + 1 : wanted)];
    return at > from ? Math.min(at, end) : end;
  }

  // What is marked as one: words, or characters ("auto": words, but characters in scripts without spaces). Two equally
  // long lists; white space and, but for "character", punctuation and signs are in none.
  tokens(unit) {
    return (this.known[unit] ??= findTokens(this.text, unit));
  }

  // The place of the token that holds the place or begins after it; -1 if there is none.
  tokenAt(place, unit) {
    const { starts, ends } = this.tokens(unit);
    const at = floor(starts, place);
    if (at >= 0 && place < ends[at]) return at;
    return at + 1 < starts.length ? at + 1 : -1;
  }

  // Grow a stretch to whole characters and to whole tokens, without white space at its ends (but in "character", where
  // spaces can be marked). Returns [start, end], or null if nothing is left.
  snap(from, to, unit) {
    let [start, end] = [Math.min(from, to), Math.max(from, to)];
    const { glyphs } = this;
    start = glyphs[floor(glyphs, start)];
    end = glyphs[ceil(glyphs, end)];
    if (unit !== "character") {
      [start, end] = trimmed(this.text, start, end);
      if (start >= end) return null;
      const { starts, ends } = this.tokens(unit);
      const first = floor(starts, start);
      if (first >= 0 && start < ends[first]) start = starts[first];
      const last = floor(starts, end - 1);
      if (last >= 0 && end < ends[last]) end = ends[last];
      start = glyphs[floor(glyphs, start)]; // a space may carry an accent
      end = glyphs[ceil(glyphs, end)];
    }
    return start < end ? [start, end] : null;
  }

  // The next place to which a caret goes, forward (1) or back (-1). For an end of a selection: forward, the ends of tokens.
  step(place, way, unit, asEnd = false) {
    if (unit === "character") {
      const { glyphs } = this;
      return way > 0 ? glyphs[Math.min(glyphs.length - 1, floor(glyphs, place) + 1)] : glyphs[Math.max(0, ceil(glyphs, place) - 1)];
    }
    const { starts, ends } = this.tokens(unit);
    if (way < 0) return starts[ceil(starts, place) - 1] ?? 0;
    const list = asEnd ? ends : starts;
    return list[floor(list, place) + 1] ?? this.text.length;
  }

  // The end of the last token that ends before the place; the place itself if there is none.
  endBefore(place, unit) {
    const { ends } = this.tokens(unit);
    return ends[ceil(ends, place) - 1] ?? place;
  }

  // The next edge of a list of edges (sentences, lines).
  edge(list, place, way) {
    return way > 0 ? list[floor(list, place) + 1] ?? this.text.length : list[Math.max(0, ceil(list, place) - 1)];
  }
}

// The index of the last of the rising numbers that is not above the value; -1 if there is none.
export function floor(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// The index of the first that is not below the value.
export function ceil(list, value) {
  const at = floor(list, value);
  return at >= 0 && list[at] === value ? at : at + 1;
}

function pointPlaces(text) {
  if (!/[\ud800-\udfff]/.test(text)) return null;
  const places = [];
  let unit = 0;
  for (const point of text) {
    places.push(unit);
    unit += point.length;
  }
  places.push(unit);
  return places;
}

function edges(segmenter, text) {
  const found = [];
  for (const { index } of segmenter.segment(text)) found.push(index);
  if (!found.length) found.push(0);
  if (text.length) found.push(text.length);
  return found;
}

function findTokens(text, unit) {
  const [starts, ends] = [[], []];
  const add = (start, part) => {
    starts.push(start);
    ends.push(start + part.length);
  };
  if (unit === "character") {
    for (const { index, segment } of GLYPHS.segment(text)) if (/\S/.test(segment)) add(index, segment);
    return { starts, ends };
  }
  for (const { index, segment, isWordLike } of WORDS.segment(text)) {
    if (!isWordLike) continue;
    if (unit === "word" || !UNSPACED.test(segment)) add(index, segment);
    else for (const glyph of GLYPHS.segment(segment)) add(index + glyph.index, glyph.segment);
  }
  return { starts, ends };
}

function trimmed(text, start, end) {
  while (start < end && /\s/.test(text[start])) start += 1;
  while (start < end && /\s/.test(text[end - 1])) end -= 1;
  return [start, end];
}
