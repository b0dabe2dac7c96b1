// What an annotator can do to any record, whatever it asks: each with the keys that it prefers.

export const tools = (annotator) => [
  { id: "submit", keys: ["Enter"], run: () => annotator.submit() },
  { id: "accept", keys: ["a"], run: () => annotator.accept() },
  { id: "undo", keys: ["u", "Backspace"], run: () => annotator.undo() },
  { id: "redo", keys: ["r"], run: () => annotator.redo() },
  { id: "skip", keys: ["s", "0"], run: () => annotator.skip() },
  { id: "why", keys: ["Shift+s"], run: () => annotator.why() },
  { id: "note", keys: ["c"], run: () => annotator.note() },
  { id: "flag", keys: ["f"], run: () => annotator.flag() },
  { id: "back", keys: ["ArrowLeft", ","], run: () => annotator.move(() => annotator.desk.back()) },
  { id: "forward", keys: ["ArrowRight", "."], run: () => annotator.move(() => annotator.desk.forward()) },
  { id: "meta", keys: ["m"], run: () => annotator.record.toggleMeta() },
  { id: "guide", keys: ["g"], run: () => annotator.view.toggleGuideline(annotator.desk.guideline?.text ?? "") },
  { id: "keys", keys: ["?"], run: () => annotator.dialog.open() },
];
