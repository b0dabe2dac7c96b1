"""What every exporter promises: all rows, in order, streamed, and an honest count of what the format cannot hold."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from pipeline.exporters import Contents, exporters
from pipeline.knobs import build, knobs_of

NAMES = exporters.names()
WHOLE = [name for name in ("csv", "jsonl", "parquet", "tsv", "xlsx") if name in NAMES]  # those that hold every record
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
plain = st.dictionaries(text, st.one_of(st.integers(-(2**53), 2**53), text, st.booleans(), st.none()), max_size=3)
answer = st.fixed_dictionaries(
    {"annotator": text, "question": st.just("label"), "state": st.sampled_from(["submitted", "skipped"]), "value": text,
     "created_at": st.just("2026-01-02T03:04:05Z")},
    optional={"comment": text, "simulated": st.just(True)},
)  # fmt: skip
suggestion = st.fixed_dictionaries(
    {"source": text, "question": st.just("label"), "value": text, "score": st.none() | st.floats(0, 1)}
)
open_row = st.fixed_dictionaries(
    {"id": text, "text": text, "meta": plain, "split": st.sampled_from([None, "train", "test"]),
     "status": st.sampled_from(["active", "dropped"]), "parent": st.none() | text,
     "annotations": st.lists(answer, max_size=3), "suggestions": st.lists(suggestion, max_size=2)},
    optional={"fields": plain.filter(bool)},
)  # fmt: skip
frozen_row = st.fixed_dictionaries(
    {"id": text, "text": text, "meta": plain, "split": st.sampled_from(["train", "validation", "test"]),
     "status": st.just("active"), "parent": st.none() | text, "label": text, "annotators": st.lists(text, max_size=2)},
    optional={"simulated": st.just(True)},
)  # fmt: skip
once = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(name: str, rows: list, out: Path, *, frozen: bool = False, **values: object) -> dict:
    halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    return dict(build(exporters.get(name), values)(Contents(iter(halves), frozen, ("label",)), out))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_named_and_explained(name):
    exporter = exporters.get(name)
    assert exporter.suffix.startswith(".")
    assert exporter.__doc__
    assert all(knob.help for knob in knobs_of(exporter))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frozen", [False, True])
def test_nothing_gives_a_valid_empty_file(name, frozen, tmp_path):
    out = tmp_path / "x"
    assert write(name, [], out, frozen=frozen) == {}
    if name in WHOLE:
        read_ids(name, out)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frozen", [False, True])
@settings(parent=once, max_examples=15)
@given(data=st.data())
def test_any_rows_are_written_and_what_is_lost_is_counted(name, frozen, data, tmp_path):
    rows = data.draw(st.lists(frozen_row if frozen else open_row, max_size=4))
    losses = write(name, rows, tmp_path / "x", frozen=frozen)
    assert (tmp_path / "x").is_file()
    assert all(n > 0 for n in losses.values())


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("frozen", [False, True])
@once
@given(data=st.data())
def test_every_row_comes_out_in_order(name, frozen, data, tmp_path):
    rows = data.draw(st.lists(frozen_row if frozen else open_row, max_size=6))
    out = tmp_path / "x"
    losses = write(name, rows, out, frozen=frozen)
    assert [one.removeprefix("'") for one in read_ids(name, out)] == [row["id"].removeprefix("'") for row in rows]
    assert all(n > 0 for n in losses.values())


@pytest.mark.parametrize("name", WHOLE)
def test_it_takes_batches_from_a_generator(name, tmp_path):
    row = {"id": "a", "text": "b", "meta": {}, "split": "train", "status": "active", "parent": None, "label": "x",
           "annotators": ["ana"]}  # fmt: skip
    exporters.get(name)()(Contents(([row] * 3 for _ in range(5)), frozen=True), tmp_path / "x")
    assert len(read_ids(name, tmp_path / "x")) == 15


@once
@given(rows=st.lists(open_row, max_size=5))
def test_jsonl_is_the_rows_themselves(rows, tmp_path):
    out = tmp_path / "x.jsonl"
    assert write("jsonl", rows, out) == {}
    lines = out.read_bytes().decode().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == rows


@once
@given(rows=st.lists(open_row, max_size=5))
def test_parquet_keeps_every_answer(rows, tmp_path):
    out = tmp_path / "x.parquet"
    write("parquet", rows, out)
    for row, back in zip(rows, pq.read_table(out).to_pylist(), strict=True):
        assert (back["id"], back["text"], back["split"], back["parent"]) == (
            row["id"], row["text"], row["split"], row["parent"]
        )  # fmt: skip
        assert json.loads(back["meta"]) == row["meta"]
        filled = [{key: v for key, v in one.items() if v is not None} for one in back["annotations"]]
        assert filled == row["annotations"]
        assert back["suggestions"] == row["suggestions"]


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # how a cell begins that a spreadsheet may run


@once
@given(cell=text, first=st.sampled_from([*FORMULA, ""]))
def test_no_csv_cell_runs_as_a_formula(cell, first, tmp_path):
    row = {"id": "1", "text": first + cell, "meta": {}, "split": "test", "status": "active", "parent": None, "label": "ok",
           "annotators": ["ana"]}  # fmt: skip
    out = tmp_path / "x.csv"
    losses = write("csv", [row], out, frozen=True)
    head, cells = csv.reader(io.StringIO(out.read_bytes().decode(), newline=""))
    assert head[:3] == ["id", "text", "label"]

    def runs(one: str) -> bool:
        return one.startswith(FORMULA) and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", one)

    assert not any(map(runs, cells))
    escaped = runs(row["text"])
    assert cells[1] == ("'" if escaped else "") + row["text"]
    assert sum(losses.values()) == escaped


def test_a_negative_number_comes_back_as_it_was(tmp_path):
    row = {"id": "-7", "text": "-7+cmd", "meta": {}, "split": "test", "status": "active", "parent": None, "label": "-1.5",
           "annotators": ["ana"]}  # fmt: skip
    write("csv", [row], tmp_path / "x.csv", frozen=True)
    _, cells = csv.reader(io.StringIO((tmp_path / "x.csv").read_bytes().decode(), newline=""))
    assert cells[:3] == ["-7", "'-7+cmd", "-1.5"]


def test_csv_says_what_it_cannot_hold(tmp_path):
    def said(who: str, value: str | None, state: str = "submitted", **more: object) -> dict:
        return {"annotator": who, "question": "label", "state": state, "value": value, "created_at": "", **more}

    row = {"id": "=1", "text": "t", "meta": {"a": 1}, "split": None, "status": "active", "parent": None,
           "annotations": [said("ana", "pos"), said("bot", "neg", simulated=True), said("cem", None, "skipped")],
           "suggestions": [{"source": "m", "question": "label", "value": "pos", "score": 0.5}]}  # fmt: skip
    losses = write("csv", [row], tmp_path / "x.csv")
    assert list(losses.values()) == [1, 1, 1, 1]
    (found,) = csv.DictReader((tmp_path / "x.csv").open(encoding="utf-8", newline=""))
    assert (found["id"], found["label"], found["annotators"]) == ("'=1", "neg", "ana; bot (simulated)")
    assert json.loads(found["meta"]) == {"a": 1}


def test_csv_for_excel_begins_with_a_mark(tmp_path):
    write("csv", [], tmp_path / "x.csv", excel=True)
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def read_ids(name: str, out: Path) -> list[str]:
    if name == "jsonl":
        return [json.loads(line)["id"] for line in out.read_bytes().decode().split("\n") if line]
    if name == "parquet":
        return pq.read_table(out)["id"].to_pylist()
    if name in ("csv", "tsv"):
        file = io.StringIO(out.read_bytes().decode(), newline="")
        return [row["id"] for row in csv.DictReader(file, delimiter="\t" if name == "tsv" else ",")]
    if name == "xlsx":
        _, *rows = openpyxl.load_workbook(io.BytesIO(out.read_bytes()), read_only=True).active.iter_rows(
            values_only=True
        )
        return ["" if row[0] is None else unescape(str(row[0])) for row in rows]  # _x001F_ for a control character
    return pytest.fail(f"teach read_ids to read {name}")


SPAN = {"start": 0, "end": 1, "label": "é", "text": "文"}


@pytest.mark.parametrize("frozen", [False, True])
def test_each_question_has_a_column_and_lists_are_json(frozen, tmp_path):
    answers = {"mark": [SPAN], "text": "=1", "stars": -2, "none": []}
    given = [
        {"annotator": "ana", "question": name, "state": "submitted", "value": value, "created_at": ""}
        for name, value in answers.items()
    ]
    own = (
        {"label": None, "answers": answers, "annotators": ["ana"]}
        if frozen
        else {"annotations": given, "suggestions": []}
    )
    row = {
        "id": "1",
        "text": "文",
        "fields": {"a": ["b"]},
        "meta": {},
        "split": "test",
        "status": "active",
        "parent": None,
        **own,
    }
    contents = Contents([[row]], frozen, (*answers, "unasked"))
    losses = exporters.get("csv")()(contents, tmp_path / "x.csv")
    assert list(losses.values()) == [1]  # the cell that begins like a formula
    (found,) = csv.DictReader((tmp_path / "x.csv").open(encoding="utf-8", newline=""))
    assert json.loads(found["mark"]) == [SPAN]
    assert (found["text"], found["text (answer)"], found["stars"], found["none"]) == ("文", "'=1", "-2", "[]")
    assert (found["unasked"], json.loads(found["fields"])) == ("", {"a": ["b"]})
    assert exporters.get("parquet")()(contents, tmp_path / "x.parquet") == {}
    (found,) = pq.read_table(tmp_path / "x.parquet").to_pylist()
    assert json.loads(found["mark"]) == [SPAN]
    assert (found["text (answer)"], found["stars"], found["none"], found["unasked"]) == ("=1", "-2", "[]", None)
    if frozen:
        assert json.loads(found["answers"]) == answers


def test_where_lists_differ_the_answer_of_most_is_written_and_counted(tmp_path):
    values = [[SPAN], [], [SPAN]]
    given = [
        {"annotator": f"a{n}", "question": "mark", "state": "submitted", "value": value, "created_at": ""}
        for n, value in enumerate(values)
    ]
    row = {"id": "1", "text": "文", "meta": {}, "split": None, "status": "active", "parent": None, "annotations": given,
           "suggestions": []}  # fmt: skip
    for name in ("csv", "parquet"):
        losses = exporters.get(name)()(Contents([[row]], False, ("mark",)), tmp_path / "x")
        assert list(losses.values()) == [1]
    assert json.loads(pq.read_table(tmp_path / "x")["mark"][0].as_py()) == [SPAN]
