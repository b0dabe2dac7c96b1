"""What a recipe promises, and the registry of recipes.

A recipe's module holds its knobs and is imported by pages, so it imports its model library inside its call only.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from pipeline.registry import Registry
from training.work import Outcome, Work


class Recipe(Protocol):
    """A way to make a classifier from a version."""

    name: ClassVar[str]

    def __call__(self, work: Work) -> Outcome:
        """Train on the version's train split, choose by its validation split, and predict validation and test."""


recipes: Registry[Recipe] = Registry("recipe", "training.recipes")
