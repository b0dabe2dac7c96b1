// The kinds of question that the annotator can ask, one module each, all of one shape:
//
//   export class SomeQuestion {
//     static kind = "some";
//     static instant = false;          one key answers it; may also be a getter of the object
//     static offers = true;            optional: it shows what the machine suggests by itself
//     constructor(question, host) {}   builds this.element once
//     show(item, value, suggestion) {} draws; value undefined = not answered; after every change, so it must be cheap
//     actions() { return [] }          [{id, title, keys, group}]
//     act(id) { return true }          runs one
//     key(event) { return false }      a raw keydown before the map, while this is the active question
//     spoken(value) { return "" }      an answer as one short line
//     close() {}
//     focus() {}                       optional: it became the active one by the keyboard and is written in. Others leave
//                                      the focus to the card: a focused button would take Enter for itself
//     lacks(value) { return "" }       optional: a sentence if an answer that is begun cannot be given yet
//   }
//
// host: change(value, how), with how = "typed" for letters as they are written, submit(), say(key, values), keyOf(action),
// field(name), value(name) and question(name) of another question, item, notice(text), announce(text), activate(), locale.

import { AnswerQuestion } from "./questions/answer.js";
import { ChatQuestion } from "./questions/chat.js";
import { ChoiceQuestion } from "./questions/choice.js";
import { ChoicesQuestion } from "./questions/choices.js";
import { RankingQuestion } from "./questions/ranking.js";
import { RatingQuestion } from "./questions/rating.js";
import { RelationsQuestion } from "./questions/relations.js";
import { SpansQuestion } from "./questions/spans.js";
import { TextQuestion } from "./questions/text.js";

const kinds = [
  AnswerQuestion, ChatQuestion, ChoiceQuestion, ChoicesQuestion, RankingQuestion, RatingQuestion, RelationsQuestion,
  SpansQuestion, TextQuestion,
];

export const KINDS = new Map(kinds.map((kind) => [kind.kind, kind]));
