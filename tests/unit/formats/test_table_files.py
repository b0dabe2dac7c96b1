"""Tables with types: Excel workbooks, Arrow files and folders of Hugging Face datasets; TSV."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.exporters import Contents, exporters
from pipeline.importers import FileRefused, choose, importers, open_source
from pipeline.importers.base import Batch
from pipeline.questions import Choice
from pipeline.store import projects
from tests.moving import answers, move_in, move_out, rows

OWN = {"meta": {}, "status": "active", "suggestions": [], "split": None, "parent": None}
ODD = ["=1+1", "+x", "@a", "a\r\nb", "a\rb", "_x000D_ and _x0041_", "\x0b\x0c\x1f", "\ufffe", "😀 你好 Cafe\u0301", " lead ", "#N/A",
       "-7", "'quoted", "TRUE", "1e5", "\ttab", "line\n"]  # fmt: skip


def table(path: Path, name: str = "", **values: Any) -> tuple[list[dict[str, Any]], Batch]:
    source = open_source(path)
    importer = choose(source, name, values)
    whole = Batch()
    for batch in importer.read(source):
        whole.rows += batch.rows
        whole.lines += batch.lines
        whole.rejections += batch.rejections
    return whole.rows, whole


def workbook(path: Path, *lines: list[Any], title: str = "Sheet", merge: str = "") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for line in lines:
        sheet.append(line)
    if merge:
        sheet.merge_cells(merge)
    other = book.create_sheet("other")
    other.append(["text"])
    other.append(["from the other sheet"])
    book.save(path)
    return path


def made(store: Any, tmp_path: Path, questions: list[dict[str, Any]], *own: dict[str, Any]) -> None:
    project = projects.get_or_create(store, "one")
    projects.save_task(
        store,
        project.id,
        name="t",
        kind="custom",
        definition={"questions": questions, "fields": ["text", "messages", "a", "b"]},
    )
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(OWN | one) + "\n" for one in own))
    assert move_in(store, tmp_path / "own.jsonl", "one")["rejections"] == []


def told(annotator: str, question: str, value: Any) -> dict[str, Any]:
    return {"annotator": annotator, "question": question, "state": "submitted", "value": value}


# --- Excel --------------------------------------------------------------------------------------------------------------


def test_cells_are_values_as_json_has_them(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx", ["id", "text", "when", "n", "yes", "sum"],
        [1, "很好 😀", dt.datetime.fromisoformat("2026-01-31"), 2.0, True, "=1+1"],
        [2, "a_x000D_\nb", dt.datetime.fromisoformat("2026-01-31T12:30"), 2.5, None, None], [None] * 6,
        [3, "short"],
    )  # fmt: skip
    found, whole = table(path)
    assert whole.rejections == []
    assert whole.lines == [2, 3, 5]
    assert found[0] == {"id": 1, "text": "很好 😀", "when": "2026-01-31", "n": 2, "yes": True, "sum": None}
    assert found[1] == {"id": 2, "text": "a\r\nb", "when": "2026-01-31T12:30:00", "n": 2.5, "yes": None, "sum": None}
    assert found[2] == {"id": 3, "text": "short", "when": None, "n": None, "yes": None, "sum": None}


def test_a_sheet_can_be_named(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["text"], ["x"])
    assert table(path, "xlsx", sheet="other")[0] == [{"text": "from the other sheet"}]
    with pytest.raises(FileRefused, match=r"has no sheet 'third'\. Its sheets: Sheet, other\."):
        table(path, "xlsx", sheet="third")


def test_merged_cells_all_have_the_value(tmp_path):
    lines = [["text", "label", "by"], ["a", "pos", "x"], ["b", None, "y"], ["c", None, None], ["d", "neg", "z"]]
    found, _ = table(workbook(tmp_path / "a.xlsx", *lines, merge="B2:B4"))
    assert [row["label"] for row in found] == ["pos", "pos", "pos", "neg"]
    assert [row["by"] for row in found] == ["x", "y", None, "z"]


def test_a_row_longer_than_the_header_is_rejected(tmp_path):
    _, whole = table(workbook(tmp_path / "a.xlsx", ["text", "label"], ["a", "b", None, "c"], ["d", "e"]))
    assert [(one.line, one.reason) for one in whole.rejections] == [(2, "The row has 4 cells; the header has 2.")]
    assert whole.lines == [3]


def test_a_size_that_the_sheet_says_of_itself_is_not_believed(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["text", "label"], ["a", "b"], ["c", "d"])
    rewritten(
        path, tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'ref="A1:B3"', b'ref="A1"')
    )
    assert table(tmp_path / "b.xlsx")[0] == [{"text": "a", "label": "b"}, {"text": "c", "label": "d"}]


def rewritten(path: Path, out: Path, member: str, change: Any) -> None:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == member else data)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["text"], ["a"])
    rewritten(path, tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * 150_000_000)
    with pytest.raises(FileRefused, match="would unpack to 150 MB"):
        table(tmp_path / "b.xlsx")


def test_entities_of_entities_are_not_unfolded(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["text"], ["a"])
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "ha">{laughs}]>'.encode()

    def change(xml: bytes) -> bytes:
        return head + xml.replace(b"<sheetData>", b"<sheetData><row><c t='inlineStr'><is><t>&l11;</t></is></c></row>")

    rewritten(path, tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", change)
    with pytest.raises(FileRefused):
        table(tmp_path / "b.xlsx")


def test_cells_far_outside_do_not_hold_it_up(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["text"], ["a"], ["b"])
    rewritten(path, tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml",
              lambda xml: xml.replace(b'<row r="3"', b'<row r="1999999999"').replace(b'r="A3"', b'r="A1999999999"'))  # fmt: skip
    assert table(tmp_path / "b.xlsx")[0] == [{"text": "a"}]


@pytest.mark.parametrize("cut", [50, 500, 3000])
def test_a_damaged_workbook_is_refused(tmp_path, cut):
    path = workbook(tmp_path / "a.xlsx", ["text"], ["a"])
    (tmp_path / "b.xlsx").write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FileRefused):
        table(tmp_path / "b.xlsx", "xlsx")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_a_workbook_breaks_the_reader(tmp_path, data):
    path = workbook(tmp_path / "a.xlsx", ["text", "n"], ["a", 1], ["b", 2], merge="A2:A3")

    def change(xml: bytes) -> bytes:
        raw = bytearray(xml)
        for _ in range(data.draw(st.integers(1, 5))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(32, 126))
        return bytes(raw)

    member = data.draw(st.sampled_from(zipfile.ZipFile(path).namelist()))
    rewritten(path, tmp_path / "b.xlsx", member, change)
    with contextlib.suppress(FileRefused):
        table(tmp_path / "b.xlsx", "xlsx")


@pytest.mark.parametrize("name", ["xlsx", "tsv", "csv"])
def test_a_table_that_was_written_is_read_again(name, store, tmp_path):
    texts = [text for text in ODD if name == "xlsx" or "\x0b" not in text]
    made(store, tmp_path, [{"kind": "choice", "name": "label", "labels": ["pos", "neg"]}],
         *[{"id": f"r{n}", "text": text, "meta": {"n": n}, "split": "test", "annotations": [told("ana", "label", "pos")]}
           for n, text in enumerate(texts)])  # fmt: skip
    losses = move_out(store, "one", tmp_path / f"out.{name}", name)
    escaped = losses.pop("cells that begin like a formula, written with an apostrophe")
    assert losses == {}
    found, whole = table(tmp_path / f"out.{name}")
    assert whole.rejections == []
    assert [row["text"].removeprefix("'") for row in found] == [text.removeprefix("'") for text in texts]
    assert escaped == sum(row["text"] != text for row, text in zip(found, texts, strict=True)) == 4
    assert [(row["id"], row["label"], row["split"], row["meta"]) for row in found] == [
        (f"r{n}", "pos", "test", f'{{"n": {n}}}') for n in range(len(texts))
    ]


def test_no_cell_of_a_workbook_is_a_formula(store, tmp_path):
    made(store, tmp_path, [{"kind": "text", "name": "answer"}],
         {"id": "=HYPERLINK(1)", "text": "=1+1", "annotations": [told("=ana", "answer", "=2")]})  # fmt: skip
    move_out(store, "one", tmp_path / "out.xlsx", "xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert all(cell.data_type != "f" and not str(cell.value or "").startswith("=") for row in sheet for cell in row)


def test_a_text_too_long_for_a_cell_is_cut_and_counted(store, tmp_path):
    made(store, tmp_path, [{"kind": "text", "name": "answer"}],
         {"id": "1", "text": "😀" * 20_000, "annotations": [told("ana", "answer", "x")]})  # fmt: skip
    losses = move_out(store, "one", tmp_path / "out.xlsx", "xlsx")
    assert losses == {"texts cut at 32,767 characters, the most that a cell of Excel holds": 1}
    assert table(tmp_path / "out.xlsx")[0][0]["text"] == "😀" * 16_383


# --- Arrow and datasets -------------------------------------------------------------------------------------------------

FEATURES = {"label": {"names": ["neg", "正面"], "_type": "ClassLabel"},
            "tags": {"feature": {"names": ["a", "b"], "_type": "ClassLabel"}, "_type": "List"}}  # fmt: skip


def labelled() -> pa.Table:
    schema = pa.schema([("text", pa.string()), ("label", pa.int64()), ("tags", pa.list_(pa.int64()))],
                       metadata={"huggingface": json.dumps({"info": {"features": FEATURES}})})  # fmt: skip
    plain = [{"text": "很好", "label": 1, "tags": [0, 1]}, {"text": "b", "label": -1, "tags": []},
             {"text": "c", "label": None, "tags": None}, {"text": "d", "label": 7, "tags": [1]}]  # fmt: skip
    return pa.Table.from_pylist(plain, schema=schema)


NAMED = [{"text": "很好", "label": "正面", "tags": ["a", "b"]}, {"text": "b", "label": None, "tags": []},
         {"text": "c", "label": None, "tags": None}, {"text": "d", "label": 7, "tags": ["b"]}]  # fmt: skip


@pytest.mark.parametrize("kind", ["stream", "file", "parquet"])
def test_labels_have_their_names(kind, tmp_path):
    path = tmp_path / "a.bin"
    if kind == "parquet":
        pq.write_table(labelled(), path)
    else:
        with pa.OSFile(str(path), "wb") as sink:
            writer = (pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file)(sink, labelled().schema)
            writer.write_table(labelled())
            writer.close()
    assert table(path)[0] == NAMED


@pytest.mark.parametrize(
    ("name", "split"),
    [("train/data-00000-of-00002.arrow", "train"), ("validation/data-00000-of-00001.arrow", "validation"),
     ("data/test-00000-of-00001-0123abcd.parquet", "test"), ("x/data-00000-of-00001.arrow", None), ("train/a.parquet", None)],
)  # fmt: skip
def test_a_shard_is_of_the_split_that_it_is_named_for(name, split, tmp_path):
    path = tmp_path / name
    path.parent.mkdir()
    if name.endswith("arrow"):
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, labelled().schema) as writer:
            writer.write_table(labelled())
    else:
        pq.write_table(labelled(), path)
    assert {row.get("split") for row in table(path)[0]} == {split}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_an_arrow_file_breaks_the_reader(tmp_path, data):
    sink = pa.BufferOutputStream()
    with data.draw(st.sampled_from([pa.ipc.new_stream, pa.ipc.new_file]))(sink, labelled().schema) as writer:
        writer.write_table(labelled())
    raw = bytearray(sink.getvalue().to_pybytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a").write_bytes(bytes(raw[: data.draw(st.integers(8, len(raw)))]))
    try:
        source = open_source(tmp_path / "a")
        for _ in importers.get("arrow")().read(source):
            pass
    except FileRefused:
        pass


QUESTIONS = [
    {"kind": "choice", "name": "label", "labels": ["neg", "正面"]},
    {"kind": "choices", "name": "tags", "labels": ["a", "b"], "required": False},
    {"kind": "rating", "name": "score", "required": False}, {"kind": "text", "name": "answer", "required": False},
    {"kind": "spans", "name": "ents", "labels": ["X"], "required": False},
    {"kind": "ranking", "name": "best", "candidates": ["a", "b"], "required": False},
    {"kind": "chat", "name": "chat", "required": False},
]  # fmt: skip
CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "你好", "rating": 3}]
VALUES = {"label": "正面", "tags": ["a", "b"], "score": 4, "answer": "So 😀",
          "ents": [{"start": 0, "end": 2, "label": "X", "text": "很好"}], "best": ["b", "a"], "chat": CHAT}  # fmt: skip


def whole(store: Any, tmp_path: Path) -> None:
    said = [told("ana", name, value) for name, value in VALUES.items()]
    full = {"id": "1", "text": "很好", "split": "train", "fields": {"messages": CHAT, "a": "x", "b": "y"}, "annotations": said,
            "meta": {"k": 1}}  # fmt: skip
    made(store, tmp_path, QUESTIONS, full, {"id": "2", "text": "b", "split": "test", "annotations": [told("bo", "label", "neg")]},
         {"id": "3", "text": "c", "annotations": []})  # fmt: skip


def unpacked(store: Any, tmp_path: Path, layout: str) -> Path:
    whole(store, tmp_path)
    losses = move_out(store, "one", tmp_path / "out.zip", "datasets", layout=layout)
    assert losses == {"names of annotators": 2, "parts of messages besides role and text": 1,
                      "records without a split, written into train": 1}  # fmt: skip
    zipfile.ZipFile(tmp_path / "out.zip").extractall(tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("layout", ["load_from_disk", "load_dataset"])
def test_the_datasets_library_reads_the_folder(layout, store, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    folder = unpacked(store, tmp_path, layout)
    if layout == "load_from_disk":
        found = datasets.load_from_disk(str(folder))
    else:
        found = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: part["id"] for split, part in found.items()} == {"train": ["1", "3"], "test": ["2"]}
    label = found["train"].features["label"]
    assert label.names == ["neg", "正面"]
    first = found["train"][0]
    assert (label.int2str(first["label"]), first["tags"], first["score"], first["answer"]) == (
        "正面",
        [0, 1],
        4,
        "So 😀",
    )
    assert first["ents"] == VALUES["ents"]
    assert first["best"] == ["b", "a"]
    assert first["chat"] == [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "你好"}]
    assert found["train"][1]["label"] is None
    assert json.loads(first["meta"]) == {"k": 1}


@pytest.mark.parametrize("asks", [(), (Choice("sentiment", ("neg", "pos")),)])
def test_a_version_of_one_label_has_it_in_a_column(asks, tmp_path):
    row = {"id": "1", "text": "a", "meta": {}, "split": "train", "parent": None, "label": "pos", "annotators": ["ana"]}
    losses = exporters.get("datasets")()(Contents([[row]], True, (), asks), tmp_path / "out.zip")
    assert losses == {"names of annotators": 1}
    zipfile.ZipFile(tmp_path / "out.zip").extractall(tmp_path / "out")
    found, _ = table(tmp_path / "out" / "train" / "data-00000-of-00001.arrow")
    assert [one["label"] for one in found] == ["pos"]


def test_the_folder_comes_in_again(store, tmp_path):
    folder = unpacked(store, tmp_path, "load_from_disk")
    found, _ = table(folder / "train" / "data-00000-of-00001.arrow")
    assert [(row["id"], row["label"], row["tags"], row["split"]) for row in found] == [
        ("1", "正面", ["a", "b"], "train"), ("3", None, None, "train")
    ]  # fmt: skip
    result = move_in(store, folder / "train" / "data-00000-of-00001.arrow", "two", label_column="label")
    assert (result["format"], result["records"], result["annotations"]) == ("arrow", 2, 1)
    assert answers(rows(store, "two")[0])[0][2] == "正面"


def test_what_datasets_saved_comes_in(store, tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["n", "p"])})
    part = datasets.Dataset.from_dict({"text": ["很好", "bad 😀"], "label": [1, 0]}, features=features)
    datasets.DatasetDict({"train": part, "test": part}).save_to_disk(str(tmp_path / "saved"))
    result = move_in(store, tmp_path / "saved" / "test" / "data-00000-of-00001.arrow", "p", label_column="label")
    assert (result["format"], result["annotations"]) == ("arrow", 2)
    assert [(row["text"], row["split"], answers(row)[0][2]) for row in rows(store, "p")] == [
        ("很好", "test", "p"), ("bad 😀", "test", "n")
    ]  # fmt: skip
