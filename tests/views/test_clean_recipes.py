"""Recipes on the clean page: ready ones, the project's own in revisions, taken away and brought back; finding steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.widgets.clean_groups import GROUPS, found, group_of
from pipeline import recipe as recipes
from pipeline.recipe import Recipe
from pipeline.steps.base import steps
from pipeline.store import recipes as own
from tests.clean_pages import CleanPage, clean_page


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CleanPage]:
    with clean_page(tmp_path, monkeypatch, ["<p>Great film</p>", "Great film", "n/a"]) as made:
        made.run()
        yield made


def save(page: CleanPage, name: str, note: str = "") -> None:
    page.app.session_state["clean.keeping"] = True
    page.run()
    box = next(box for box in page.app.text_input if str(box.key).startswith("clean.name."))
    box.set_value(name).run()
    page.app.text_input(key="clean.note").set_value(note).run()
    page.click("clean.save")


def test_a_recipe_is_saved_under_a_name_then_again_as_a_revision(page: CleanPage) -> None:
    save(page, " Mine  ", "first try")
    assert "Saved: Mine, revision 1." in page.words().replace("\\", "")
    assert page.app.selectbox(key="clean.choice").value == "own/Mine"
    page.open_step("Length")
    next(n for n in page.app.number_input if str(n.key).endswith("length.min")).set_value(7).run()
    save(page, "Mine", "longer")
    assert "Saved: Mine, revision 2." in page.words().replace("\\", "")
    kept = own.versions(page.store, page.project.id, "Mine")
    assert [(one.revision, one.note) for one in kept] == [(2, "longer"), (1, "first try")]
    assert [dict(map(tuple, one.steps or []))["length"]["min"] for one in kept] == [7, 3]
    save(page, "Mine")
    assert "Nothing to save" in page.words()


def test_an_earlier_revision_comes_back_and_the_job_says_which_it_ran(page: CleanPage) -> None:
    default = recipes.named("default")
    own.save(page.store, page.project.id, "Mine", Recipe.of([["html", {}]]).plain())
    own.save(page.store, page.project.id, "Mine", default.plain())
    page.run()
    page.app.selectbox(key="clean.choice").select("own/Mine").run()
    assert len(page.steps()) == len(default.steps)
    page.app.selectbox(key="clean.revision.Mine").select(1).run()
    assert page.steps() == ["HTML to text"]
    page.click("clean.preview")
    page.wait()
    job = page.job()
    assert (job.params["recipe"], job.params["revision"]) == ("Mine", 1)
    assert "Recipe: Mine, revision 1" in page.words()
    page.open_step("HTML to text")
    next(toggle for toggle in page.app.toggle if str(toggle.key).endswith("html.entities")).set_value(False).run()
    page.click("clean.preview")
    page.wait()
    assert (page.job().params["recipe"], page.job().params["revision"]) == ("", 0)
    page.click("clean.back")
    assert page.steps() == ["HTML to text"]
    assert all(button.key != "clean.back" for button in page.app.button)


def test_an_own_recipe_is_taken_off_the_list_and_brought_back(page: CleanPage) -> None:
    save(page, "Mine")
    page.click("clean.take_off")
    assert "own/Mine" not in page.app.selectbox(key="clean.choice").options
    assert own.all_of(page.store, page.project.id) == []
    assert "Mine was removed" in page.words()
    page.click(next(str(b.key) for b in page.app.button if str(b.key).startswith("clean.bring_back.")))
    assert [one.name for one in own.all_of(page.store, page.project.id)] == ["Mine"]
    assert any("Mine" in option for option in page.app.selectbox(key="clean.choice").options)


def test_a_name_that_cannot_be_is_a_sentence(page: CleanPage) -> None:
    save(page, "a/b")
    assert any("cannot have this name" in one.value for one in page.app.error)
    assert own.all_of(page.store, page.project.id) == []


def test_the_recipe_can_be_read_as_a_file(page: CleanPage) -> None:
    page.app.session_state["clean.filing"] = True
    page.run()
    assert recipes.load(page.app.code[0].value) == recipes.named("default")


@pytest.mark.parametrize("name", recipes.shipped())
def test_each_ready_recipe_can_be_chosen_and_says_what_it_is_for(page: CleanPage, name: str) -> None:
    page.app.selectbox(key="clean.choice").select(f"ready/{name}").run()
    assert not page.app.exception
    assert len(page.steps()) == len(recipes.named(name).steps)
    from app.words import _section

    assert f"about_{name}" in _section("clean")
    assert f"recipe_{name}" in _section("clean")


def test_steps_are_found_by_their_group_or_by_words_of_their_help(page: CleanPage) -> None:
    assert sorted(name for group in GROUPS for name in found(group, "")) == steps.names()
    assert {group_of(name) for name in ("segment", "traditional")} == {"chinese"}
    assert group_of("contradictory_labels") == "columns"
    assert "mojibake" in found(None, "Encoding WRONG")
    assert found(None, "no step has these") == []
    page.app.session_state["clean.adding"] = True
    page.run()
    page.app.text_input(key="clean.find").set_value("zzz").run()
    assert any("No step has these words" in one.value for one in page.app.caption)
