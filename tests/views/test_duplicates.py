"""The duplicates page: from no records to a search, its preview, and decisions by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.difference import marked
from app.widgets.text import plain
from pipeline import jobs
from pipeline.domain import Project
from pipeline.store import Store, families, records
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from pipeline.verbs.dedupe import Dedupe

Fill = Callable[..., Project]
A = "the quick brown fox jumps over the lazy dog near the river bank today"
EVIL = "<b>[x](http://e.x)</b> :red[y] $z$ one two three four five six seven eight nine ten eleven twelve"


def page(store, project):
    import streamlit as st

    from app.views import duplicates

    pages = {
        "duplicates": st.Page(lambda: duplicates.render(store, project), title="d", url_path="duplicates", default=True)
    }
    for name in ("records", "import"):
        pages[name] = st.Page(lambda: None, title=name, url_path=name)
    st.session_state["pages"] = pages
    st.navigation(list(pages.values())).run()


def opened(store: Store, project: Project) -> AppTest:
    test = AppTest.from_function(page, kwargs={"store": store, "project": project}, default_timeout=30).run()
    assert not test.exception
    return test


def press(test: AppTest, key: str) -> AppTest:
    test.button(key=key).click().run()
    assert not test.exception
    return test


def dropped(store: Store, project: Project) -> int:
    return records.count(store, project.id, RecordFilter(state="dropped"))


def test_no_records_says_what_to_do(store: Store, fill: Fill) -> None:
    assert "Import" in opened(store, fill([])).info[0].value


def test_preview_apply_undo(store: Store, fill: Fill) -> None:
    project = fill([A, A + " again", EVIL, EVIL + " more", "alone"])
    test = opened(store, project)
    press(test, "duplicates.preview")
    job = job_store.recent(store, project.id, kind="dedupe")[0]
    jobs.wait(store, job.id)
    test.run()
    assert dropped(store, project) == 0
    assert [metric.value for metric in test.metric] == ["2", "2", "2", "0"]
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
    assert any("**1** families" in m.value for m in test.markdown)
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
