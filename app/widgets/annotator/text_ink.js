// A text on the screen: drawn line by line in pieces, with marks under it, and where on the screen each place of it is.
// Places are UTF-16 units here. Only pieces whose marks have changed are drawn again.

import { floor } from "./text_table.js";

const LANES = 5; // marks drawn under each other; deeper ones share the last line
const COLORS = 16; // as many as marks.css has
const RTL = /[\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Syriac}\p{sc=Thaana}\p{sc=Nko}\p{sc=Adlam}]/u;
const LTR = /[\p{L}\p{N}]/u;
const BREAK = /^[\r\n\v\f\u0085\u2028\u2029]/;

export class Ink {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "ink";
    this.range = document.createRange();
    this.lines = []; // what is laid out by itself: {start, end, part}
    this.chunks = []; // {start, end, part, nodes: [{start, node}], drawn}
    this.starts = []; // of the chunks
    this.lanes = 0;
  }

  text(table) {
    this.table = table;
    this.lines = [];
    this.chunks = [];
    const edges = table.lines;
    for (let i = 0; i + 1 < edges.length; i += 1) {
      const direction = directionOf(table.surface(edges[i], edges[i + 1]));
      for (const [start, end] of table.blocks(edges[i], edges[i + 1])) this.#line(start, end, direction);
    }
    this.lineStarts = this.lines.map((line) => line.start);
    this.starts = this.chunks.map((chunk) => chunk.start);
    this.element.replaceChildren(...this.lines.map((line) => line.part));
  }

  #line(start, end, direction) {
    const part = document.createElement("div");
    part.dir = direction;
    this.lines.push({ start, end, part });
    for (const [from, to] of this.table.chunks(start, end)) {
      const node = document.createTextNode(this.table.surface(from, to));
      const piece = document.createElement("span");
      piece.append(node);
      part.append(piece);
      this.chunks.push({ start: from, end: to, part: piece, nodes: [{ start: from, node }], drawn: "" });
    }
  }

  // marks: {start, end, id, color, name, dotted, picked}, in any order.
  marks(list) {
    const sorted = [...list].sort((a, b) => a.start - b.start || b.end - a.end || a.layer - b.layer || a.at - b.at);
    const lanes = giveLanes(sorted);
    if (lanes !== this.lanes) this.element.style.setProperty("--lanes", (this.lanes = lanes));
    const here = this.chunks.map(() => []);
    for (const mark of sorted) {
      for (let at = floor(this.starts, mark.start); at >= 0 && at < here.length && this.starts[at] < mark.end; at += 1) here[at].push(mark);
    }
    this.chunks.forEach((chunk, at) => this.#redraw(chunk, here[at]));
  }

  #redraw(chunk, marks) {
    const drawn = marks.map((m) => `${m.start},${m.end},${m.color},${m.lane},${m.dotted ? 1 : 0}${m.picked ? 1 : 0}${m.id} ${m.name}`).join("\n");
    if (drawn === chunk.drawn) return;
    chunk.drawn = drawn;
    chunk.nodes = [];
    const parts = [];
    const inside = marks.flatMap((m) => [m.start, m.end]).filter((edge) => edge > chunk.start && edge < chunk.end);
    const cuts = [...new Set([chunk.start, ...inside, chunk.end])].sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i += 1) {
      const [from, to] = [cuts[i], cuts[i + 1]];
      const over = marks.filter((m) => m.start <= from && m.end >= to);
      for (const mark of over) if (mark.start === from && mark.name) parts.push(tag(mark));
      const node = document.createTextNode(this.table.surface(from, to));
      chunk.nodes.push({ start: from, node });
      parts.push(over.length ? segment(node, over) : node);
    }
    chunk.part.replaceChildren(...parts);
  }

  // The text node at a place and the offset in it; at the end of the text, the end of the last.
  #at(place) {
    const chunk = this.chunks[Math.max(0, floor(this.starts, place))];
    if (!chunk) return [this.element, 0];
    let found = chunk.nodes[0];
    for (const one of chunk.nodes) if (one.start <= place) found = one;
    return [found.node, Math.min(place - found.start, found.node.length)];
  }

  // The place of a position that the browser names (a node and an offset in it), clipped to this text.
  placeOf(node, offset) {
    this.range.selectNodeContents(this.element);
    let side;
    try {
      side = this.range.comparePoint(node, offset);
    } catch {
      return null; // of another tree
    }
    if (side !== 0) return side < 0 ? 0 : this.table.text.length;
    this.range.setEnd(node, offset);
    let place = 0;
    for (const chunk of this.chunks) {
      if (this.range.comparePoint(chunk.part, 0) > 0) break;
      for (const one of chunk.nodes) {
        if (one.node === node) return one.start + offset;
        if (this.range.comparePoint(one.node, 0) > 0) return place;
        place = one.start + one.node.length;
      }
    }
    return place;
  }

  // The rectangles of a stretch, one for each piece of text in each visual line.
  rects(start, end) {
    const found = [];
    for (let at = Math.max(0, floor(this.starts, start)); at < this.chunks.length && this.starts[at] < end; at += 1) {
      for (const { start: from, node } of this.chunks[at].nodes) {
        if (from >= end || from + node.length <= start) continue;
        this.range.setStart(node, Math.max(0, start - from));
        this.range.setEnd(node, Math.min(node.length, end - from));
        found.push(...this.range.getClientRects());
      }
    }
    return found;
  }

  #glyphRect(start, end) {
    this.range.setStart(...this.#at(start));
    const [node, offset] = this.#at(end - 1);
    this.range.setEnd(node, offset + 1);
    const rects = this.range.getClientRects();
    for (let i = rects.length - 1; i >= 0; i -= 1) if (rects[i].width || rects.length === 1) return rects[i];
    return rects[rects.length - 1] ?? null;
  }

  // Where a caret stands: {left, top, height, rtl}.
  caret(place) {
    const { glyphs, text } = this.table;
    const line = this.#lineOf(Math.min(place, text.length - 1));
    const at = floor(glyphs, place);
    const after = place < text.length && !BREAK.test(text.slice(place, place + 1));
    const open = line && place >= line.end && BREAK.test(text.slice(line.end - 1)); // behind the last line break
    if (after || (line && place > line.start && !open)) {
      const [start, end] = after ? [glyphs[at], glyphs[at + 1]] : [glyphs[at - 1], glyphs[at]];
      const rect = this.#glyphRect(start, end);
      const rtl = this.#rtl(start, end);
      if (rect) return { left: after !== rtl ? rect.left : rect.right, top: rect.top, height: rect.height, rtl };
    }
    const rect = (line?.part ?? this.element).getBoundingClientRect();
    const rtl = line ? getComputedStyle(line.part).direction === "rtl" : false;
    return { left: rtl ? rect.right : rect.left, top: open ? rect.bottom - 4 : rect.top, height: Math.min(rect.height || 20, 28), rtl };
  }

  #lineOf(place) {
    return this.lines[Math.max(0, floor(this.lineStarts, place))] ?? this.lines[this.lines.length - 1];
  }

  // Does the character run from right to left? One without a direction follows the one before it.
  #rtl(start, end) {
    for (let i = floor(this.table.glyphs, start), n = 0; i >= 0 && n < 40; i -= 1, n += 1) {
      const glyph = n ? this.table.surface(this.table.glyphs[i], this.table.glyphs[i + 1]) : this.table.surface(start, end);
      if (RTL.test(glyph)) return true;
      if (LTR.test(glyph)) return false;
    }
    return getComputedStyle(this.#lineOf(start).part).direction === "rtl";
  }

  // What is at a point of the screen: {place, start, end, inside}: the nearest gap between characters, the character's own
  // edges, and whether the point is on it.
  hit(x, y) {
    const line = this.#lineAt(y);
    if (!line) return { place: 0, start: 0, end: 0, inside: false };
    let best = { place: line.start, start: line.start, end: line.start, far: Infinity, inside: false };
    const { nodes, least } = this.#nodesNear(line, y);
    for (const { start, node } of nodes) best = this.#nearest(start, start + node.length, x, y, least, best);
    if (best.rect) {
      const second = (x > (best.rect.left + best.rect.right) / 2) !== this.#rtl(best.start, best.end);
      best.place = second && !BREAK.test(this.table.surface(best.start, best.end)) ? best.end : best.start;
    }
    return best;
  }

  #lineAt(y) {
    let [low, high] = [0, this.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle].part.getBoundingClientRect().top <= y) low = middle + 1;
      else high = middle;
    }
    return this.lines[Math.max(0, low - 1)];
  }

  #nodesNear(line, y) {
    const near = [];
    let least = Infinity;
    for (const chunk of this.chunks.slice(floor(this.starts, line.start))) {
      if (chunk.start >= line.end) break;
      for (const one of chunk.nodes) {
        this.range.selectNodeContents(one.node);
        const far = Math.min(...Array.from(this.range.getClientRects(), (rect) => away(y, rect.top, rect.bottom)));
        least = Math.min(least, far);
        near.push({ ...one, far });
      }
    }
    return { nodes: near.filter((one) => one.far <= least + 3), least };
  }

  #nearest(from, to, x, y, least, best) {
    const { glyphs } = this.table;
    for (let i = Math.max(0, floor(glyphs, from)); i + 1 < glyphs.length && glyphs[i] < to; i += 1) {
      const rect = this.#glyphRect(glyphs[i], glyphs[i + 1]);
      if (!rect || away(y, rect.top, rect.bottom) > least + 3) continue;
      const far = away(x, rect.left, rect.right);
      if (far < best.far) best = { start: glyphs[i], end: glyphs[i + 1], far, rect, inside: far === 0 && least < 8 };
    }
    return best;
  }
}

// As dir=auto would have it; a long line in several blocks has one direction all the same.
function directionOf(line) {
  const strong = /\p{L}/u.exec(line);
  return strong && RTL.test(strong[0]) ? "rtl" : "ltr";
}

const away = (value, low, high) => (value < low ? low - value : value > high ? value - high : 0);

// Give each mark the first line that is free; returns how many there are.
function giveLanes(sorted) {
  const ends = [];
  for (const mark of sorted) {
    let lane = ends.findIndex((end) => end <= mark.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = mark.end;
    mark.lane = Math.min(lane, LANES - 1);
  }
  return Math.min(ends.length, LANES);
}

// The label's name before its mark: by the style sheet alone, so that it is in no selection and no copy.
function tag(mark) {
  const part = document.createElement("i");
  part.className = `tag${mark.dotted ? " dotted" : ""}${mark.picked ? " picked" : ""}`;
  part.dataset.name = mark.name;
  part.dataset.id = mark.id;
  part.style.cssText = colors(mark);
  return part;
}

const colors = ({ color }) => `--mark: var(--m${color % COLORS}); --tint: var(--t${color % COLORS}); --strong: var(--p${color % COLORS})`;

function segment(node, over) {
  const part = document.createElement("span");
  part.className = "mark";
  const picked = over.find((mark) => mark.picked);
  const top = picked ?? over[over.length - 1];
  const tint = `var(--${picked ? "p" : "t"}${top.color % COLORS})`;
  const lines = over.map(({ color, dotted }) => (dotted
    ? `repeating-linear-gradient(90deg, var(--m${color % COLORS}) 0 2px, #0000 2px 5px)`
    : `linear-gradient(var(--m${color % COLORS}) 0 0)`));
  const places = over.map(({ lane }) => `0 calc(100% - (var(--lanes) - ${lane + 1}) * 4px)`);
  const plain = top.dotted && !picked;
  part.style.backgroundImage = [...lines, ...(plain ? [] : [`linear-gradient(${tint} 0 0)`])].join(", ");
  part.style.backgroundPosition = [...places, ...(plain ? [] : ["0 0"])].join(", ");
  part.style.backgroundSize = [...over.map(() => "100% 3px"), ...(plain ? [] : ["100% calc(100% - var(--lanes) * 4px)"])].join(", ");
  part.append(node);
  return part;
}

// The browser's own selection as two positions, also in a shadow tree; null where nothing is selected.
export function nativeRange(part) {
  const root = part.getRootNode();
  let selection = document.getSelection();
  let range = null;
  if (root instanceof ShadowRoot && selection?.getComposedRanges) {
    [range] = selection.getComposedRanges({ shadowRoots: [root] });
  } else {
    if (root instanceof ShadowRoot && root.getSelection) selection = root.getSelection();
    range = selection?.rangeCount ? selection.getRangeAt(0) : null;
  }
  if (!range || range.collapsed) return null;
  return [[range.startContainer, range.startOffset], [range.endContainer, range.endOffset]];
}
