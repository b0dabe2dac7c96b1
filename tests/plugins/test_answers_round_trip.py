"""What leaves as JSON Lines comes in again as it was: every kind of question, everybody's answers, nothing lost."""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline import jobs
from pipeline.domain import Project
from pipeline.export import export_to
from pipeline.questions import (
    KINDS,
    AnswerSpan,
    Chat,
    Choice,
    Choices,
    Question,
    Ranking,
    Rating,
    Relations,
    Spans,
    Text,
    check_answers,
)  # fmt: skip
from pipeline.store import Store, projects
from pipeline.verbs.import_file import Import

LABELS = ("甲", "b b", "C😀", "=d")
NUMBER = itertools.count()
pieces = st.sampled_from(
    [
        "😀",
        "👩‍👩‍👧",
        "中文",
        "é",
        unicodedata.normalize("NFD", "é"),
        "\r\n",
        "\n",
        "a",
        "word ",
        "́",
        "\u2028",
        '"',
        "\\",
        "=1",
        "﷽",
        "🇩🇪",
    ]
)
texts = st.lists(pieces, min_size=1, max_size=12).map("".join)
written = texts.filter(lambda text: bool(text.strip())).map(lambda text: text.replace("\r\n", "\n"))
moments = st.integers(10**9, 17 * 10**8).map(lambda second: datetime.fromtimestamp(second, UTC).isoformat()[:19] + "Z")
turns = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": texts}), min_size=1, max_size=3)  # fmt: skip

QUESTIONS: dict[str, tuple[Question, ...]] = {
    "choice": (Choice("q", LABELS),),
    "choices": (Choices("q", LABELS),),
    "spans": (Spans("q", LABELS),),
    "relations": (Spans("s", LABELS), Relations("q", LABELS, "s")),
    "answer": (AnswerSpan("q"),),
    "text": (Text("q"),),
    "chat": (Chat("q"),),
    "ranking": (Ranking("q", candidates=("a", "b")), Ranking("r", field="candidates")),
    "rating": (Rating("q", low=-2, high=7),),
}


def place(text: str, draw: Callable[[Any], Any]) -> dict[str, Any]:
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    return {"start": start, "end": end, "text": text[start:end]}


def spans(text: str, draw: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Any spans, in each other and across each other, none twice."""
    found = [{**place(text, draw), "label": draw(st.sampled_from(LABELS))} for _ in range(draw(st.integers(0, 4)))]
    once = {(one["start"], one["end"], one["label"]): one for one in found}
    return [once[key] for key in sorted(once)]


def relations(count: int, draw: Callable[[Any], Any]) -> list[dict[str, Any]]:
    ends = [(a, b) for a in range(count) for b in range(count) if a != b]
    pairs = draw(st.lists(st.tuples(st.sampled_from(ends), st.sampled_from(LABELS)), max_size=3)) if ends else []
    return [{"from": a, "to": b, "label": label} for (a, b), label in sorted(set(pairs))]


def answer(kind: str, text: str, draw: Callable[[Any], Any]) -> dict[str, Any]:
    """An answer to the questions of a kind, as an annotator gives it."""
    if kind == "relations":
        marked = spans(text, draw)
        return {"s": marked, "q": relations(len(marked), draw)}
    if kind == "ranking":
        return {"q": draw(st.permutations(["a", "b"])), "r": draw(st.permutations(["1", "2", "3"]))}
    made = {
        "choice": lambda: draw(st.sampled_from(LABELS)),
        "choices": lambda: [label for label in LABELS if draw(st.booleans())],
        "spans": lambda: spans(text, draw),
        "answer": lambda: [place(text, draw)] if draw(st.booleans()) else [],
        "text": lambda: draw(written),
        "chat": lambda: draw(turns),
        "rating": lambda: draw(st.integers(-2, 7)),
    }
    return {"q": made[kind]()}


@st.composite
def rows(draw: Callable[[Any], Any], kind: str) -> list[dict[str, Any]]:
    """Records in Winnow's own format: answered by up to two people and a program, skipped, or only suggested."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        text = draw(texts)
        fields = {"a": draw(texts), "b": draw(texts), "candidates": draw(st.lists(texts, min_size=3, max_size=3)),
                  "messages": draw(turns)}  # fmt: skip
        annotations: list[dict[str, Any]] = []
        for who in draw(st.lists(st.sampled_from(["anna", "李", "simulated"]), unique=True, max_size=3)):
            extra = {"simulated": True} if who == "simulated" else {}
            extra |= {"comment": draw(written)} if draw(st.booleans()) else {}
            at = {"created_at": draw(moments), **extra}
            if draw(st.booleans()) and who != "simulated":
                said = {"annotator": who, "question": None, "state": "skipped", "value": None, **at}
                annotations.append({**said, **({"reason": "too hard"} if draw(st.booleans()) else {})})
            else:
                state = draw(st.sampled_from(["submitted", "draft"]))
                value = answer(kind, text, draw)
                annotations += [
                    {"annotator": who, "question": name, "state": state, "value": one, **at}
                    for name, one in value.items()
                ]
        hints = answer(kind, text, draw) if draw(st.booleans()) else {}
        found.append(
            {"id": f"r{number} {draw(pieces)}".strip(), "text": text, "fields": fields,
             "meta": draw(st.dictionaries(texts, texts, max_size=2)), "split": draw(st.sampled_from([None, "train", "test"])),
             "status": "active", "parent": None, "annotations": annotations,
             "suggestions": [{"source": "m", "question": name, "value": one, "score": draw(st.none() | st.floats(0, 1))}
                             for name, one in hints.items()]}
        )  # fmt: skip
    return found


def made(store: Store, questions: tuple[Question, ...]) -> Project:
    project = projects.create(store, f"p{next(NUMBER)}")
    definition = {"questions": [question.to_plain() for question in questions]}
    projects.save_task(store, project.id, name="t", kind="custom", definition=definition)
    return project


def bring(store: Store, project: Project, found: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    path = folder / f"{project.name}.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), encoding="utf-8", newline="")
    return dict(jobs.run(store, Import(str(path), encoding="utf-8"), project.id).result)


def leave(store: Store, project: Project, folder: Path) -> list[dict[str, Any]]:
    export_to(store, project=project.name, out=folder / "out.jsonl", dropped=True)
    return [json.loads(line) for line in (folder / "out.jsonl").read_bytes().decode().split("\n") if line]


def comparable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "annotations": sorted(row["annotations"], key=lambda a: (a["annotator"], str(a["question"])))} for row in found]  # fmt: skip


def test_every_kind_of_question_is_here() -> None:
    assert sorted(QUESTIONS) == sorted(KINDS)


@pytest.mark.parametrize("kind", sorted(QUESTIONS))
@settings(
    max_examples=5,  # each makes two databases
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # no shrinking: an example is a pair of imports
)
@given(data=st.data())
def test_what_left_comes_in_again_as_it_was(kind: str, store: Store, tmp_path: Path, data: st.DataObject) -> None:
    found = data.draw(rows(kind))
    for row in found:  # the answers that are made up here are such as the annotator submits
        given = [a for a in row["annotations"] if a["state"] == "submitted"]
        for who in {a["annotator"] for a in given}:
            value = {a["question"]: a["value"] for a in given if a["annotator"] == who}
            assert check_answers(QUESTIONS[kind], value, {"text": row["text"], **row["fields"]}) == value
    first, second = made(store, QUESTIONS[kind]), made(store, QUESTIONS[kind])
    result = bring(store, first, found, tmp_path)
    assert (result["records"], result["rejected"]) == (len(found), 0)
    once = leave(store, first, tmp_path)
    assert comparable(once) == comparable(found)
    bring(store, second, once, tmp_path)
    assert leave(store, second, tmp_path) == once
