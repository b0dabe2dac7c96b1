// A guideline's Markdown as it reads, as far as a margin needs it: headings, bold, slanted, code and points. Every word of it
// reaches the page as text, never as markup; what else Markdown knows stays as it was written.

const PARTS = /\*\*(?=\S)(.+?)\*\*|\*(?=[^\s*])([^*\n]*[^\s*])\*|`([^`\n]+)`/g;
const TAGS = [null, "strong", "em", "code"];

// The text as nodes; its line breaks stay.
export function prose(text) {
  const made = document.createDocumentFragment();
  for (const [at, line] of text.split("\n").entries()) {
    if (at) made.append("\n");
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    if (heading) made.append(element("strong", inline(heading[1])));
    else made.append(...inline(line.replace(/^(\s*)[-*+]\s+/, "$1• ")));
  }
  return made;
}

function inline(line) {
  const nodes = [];
  let from = 0;
  for (const found of line.matchAll(PARTS)) {
    const which = found.findIndex((group, at) => at > 0 && group !== undefined);
    nodes.push(line.slice(from, found.index), element(TAGS[which], [found[which]]));
    from = found.index + found[0].length;
  }
  return [...nodes, line.slice(from)];
}

function element(tag, nodes) {
  const made = document.createElement(tag);
  made.append(...nodes);
  return made;
}
