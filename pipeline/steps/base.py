"""What a cleaning step is. There are three kinds, and a step is exactly one of them.

A text step has `judge(text)`: a pure function of one text. It must be idempotent: judging the text that its own edit
gave changes nothing more.

A step that derives has `derive(text)`: a pure function of one text, which gives new columns for the record ({name:
plain data that JSON can hold}), or None where there is nothing to say. The text stays as it is. The columns leave with
the record beside what the file said of it; the last one of a name counts. Wherever such a step stands among text steps,
it reads what they leave in the end; and what it made of a text counts only until the text is edited.

A corpus step has `select()`: a SELECT over the relation `corpus` (the project's records that are not dropped, as they
read at that moment of the job: id, external_id, text, parent_id), and its named parameters. It gives record_id and
reason, and may give

    kind      what becomes of the record: 'drop' (also where the column is missing), 'flag', 'review' (it is asked to be
              labelled again; a flag where the project has no task) or 'derive'
    name      with 'derive': the name of the column,
    value     and what it holds, as JSON
    task_id   with 'review': of which task; else of the project's first

A step that names them sees more; a step that does not pays nothing for them:

    fields, meta, derived  columns of corpus: further texts, what else the file said, derived columns; JSON objects all
    answers   record_id, task_id, annotator, simulated, question, kind (of question), value (JSON), label (VARCHAR: the
              answer to a choice or a rating, else null): the submitted answers of people and programs that count
    families  job_id, family_id, record_id: near-duplicates that live searches found
    folded    record_id, key: equal for texts that read the same but for case, width (NFKC) and white space; only of
              texts that have something to read

The step only declares it; pipeline.store.corpus runs it. A step sees nothing else of the store, so a new one of any
kind is one file.

A text step whose judgement hangs on a number that it measures says so: `cuts` names the knobs that the number is held
against, and `measures(text)` gives the number for each of them, so that a page can draw how the numbers lie and where
the knob cuts them. A text is judged by `judge` alone; measuring it must not change what that says.

A reason is a short English phrase, `phrase` or `phrase: detail`: the phrase is the same for every record it is said of,
so that it can be counted and translated; the detail is data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pipeline.domain import Judgement
from pipeline.registry import Registry


@runtime_checkable
class TextStep(Protocol):
    name: ClassVar[str]

    def judge(self, text: str) -> Judgement | None:
        """What this step says of a text, or None if nothing is the matter."""
        ...


@runtime_checkable
class MeasuredStep(TextStep, Protocol):
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]]  # knob -> what its value is: the least or the most allowed

    def measures(self, text: str) -> Mapping[str, float]:
        """The number that each knob of `cuts` is held against; a knob is left out where nothing can be measured. A knob
        at 0 that means "no limit" still has its number."""
        ...


@runtime_checkable
class CorpusStep(Protocol):
    name: ClassVar[str]

    def select(self) -> tuple[str, Mapping[str, Any]]:
        """The SELECT of record_id, reason and what else it gives, and its parameters ($name in the text)."""
        ...


@runtime_checkable
class DeriveStep(Protocol):
    name: ClassVar[str]

    def derive(self, text: str) -> Mapping[str, Any] | None:
        """The columns that this step makes of a text, or None if there is nothing to say."""
        ...


OneText = TextStep | DeriveStep  # what works on a text alone, so that it can work in any process
Step = OneText | CorpusStep
steps: Registry[Step] = Registry("step", "pipeline.steps")
