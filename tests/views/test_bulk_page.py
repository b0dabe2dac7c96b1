"""One answer for many records: only what was found, never over an answer of one's own, confirmed first, undone at once."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from app.words import t
from pipeline import annotate, jobs
from pipeline.domain import Project
from pipeline.store import Store, records
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.store.records import RecordFilter
from pipeline.verbs.bulk import Bulk
from tests.pressing import press

Fill = Callable[..., Project]
A = "the quick brown fox jumps over the lazy dog near the river bank today"


def page(store, project, view, where):
    import importlib

    import streamlit as st

    module = importlib.import_module(f"app.views.{view}")
    if where and "where" not in st.query_params:
        st.query_params["where"] = where
    pages = {view: st.Page(lambda: module.render(store, project), title="v", url_path=view, default=True)}
    for name in ("records", "label", "import"):
        pages.setdefault(name, st.Page(lambda: None, title=name, url_path=name))
    st.session_state["pages"] = pages
    st.session_state.setdefault("label.annotator", "anna")
    st.navigation(list(pages.values())).run()


def opened(store: Store, project: Project, view: str = "records", where: str = "") -> AppTest:
    kwargs = {"store": store, "project": project, "view": view, "where": where}
    test = AppTest.from_function(page, kwargs=kwargs, default_timeout=30).run()
    assert not test.exception
    return test


def finished(store: Store, project: Project) -> int:
    (job,) = job_store.recent(store, project.id, 1, "bulk")
    assert jobs.wait(store, job.id, 30).state == "done"
    return job.id


def test_nothing_is_offered_for_a_whole_project(store: Store, fill: Fill) -> None:
    project = fill(["one late", "two"])
    annotate.define(store, project, labels=["yes", "no"], guideline="")
    keys = [select.key for select in opened(store, project).selectbox]
    assert not any(key and key.startswith("records.bulk") for key in keys)


def test_all_found_records_get_one_answer_and_lose_it_again(store: Store, fill: Fill) -> None:
    project = fill(["one late", "two", "three late", "four late"])
    task = annotate.define(store, project, labels=["yes", "no"], guideline="")
    first = records.ids(store, project.id)[0]
    answer_store.submit(store, task.id, "anna", [Answer("anna-first", first, "submitted", {"label": "no"})])
    test = opened(store, project, where="text=late")
    test.selectbox(key="records.bulk.label").set_value("yes").run()
    assert t("bulk.excluded", n="2", own="1") in [one.value for one in test.caption]
    press(test, "records.bulk.answer")
    assert answer_store.label_counts(store, task.id) == {"no": 1}  # asked, not done
    press(test, "records.bulk.yes")
    job = finished(store, project)
    assert answer_store.label_counts(store, task.id) == {"yes": 2, "no": 1}
    assert records.count(store, project.id, RecordFilter(job=job)) == 2
    job_store.undo(store, job)
    assert answer_store.label_counts(store, task.id) == {"no": 1}


def test_a_confirmation_is_for_what_was_asked(store: Store, fill: Fill) -> None:
    project = fill(["one late", "two late"])
    annotate.define(store, project, labels=["yes", "no"], guideline="")
    test = opened(store, project, where="text=late")
    test.selectbox(key="records.bulk.label").set_value("yes").run()
    press(test, "records.bulk.answer")
    test.selectbox(key="records.bulk.label").set_value("no").run()
    assert "records.bulk.yes" not in [button.key for button in test.button]
    press(test, "records.bulk.answer")
    press(test, "records.bulk.no")
    assert not job_store.recent(store, project.id, 5, "bulk")


def test_what_cannot_be_alike_says_so(store: Store, fill: Fill) -> None:
    project = fill(["one late"])
    annotate.save_definition(store, project, {"questions": [{"kind": "text", "name": "translation"}]}, "")
    test = opened(store, project, where="text=late")
    assert t("bulk.not_possible") in [one.value for one in test.caption]


def test_a_family_of_duplicates_gets_one_answer(store: Store, fill: Fill) -> None:
    from pipeline.verbs.dedupe import Dedupe

    project = fill([A, A + " again", "something else altogether that stands alone here"])
    task = annotate.define(store, project, labels=["yes", "no"], guideline="")
    jobs.run(store, Dedupe(threshold=0.7, shingle="word:3"), project.id)
    store.transact(lambda cursor: None)
    test = opened(store, project, view="duplicates")
    (select,) = [one for one in test.selectbox if one.key and one.key.startswith("duplicates.bulk.")]
    select.set_value("no").run()
    stem = select.key.removesuffix(".label")
    press(press(test, f"{stem}.answer"), f"{stem}.yes")
    job = finished(store, project)
    assert job_store.get(store, job).result["annotations"] + job_store.get(store, job).result["left_out"] == 2
    assert answer_store.label_counts(store, task.id)["no"] >= 1


def test_records_are_found_by_who_answered_them(store: Store, fill: Fill) -> None:
    project = fill(["one", "two", "three"])
    task = annotate.define(store, project, labels=["yes", "no"], guideline="")
    first, second, _ = records.ids(store, project.id)
    answer_store.submit(
        store, task.id, "ben", [Answer("ben-answer", first, "submitted", {"label": "no"}, flagged=True)]
    )
    answer_store.submit(store, task.id, "anna", [Answer("anna-answer", second, "submitted", {"label": "no"})])
    test = opened(store, project)
    test.selectbox(key="records.annotator.None").set_value("ben").run()
    assert any("**1**" in one.value for one in test.markdown)
    test = opened(store, project)
    test.selectbox(key="records.state.None").set_value("marked").run()
    assert any("**1**" in one.value for one in test.markdown)
    test.selectbox(key="records.state.marked").set_value("labelled").run()
    assert any("**2**" in one.value for one in test.markdown)


def test_of_several_tasks_one_is_answered(store: Store, fill: Fill) -> None:
    project = fill(["one late", "two late"])
    first = annotate.define(store, project, labels=["yes", "no"], guideline="")
    asked = {"questions": [{"kind": "choice", "name": "tone", "labels": ["calm", "loud"]}]}
    second = annotate.save_definition(store, project, asked, "", name="tone")
    answer_store.submit(store, first.id, "anna", [Answer("anna-first", 1, "submitted", {"label": "no"})])
    test = opened(store, project, where="text=late")
    test.selectbox(key="records.bulk.task").set_value("tone").run()
    test.selectbox(key="records.bulk.tone").set_value("loud").run()
    assert t("bulk.all", n="2", own="0") in [one.value for one in test.caption]
    press(test, "records.bulk.answer")
    press(test, "records.bulk.yes")
    finished(store, project)
    assert answer_store.label_counts(store, second.id) == {"loud": 2}
    assert answer_store.label_counts(store, first.id) == {"no": 1}


def test_the_history_of_a_record_says_what_was_answered_in_bulk(store: Store, fill: Fill) -> None:
    project = fill(["one late"])
    annotate.define(store, project, labels=["yes", "no"], guideline="")
    job = jobs.run(store, Bulk("anna", {"label": "yes"}, where="text=late"), project.id)
    test = opened(store, project, where="text=late")
    (told,) = [one.value for one in test.dataframe if t("records.history_detail") in one.value.columns]
    assert t("records.in_bulk", job=job.id) in told[t("records.history_detail")].iloc[0]
