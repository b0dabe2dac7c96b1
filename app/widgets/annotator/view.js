// Draws what is around the record and its questions: counters, notices, tools and the rows that open below. Every text of
// the data reaches the page as textContent, never as markup.

import { keyName, shortcut } from "./key_names.js";
import { prose } from "./prose.js";
import { composing } from "./writing.js";

const TOUCH = matchMedia("(pointer: coarse)");

export class View {
  // acts: {name: function} for the buttons
  // signal: ends the listening; the elements outlive the annotator
  constructor(root, acts, signal) {
    this.root = root;
    this.acts = acts;
    this.parts = {};
    for (const part of root.querySelectorAll("[data-part]")) this.parts[part.dataset.part] = part;
    for (const button of root.querySelectorAll("button[data-act]")) {
      button.addEventListener("click", () => acts[button.dataset.act](), { signal });
    }
    this.parts.comment.addEventListener("keydown", (event) => this.#commentKey(event), { signal });
    this.parts.reasonRow.addEventListener("keydown", (event) => this.#reasonKey(event), { signal });
    this.parts.reasonForm.addEventListener("submit", (event) => {
      event.preventDefault();
      acts.skipFor(this.parts.reason.value.trim());
    }, { signal });
    this.strings = {};
    this.item = null;
  }

  // Words that name keys or a mouse have others for hands that have neither.
  say(key, values = {}) {
    const words = (TOUCH.matches && this.strings[`${key}_touch`]) || (this.strings[key] ?? key);
    // In one go: what is put in may itself hold braces.
    return words.replace(/\{(\w+)\}/g, (hole, name) => (Object.hasOwn(values, name) ? String(values[name]) : hole));
  }

  // Take the words of a language and the keys of the tools, when they have changed; keyOf(tool): its key now, or "".
  words(strings, keyOf) {
    this.strings = strings;
    for (const part of this.root.querySelectorAll("[data-word]")) setText(part, this.say(`annotator.${part.dataset.word}`));
    for (const part of this.root.querySelectorAll("[data-aria]")) {
      part.setAttribute("aria-label", this.say(`annotator.${part.dataset.aria}`));
    }
    for (const part of this.root.querySelectorAll("[data-key]")) {
      const key = keyOf(part.dataset.key);
      setText(part, keyName(key));
      part.hidden = !key;
      part.closest("button")?.setAttribute("aria-keyshortcuts", shortcut(key));
    }
    this.parts.comment.placeholder = this.say("annotator.comment_hint");
    this.parts.reason.placeholder = this.say("annotator.reason_hint");
  }

  // state: {item, back, chosen, work, changed, tally, saved: {kind, n}, empty, last, lack, preview, single, canUndo, canRedo,
  // canBack, canAccept}
  draw(state) {
    const { parts } = this;
    const { item, back, work, chosen } = state;
    parts.card.classList.toggle("back", back);
    parts.fields.hidden = !item;
    parts.empty.hidden = Boolean(item);
    setText(parts.empty, item ? "" : state.empty);
    setText(parts.origin, item ? (back ? this.say("annotator.looking_back", { id: item.external }) : item.external) : "");
    parts.relabel.hidden = !item?.relabel || back;
    setText(parts.relabel, item?.relabel ? this.say("annotator.relabel", { reason: item.relabel.reason }) : "");
    this.#remark(item && (work.comment || (state.changed ? this.say("annotator.unsent") : "")), work.comment);
    parts.flagged.hidden = !item || !work.flagged;
    setText(parts.flagged, work.flagged ? `⚑ ${this.say("annotator.flagged")}` : "");
    parts.preview.hidden = !state.preview;
    parts.head.hidden = parts.track.hidden = state.preview;
    parts.lack.hidden = !state.lack;
    setText(parts.lack, state.lack);
    if (item?.key !== this.item) this.closePanels();
    this.item = item?.key;
    this.#counters(state.tally);
    this.#saved(state.saved);
    this.#toolbar(state, chosen);
    setText(parts.last, state.last ?? "");
  }

  #remark(words, comment) {
    this.parts.remark.hidden = !words;
    setText(this.parts.remark, comment ? `${this.say("annotator.comment")}: ${comment}` : words || "");
  }

  #toolbar(state, chosen) {
    const { parts } = this;
    const nothing = !state.item;
    parts.undo.disabled = !state.canUndo;
    parts.redo.disabled = !state.canRedo;
    parts.back.disabled = !state.canBack;
    parts.forward.disabled = !state.back;
    for (const part of [parts.skip, parts.why, parts.note, parts.flag, parts.submit]) part.disabled = nothing;
    parts.submit.hidden = state.single;
    parts.accept.hidden = !state.canAccept;
    parts.skip.setAttribute("aria-pressed", String(chosen?.state === "skipped"));
    parts.flag.setAttribute("aria-pressed", String(Boolean(state.item && state.work.flagged)));
  }

  #counters({ mine, today, left, total }) {
    const done = total ? (total - left) / total : 0;
    setText(this.parts.counters, [
      this.say("annotator.today", { n: format(today) }), this.say("annotator.mine", { n: format(mine) }),
      this.say("annotator.left", { n: format(left) }),
    ].join("  ·  "));
    this.parts.bar.style.transform = `scaleX(${Math.min(1, Math.max(0, done))})`;
    this.parts.track.setAttribute("aria-valuenow", String(Math.floor(done * 100)));
  }

  #saved({ kind, n }) {
    const { saved, announce } = this.parts;
    saved.dataset.kind = kind;
    const words = this.say(`annotator.state_${kind}`, { n: format(n) });
    setText(this.parts.savedText, words);
    // A screen reader hears of trouble and of its end, not of every answer.
    const said = kind === "saving" ? null : kind;
    if (said && said !== this.announced) {
      this.announced = said;
      setText(announce, words);
    }
  }

  announce(text) {
    setText(this.parts.announce, text);
  }

  // A sentence that stays until it is put away; with `go` = {words, act} a button leads to what it is about.
  notice(text, go = null) {
    const line = document.createElement("p");
    line.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (go) line.append(button(go.words, () => {
      line.remove();
      go.act();
    }));
    const close = button("×", () => line.remove());
    close.className = "shut";
    close.setAttribute("aria-label", this.say("annotator.dismiss"));
    line.append(close);
    this.parts.notices.append(line);
    while (this.parts.notices.children.length > 3) this.parts.notices.firstChild.remove();
  }

  get written() {
    return this.parts.comment.value.trim();
  }

  openComment(text) {
    this.closePanels();
    this.parts.noteRow.hidden = false;
    this.parts.comment.value = text;
    this.parts.comment.focus();
    reveal(this.parts.noteRow);
  }

  openReasons(reasons) {
    const { parts } = this;
    const wasOpen = !parts.reasonRow.hidden;
    this.closePanels();
    if (wasOpen) return;
    parts.reasonRow.hidden = false;
    parts.why.setAttribute("aria-expanded", "true");
    parts.reason.value = "";
    parts.reasons.replaceChildren(...reasons.map((reason, at) => {
      const one = button(reason, () => this.acts.skipFor(reason));
      if (at < 9) one.prepend(Object.assign(document.createElement("kbd"), { textContent: String(at + 1) }));
      return one;
    }));
    (parts.reasons.firstChild ?? parts.reason).focus();
    reveal(parts.reasonRow);
  }

  toggleGuideline(text) {
    const { guideRow, guide } = this.parts;
    const open = guideRow.hidden && Boolean(text);
    this.closePanels();
    guideRow.hidden = !open;
    guide.setAttribute("aria-expanded", String(open));
    guideRow.replaceChildren(prose(text));
    if (!open) return;
    guideRow.focus({ preventScroll: true });
    reveal(guideRow);
  }

  // Close what is open below the card. Returns whether anything was.
  closePanels() {
    const rows = ["noteRow", "reasonRow", "guideRow"].map((name) => this.parts[name]).filter((row) => !row.hidden);
    if (!rows.length) return false;
    const inside = rows.some((row) => row.contains(row.getRootNode().activeElement));
    for (const row of rows) row.hidden = true;
    for (const name of ["why", "guide"]) this.parts[name].setAttribute("aria-expanded", "false");
    if (inside) this.parts.fields.focus({ preventScroll: true });
    return true;
  }

  #commentKey(event) {
    if (composing(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.acts.keepNote();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.closePanels();
    }
  }

  #reasonKey(event) {
    if (composing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const one = event.target === this.parts.reason ? null : this.parts.reasons.children[Number(event.key) - 1];
    if (event.key === "Escape") this.closePanels();
    else if (one) one.click();
    else return;
    event.preventDefault();
  }

  scroll(pages) {
    this.parts.fields.scrollBy({ top: pages * this.parts.fields.clientHeight * 0.85 });
  }
}

// What was opened comes out from under the bar below it.
const reveal = (row) => row.scrollIntoView({ block: "nearest" });

function button(words, onclick) {
  const made = document.createElement("button");
  made.type = "button";
  made.append(Object.assign(document.createElement("span"), { textContent: words }));
  made.addEventListener("click", onclick);
  return made;
}

function setText(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

const numbers = new Intl.NumberFormat();
const format = (n) => numbers.format(n);
