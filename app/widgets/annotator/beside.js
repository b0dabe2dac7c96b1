// The guideline beside the annotator scrolls by itself: whoever works with keys must get to it, and hear what it is.

export default function beside({ data, parentElement }) {
  const box = (parentElement.getRootNode().host ?? parentElement).closest(".st-key-label-guideline-box");
  if (!box) return;
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", data.title);
}
