"""The leaks page: from nothing to check to a check, its pairs, the drop and its undo; all text shown as text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.leak_list import _safe
from app.widgets.text import plain
from pipeline import jobs
from pipeline.domain import Project
from pipeline.store import Store, leaks, open_store, records
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from pipeline.verbs.leaks import Leaks
from tests.conftest import add_records
from tests.pressing import press

Fill = Callable[..., Project]
A = "the quick brown fox jumps over the lazy dog near the river bank today"
Z = "这家酒店的位置非常好，离地铁站只有五分钟，房间也很干净，下次还会再来住。"
EVIL = "<b>[x](http://e.x)</b> :red[y] $z$ one two three four five six seven eight nine ten eleven twelve"


def page(store, project):
    import streamlit as st

    from app.views import leaks

    pages = {"leaks": st.Page(lambda: leaks.render(store, project), title="l", url_path="leaks", default=True)}
    for name in ("records", "import", "versions"):
        pages[name] = st.Page(lambda: None, title=name, url_path=name)
    st.session_state["pages"] = pages
    st.navigation(list(pages.values())).run()


def opened(store: Store, project: Project, language: str = "en", **query: str) -> AppTest:
    test = AppTest.from_function(page, kwargs={"store": store, "project": project}, default_timeout=30)
    test.query_params["lang"] = language
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def dropped(store: Store, project: Project) -> int:
    return records.count(store, project.id, RecordFilter(state="dropped"))


def jsonl(path: Path, texts: list[str]) -> Path:
    rows = [json.dumps({"id": f"q{i}", "question": text}, ensure_ascii=False) for i, text in enumerate(texts, 1)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def shown(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.warning, test.success, test.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_no_records_says_what_to_do(store: Store, fill: Fill) -> None:
    assert "Import" in opened(store, fill([])).info[0].value


def test_without_a_version_or_another_project_it_says_what_to_do(store: Store, fill: Fill) -> None:
    test = opened(store, fill([A]))
    assert test.button(key="leaks.check").disabled  # no file yet
    assert "Choose what the training data is held against" in test.info[-1].value
    for way, words in (("splits", "Freeze one"), ("project", "only project")):
        test.session_state["leaks.against"] = way
        test.run()
        assert words in test.info[0].value
        assert test.button(key="leaks.check").disabled


def test_check_drop_and_undo(store: Store, fill: Fill) -> None:
    fill([A + " again", Z, "alone among all of these"], "bench")
    project = fill([A, Z, EVIL], "mine")
    test = opened(store, project)
    test.session_state["leaks.against"] = "project"
    test.run()
    press(test, "leaks.check")
    (job,) = job_store.recent(store, project.id, kind="leaks")
    jobs.wait(store, job.id)
    test.run()
    assert "2 of 3 items (66.7 %) are in the training data: 1 identical, 1 near." in test.warning[0].value
    assert dropped(store, project) == 0
    press(test, "leaks.drop")
    assert dropped(store, project) == 2
    assert "None of these training texts is in the data set any more." in shown(test)
    (drop,) = job_store.recent(store, project.id, kind="drop-leaks")
    keys = [button.key for button in test.button]
    assert keys.index(f"job.undo.{drop.id}") < keys.index(f"leaks.prepare.{drop.params['found_by']}")  # above the pairs
    press(test, f"job.undo.{drop.id}")
    assert dropped(store, project) == 0


def test_a_clean_result_is_a_sentence_in_both_languages(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A])
    jobs.run(store, Leaks(against=f"file:{jsonl(tmp_path / 'b.jsonl', [Z, EVIL])}"), project.id)
    assert "None of the 2 items is in the training data." in opened(store, project).success[0].value
    assert "2 个条目都不在训练数据" in opened(store, project, "zh").success[0].value


def test_a_preview_is_applied_or_discarded(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A, Z])
    verb = Leaks(against=f"file:{jsonl(tmp_path / 'b.jsonl', [A])}", drop=True, dry_run=True)
    job = jobs.run(store, verb, project.id)
    test = opened(store, project)
    assert "Training records that go when you apply it: 1." in test.info[0].value
    assert "would be dropped" in shown(test)
    press(test, "leaks.apply")
    assert "would be dropped" not in shown(test)
    assert dropped(store, project) == 1
    press(test, f"job.undo.{job.id}")
    assert dropped(store, project) == 0
    again = jobs.run(store, verb, project.id)
    press(opened(store, project), "leaks.discard")
    assert job_store.get(store, again.id).state == "undone"


def test_differences_are_by_word_and_by_character_and_text_is_text(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A, Z, EVIL], ids=["**a**", "b", "c"])
    bench = jsonl(tmp_path / "b.jsonl", [A.replace("today", "tonight"), Z[:-2] + "呢。", EVIL + " <script>"])
    jobs.run(store, Leaks(against=f"file:{bench}", file_name="*b*.jsonl"), project.id)
    words = shown(opened(store, project))
    assert ":green-background[today]" in words
    assert ":orange-background[tonight]" in words
    assert ":green-background[住]" in words
    assert ":orange-background[呢]" in words
    assert plain(EVIL) in words
    assert "**\\*\\*a\\*\\***" in words
    assert "<script>" not in words.replace("\\<script\\>", "")
    assert "the file \\*b\\*\\.jsonl" in words


def test_pairs_are_paged_and_searched(store: Store, fill: Fill, tmp_path: Path) -> None:
    texts = [f"{n} {A}" for n in range(25)]
    project = fill([*texts, Z])
    jobs.run(
        store, Leaks(against=f"file:{jsonl(tmp_path / 'b.jsonl', [*texts, Z])}", threshold=1.0, inside=0.0), project.id
    )
    assert "Pairs: **26**" in shown(opened(store, project))
    test = opened(store, project, page="3")
    assert "**r21**" in shown(test)
    assert "**r20**" not in shown(test)
    assert "**r26**" in shown(opened(store, project, text="酒店"))
    assert "No pair fits" in shown(opened(store, project, text="nowhere"))
    assert "Pairs: **26**" in shown(opened(store, project, page="²"))


def test_a_cancelled_check_shows_no_result(store: Store, fill: Fill) -> None:
    project = fill([A])
    job_id = job_store.open_job(store, "leaks", project.id, {"against": "splits", "version": "", "threshold": 0.8})
    job_store.close_job(store, job_id, "cancelled", {})
    test = opened(store, project)
    assert test.button(key=f"job.continue.{job_id}")
    assert not test.warning


def test_the_files_of_the_pairs(tmp_path: Path) -> None:
    store = open_store(tmp_path / "w.duckdb")
    from pipeline.store import projects

    project = projects.create(store, "p")
    evil = '=HYPERLINK("http://e.x") one two three four five six seven'
    add_records(store, project, [evil], ids=["@id"])
    job = jobs.run(store, Leaks(against=f"file:{jsonl(tmp_path / 'b.jsonl', [evil])}"), project.id)
    test = opened(store, project)
    press(test, f"leaks.prepare.{job.id}")
    folder = store.folder / "exports"
    (row,) = csv.DictReader(io.StringIO((folder / f"leaks-job-{job.id}.csv").read_text(encoding="utf-8-sig")))
    assert (row["record_id"], row["record_text"], row["item_text"]) == ("'@id", "'" + evil, "'" + evil)
    (row,) = pq.read_table(folder / f"leaks-job-{job.id}.parquet").to_pylist()
    assert (row["record_id"], row["record_text"], row["how"]) == ("@id", evil, "identical")
    assert _safe(leaks.pairs(store, job.id))["record_text"].to_pylist() == ["'" + evil]
    store.close()


@pytest.mark.parametrize("name", ["empty.jsonl", "picture.png"])
def test_a_file_that_cannot_be_read_is_a_sentence(
    store: Store, fill: Fill, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the files of a store in memory lie where one is
    project = fill([A])
    (tmp_path / name).write_bytes(b"" if name.startswith("empty") else b"\x89PNG\r\n")
    test = opened(store, project)
    test.file_uploader(key="leaks.file").set_value((name, (tmp_path / name).read_bytes(), "text/plain")).run()
    assert not test.exception
    assert test.error
    assert test.button(key="leaks.check").disabled
