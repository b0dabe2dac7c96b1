"""The duplicates page: from no records to a search, its preview, and decisions by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.difference import marked
from app.widgets.text import plain
from pipeline import jobs
from pipeline.domain import Project
from pipeline.store import Store, families, projects, records
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.store.records import RecordFilter
from pipeline.tasks import tasks
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records
from tests.pressing import press

Fill = Callable[..., Project]
A = "the quick brown fox jumps over the lazy dog near the river bank today"
EVIL = "<b>[x](http://e.x)</b> :red[y] $z$ one two three four five six seven eight nine ten eleven twelve"


def page(store, project):
    import streamlit as st

    from app.views import duplicates

    pages = {
        "duplicates": st.Page(lambda: duplicates.render(store, project), title="d", url_path="duplicates", default=True)
    }
    for name in ("records", "import", "label"):
        pages[name] = st.Page(lambda: None, title=name, url_path=name)
    st.session_state["pages"] = pages
    st.navigation(list(pages.values())).run()


def opened(store: Store, project: Project) -> AppTest:
    test = AppTest.from_function(page, kwargs={"store": store, "project": project}, default_timeout=30).run()
    assert not test.exception
    return test


def ended(store: Store, job_id: int) -> None:
    """Wait for the job, and for its thread: it reads the job once more, which must not meet the closing of the store."""
    jobs.wait(store, job_id)
    for thread in threading.enumerate():
        if thread.name == f"job-{job_id}":
            thread.join()


def dropped(store: Store, project: Project) -> int:
    return records.count(store, project.id, RecordFilter(state="dropped"))


def test_no_records_says_what_to_do(store: Store, fill: Fill) -> None:
    assert "Import" in opened(store, fill([])).info[0].value


def test_preview_apply_undo(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", EVIL, EVIL + " more", "alone"])
    test = opened(store, project)
    press(test, "duplicates.preview")
    job = job_store.recent(store, project.id, kind="dedupe")[0]
    ended(store, job.id)
    test.run()
    assert dropped(store, project) == 0
    assert [metric.value for metric in test.metric] == ["2", "2", "2", "2", "2", "2"]
    press(test, "duplicates.apply")
    assert dropped(store, project) == 2
    press(test, f"job.undo.{job.id}")
    assert dropped(store, project) == 0


def test_discard(store: Store, fill: Fill) -> None:
    project = fill([A, A])
    job = jobs.run(store, Dedupe(dry_run=True), project.id)
    test = press(opened(store, project), "duplicates.discard")
    assert dropped(store, project) == 0
    assert job_store.get(store, job.id).state == "undone"
    assert not test.metric


def test_decisions_by_hand(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", A])
    job = jobs.run(store, Dedupe(), project.id)
    (family,) = families.page(store, job.id)
    test = opened(store, project)
    press(test, f"duplicates.keep.{family.others[0].record_id}")
    assert dropped(store, project) == 1
    press(test, f"duplicates.keep_all.{family.id}")
    assert dropped(store, project) == 0
    press(test, f"duplicates.drop_others.{family.id}")
    assert dropped(store, project) == 2
    last = job_store.recent(store, project.id, kind="keep")[0]
    press(test, f"job.undo.{last.id}")
    assert dropped(store, project) == 0


def test_paging_to_the_last_and_search(store: Store, fill: Fill) -> None:
    names = [f"topic{i}" for i in range(25)]
    project = fill([f"{name} one two three four five six seven eight nine" for name in names for _ in range(2)])
    jobs.run(store, Dedupe(), project.id)
    test = press(opened(store, project), "duplicates.top.last")
    assert test.number_input(key="duplicates.top.page.3").max == 3
    test.text_input(key="duplicates.text.").set_value("topic7 ").run()
    assert any("Families: **1**" in m.value for m in test.markdown)
    test.text_input(key="duplicates.text.topic7 ").set_value("nowhere").run()
    assert not test.exception
    assert any("No family fits" in info.value for info in test.info)
    del test.query_params["text"]  # as the browser's way back does: the box follows the address
    test.run()
    assert test.number_input(key="duplicates.top.page.1").max == 3


@pytest.mark.parametrize("text", [EVIL, "a\n\n    b", "]]][[[", ":red[x]", "    code", "# head"])
def test_marked_text_is_escaped(text: str) -> None:
    for differs in (True, False):
        shown = marked([(False, "x "), (differs, text)], "red")
        assert "<b>" not in shown
        assert "](http" not in shown
        assert "$z$" not in shown
        assert not any(line.startswith("    ") for line in shown.split("\n"))


def test_an_indented_line_is_no_block_of_code_and_words_may_still_wrap() -> None:
    assert plain("a\n\n    b_c\n\td") == "a  \n  \n\xa0\xa0\xa0\xa0b\\_c  \n\xa0\xa0\xa0\xa0d"
    assert plain(" a b") == " a b"


def told(test: AppTest) -> list[str]:
    """The numbers beside the slider: pairs, families, would be dropped."""
    return [metric.value for metric in test.metric][-3:]


def test_a_moved_threshold_says_what_it_would_do_and_searches_again(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", EVIL, EVIL])
    first = jobs.run(store, Dedupe(dry_run=True), project.id)
    test = opened(store, project)
    assert told(test) == ["2", "2", "2"]
    assert test.button(key="duplicates.again").disabled
    test.select_slider(key=f"duplicates.moved.{first.id}").set_value(0.95).run()
    assert told(test) == ["1", "1", "1"]
    press(test, "duplicates.again")
    again = job_store.recent(store, project.id, kind="dedupe")[0]
    ended(store, again.id)
    again = job_store.get(store, again.id)
    assert again.params == {**first.params, "threshold": 0.95}
    assert (again.state, again.result["dropped"]) == ("preview", 1)


def test_an_applied_search_is_undone_before_it_is_searched_again(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", EVIL, EVIL])
    first = jobs.run(store, Dedupe(), project.id)
    test = opened(store, project)
    test.select_slider(key=f"duplicates.moved.{first.id}").set_value(1.0).run()
    press(test, "duplicates.again")
    again = job_store.recent(store, project.id, kind="dedupe")[0]
    ended(store, again.id)
    assert job_store.get(store, first.id).state == "undone"
    assert job_store.get(store, again.id).result["families"] == 1


def test_settings_reach_the_search(store: Store, fill: Fill) -> None:
    project = fill([A, A])
    jobs.run(store, Dedupe(threshold=0.7), project.id)
    test = opened(store, project)
    test.slider(key="duplicates.threshold").set_value(0.9).run()
    test.selectbox(key="duplicates.keep").set_value("newest").run()
    test.toggle(key="duplicates.scope").set_value(True).run()
    press(test, "duplicates.preview")
    job = job_store.recent(store, project.id, kind="dedupe")[0]
    ended(store, job.id)
    wanted = {"threshold": 0.9, "shingle": "auto:5", "keep": "newest", "scope": "new", "dry_run": True}
    assert {key: job.params[key] for key in wanted} == wanted


def test_only_what_is_new_is_greyed_where_there_was_no_search_like_it(store: Store, fill: Fill) -> None:
    project = fill([A, A])
    test = opened(store, project)
    assert test.toggle(key="duplicates.scope").disabled
    jobs.run(store, Dedupe(threshold=0.8), project.id)
    test = opened(store, project)
    assert not test.toggle(key="duplicates.scope").disabled
    test.slider(key="duplicates.threshold").set_value(0.5).run()  # that search did not look there
    assert test.toggle(key="duplicates.scope").disabled


def test_quality_needs_a_column_of_numbers(store: Store, fill: Fill) -> None:
    test = opened(store, fill([A, A]))
    test.selectbox(key="duplicates.keep").set_value("quality").run()
    assert test.button(key="duplicates.preview").disabled
    assert any("holds numbers" in warning.value for warning in test.warning)


def test_records_that_came_after_the_newest_search_are_told(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again"])
    first = jobs.run(store, Dedupe(dry_run=True), project.id)
    assert not any("imported since" in info.value for info in opened(store, project).info)
    add_records(store, project, [A + " once more", "another"], ids=["n1", "n2"])
    assert any("imported since this preview: 2." in info.value for info in opened(store, project).info)
    job_store.close_job(store, first.id, "undone", first.result)
    applied = jobs.run(store, Dedupe(), project.id)
    assert not any("imported since" in info.value for info in opened(store, project).info)
    later = add_records(store, project, ["a third"], ids=["n3"])
    assert any("imported since this search: 1." in info.value for info in opened(store, project).info)
    job_store.undo(store, later)
    assert not any("imported since" in info.value for info in opened(store, project).info)
    add_records(store, project, ["a third"], ids=["n4"])
    jobs.run(store, Dedupe(scope="new", dry_run=True), project.id)
    test = opened(store, project)
    press(test, f"duplicates.look.{applied.id}")
    assert not any("imported since" in info.value for info in test.info)  # a later search knows them


def test_after_a_search_the_page_says_what_it_looked_at(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", EVIL, "alone"])
    jobs.run(store, Dedupe(), project.id)
    captions = [caption.value for caption in opened(store, project).caption]
    assert any("4 records, 6 possible pairs" in text and "first time: 4." in text for text in captions)
    add_records(store, project, [A + " and again"], ids=["n1"])
    job = jobs.run(store, Dedupe(scope="new"), project.id)
    (text,) = [c.value for c in opened(store, project).caption if "possible pairs" in c.value]
    among = job.result["records"] - 1  # the new record is held against each of the others
    assert f"{among} possible pairs" in text
    assert "New, and compared with all: 1." in text


def test_a_preview_of_nothing_says_what_applying_it_is_for(store: Store, fill: Fill) -> None:
    project = fill([A, "another"])
    jobs.run(store, Dedupe(dry_run=True), project.id)
    assert "nothing to drop" in opened(store, project).info[0].value


def test_short_texts_inside_long_ones_are_said_to_be_inside(store: Store, fill: Fill) -> None:
    words = " ".join(f"w{n}" for n in range(60))
    project = fill([words, " ".join(words.split()[5:40])])
    jobs.run(store, Dedupe(mode="contained", threshold=0.9, dry_run=True), project.id)
    shown = badges(opened(store, project))
    assert "100.0 % inside" in shown
    assert "alike" not in shown


def badges(test: AppTest) -> str:
    return " ".join(m.value for m in test.markdown)


def test_a_record_kept_by_hand_is_marked_and_undone_where_it_stands(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", A])
    job = jobs.run(store, Dedupe(), project.id)
    (family,) = families.page(store, job.id)
    other = family.others[0].record_id
    test = press(opened(store, project), f"duplicates.keep.{other}")
    assert "kept by hand" in badges(test)
    press(test, f"duplicates.undo.{other}")
    assert "kept by hand" not in badges(test)
    assert dropped(store, project) == 2
    press(test, f"duplicates.keep_all.{family.id}")
    assert dropped(store, project) == 0
    press(test, f"duplicates.undo.family.{family.id}")
    assert dropped(store, project) == 2


def test_a_record_kept_before_the_search_is_applied_stays(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", A])
    job = jobs.run(store, Dedupe(dry_run=True), project.id)
    (family,) = families.page(store, job.id)
    test = press(opened(store, project), f"duplicates.keep.{family.others[0].record_id}")
    assert "when you apply it: 1. Kept by hand, so they stay: 1." in test.info[0].value
    press(test, "duplicates.apply")
    assert dropped(store, project) == 1
    (family,) = families.page(store, job.id)
    assert [member.dropped for member in family.others] == [False, True]


def test_a_contradictory_family_leads_to_labelling(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", EVIL, EVIL])
    definition = tasks.get("classification")().definition(("x", "y"))
    task = projects.save_task(store, project.id, name="t", kind="classification", definition=definition)
    found = [row["id"] for row in store.rows("SELECT id FROM record ORDER BY id")]
    for record, label in zip(found[:2], ("x", "y"), strict=True):
        answer_store.submit(store, task.id, "ann", [Answer(f"e{record}", record, "submitted", {"label": label})])
    job = jobs.run(store, Dedupe(), project.id)
    test = opened(store, project)
    assert any("contradict each other" in warning.value for warning in test.warning)
    assert told(test)[-1] == str(job.result["dropped"]) == "1"
    test.toggle(key="duplicates.contradictory").set_value(True).run()
    assert any("Families: **1**" in m.value for m in test.markdown)
