"""Train a linear head on frozen multilingual sentence embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pipeline.knobs import knob
from training.recipes.base import recipes
from training.work import Outcome, Work


@recipes.register
@dataclass(frozen=True, slots=True)
class Embeddings:
    """Train a linear head on frozen multilingual sentence embeddings: fast, for 16 languages, good with few labels."""

    name: ClassVar[str] = "embeddings"

    epochs: int = knob(60, "Steps over the whole training split for each strength that is tried.", low=1, high=2000)
    penalty: float = knob(
        0.0, "Pull of the weights towards zero; 0 tries several and keeps the best on validation.", low=0, high=10
    )

    def __call__(self, work: Work) -> Outcome:
        from training.head import train

        return train(self, work)
