// What a key press does: first the question that is written in, then the key map, whatever has the focus on the page.

import { composing } from "./writing.js";

export class Keyboard {
  constructor(annotator) {
    this.annotator = annotator;
  }

  handle(event) {
    const { annotator } = this;
    const { desk, form, view } = annotator;
    const target = event.composedPath()[0];
    const inside = event.composedPath().includes(annotator.root);
    desk.pause.touch();
    if (annotator.dialog.isOpen || (annotator.preview && !inside)) return;
    // Outside of a text an input method that is on says 229 of each key, and composes nothing.
    if (event.isComposing || (typing(target) && composing(event))) return;
    if (event.key === "Tab") {
      if (!modified(event)) this.#tab(event, target);
      return;
    }
    if (typing(target)) return;
    if (native(target, event.key)) {
      if (event.repeat && inside) stop(event); // the browser would press the button again and again
      return;
    }
    if (target instanceof Element && target.closest(".reasons")) return;
    if (event.key === "Escape" && view.closePanels()) stop(event);
    else if (desk.current && form.key(event)) stop(event);
    else if (event.key.startsWith("Page") && !modified(event)) {
      stop(event);
      view.scroll(event.key === "PageDown" ? 1 : -1);
    } else this.#mapped(event);
  }

  // From question to question; at the ends on to what the page has there.
  #tab(event, target) {
    const { form, view, desk } = this.annotator;
    const within = view.parts.body.contains(target) || target === document.body;
    if (within && form.slots.length > 1 && form.step(event.shiftKey ? -1 : 1, desk.work.value)) stop(event);
  }

  #mapped(event) {
    const { desk, form, keyMap, tools } = this.annotator;
    const id = keyMap.actionOf(event, form.active ?? "");
    if (!id) return;
    stop(event);
    if (event.repeat || desk.pause.holds) return; // a key held down is one decision
    if (id.startsWith("tool/")) tools.find((tool) => `tool/${tool.id}` === id).run();
    else if (desk.current) form.act(id);
  }
}

const modified = (event) => event.ctrlKey || event.metaKey || event.altKey;

function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}

// Keys belong to whatever is being typed in or chosen from.
function typing(target) {
  if (!(target instanceof Element)) return false;
  if (target.closest("input, textarea, select, [contenteditable=true], [contenteditable='']")) return true;
  return Boolean(target.closest("[role=combobox], [role=listbox], [role=radiogroup], [role=slider], [role=tablist], [role=dialog] input"));
}

// Enter and the space bar press a button that the keyboard has reached; on what is chosen already, Enter submits.
function native(target, key) {
  if (!["Enter", " "].includes(key) || !(target instanceof Element)) return false;
  const button = target.closest("button, a, summary, [role=button]");
  const chosen = button?.closest(".questions") && button.getAttribute("aria-pressed") === "true";
  return Boolean(button) && !(chosen && key === "Enter");
}
