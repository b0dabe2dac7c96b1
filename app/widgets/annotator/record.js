// Draws the record on the card: its fields, one place each, and what else is known of it. All of it is text, never markup.

import { TextField } from "./text_field.js";

export class RecordView {
  // parts: {fields, meta, metaList}; host: what a text field may ask of the annotator
  constructor(parts, host, signal) {
    this.parts = parts;
    this.host = host;
    this.places = new Map(); // name of the field -> {spec, element, text, drawn}
    this.item = null;
    parts.meta.addEventListener("toggle", () => this.#meta(), { signal });
  }

  close() {
    for (const place of this.places.values()) place.text?.close();
    this.places.clear();
  }

  build(specs) {
    this.close();
    const named = specs.length > 1;
    for (const spec of specs) {
      const element = make("div", "field");
      element.dataset.field = spec.name;
      element.dataset.show = spec.show || "main";
      const title = spec.title || (named ? spec.name : "");
      this.places.set(spec.name, { spec: { ...spec, title }, element, text: null, drawn: undefined });
    }
    this.parts.fields.replaceChildren(...[...this.places.values()].map((place) => place.element));
    this.item = null;
  }

  // The text field that shows this field; made when it is first asked for.
  field(name) {
    const place = this.places.get(name);
    if (!place) return null;
    place.text ??= new TextField(place.spec, this.host);
    return place.text;
  }

  show(item) {
    if (item === this.item) return;
    if (item?.key !== this.item?.key) this.parts.fields.scrollTop = 0;
    this.item = item;
    for (const [name, place] of this.places) this.#draw(place, name, item?.fields[name]);
    this.parts.meta.hidden = !item || !Object.keys(item.meta ?? {}).length;
    this.#meta();
  }

  // Whether there is nothing to see of the record: all that is shown of it is empty, or stands in a question.
  get bare() {
    return [...this.places.values()].every(({ element }) => element.hidden);
  }

  #draw(place, name, value) {
    place.element.hidden = value === undefined || value === null || value === "";
    if (typeof value === "object" && value) {
      const { title } = place.spec;
      const drawn = Array.isArray(value) ? list(value, this.host) : make("pre", "", JSON.stringify(value, null, 2));
      place.element.replaceChildren(...(title ? [make("h4", "field-title", title)] : []), drawn);
      place.drawn = "list";
      return;
    }
    const field = this.field(name);
    if (place.drawn !== "text") place.element.replaceChildren(field.element);
    place.drawn = "text";
    field.show(value === undefined || value === null ? "" : String(value));
  }

  toggleMeta() {
    if (!this.parts.meta.hidden) this.parts.meta.open = !this.parts.meta.open;
  }

  #meta() {
    if (!this.parts.meta.open) return;
    this.parts.metaList.replaceChildren(...Object.entries(this.item?.meta ?? {}).flatMap(([name, value]) => [
      make("dt", "", name), make("dd", "", typeof value === "string" ? value : JSON.stringify(value)),
    ]));
  }
}

// Messages as turns of a talk, anything else as a list.
function list(values, host) {
  const talk = values.every((one) => one && typeof one === "object" && [one.content, one.role].some((part) => typeof part === "string"));
  const element = make("ol", talk ? "talk" : "list");
  element.append(...values.map((one) => {
    if (!talk) return make("li", "", typeof one === "string" ? one : JSON.stringify(one));
    const turn = make("li", "talk-turn");
    turn.dataset.role = String(one.role ?? "");
    turn.append(make("b", "", roleOf(one.role, host)), ...saidIn(one));
    return turn;
  }));
  return element;
}

// Its words; one without words calls a tool or holds a picture, so it is shown what else is there.
function saidIn({ role, content, ...rest }) {
  const parts = [];
  if (typeof content === "string" && content) parts.push(Object.assign(make("p", "", content), { dir: "auto" }));
  else if (content && typeof content === "object") rest.content = content;
  if (!parts.length && Object.keys(rest).length) parts.push(make("pre", "", JSON.stringify(rest, null, 2)));
  return parts;
}

const roleOf = (role, host) => (["user", "assistant", "system"].includes(role) ? host.say(`annotator.role_${role}`) : String(role ?? ""));

function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}
