"""Fine-tune a pre-trained encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pipeline.knobs import knob
from training.recipes.base import recipes
from training.work import Outcome, Work


@recipes.register
@dataclass(frozen=True, slots=True)
class Encoder:
    """Fine-tune all of a pre-trained encoder (BERT and its kin) with a classification head."""

    name: ClassVar[str] = "encoder"

    epochs: int = knob(3, "How often the whole training split is gone through.", low=1, high=100)
    learning_rate: float = knob(5e-5, "Peak step size; small encoders like 5e-5, large ones 2e-5.", low=1e-7, high=0.01)
    batch_size: int = knob(16, "Records a step.", low=1, high=1024)
    max_length: int = knob(256, "Tokens of a text that are read; the rest is cut off.", low=8, high=8192)
    warmup: float = knob(0.1, "Share of the steps in which the step size rises from zero.", low=0, high=1)
    weight_decay: float = knob(0.01, "Pull of the weights towards zero.", low=0, high=1)
    frozen_layers: int = knob(
        0, "Lower layers (and the word embeddings with them) that stay as they are: faster, somewhat worse.",
        low=0, high=200,
    )  # fmt: skip
    checkpoint_steps: int = knob(
        0, "Steps between checkpoints; 0 writes one about once a minute and after each epoch.", low=0, high=1_000_000
    )

    def __call__(self, work: Work) -> Outcome:
        from training.encoder import train

        return train(self, work)
