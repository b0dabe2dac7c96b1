"""Words of a task that a page hands to Streamlit as the label of a widget, or as Markdown, are text in it."""

from __future__ import annotations

from collections.abc import Callable

from app.widgets.text import harmless, plain
from pipeline import annotate
from pipeline.domain import Project
from pipeline.store import Store
from tests.injection import line, lines
from tests.views.test_bulk_page import opened
from tests.views.test_task_page import opened as task_page

Fill = Callable[..., Project]


def test_the_questions_of_a_bulk_answer(store: Store, fill: Fill) -> None:
    project = fill(["one", "two"])
    title = line("title")
    question = {"kind": "choice", "name": "label", "labels": lines("label"), "title": title}
    annotate.save_definition(store, project, {"questions": [question]}, "")
    test = opened(store, project, "records", "text=o")
    box = next(box for box in test.selectbox if box.key == "records.bulk.label")
    assert box.label == plain(title)
    assert box.options == lines("label")


def test_the_guideline_as_it_is_written(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    guideline = "**good** ![x](http://evil.test/x)\n\n```mermaid\ngraph\n```"
    question = {"kind": "choice", "name": "label", "labels": ["a", "b"]}
    annotate.save_definition(store, project, {"questions": [question]}, guideline)
    shown = [one.value for one in task_page(store, project, "guideline").markdown]
    assert harmless(guideline) in shown
    assert guideline not in shown
