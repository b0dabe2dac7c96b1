"""An augmenter and a worker for tests that are not about either: in this process, at once, and breakable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import pytest

from pipeline.augmenters.base import Outcome, Refused, augmenters
from pipeline.augmenters.process import WorkerFailed
from pipeline.augmenters.worker import answer
from pipeline.knobs import knob


@dataclass(frozen=True, slots=True)
class Echo:
    """Add a word that depends on the seed; a text with 'refuse' in it is refused."""

    name: ClassVar[str] = "echo"
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    kinds: int = knob(1000, "How many words there are to choose from.", low=1)

    def ready(self) -> str:
        return ""

    def __call__(self, texts: Sequence[str], seeds: Sequence[int]) -> Iterator[Outcome]:
        for text, seed in zip(texts, seeds, strict=True):
            yield Refused("unwilling") if "refuse" in text else f"{text} word{seed % self.kinds}"


@dataclass(frozen=True, slots=True)
class Absent(Echo):
    """Cannot run."""

    name: ClassVar[str] = "absent"

    def ready(self) -> str:
        return "Install the package absent: pip install absent."


class HereWorker:
    """Stands for pipeline.augmenters.process.WorkerProcess. `breaks_after` batches it dies, once."""

    breaks_after: ClassVar[int | None] = None
    asked: ClassVar[int] = 0

    def __init__(self, log: object = None) -> None:
        self._batches = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def augment(
        self, augmenter: str, knobs: dict, texts: Sequence[str], seeds: Sequence[int],
        waiting: Callable[[], None] = lambda: None,
    ) -> list[Outcome]:  # fmt: skip
        waiting()
        if texts:
            type(self).asked += len(texts)
            self._batches += 1
            if self.breaks_after is not None and self._batches > self.breaks_after:
                raise WorkerFailed("The worker broke.")
        said = answer({"augmenter": augmenter, "knobs": knobs, "texts": list(texts), "seeds": list(seeds)})
        return [o["text"] if "text" in o else Refused(o["reason"]) for o in said["outcomes"]]


def in_this_process(patch: pytest.MonkeyPatch) -> type[HereWorker]:
    """Register the augmenters above and let the verb use the worker above, until the patch is undone."""
    augmenters.names()
    patch.setattr(augmenters, "_known", {**augmenters._known, "echo": Echo, "absent": Absent})
    patch.setattr("pipeline.verbs.augment.WorkerProcess", HereWorker)
    patch.setattr(HereWorker, "breaks_after", None)
    patch.setattr(HereWorker, "asked", 0)
    return HereWorker
