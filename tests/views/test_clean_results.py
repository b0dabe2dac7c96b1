"""What a cleaning did, on the clean page: the funnel with its numbers as links, examples, refused edits; two compared."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import annotate
from pipeline.questions import Spans
from pipeline.recipe import Recipe
from pipeline.store import jobs as job_store
from pipeline.store import recipes as own
from pipeline.store import records
from pipeline.store.records import RecordFilter
from pipeline.tasks.base import defined
from pipeline.tasks.base import field as shown_field
from tests.clean_pages import CleanPage, clean_page

DIRTY = [
    "<p>Great film</p>",
    "Great film",
    "n/a",
    "Fine &amp; dandy.",
    "x <script>Anna</script> y",
    "An untouched sentence.",
]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CleanPage]:
    with clean_page(tmp_path, monkeypatch, DIRTY) as made:
        made.run()
        yield made


def preview(page: CleanPage) -> None:
    page.click("clean.preview")
    page.wait()


def test_every_number_opens_as_many_records_as_it_says(page: CleanPage) -> None:
    preview(page)
    counted = [(label, where) for label, where in page.links if label.isdecimal()]
    assert len(counted) > 4
    for label, where in counted:
        assert records.count(page.store, page.project.id, RecordFilter.parse(where)) == int(label), where
    assert [metric.label for metric in page.app.metric] == [
        "Records looked at", "Records dropped", "Records edited", "Records flagged", "Records left",
    ]  # fmt: skip


def test_a_sample_is_tried_first_and_cannot_be_applied(page: CleanPage, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.views import clean

    monkeypatch.setattr(clean, "TRY", 3)
    page.run()
    page.click("clean.try")
    page.wait()
    assert page.job().params["sample"] == 3
    assert page.app.metric[0].value == "3"
    assert "to a sample" in page.app.subheader[1].value
    assert all(button.key != "clean.apply" for button in page.app.button)
    page.click("clean.preview")
    page.wait()
    assert page.app.metric[0].value == str(len(DIRTY))
    assert any(button.key == "clean.apply" for button in page.app.button)


def test_examples_are_of_the_chosen_step_and_reason(page: CleanPage) -> None:
    preview(page)
    pills = next(one for one in page.app.pills if str(one.key).startswith("clean.look."))
    pills.set_value("html").run()
    assert any("red-background" in one.value for one in page.app.markdown)
    reason = next(one for one in page.app.selectbox if str(one.key).startswith("clean.reason."))
    assert len(reason.options) >= 2
    pills.set_value("empty").run()
    assert "r3" in page.words()


def test_an_edit_that_was_refused_is_listed_with_its_label(page: CleanPage) -> None:
    task = annotate.save_definition(
        page.store, page.project, {**defined([Spans("s", ("PER",))], [shown_field("text")]), "overlap": 2}, ""
    )
    start = DIRTY[4].index("Anna")
    value = {"s": [{"start": start, "end": start + 4, "label": "PER", "text": "Anna"}]}
    event = {"event_id": "event-0001", "record_id": 5, "state": "submitted", "value": value}
    (ack,) = annotate.submit(page.store, task, "anna", [event])
    assert ack.ok
    preview(page)
    assert "Edits that were refused" in page.words()
    assert "**PER**" in page.words()


def test_an_ended_job_can_be_looked_at_again_and_a_running_one_stopped(page: CleanPage) -> None:
    preview(page)
    page.click("clean.apply")
    first = page.job().id
    assert "What it did" in page.app.subheader[1].value
    page.click("clean.preview")
    page.wait()
    page.click("clean.discard")
    page.click(f"clean.look_at.{first}")
    assert f"#{first}" in page.app.subheader[1].value
    assert any(metric.label == "Records left" for metric in page.app.metric)


def test_two_recipes_are_tried_and_what_only_one_does_is_shown(page: CleanPage) -> None:
    own.save(page.store, page.project.id, "Short", Recipe.of([["html", {}], ["length", {"min": 10}]]).plain())
    page.view("compare")
    page.app.selectbox(key="clean.side_a").select("ready/default").run()
    page.app.selectbox(key="clean.side_b").select("own/Short").run()
    page.click("clean.compare")
    until = time.monotonic() + 60
    while "Only A" not in page.words():
        assert time.monotonic() < until
        page.wait()
    a, b = sorted(job.id for job in job_store.recent(page.store, page.project.id, kind="clean"))
    assert job_store.get(page.store, b).params["recipe"] == "Short"
    counted = [(label, where) for label, where in page.links if label.isdecimal()]
    assert {f"job={a} unlike={b}", f"job={b} unlike={a}"} <= {
        where.partition("job=")[1] + where.partition("job=")[2] for _, where in counted
    }
    for label, where in counted:
        assert records.count(page.store, page.project.id, RecordFilter.parse(where)) == int(label), where
    assert job_store.get(page.store, a).state == "preview"


def test_one_recipe_is_not_compared_with_itself(page: CleanPage) -> None:
    page.view("compare")
    page.app.selectbox(key="clean.side_b").select(page.app.selectbox(key="clean.side_a").value).run()
    assert page.app.button(key="clean.compare").disabled


def test_two_jobs_that_do_the_same_say_so(page: CleanPage) -> None:
    preview(page)
    preview(page)
    page.view("compare")
    one, other = (f"job/{job.id}" for job in job_store.recent(page.store, page.project.id, kind="clean"))
    page.app.selectbox(key="clean.side_a").select(one).run()
    page.app.selectbox(key="clean.side_b").select(other).run()
    page.click("clean.compare")
    assert any("the same to every record" in one.value for one in page.app.success)
