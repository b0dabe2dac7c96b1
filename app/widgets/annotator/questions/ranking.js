// Candidates in order of preference, the best first. Of two, one key says which is better. Of more, their keys are pressed
// in order; the last place fills itself. The names of the candidates are not shown: they may tell who wrote them.

const NAMED = 9; // candidates with a digit

export class RankingQuestion {
  static kind = "ranking";
  static instant = false;

  constructor(question, host) {
    this.question = question;
    this.host = host;
    this.element = document.createElement("div");
    this.element.className = "ranking";
    this.hint = document.createElement("p");
    this.hint.className = "question-help";
    this.cards = [];
    this.order = [];
    this.drawn = "";
  }

  get instant() {
    return this.#ids(this.host.item).length === 2;
  }

  #ids(item) {
    const { candidates, field } = this.question;
    if (candidates?.length) return candidates;
    const list = item?.fields?.[field];
    return Array.isArray(list) ? list.map((_, at) => String(at + 1)) : [];
  }

  #text(item, id) {
    const { candidates, field } = this.question;
    const found = candidates?.length ? item.fields?.[id] : item.fields?.[field]?.[Number(id) - 1];
    if (typeof found === "string") return found;
    return found?.text ?? found?.content ?? (found === undefined || found === null ? "" : JSON.stringify(found, null, 2));
  }

  show(item, value, suggestion) {
    const ids = item ? this.#ids(item) : [];
    if (ids.length !== this.cards.length) this.#build(ids.length);
    this.ids = ids;
    this.order = (value ?? []).filter((id) => ids.includes(id));
    this.element.dataset.n = String(ids.length);
    for (const [at, card] of this.cards.entries()) this.#draw(card, item, ids[at], suggestion);
  }

  #build(n) {
    this.cards = Array.from({ length: n }, (_, at) => this.#card(at));
    this.hint.textContent = n > 1 && !this.question.help ? this.host.say(`annotator.${n === 2 ? "prefer_hint" : "rank_hint"}`) : "";
    this.element.replaceChildren(this.hint, ...this.cards.map((card) => card.element));
  }

  #card(at) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "candidate";
    element.draggable = true;
    const [head, badge, rank, text] = ["div", "kbd", "b", "p"].map((tag) => document.createElement(tag));
    head.append(badge, rank);
    text.dir = "auto";
    element.append(head, text);
    element.addEventListener("click", () => this.act(`place-${at}`));
    element.addEventListener("dragstart", (event) => {
      this.dragged = this.ids[at];
      event.dataTransfer.effectAllowed = "move";
    });
    element.addEventListener("dragover", (event) => this.dragged && event.preventDefault());
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#drop(this.dragged, this.ids[at]);
      this.dragged = null;
    });
    element.addEventListener("dragend", () => (this.dragged = null));
    return { element, badge, rank, text };
  }

  #draw({ element, badge, rank, text }, item, id, suggestion) {
    const { say } = this.host;
    const at = this.ids.indexOf(id);
    const place = this.order.indexOf(id);
    const content = this.#text(item, id);
    if (text.textContent !== content) text.textContent = content;
    badge.textContent = this.host.keyOf(`place-${at}`);
    badge.hidden = !badge.textContent;
    const two = this.ids.length === 2;
    const words = place < 0 ? "" : two ? (place ? "" : say("annotator.better")) : say("annotator.place", { n: place + 1 });
    const machine = suggestion?.value?.indexOf?.(id) === 0 ? say("annotator.machine_mark", { score: percent(suggestion.score) }) : "";
    rank.textContent = [words, machine].filter(Boolean).join(" · ");
    element.style.order = String(two || place < 0 ? this.ids.length + at : place);
    element.setAttribute("aria-pressed", String(two ? place === 0 : place >= 0));
    element.setAttribute("aria-label", [say("annotator.candidate", { n: at + 1 }), rank.textContent, content].filter(Boolean).join(", "));
  }

  actions() {
    const n = this.question.candidates?.length || NAMED;
    return Array.from({ length: n }, (_, at) => ({
      id: `place-${at}`, title: this.host.say("annotator.candidate", { n: at + 1 }), keys: at < NAMED ? [String(at + 1)] : [],
      group: "",
    }));
  }

  act(id) {
    const chosen = this.ids?.[Number(id.slice(6))];
    if (chosen === undefined) return false;
    const others = this.ids.filter((one) => one !== chosen);
    if (this.ids.length === 2) this.host.change([chosen, ...others]);
    else if (!this.order.includes(chosen)) this.#say([...this.order, chosen]);
    return true;
  }

  #say(order) {
    const rest = this.ids.filter((id) => !order.includes(id));
    this.host.change(rest.length === 1 ? [...order, ...rest] : order.length ? order : undefined);
    this.host.announce(this.host.say("annotator.ranked", { n: order.length, total: this.ids.length }));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.ids || this.ids.length < 3) return false;
    if (event.key === "Backspace" && this.order.length) {
      const whole = this.order.length === this.ids.length;
      const order = this.order.slice(0, whole ? -2 : -1);
      this.host.change(order.length ? order : undefined);
      return true;
    }
    const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    const focused = this.cards.findIndex(({ element }) => element === element.getRootNode().activeElement);
    const place = this.order.indexOf(this.ids[focused]);
    if (!by || place < 0) return false;
    const to = this.order[place + by];
    if (to !== undefined) this.#drop(this.ids[focused], to);
    return true;
  }

  // Put one candidate into the place of another; those between move up.
  #drop(moved, onto) {
    if (!moved || moved === onto) return;
    const order = this.order.includes(moved) ? this.order : [...this.order, moved];
    const to = order.indexOf(onto);
    const others = order.filter((id) => id !== moved);
    if (to >= 0) others.splice(to, 0, moved);
    else others.push(moved);
    if (this.ids.length === 2) this.host.change([moved, onto]);
    else this.#say(others);
  }

  lacks(value) {
    return value.length < this.#ids(this.host.item).length ? this.host.say("annotator.rank_all") : "";
  }

  spoken(value) {
    const places = value.map((id) => this.#ids(this.host.item).indexOf(id) + 1);
    return places.length === 2 ? this.host.say("annotator.is_better", { n: places[0] }) : places.join(" > ");
  }

  close() {}
}

const percent = (score) => (Number.isFinite(score) ? `${Math.round(score * 100)} %` : "");
