"""The clean page: put a recipe together, preview, apply, undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.widgets.changes import marked, quiet, reason_words, visible
from pipeline.store import jobs as job_store
from pipeline.store import projects, records
from tests.clean_pages import CleanPage, clean_page

ROOT = Path(__file__).parents[2]
DIRTY = ["<p>Great film</p>", "Great film", "n/a", "Fine\u200b.", "$x$ [a](b) <b>*c*</b>", "An untouched sentence."]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CleanPage]:
    with clean_page(tmp_path, monkeypatch, DIRTY) as made:
        yield made


def test_preview_then_apply_then_undo(page: CleanPage) -> None:
    app, store, project = page.parts
    app.run()
    assert not app.exception
    assert "HTML to text" in page.steps()
    page.click("clean.preview")
    page.wait()
    assert [metric.value for metric in app.metric] == ["6", "2", "3", "0", "4"]
    assert records.count(store, project.id, records.RecordFilter(state="dropped")) == 0
    assert any("red-background" in one.value for one in app.markdown)
    page.click("clean.apply")
    assert records.count(store, project.id, records.RecordFilter(state="dropped")) == 2
    job = job_store.recent(store, project.id, kind="clean")[0]
    page.click(f"job.undo.{job.id}")
    assert records.count(store, project.id, records.RecordFilter(state="dropped")) == 0


def test_a_discarded_preview_never_counts(page: CleanPage) -> None:
    app, store, project = page.parts
    app.run()
    page.click("clean.preview")
    page.wait()
    page.click("clean.discard")
    assert job_store.recent(store, project.id, kind="clean")[0].state == "cancelled"
    assert records.count(store, project.id, records.RecordFilter(state="edited")) == 0


def test_steps_are_moved_switched_off_removed_and_added(page: CleanPage) -> None:
    app, store, project = page.parts
    app.run()
    begun = page.steps()
    first, *_, last = begun
    up = next(b.key for b in reversed(app.button) if str(b.key).endswith(".up"))
    page.click(up)
    assert page.steps()[-2] == last
    page.click(next(b.key for b in app.button if str(b.key).endswith(".remove")))
    assert page.steps() == [*begun[1:-2], last, begun[-2]]
    page.click("clean.put_back")
    assert page.steps() == [*begun[:-2], last, begun[-2]]
    page.click(next(b.key for b in app.button if str(b.key).endswith(".remove")))
    app.session_state["clean.adding"] = True
    app.run()
    app.text_input(key="clean.find").set_value("encoding wrong").run()
    page.click("clean.add.mojibake")
    assert page.steps()[-1] == first
    for toggle in app.toggle:
        if str(toggle.key).endswith(".on") and toggle.label != "HTML to text":
            toggle.set_value(False)
    app.run()
    page.click("clean.preview")
    page.wait()
    job = job_store.recent(store, project.id, kind="clean")[0]
    assert job.params["steps"] == [["html", {"entities": True}]]
    assert job.result == {"dropped": {}, "edited": {"html": 2}, "flagged": {}}


def test_settings_go_into_the_recipe(page: CleanPage) -> None:
    app, store, project = page.parts
    app.run()
    page.open_step("Length")
    page.open_step("Empty or missing")
    least = next(n for n in app.number_input if str(n.key).endswith("length.min"))
    least.set_value(12).run()
    words = next(n for n in app.text_input if str(n.key).endswith("empty.words"))
    words.set_value("x, y").run()
    assert next(n for n in app.number_input if str(n.key).endswith("length.min")).value == 12
    page.click("clean.preview")
    page.wait()
    job = job_store.recent(store, project.id, kind="clean")[0]
    stored = dict(map(tuple, job.params["steps"]))
    assert (stored["length"]["min"], stored["empty"]["words"]) == (12, ["x", "y"])
    app.selectbox(key="clean.choice").select("ready/chinese").run()
    assert any("changed since" in one.value for one in app.warning)


def test_a_wrong_setting_is_a_sentence(page: CleanPage) -> None:
    app = page.app
    app.run()
    page.open_step("Length")
    next(n for n in app.number_input if str(n.key).endswith("length.max")).set_value(1).run()
    assert any("above max 1" in one.value for one in app.error)
    assert app.button(key="clean.preview").disabled


def test_a_project_without_records_says_what_to_do(page: CleanPage) -> None:
    app, store = page.app, page.store
    app.session_state["test.project"] = projects.create(store, "empty")
    app.run()
    assert not app.exception
    assert "no records" in app.info[0].value


@pytest.mark.parametrize(
    ("before", "after", "shows"),
    [
        ("a\u200bb", "ab", "⟨200B⟩"),
        ("a\xa0b", "a b", "⍽"),
        ("a\n\n\nb", "a\n\nb", "⏎"),
        ("x <b>y", "x y", "<b>"),
    ],
)
def test_what_changed_can_be_seen(before: str, after: str, shows: str) -> None:
    assert shows in marked(before, after)[0].replace("\\", "")


def test_a_change_far_into_a_long_text_is_shown() -> None:
    left, right = marked("word " * 500 + "<b>", "word " * 500)
    assert left.startswith("…")
    assert "red-background" in left
    assert len(left) < 600
    assert "background" not in right


def test_invisible_texts_are_shown_as_signs() -> None:
    assert quiet("a\tb\x00") == "a⇥b⟨0000⟩"
    assert [visible(c) for c in "aé好 \u202e"] == ["a", "é", "好", "␣", "⟨202E⟩"]


def test_reasons_are_translated_and_their_detail_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from app import words

    monkeypatch.setattr(words, "language", lambda: "zh")
    assert reason_words("another language: de") == "其他语言：de"
    assert reason_words("something new") == "something new"


def test_every_step_and_setting_has_a_chinese_name() -> None:
    from app.words import _section
    from pipeline.knobs import knobs_of
    from pipeline.steps.base import steps

    catalogue: dict[str, Any] = _section("steps")
    wanted: Callable[[str], list[str]] = lambda name: [  # noqa: E731
        f"{name}.title", f"{name}.help",
        *(f"{name}.{knob.name}{end}" for knob in knobs_of(steps.get(name)) for end in ("", ".help")),
    ]  # fmt: skip
    assert [key for name in steps.names() for key in wanted(name) if key not in catalogue] == []
