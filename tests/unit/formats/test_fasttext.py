"""fastText's lines: labels in front, then the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.exporters import Contents, exporters
from pipeline.importers import choose, importers, open_source
from pipeline.questions import question_from
from pipeline.store import Store
from tests.brought import held
from tests.foreign import DATA, bring, broken, leave, read_through, said

LINES = DATA / "fasttext" / "train.txt"
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_labels_and_texts(store: Store):
    assert choose(open_source(LINES)).name == "fasttext"
    result = bring(store, LINES, labels_by="ana")
    texts = {row["text"]: said(row).get("ana", {}).get("label") for row in held(store).values()}
    assert texts == {
        "Great parcel 📦👍🏽, thanks!": ["good"], "He said late, again": ["delivery", "speed"], "包裹到得很快，谢谢！": ["质量"],
        "  two leading spaces": ["good"], "a text without a label": None, "Cafe\u0301 is __label__not at the front": ["good"],
        "behind a tab": ["good"],
    }  # fmt: skip
    assert [(one["line"], one["field"]) for one in result["rejections"]] == [(7, "text")]


def test_other_texts_are_left_to_others(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("One __label__x line\nand another\n", encoding="utf-8")
    assert choose(open_source(path)).name == "txt"


def test_signs_become_spaces_where_a_person_says_so(store: Store, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("__label__very_good Yes.\n__label__bad No.\n", encoding="utf-8")
    bring(store, path, format="fasttext", settings={"spaces": "_"})
    assert [list(said(row).values()) for row in held(store).values()] == [[{"label": "very good"}], [{"label": "bad"}]]


def test_out_and_in_again(store: Store, tmp_path):
    bring(store, LINES, labels_by="ana")
    lost = leave(store, "p", "fasttext", tmp_path / "b.txt")
    assert lost == {"records without a label": 1, "ids, fields and metadata of records": 7}
    bring(store, tmp_path / "b.txt", "q", labels_by="ana")
    one, two = ([(row["text"], said(row)) for row in held(store, name).values()] for name in ("p", "q"))
    assert one == two


def test_what_it_cannot_hold_is_counted(tmp_path):
    questions = (
        question_from({"kind": "text", "name": "why"}),
        question_from({"kind": "choice", "name": "tone", "labels": ["very good"]}),
    )
    answer = {
        "annotator": "ana",
        "question": "tone",
        "state": "submitted",
        "value": "very good",
        "created_at": "",
        "comment": "c",
    }
    other = {**answer, "annotator": "ben", "question": "why", "value": "w", "comment": ""}
    row = {"id": "1", "text": "__label__x\r\ny", "meta": {}, "split": None, "status": "active", "parent": None,
           "annotations": [answer, other, {**answer, "annotator": "cem", "state": "draft", "comment": ""}],
           "suggestions": [{"source": "m", "question": "tone", "value": "very good", "score": None}]}  # fmt: skip
    contents = Contents([[row]], False, ("why", "tone"), questions)
    lost = exporters.get("fasttext")(spaces="-")(contents, tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "__label__very-good __label__x y\n"
    assert lost == {
        "comments": 1, "suggestions": 1, "answers that are drafts or skips": 1, "answers to other questions": 1,
        "labels with spaces, written with another sign": 1, "texts of several lines, written in one": 1,
        "texts that begin like a label": 1, "ids, fields and metadata of records": 1,
    }  # fmt: skip


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@many
@given(rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
@example(rows=[("a\u2028b", "x\u3000y")])
def test_each_record_is_one_line_that_reads_as_it_was(rows, tmp_path):
    def row(text: str, label: str) -> dict:
        said_it = {"annotator": "ana", "question": "l", "state": "submitted", "value": label, "created_at": ""}
        return {"id": "1", "text": f"t{text}", "meta": {}, "split": None, "status": "active", "parent": None,
                "annotations": [said_it], "suggestions": []}  # fmt: skip

    contents = Contents([[row(*one) for one in rows]], False, ("l",))
    lost = exporters.get("fasttext")()(contents, tmp_path / "a.txt")
    found = list(importers.get("fasttext")().parse(open_source(tmp_path / "a.txt", encoding="utf-8")))
    assert len(found) == len(rows)
    if not lost.keys() & {"labels with spaces, written with another sign", "texts of several lines, written in one"}:
        assert [one.text for one in found] == [f"t{text}" for text, _ in rows]
        assert [[a.value for a in one.answers] for one in found] == [
            [[label]] if label.strip() else [] for _, label in rows
        ]


@many
@given(seed=st.integers(0, 10**6))
def test_a_damaged_file_never_breaks_the_reader(seed, tmp_path):
    target = tmp_path / "a.txt"
    target.write_bytes(broken(LINES.read_bytes(), seed))
    read_through(target, "fasttext")


@pytest.mark.parametrize("prefix", ["#", "(a|b)", "__LABEL__"])
def test_another_prefix(prefix, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(f"{prefix}x A text.\n", encoding="utf-8")
    (found,) = importers.get("fasttext")(prefix=prefix).parse(open_source(path))
    assert (found.text, found.answers[0].value) == ("A text.", ["x"])
