// Large buttons with their keys, one for each thing that can be chosen: the labels of a small set, the marks of a rating.

export class Buttons {
  // options: [{id, name, hint}]; pick(id)
  constructor(options, host, pick) {
    this.host = host;
    this.element = document.createElement("div");
    this.element.className = "labels";
    this.buttons = new Map(options.map((option) => [option.id, this.#button(option, pick)]));
    this.element.append(...[...this.buttons.values()].map(({ element }) => element));
  }

  #button({ id, name, hint = "" }, pick) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = wide(name) ? "label wide" : "label";
    element.dataset.label = id;
    const [badge, word, small, score] = ["kbd", "span", "small", "em"].map((tag) => document.createElement(tag));
    word.textContent = name;
    small.textContent = hint;
    small.hidden = !hint;
    score.hidden = true;
    element.append(badge, word, small, score);
    element.addEventListener("click", () => pick(id));
    return { element, badge, score, name: hint ? `${name} ${hint}` : name, drawn: "" };
  }

  // chosen: a set of ids; keyOf(id): the key that it has now; idle: nothing can be chosen
  show(chosen, suggestion, keyOf, idle) {
    const { say } = this.host;
    const machine = new Set(suggestion ? [suggestion.value].flat().map(String) : []);
    for (const [id, button] of this.buttons) {
      const [key, is, says] = [keyOf(id), chosen.has(id), machine.has(id)];
      const now = `${key}|${is}|${says ? suggestion.score : ""}|${says}|${idle}`;
      if (now === button.drawn) continue;
      button.drawn = now;
      const { element, badge, score } = button;
      badge.textContent = key;
      badge.hidden = !key || key === id; // a mark that is its own key shows its digit once
      element.disabled = idle;
      element.setAttribute("aria-pressed", String(is));
      element.classList.toggle("machine-says", says);
      score.hidden = !says;
      score.textContent = says ? say("annotator.machine_mark", { score: percent(suggestion.score) }) : "";
      const name = key ? say("annotator.label_aria", { name: button.name, key }) : button.name;
      element.setAttribute("aria-label", says ? `${name}, ${score.textContent}` : name);
      if (key) element.setAttribute("aria-keyshortcuts", key);
      else element.removeAttribute("aria-keyshortcuts");
    }
  }

  flash(id) {
    const element = this.buttons.get(id)?.element;
    if (!element) return;
    element.classList.remove("hit");
    requestAnimationFrame(() => element.classList.add("hit"));
  }
}

// A name that takes two places rather than make its whole row tall; a Chinese character is as wide as two letters.
const wide = (name) => Array.from(name).reduce((sum, letter) => sum + (letter > "\u2e7f" ? 2 : 1), 0) > 30;

const percent = (score) => (Number.isFinite(score) ? `${Math.round(score * 100)} %` : "");
