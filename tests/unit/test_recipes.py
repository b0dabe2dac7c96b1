"""A project's own recipes: their revisions, their removal, and which one a name finds."""

from __future__ import annotations

import pytest

from pipeline import recipe
from pipeline.domain import WorkbenchError
from pipeline.recipe import Recipe
from pipeline.store import Store, recipes
from pipeline.store import jobs as job_store
from tests.conftest import Fill

SHORT = Recipe.of([["html", {}], ["length", {"min": 4}]])
LONG = Recipe.of([["html", {}], ["length", {"min": 9}]])


def test_each_change_is_a_revision_and_the_same_again_is_none(store: Store, fill: Fill) -> None:
    project = fill(["a"])
    first, new = recipes.save(store, project.id, "网页 v1", SHORT.plain(), note="begun", author="anna")
    assert (first.revision, new, first.note, first.author) == (1, True, "begun", "anna")
    assert recipes.save(store, project.id, "网页 v1", SHORT.plain(), note="once more")[1] is False
    second, new = recipes.save(store, project.id, "网页 v1", LONG.plain())
    assert (second.revision, new) == (2, True)
    assert recipes.save(store, project.id, "网页 v1", SHORT.plain())[0].revision == 3  # as it was, but said anew
    assert recipe.of_project(store, project.id, "网页 v1") == (SHORT, 3)
    assert recipe.of_project(store, project.id, "网页 v1", 2) == (LONG, 2)
    assert [one.revision for one in recipes.versions(store, project.id, "网页 v1")] == [3, 2, 1]
    assert [(one.name, one.revision) for one in recipes.all_of(store, project.id)] == [("网页 v1", 3)]


def test_a_removal_is_undone_as_a_job(store: Store, fill: Fill) -> None:
    project = fill(["a"])
    recipes.save(store, project.id, "mine", SHORT.plain())
    job = recipes.remove(store, project.id, "mine")
    assert recipes.all_of(store, project.id) == []
    with pytest.raises(WorkbenchError, match="no recipe named 'mine'"):
        recipes.get(store, project.id, "mine")
    assert recipe.of_project(store, project.id, "mine", 1) == (SHORT, 1)  # what a job ran can still be read
    job_store.undo(store, job)
    assert recipe.of_project(store, project.id, "mine") == (SHORT, 1)
    job_store.redo(store, job)
    again, new = recipes.save(store, project.id, "mine", SHORT.plain())
    assert (again.revision, new) == (3, True)
    with pytest.raises(WorkbenchError, match=r"no revision 2\. Its revisions: 3, 1"):
        recipes.get(store, project.id, "mine", 2)


def test_the_own_recipe_goes_before_the_shipped_one(store: Store, fill: Fill) -> None:
    project, other = fill(["a"]), fill(["a"], "other")
    recipes.save(store, project.id, "default", SHORT.plain())
    assert recipe.of_project(store, project.id, "default") == (SHORT, 1)
    assert recipe.of_project(store, other.id, "default") == (recipe.named("default"), 0)
    with pytest.raises(WorkbenchError, match="no recipe file"):
        recipe.of_project(store, other.id, "mine")


@pytest.mark.parametrize("name", ["", "  ", "a/b", "..\\x", "x" * 81, "a\x00b", "a\u202eb"])
def test_a_name_that_cannot_be_is_refused(store: Store, fill: Fill, name: str) -> None:
    with pytest.raises(WorkbenchError, match="cannot have this name"):
        recipes.save(store, fill(["a"]).id, name, SHORT.plain())
