"""What a cleaning step is. There are two kinds, and a step is exactly one of them.

A text step has `judge(text)`: a pure function of one text. It must be idempotent: judging the text that its own edit
gave changes nothing more.

A corpus step has `select()`: a SELECT over the relation `corpus` (id, external_id, text, parent_id: the project's
records that are not dropped, as they read at that moment of the job), which gives record_id and reason of the records
to drop, and its named parameters. The step only declares it; pipeline.store.corpus runs it. A step sees nothing else of
the store, so a new one of either kind is one file.

A reason is a short English phrase, `phrase` or `phrase: detail`: the phrase is the same for every record it is said of,
so that it can be counted and translated; the detail is data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from pipeline.domain import Judgement
from pipeline.registry import Registry


@runtime_checkable
class TextStep(Protocol):
    name: ClassVar[str]

    def judge(self, text: str) -> Judgement | None:
        """What this step says of a text, or None if nothing is the matter."""
        ...


@runtime_checkable
class CorpusStep(Protocol):
    name: ClassVar[str]

    def select(self) -> tuple[str, Mapping[str, Any]]:
        """The SELECT of record_id and reason over `corpus`, and its parameters ($name in the text)."""
        ...


Step = TextStep | CorpusStep
steps: Registry[Step] = Registry("step", "pipeline.steps")
