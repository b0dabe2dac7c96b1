// What is written on a record, {value, comment, flagged}; an answer is that with its state and a reason.

export const NOTHING = Object.freeze({ value: {}, comment: "", flagged: false });
export const ANSWERED = ["submitted", "skipped"];

export const answerOf = ({ state, value, comment, reason, flagged }) => (
  { state, value, comment: comment ?? "", reason: reason ?? "", flagged: Boolean(flagged) }
);

// What the server knows that we began: the answers so far, and what was remarked.
export const begun = (item) => item.draft && { value: item.draft, comment: item.comment ?? "", flagged: Boolean(item.flagged) };
