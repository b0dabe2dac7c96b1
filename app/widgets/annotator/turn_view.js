// One turn of a conversation on the page: read, or open to be written; its role, its marks, and what else the message holds.

import { button, composing, grow, lines, make } from "./writing.js";

const ROLES = ["system", "user", "assistant", "tool"];

export class TurnView {
  // question: {say, roleName, canMark, rate, typed(view), mark(view, n), role(view, role), current(view), submit(), leave(view)}
  constructor(turn, question) {
    Object.assign(this, { turn, question, area: null });
    this.element = make("li", "turn");
    this.element.tabIndex = -1;
    this.head = make("div", "turn-head");
    this.name = make("strong", "turn-role");
    this.marks = make("span", "turn-marks");
    this.body = make("div", "turn-body");
    this.head.append(this.name, this.marks);
    this.element.append(this.head, this.body);
    this.element.addEventListener("click", (event) => {
      if (!event.target.closest("button, textarea, select")) question.current(this);
    });
    if (turn.added) this.head.append(this.#roles());
    this.drawRole();
    this.read();
    if (turn.rest) this.#rest(turn.rest);
  }

  drawRole() {
    const { turn, question } = this;
    this.element.dataset.role = turn.role;
    this.name.textContent = question.roleName(turn.role);
    this.marks.replaceChildren();
    if (question.canMark(turn)) this.#buildMarks();
    this.drawMark();
  }

  // The place of the turn in the conversation, from 1.
  number(n, total) {
    this.spoken = this.question.say("turn", { role: this.question.roleName(this.turn.role), n, total });
    this.element.setAttribute("aria-label", this.spoken);
    this.area?.setAttribute("aria-label", this.spoken);
  }

  drawMark() {
    for (const [at, one] of [...this.marks.children].entries()) {
      one.setAttribute("aria-pressed", String(this.turn.rating === at + 1));
    }
  }

  read() {
    const text = this.turn.text ?? "";
    this.area = null;
    this.body.textContent = text;
    this.body.dir = "auto";
    this.body.hidden = this.turn.text === null;
    this.body.classList.toggle("mono", this.turn.role === "tool" || isJson(text));
  }

  // Open the turn to be written.
  write() {
    if (this.area) return;
    const { question } = this;
    const area = make("textarea", "writing-area");
    Object.assign(area, { rows: 3, dir: "auto", spellcheck: true, value: lines(this.turn.text ?? "") });
    area.setAttribute("aria-label", this.spoken ?? "");
    area.setAttribute("aria-keyshortcuts", "Control+Enter");
    area.addEventListener("input", () => {
      this.turn.write(area.value);
      grow(area);
      question.typed(this);
    });
    area.addEventListener("focus", () => question.current(this));
    area.addEventListener("keydown", (event) => this.#key(event));
    this.area = area;
    this.body.classList.remove("mono");
    this.body.replaceChildren(area);
    grow(area);
  }

  #key(event) {
    if (composing(event) || event.defaultPrevented) return;
    const submits = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (!submits && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (!submits) this.question.leave(this);
    else if (!event.repeat) this.question.submit();
  }

  #roles() {
    const { question } = this;
    const choice = make("select");
    choice.setAttribute("aria-label", question.say("role"));
    for (const role of ROLES) choice.append(Object.assign(make("option", "", question.roleName(role)), { value: role }));
    choice.value = this.turn.role;
    choice.addEventListener("change", () => {
      this.turn.role = choice.value;
      this.drawRole();
      question.typed(this);
    });
    return choice;
  }

  #buildMarks() {
    const { question } = this;
    this.marks.setAttribute("role", "group");
    this.marks.setAttribute("aria-label", question.say("rating"));
    this.marks.append(...Array.from({ length: question.rate }, (_, at) => {
      const one = button(String(at + 1), () => question.mark(this, at + 1), "turn-mark");
      one.setAttribute("aria-label", question.say("mark", { n: at + 1, most: question.rate }));
      return one;
    }));
  }

  #rest(rest) {
    const part = make("pre", "turn-rest", JSON.stringify(rest, null, 2));
    part.setAttribute("aria-label", this.question.say("other_keys"));
    part.setAttribute("role", "group");
    this.element.append(part);
  }
}

function isJson(text) {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
