// A text that is written: a translation, a summary, an answer. It may start from a field of the record.

import { differences, shortened } from "../difference.js";
import { asStored, button, composing, grow, length, lines, make } from "../writing.js";

const REST = 150; // ms without a keystroke after which the difference is drawn

export class TextQuestion {
  static kind = "text";
  static instant = false;
  static offers = true;

  constructor(question, host) {
    Object.assign(this, { question, host, item: null, given: "", kept: "", told: undefined, timer: 0 });
    this.area = make("textarea", "writing-area");
    Object.assign(this.area, { rows: 3, dir: "auto", spellcheck: true, lang: question.language || "" });
    this.area.setAttribute("aria-label", question.title || question.name || host.say("writing.text_box"));
    this.area.setAttribute("aria-keyshortcuts", "Control+Enter");
    this.area.addEventListener("input", () => this.#typed());
    this.area.addEventListener("keydown", (event) => this.#areaKey(event));
    this.area.addEventListener("focus", () => host.activate());
    this.count = make("span", "writing-count");
    this.again = button(host.say("writing.text_restore"), () => this.#restore());
    this.keep = button(host.say("writing.text_keep"), () => this.act("keep"));
    this.offer = make("aside", "writing-offer");
    this.offer.hidden = true;
    this.changes = make("p", "writing-changes");
    this.element = make("div", "writing");
    const foot = make("div", "writing-foot");
    foot.append(this.count, make("span", "writing-hint", host.say("writing.text_hint")), this.keep, this.again);
    this.element.append(this.offer, this.area, foot, this.changes);
  }

  show(item, value, suggestion) {
    const given = plainOf(item?.fields?.[this.question.field] ?? item?.meta?.[this.question.field]);
    const fresh = item?.key !== this.item?.key || (value === undefined && given !== this.given);
    this.item = item;
    this.given = given;
    this.area.disabled = !item;
    this.#offer(value === suggestion?.value ? undefined : suggestion);
    // What was typed here last is what the area holds: it stays as it is, with its caret, its undo and a word half composed.
    if (!fresh && value === this.told) return;
    this.told = value;
    this.kept = value ?? this.given;
    if (this.area.value !== lines(this.kept)) this.area.value = lines(this.kept);
    this.#draw();
  }

  actions() {
    const { host } = this;
    const found = [{ id: "write", title: host.say("writing.text_write"), keys: ["w", "e"], group: this.question.title || "" }];
    if (this.question.field) {
      found.push({ id: "keep", title: host.say("writing.text_keep"), keys: ["y"], group: this.question.title || "" });
    }
    return found;
  }

  act(id) {
    if (!this.item) return false;
    if (id === "write") this.focus();
    else if (id === "keep" && this.#text()) this.#tell(this.#text());
    else return false;
    return true;
  }

  key() {
    return false;
  }

  // Why an answer that was begun cannot be given yet.
  lacks(value) {
    const over = this.question.most ? length(value ?? "") - this.question.most : 0;
    return over > 0 ? this.host.say("writing.text_long", { n: over, most: this.question.most }) : "";
  }

  spoken(value) {
    return (value ?? "").replace(/\s+/g, " ").trim();
  }

  focus() {
    this.area.focus();
  }

  close() {
    clearTimeout(this.timer);
  }

  #areaKey(event) {
    if (composing(event) || event.defaultPrevented) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.area.blur();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) this.#submit();
    }
  }

  #submit() {
    const text = this.#text();
    if (!text) this.host.notice(this.host.say("writing.text_blank"));
    else if (this.lacks(text)) this.host.notice(this.lacks(text));
    else {
      if (this.told === undefined) this.#tell(text); // the given text, found right as it is
      this.host.submit();
    }
  }

  #typed() {
    this.#tell(this.#text(), "typed");
    grow(this.area);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#draw(), REST);
  }

  #tell(text, how) {
    this.told = text;
    this.host.change(text, how);
  }

  // What is written, as it is to be stored; undefined if there is nothing.
  #text() {
    const text = this.area.value;
    return text.trim() ? asStored(text, [this.kept, this.given]) : undefined;
  }

  #restore() {
    this.area.focus();
    this.area.select();
    // as if it were typed, so that the browser's own undo takes it back
    if (!document.execCommand("insertText", false, lines(this.given))) {
      this.area.value = lines(this.given);
      this.#typed();
    }
  }

  #offer(suggestion) {
    if (suggestion === this.offered) return;
    this.offered = suggestion;
    const { host } = this;
    const text = suggestion?.value;
    this.offer.hidden = typeof text !== "string" || !text;
    if (this.offer.hidden) return;
    const score = Number.isFinite(suggestion.score) ? `${Math.round(suggestion.score * 100)} %` : "";
    const origin = [score, suggestion.source].filter(Boolean).join(" · ");
    const words = make("p", "writing-offered", text);
    words.dir = "auto";
    words.lang = this.question.language || "";
    this.offer.setAttribute("aria-label", host.say("writing.text_suggestion"));
    this.offer.replaceChildren(make("strong", "", host.say("writing.text_suggestion")), make("span", "writing-hint", origin), words,
      button(host.say("writing.text_use"), () => this.host.change(text)));
  }

  #draw() {
    const { host, question } = this;
    const text = this.#text() ?? "";
    const n = length(text);
    const words = question.most ? "writing.text_count_most" : "writing.text_count";
    this.count.textContent = host.say(words, { n: n.toLocaleString(host.locale), most: question.most?.toLocaleString(host.locale) });
    this.count.classList.toggle("over", Boolean(this.lacks(text)));
    this.area.setAttribute("aria-invalid", String(Boolean(this.lacks(text))));
    const edited = Boolean(this.given) && lines(text) !== lines(this.given);
    this.again.hidden = !edited;
    this.keep.hidden = !this.given || edited || this.told !== undefined;
    this.changes.hidden = !edited || !text;
    if (!this.changes.hidden) this.#drawChanges(text);
    grow(this.area);
  }

  #drawChanges(text) {
    const { host } = this;
    const pieces = shortened(differences(lines(this.given), lines(text), this.question.language));
    const parts = pieces.map(({ kind, text: words }) => {
      if (kind === "same") return document.createTextNode(words);
      const part = make(kind === "removed" ? "del" : "ins");
      part.append(make("span", "unseen", host.say(kind === "removed" ? "writing.text_removed" : "writing.text_added")), words);
      return part;
    });
    this.changes.replaceChildren(make("strong", "", host.say("writing.text_changes")), " ", ...parts);
  }
}

const plainOf = (value) => (typeof value === "string" ? value : "");
