// What the questions that are written share: parts of the page, and texts whose line ends stay as they were.

export function make(tag, name = "", text = "") {
  const part = document.createElement(tag);
  if (name) part.className = name;
  if (text) part.textContent = text;
  return part;
}

export function button(text, onclick, name = "") {
  const part = make("button", name, text);
  part.type = "button";
  part.addEventListener("click", onclick);
  return part;
}

// As a text area holds a text.
export const lines = (text) => text.replace(/\r\n?/g, "\n");

// What is to be stored for what a text area holds: a text that was not touched is the one it came from, to the byte, and one
// that was touched keeps the line ends of the last of these.
export function asStored(written, sources) {
  const same = sources.find((text) => lines(text) === written);
  if (same !== undefined) return same;
  const given = sources.at(-1) ?? "";
  return /\r\n/.test(given) && !/(^|[^\r])\n|\r(?!\n)/.test(given) ? written.replace(/\n/g, "\r\n") : written;
}

// In code points, as the workbench counts.
export function length(text) {
  let n = 0;
  for (const _ of text) n += 1;
  return n;
}

// A text area that is as high as its text, also in browsers that cannot do it by themselves.
export function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

// A key in a text area that is nobody's but the text's: one that ends a composition too (229, where the browser does not say).
export const composing = (event) => event.isComposing || event.keyCode === 229;
