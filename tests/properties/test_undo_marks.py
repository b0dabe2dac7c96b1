"""Whatever cleaning does to texts with marked places: every mark reads what stands at its place, and undo brings back
exactly the answers of before.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import annotate, jobs
from pipeline.questions import Relations, Spans
from pipeline.store import Store, open_store, projects
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.tasks.base import defined, field
from pipeline.verbs.clean import Clean
from tests.conftest import add_records

PIECES = st.sampled_from(
    [
        "<b>",
        "</b>",
        "&amp;",
        "  ",
        "\u200b",
        "â€™",
        "Anna",
        "na",
        "\n\n\n",
        "中文",
        "a@b.cn",
        "好",
        " ",
        "\u3000",
        "<!-- x -->",
    ]
)
TEXT = st.lists(PIECES, min_size=1, max_size=8).map("".join)
STEPS = ("html", "control", "whitespace", "mojibake", "empty", "exact_duplicates")
RECIPE = st.lists(st.sampled_from(STEPS).map(lambda name: [name, {}]), min_size=1, max_size=5)


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A text and an answer about it."""
    text = draw(TEXT)
    places = st.integers(0, len(text) - 1).flatmap(lambda at: st.tuples(st.just(at), st.integers(at + 1, len(text))))
    spans = sorted({(*place, draw(st.sampled_from("XY"))) for place in draw(st.lists(places, max_size=4))})
    value = {"s": [{"start": a, "end": b, "label": label, "text": text[a:b]} for a, b, label in spans]}
    if len(spans) > 1:
        value["r"] = [{"from": 0, "to": len(spans) - 1, "label": "to"}]
    return text, value


def answers(store: Store, task: int) -> list[tuple[Any, ...]]:
    rows = store.rows(
        "SELECT a.record_id, a.annotator, a.state, a.value, a.created_at, r.text FROM annotation_now a "
        "JOIN record_now r ON r.id = a.record_id WHERE a.task_id = ? ORDER BY 1, 2",
        [task],
    )
    return [(row["record_id"], row["annotator"], row["state"], json.loads(row["value"]), row["created_at"], row["text"])
            for row in rows]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(given_=st.lists(marked(), min_size=1, max_size=5), first=RECIPE, second=RECIPE)
def test_marks_read_what_they_lie_on(given_: list[tuple[str, dict[str, Any]]], first: list, second: list) -> None:
    store = open_store(":memory:")
    try:
        project = projects.create(store, "p")
        add_records(store, project, [text for text, _ in given_])
        questions = [Spans("s", ("X", "Y")), Relations("r", ("to",), "s", required=False)]
        task = annotate.save_definition(store, project, defined(questions, [field("text")]), "")
        said = [Answer(f"event-{n}", n, "submitted", value) for n, (_, value) in enumerate(given_, 1)]
        answer_store.submit(store, task.id, "ann", said)
        states, done = [answers(store, task.id)], []
        for plain in (first, second):
            done.append(jobs.run(store, Clean(plain), project.id).id)
            states.append(answers(store, task.id))
            for (_, _, state, value, _, text), old in zip(states[-1], states[0], strict=True):
                assert state == "submitted"
                for question in questions:
                    if question.name in value:
                        question.check(value[question.name], {"text": text})
                assert [span["label"] for span in value["s"]] == [span["label"] for span in old[3]["s"]] or value.get(
                    "r"
                )
                assert len(value["s"]) == len(old[3]["s"])
        job_store.undo(store, done[1])
        assert answers(store, task.id) == states[1]
        job_store.undo(store, done[0])
        assert answers(store, task.id) == states[0]
        job_store.redo(store, done[0])
        assert answers(store, task.id) == states[1]
    finally:
        store.close()
