"""The jobs that the clean page starts: a recipe looks at a sample of the records or at all, and changes nothing."""

from __future__ import annotations

from app.widgets.clean_draft import Origin
from pipeline.recipe import Recipe
from pipeline.verbs.clean import Clean

TRY = 2000  # records of a sample: seconds, and shares of one percent can still be told apart


def preview_of(recipe: Recipe, origin: Origin, sample: int = 0) -> Clean:
    """The job that looks what a recipe would do to a sample of so many records, or to all (0)."""
    return Clean(recipe.plain(), dry_run=True, recipe=origin[0], revision=origin[1], sample=sample)
