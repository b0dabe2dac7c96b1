// Draws the desk. Every text of the data reaches the page as textContent, never as markup.

export class View {
  constructor(root, strings, act) {
    this.root = root;
    this.act = act;
    this.parts = {};
    for (const part of root.querySelectorAll("[data-part]")) this.parts[part.dataset.part] = part;
    for (const button of root.querySelectorAll("button[data-act]")) {
      button.addEventListener("click", () => act[button.dataset.act]());
    }
    this.parts.comment.addEventListener("keydown", (event) => this.#commentKey(event));
    this.strings = strings;
    this.drawn = { labels: "", item: undefined, strings: "" };
  }

  say(key, values = {}) {
    const words = this.strings[key];
    return Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), words);
  }

  // state: {item, chosen, comment, labels, tally, saved: {kind, n}, empty, last, back, canUndo, canRedo, canBack}
  draw(state) {
    this.#words();
    this.#labels(state.labels);
    this.#record(state);
    this.#counters(state.tally);
    this.#saved(state.saved);
    const { parts } = this;
    for (const button of parts.labels.children) {
      button.disabled = !state.item;
      const chosen = state.chosen?.state === "submitted" && Object.values(state.chosen.value)[0] === button.dataset.label;
      button.setAttribute("aria-pressed", String(chosen));
    }
    this.#toolbar(state);
    setText(parts.last, state.last ?? "");
  }

  #toolbar(state) {
    const { parts } = this;
    parts.undo.disabled = !state.canUndo;
    parts.redo.disabled = !state.canRedo;
    parts.back.disabled = !state.canBack;
    parts.forward.disabled = !state.back;
    parts.skip.disabled = parts.note.disabled = !state.item;
    parts.skip.setAttribute("aria-pressed", String(state.chosen?.state === "skipped"));
  }

  #words() {
    const now = JSON.stringify(this.strings);
    if (now === this.drawn.strings) return;
    this.drawn.strings = now;
    for (const part of this.root.querySelectorAll("[data-word]")) setText(part, this.strings[part.dataset.word]);
    for (const part of this.root.querySelectorAll("[data-aria]")) {
      part.setAttribute("aria-label", this.strings[part.dataset.aria]);
    }
    this.parts.comment.placeholder = this.strings.comment_hint;
  }

  #labels(labels) {
    const now = JSON.stringify(labels);
    if (now === this.drawn.labels) return;
    this.drawn.labels = now;
    this.parts.labels.replaceChildren(...labels.map(({ name, key }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "label";
      button.dataset.label = name;
      button.setAttribute("aria-label", key ? this.say("label_aria", { name, key }) : name);
      if (key) button.setAttribute("aria-keyshortcuts", key);
      const badge = document.createElement("kbd");
      badge.textContent = key;
      badge.hidden = !key;
      const word = document.createElement("span");
      word.textContent = name;
      button.append(badge, word);
      button.addEventListener("click", () => this.act.choose(name));
      return button;
    }));
  }

  #record({ item, back, chosen, comment, empty }) {
    const { parts } = this;
    const key = item?.key ?? null;
    parts.card.classList.toggle("back", back);
    parts.text.classList.toggle("none", !item);
    setText(parts.text, item ? item.text : empty);
    setText(parts.origin, item ? (back ? this.say("looking_back", { id: item.external }) : item.external) : "");
    parts.relabel.hidden = !item?.relabel || back;
    setText(parts.relabel, item?.relabel ? this.say("relabel", { reason: item.relabel.reason }) : "");
    const note = comment || (back ? chosen?.comment : "") || "";
    parts.remark.hidden = !note;
    setText(parts.remark, note ? `${this.strings.comment}: ${note}` : "");
    if (key !== this.drawn.item) {
      parts.text.scrollTop = 0;
      this.closeComment();
    }
    this.drawn.item = key;
  }

  #counters({ mine, today, left, total }) {
    const done = total ? (total - left) / total : 0;
    setText(this.parts.counters, [
      this.say("today", { n: format(today) }), this.say("mine", { n: format(mine) }), this.say("left", { n: format(left) }),
    ].join("  ·  "));
    this.parts.bar.style.transform = `scaleX(${Math.min(1, Math.max(0, done))})`;
    this.parts.track.setAttribute("aria-valuenow", String(Math.floor(done * 100)));
  }

  #saved({ kind, n }) {
    const { saved, announce } = this.parts;
    saved.dataset.kind = kind;
    const words = this.say(`state_${kind}`, { n: format(n) });
    setText(this.parts.savedText, words);
    // A screen reader hears of trouble and of its end, not of every answer.
    const said = kind === "saving" ? null : kind;
    if (said && said !== this.announced) {
      this.announced = said;
      setText(announce, words);
    }
  }

  flash(label) {
    const button = [...this.parts.labels.children].find((one) => one.dataset.label === label);
    if (!button) return;
    button.classList.remove("hit");
    requestAnimationFrame(() => button.classList.add("hit"));
  }

  notice(text) {
    const line = document.createElement("p");
    line.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", this.strings.dismiss);
    close.addEventListener("click", () => line.remove());
    line.append(close);
    this.parts.notices.append(line);
    while (this.parts.notices.children.length > 3) this.parts.notices.firstChild.remove();
  }

  get written() {
    return this.parts.comment.value.trim();
  }

  openComment(text) {
    this.parts.noteRow.hidden = false;
    this.parts.comment.value = text;
    this.parts.comment.focus();
  }

  closeComment() {
    if (this.parts.noteRow.hidden) return;
    this.parts.noteRow.hidden = true;
    this.parts.text.focus({ preventScroll: true });
  }

  #commentKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.act.keepNote();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.closeComment();
    }
  }

  scroll(pages) {
    this.parts.text.scrollBy({ top: pages * this.parts.text.clientHeight * 0.85 });
  }
}

function setText(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

const format = (n) => n.toLocaleString();
