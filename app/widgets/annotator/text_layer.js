// What lies over a text: the selection, the caret with the word that a key would mark, and the handles of the picked mark.

export function drawLayer(field, revealing) {
  const { ink, layer, caret, picked } = field;
  const { span, token, head } = caret;
  const zero = layer.getBoundingClientRect();
  const parts = [];
  const box = (name, { left, top, width = 0, height }) => {
    const part = document.createElement("div");
    part.className = name;
    part.style.cssText = `left:${left - zero.left}px;top:${top - zero.top}px;width:${width}px;height:${height}px`;
    parts.push(part);
    return part;
  };
  if (span) for (const rect of ink.rects(...span)) box("chosen", rect);
  else if (head !== null && token) for (const rect of ink.rects(...token)) box("here", rect);
  if (head !== null) box("caret", { ...ink.caret(head), width: 2 });
  if (picked) handles(ink, picked, box);
  const target = revealing === null ? null : box("target", ink.caret(revealing));
  layer.replaceChildren(...parts);
  if (target) target.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function handles(ink, mark, box) {
  const rects = ink.rects(mark.start, mark.end);
  if (!rects.length) return;
  const first = ink.caret(mark.start);
  const last = rects[rects.length - 1];
  box("handle", first).dataset.edge = "start";
  box("handle", { left: first.rtl ? last.left : last.right, top: last.top, height: last.height }).dataset.edge = "end";
}
