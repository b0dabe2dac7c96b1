"""Whatever the bytes of a file are, an import either stores nothing and says why in a sentence, or every row that was
read is counted once and every span reads its text."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import jobs
from pipeline.domain import WorkbenchError
from pipeline.importers import choose, importers, open_source
from pipeline.importers.base import is_foreign
from pipeline.importers.foreign import Found
from pipeline.store import Store, open_store, projects
from pipeline.units import UNITS
from pipeline.verbs.import_file import Import

DATA = Path(__file__).parent.parent / "data" / "formats"
GOLDEN = {
    "alpaca": "alpaca", "argilla": "argilla", "brat": "brat", "conll": "conll", "conllu": "conllu",
    "doccano": "doccano", "fasttext": "fasttext", "label_studio": "label_studio", "messages": "messages",
    "preference": "preference", "unpaired_preference": "unpaired_preference", "prodigy": "prodigy", "squad": "squad",
    "prompt_completion": "prompt_completion", "sharegpt": "sharegpt", "spacy": "spacy", "potato": "potato",
}  # fmt: skip
OURS = {"id": "1", "text": "a 😀 b", "meta": {}, "split": None, "status": "active", "parent": None,
        "annotations": [{"annotator": "anna", "question": "label", "state": "submitted", "value": "good"}],
        "suggestions": [{"source": "m", "question": "label", "value": "bad", "score": 0.5}]}  # fmt: skip
PIECES = [b"", b"\0", b"\xff", b'"', b"{", b"}", b"[", b"]", b",", b"-1", b"null", b"true", b"\r\n", b"\n", b"\t",
          "😀".encode(), b"9" * 20, b"1e999", b"NaN", b"\\ud800", b"[]", b"{}", b'"":', b"0", b"1", b"text", b"label", b"id"]  # fmt: skip
TABLES = ("record", "annotation_event", "suggestion", "verdict")
quickly = settings(
    max_examples=12, deadline=None, report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
long = settings(quickly, max_examples=3000)


def packed(name: str) -> bytes:
    """A small table as Parquet, Arrow or a workbook."""
    table, sink = pa.table({"id": ["1", "2"], "text": ["a 😀 b", "c"], "label": ["x", "y"]}), io.BytesIO()
    if name == "parquet":
        pq.write_table(table, sink)
    elif name == "arrow":
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    else:
        book = openpyxl.Workbook()
        for row in [table.column_names, *zip(*table.to_pydict().values(), strict=True)]:
            book.active.append(list(row))
        book.save(sink)
    return sink.getvalue()


PLAIN = {
    "jsonl": [json.dumps(OURS).encode(), b'{"id": 1, "text": "a", "label": "x"}\n{"text": "b", "label": ["y"]}\n'],
    "json": [json.dumps([OURS, {**OURS, "id": "2"}]).encode()],
    "parquet": [packed("parquet")], "arrow": [packed("arrow")], "xlsx": [packed("xlsx")],
    "csv": [b"id,text,label\n1,good,x\n2,bad,y\n"], "tsv": [b"id\ttext\tlabel\n1\tgood\tx\n"], "txt": [b"one\ntwo\n"],
}  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = open_store(":memory:")
    yield opened
    opened.close()


def goldens(name: str) -> list[bytes]:
    """Files that the importer of this name reads."""
    files = sorted((DATA / GOLDEN[name]).iterdir()) if name in GOLDEN else []
    return [one.read_bytes() for one in files if one.suffix != ".txt" or name != "brat"] + PLAIN.get(name, [])


def place(folder: Path, name: str) -> Path:
    """Where a file of the format is put: one of brat's marks stands beside its text."""
    (folder / "file.txt").write_bytes((DATA / "brat" / "doc1.txt").read_bytes())
    return folder / ("file.ann" if name == "brat" else "file")


@st.composite
def mutated(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """One of the files with a few places of it changed, dropped, repeated or swapped."""
    made = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(made)))
        end = min(len(made), start + draw(st.sampled_from([0, 1, 2, 5, 20, 200])))
        piece = draw(st.sampled_from([*PIECES, bytes(made[start:end]) * 2]))
        made[start:end] = piece
    return bytes(made)


def content(name: str) -> st.SearchStrategy[bytes]:
    files = goldens(name)
    anything = st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    if name == "spacy":  # packed: what is inside is changed, too
        inside = [zlib.decompress(one) for one in files if one[:1] == b"x"]
        return anything | mutated(files) | mutated(inside).map(zlib.compress)
    return anything | mutated(files) | mutated(files) if files else anything


def came(store: Store, path: Path, **wishes: Any) -> dict[str, Any] | None:
    """What an import said; None if it was refused, and then nothing of it is there."""
    project = projects.create(store, f"p{len(projects.all_projects(store))}")
    before = held(store)
    try:
        job = jobs.run(store, Import(str(path), **wishes), project.id)
    except WorkbenchError as error:
        refusal = str(error)
    else:
        return {**job.result, "job": job.id}
    assert refusal.strip().endswith((".", "?", "!")), refusal
    assert held(store) == before
    assert not projects.tasks(store, project.id)
    return None


def held(store: Store) -> list[int]:
    return [store.scalar(f"SELECT count(*) FROM {table}") for table in (*TABLES, "task_revision", "annotator")]


def check(store: Store, path: Path, result: dict[str, Any], name: str) -> None:
    """Every row that was read is counted once, and every span reads its text."""
    source = open_source(path)
    importer: Any = choose(source, name)
    if is_foreign(importer):
        read = sum(isinstance(one, Found) for one in importer.parse(source))
        wrong = sum(not isinstance(one, Found) for one in importer.parse(source))
    else:
        read, wrong = 0, 0
        for batch in importer.read(source):
            read, wrong = read + len(batch.rows), wrong + len(batch.rejections)
    counted = sum(result[key] for key in ("records", "joined", "same", "rejected"))
    assert counted == read + wrong, (counted, read, wrong, result)
    assert result["rejected"] >= wrong
    for table in ("annotation_event", "suggestion"):
        said = store.rows(
            f"SELECT s.value, r.text, r.fields FROM {table} s JOIN record r ON r.id = s.record_id WHERE s.job_id = ?",
            [result["job"]],
        )
        assert len(said) == result["annotations" if table == "annotation_event" else "suggestions"]
        for row in said:
            texts = [row["text"], *(one for one in json.loads(row["fields"] or "{}").values() if isinstance(one, str))]
            for span in spans_in(json.loads(row["value"])):
                assert any(text[span["start"] : span["end"]] == span["text"] for text in texts), span


def spans_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and {"start", "end", "text"} <= value.keys():
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from spans_in(one)


def fuzz(store: Store, path: Path, data: bytes, name: str, unit: str) -> None:
    path.write_bytes(data)
    for wishes in ({"format": name, "unit": unit}, {"as_suggestions": True}):
        result = came(store, path, **wishes)
        if result is not None:
            check(store, path, result, result["format"])


@pytest.mark.parametrize("name", importers.names())
def test_any_bytes_are_taken_whole_or_not_at_all(store: Store, tmp_path: Path, name: str) -> None:
    @quickly
    @given(content(name), st.sampled_from(["", *UNITS]))
    def run(data: bytes, unit: str) -> None:
        fuzz(store, place(tmp_path, name), data, name, unit)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("name", importers.names())
def test_many_more_bytes(store: Store, tmp_path: Path, name: str) -> None:
    @long
    @given(content(name), st.sampled_from(["", *UNITS]))
    def run(data: bytes, unit: str) -> None:
        fuzz(store, place(tmp_path, name), data, name, unit)

    run()


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_what_the_tools_wrote_is_taken(store: Store, tmp_path: Path, name: str) -> None:
    """The other tests would also pass if nothing were ever taken."""
    taken, path = 0, place(tmp_path, name)
    for data in goldens(name):
        path.write_bytes(data)
        for wishes in ({"format": name, "unit": unit} for unit in UNITS):
            result = came(store, path, **wishes)
            if result is not None:
                check(store, path, result, name)
                taken += result["records"]
    assert taken
