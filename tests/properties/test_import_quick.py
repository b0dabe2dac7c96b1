"""The quick way of an import comes to the same as the ordinary one, row by row, whatever the bytes of the file are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import jobs
from pipeline.domain import WorkbenchError
from pipeline.importers.quick import parquet as parquet_blocks
from pipeline.importers.quick import window
from pipeline.store import Store, imports, open_store, projects
from pipeline.verbs import import_quick
from pipeline.verbs.import_file import Import

TABLES = {
    "record": "external_id, text, fields::VARCHAR AS fields, meta::VARCHAR AS meta, split, parent_id",
    "annotation_event": "event_id, record_id, annotator, state, value::VARCHAR AS value, comment, reason, flagged",
    "suggestion": "record_id, source, question, value::VARCHAR AS value, score", "verdict": "record_id, step, reason",
    "task_revision": "name, definition::VARCHAR AS value", "annotator": "name, kind",
}  # fmt: skip
JSON_TEXT = ("fields", "meta", "value")
SAID = ("records", "rejected", "rejections", "annotations", "suggestions", "labels_added", "joined", "there", "columns")
NAMED = {"text_column": "text", "id_column": "id", "split_column": "split"}
LABELLED = (NAMED, {**NAMED, "labels_by": "anna"}, {**NAMED, "as_suggestions": True})
HEAD = {"id": "first", "text": "The first text.", "label": "pos", "split": "train", "note": "n"}
quickly = settings(
    max_examples=100,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def came(store: Store, path: Path, wishes: dict[str, Any]) -> Any:
    """All that an import wrote and said; its numbers as the places in its own tables."""
    name = f"p{len(projects.all_projects(store))}"
    project = projects.create(store, name)
    first = store.scalar("SELECT coalesce(max(id), 0) FROM record")
    try:
        job = jobs.run(
            store, Import(str(path), encoding="" if path.suffix == ".parquet" else "utf-8", **wishes), project.id
        )
    except WorkbenchError as error:
        return str(error)
    found: dict[str, Any] = {name: job.result[name] for name in SAID}
    for table, columns in TABLES.items():
        mine = {"task_revision": f"project_id = {project.id}", "annotator": "TRUE"}.get(table, f"job_id = {job.id}")
        order = "name" if table == "annotator" else "id"
        rows = store.rows(f"SELECT {columns} FROM {table} WHERE {mine} ORDER BY {order}")
        found[table] = [{name: plain(name, value, first) for name, value in row.items()} for row in rows]
    return found


def plain(name: str, value: Any, first: int) -> Any:
    """A value as two imports of one file have it in common; `first` is the number before the first record's."""
    if name in JSON_TEXT:
        return json.loads(value)
    if name == "event_id":
        return value.split("-", 2)[2]
    return value - first if name == "record_id" else value


@pytest.fixture
def same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import these bytes both ways and compare."""
    shared = {way: open_store(":memory:") for way in ("quick", "ordinary")}
    blocks: list[Any] = []
    real = import_quick.Quick.take
    monkeypatch.setattr(import_quick.Quick, "take", lambda self, block: (blocks.append(block), real(self, block))[1])

    def check(name: str, content: bytes, *, size: int = 1 << 16, rows: int = 3, **wishes: Any) -> Any:
        path = tmp_path / name
        path.write_bytes(content)
        blocks.clear()
        monkeypatch.setattr(window, "SIZE", size)
        monkeypatch.setattr(window, "BATCH", rows)
        monkeypatch.setattr(parquet_blocks, "ROWS", rows)
        monkeypatch.setattr(parquet_blocks, "FEWEST", 1)
        found = {}
        for way, least in (("quick", 0), ("ordinary", 1 << 60)):
            monkeypatch.setattr(import_quick, "LEAST", least)
            found[way] = came(shared[way], path, wishes)
        assert found["quick"] == found["ordinary"]
        return found["quick"], sum(len(block.lines) for block in blocks)

    yield check
    for store in shared.values():
        store.close()


# -- JSON lines

names = st.sampled_from(["id", "text", "label", "split", "note", "n", "分", 'a"b', "", "tab\t", "\ud800", "nul\0"])
chars = st.one_of(
    st.text(max_size=20), st.text(st.characters(), max_size=8),
    st.sampled_from(["\0", "\ud83d", "\udcff", "😀", "\u2028", "\x85", " a ", "\u3000x", "", "a\nb", "\\", '"', "pos", "neg",
                     "test", "dev", "first", "x" * 1001, "\x7f", "\x1f", "\ufeff"]),
)  # fmt: skip
numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, -1, 10**15, 10**16, 1.0, 1e22, 1e-7, 0.1, True, False, None, -0.0])
)
values = st.recursive(
    st.one_of(chars, numbers), lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
rows = st.one_of(
    st.dictionaries(names, values, max_size=6),
    st.builds(lambda row, **own: {**row, **own}, st.dictionaries(names, values, max_size=3), text=chars,
              id=st.one_of(st.integers(0, 4), st.sampled_from(["a", "b", "first", ""]), chars),
              label=st.sampled_from(["pos", "neg", " pos ", "", None, 3, ["pos"], ["a", "b"], "x" * 201, "two\nlines"]),
              split=st.sampled_from(["train", "TEST", "验证", "", None, "holdout"])),
)  # fmt: skip
written = st.builds(
    lambda row, ascii_only, spaces: json.dumps(row, ensure_ascii=ascii_only, separators=spaces).encode("utf-8", "surrogatepass"),
    rows, st.booleans(), st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", " : ")]),
)  # fmt: skip
ODD_LINES = [
    b"", b" ", b"\t", b"\xef\xbb\xbf", b'\xef\xbb\xbf{"text": "bom"}', b"{}", b"[]", b"null", b'"a text"', b"7", b"{",
    b'{"text": "a"', b'{"text": "a"} x', b'{"text": "a",}', b'{"text" "a"}', b'{"text": "a" "id": 1}', b'{"text": "\xff"}',
    b'{"text": "a\xe6\x97"}', b'{"text": "a", "text": "b"}', b'{"text": "a", "n": {"b": 1, "b": 2}}', b'{"text": 5}',
    b'{"text": "a", "n": 1e5}', b'{"text": "a", "n": 1e999}', b'{"text": "a", "n": 01}', b'{"text": "a", "n": 1.}',
    b'{"text": "a", "n": -}', b'{"text": "a", "n": -0}', b'{"text": "a", "n": NaN}', b'{"text": "a", "n": Infinity}',
    b'{"text": "a", "n": 1.10}', b'{"text": "a", "n": 12345678901234567890123456789012345}', b'{"text": "a", "id": 007}',
    b'{"text": "a", "id": -5}', b'{"text": "a", "id": 1.5}', b'{"text": "a", "id": true}', b'{"text": "a", "id": [1]}',
    b'{"text": "\\u0000"}', b'{"text": "\\ud83d\\ude00"}', b'{"text": "\\ud83d"}', b'{"text": "\\ude00"}', b'{"text": "\\/"}',
    b'{"text": "\\x"}', b'{"text": "\\u00g0"}', b'{"text": "a\tb"}', b'{"text": "a", "n": "\\u0001\\u00e9\\/\\b"}',
    b'{"\\u0074ext": "a"}', b'{"text": [{"role": "user", "content": "hi"}]}', b'{"text": "a", "n": [1, [2, {"a": [ ]}]]}',
    b'{"text": "a", "n": ' + b"[" * 40 + b"]" * 40 + b"}", b'{"text": "a", "n": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"text": "a\rb"}', b'{"text":\r"a"}', b'{"text": "a", "n": tru}', b'{"text": "a", "n": [1 2]}', b'{"text": "a", "n": {"a"}}',
    b'{"text": "' + b"long " * 200 + b'"}', b'{"text": "a", ' + b", ".join(b'"k%d": 1' % n for n in range(200)) + b"}",
    b'  {"text": "indented"}  ', b'{"text": "a", "meta": {"b": "c"}, "list": [{"x": 1}, {"x": 2}]}', b'{"text": "a\\"b\\\\c"}',
    b'{"text": "a", "label": "pos", "id": "a"}', b'{"text": "\xc0\x80"}', b'{"text": "\xed\xa0\x80"}', b"\x00",
]  # fmt: skip
ends = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\n"])
any_lines = st.lists(st.tuples(st.one_of(written, written, st.sampled_from(ODD_LINES)), ends), max_size=12)


def as_lines(lines: list[tuple[bytes, bytes]], *, cut: bool = False) -> bytes:
    body = json.dumps(HEAD).encode() + b"\n" + b"".join(line + end for line, end in lines)
    return body.rstrip(b"\r\n") if cut else body


@quickly
@given(lines=any_lines, size=st.sampled_from([300, 1 << 16]), wishes=st.sampled_from(LABELLED), cut=st.booleans())
def test_json_lines(same: Any, lines: Any, size: int, wishes: dict[str, Any], cut: bool) -> None:
    same("a.jsonl", as_lines(lines, cut=cut), size=size, **wishes)


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("wishes", LABELLED)
@pytest.mark.parametrize("size", [300, 1 << 16])
def test_each_odd_line(same: Any, bom: bytes, wishes: dict[str, Any], size: int) -> None:
    fine = [(b'{"text": "fine %d", "id": "f%d", "label": "neg"}' % (n, n), b"\n") for n in range(len(ODD_LINES))]
    pairs = [one for line, good in zip(ODD_LINES, fine, strict=True) for one in ((line, b"\n"), good)]
    found, taken = same("a.jsonl", bom + as_lines(pairs), size=size, **wishes)
    assert found["records"] > len(fine)
    assert size == 300 or taken > len(fine)


# -- tables

cells = st.one_of(
    chars.map(lambda text: text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")),
    st.sampled_from(["a", "b", "first", "pos", "neg", "train", "dev", "nowhere", "", '"', '""', 'say "no"', "a,b", "a\tb",
                     "one\ntwo", "one\r\ntwo", "one\rtwo", "\r", " lead", "{", "\x01"]),
)  # fmt: skip
records = st.lists(cells, min_size=5, max_size=5)
BROKEN_RECORDS = [
    b"", b"\r", b"a,b", b"a,b,c,d,e,f", b'a,"b,c,d,e', b'a,b"b,c,d,e', b'a,"b"b,c,d,e', b'"', b'a,b,c,d,"', b"a\0,b,c,d,e",
    b"a,\xff,c,d,e", b'a,"\xff",c,d,e', b' "a",b,c,d,e', b'"a" ,b,c,d,e', b"a\tb\tc\td\te", b'x,"two\nlines",pos,train,n',
    b'y,"never closed', b",,,,", b"  ", b'"a""b","c\r\nd",,,', b"\xef\xbb\xbfz,bom,,,", b"\xc2\xa0id,nbsp,,,",
]  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, delimiter: str) -> bytes:
    sink = io.StringIO(newline="")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(sink, delimiter=delimiter, lineterminator=end)
    writer.writerow(HEAD)
    writer.writerow(HEAD.values())
    body = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + sink.getvalue().encode()
    for record in draw(st.lists(st.one_of(records, records, st.sampled_from(BROKEN_RECORDS)), max_size=12)):
        if isinstance(record, bytes):
            body += record.replace(b",", delimiter.encode()) + draw(ends)
        else:
            sink.seek(0)
            sink.truncate()
            writer.writerow(record)
            body += sink.getvalue().encode("utf-8", "replace")
    return body.rstrip(b"\r\n") if draw(st.booleans()) else body


@quickly
@given(content=tables(","), size=st.sampled_from([120, 300, 1 << 16]), wishes=st.sampled_from(LABELLED))
def test_csv(same: Any, content: bytes, size: int, wishes: dict[str, Any]) -> None:
    same("a.csv", content, size=size, **wishes)


@quickly
@given(content=tables("\t"), size=st.sampled_from([300, 1 << 16]), wishes=st.sampled_from(LABELLED))
def test_tsv(same: Any, content: bytes, size: int, wishes: dict[str, Any]) -> None:
    same("a.tsv", content, size=size, **wishes)


@pytest.mark.parametrize("size", [300, 1 << 16])
def test_each_broken_record(same: Any, size: int) -> None:
    body = b"id,text,label,split,note\nfirst,The first text.,pos,train,n\n"
    for number, record in enumerate(BROKEN_RECORDS):
        body += record + b'\nok%d,"fine, as ever",neg,,"say ""hi"""\n' % number
    found, taken = same("a.csv", body, size=size, **NAMED)
    assert found["records"] > len(BROKEN_RECORDS)
    assert taken > 0


# -- text and Parquet


@quickly
@given(
    lines=st.lists(st.tuples(st.one_of(
        chars.map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.sampled_from([b"", b" ", b"\xe3\x80\x80", b"\xff", b"a\xff", b"\0", b"\xe5\xad\x97", b"\x1c", b"\xc2\x85x"])), ends),
        max_size=15),
    size=st.sampled_from([120, 1 << 16]),
)  # fmt: skip
def test_text(same: Any, lines: Any, size: int) -> None:
    same("a.txt", b"The first text.\n" + b"".join(line + end for line, end in lines), size=size)


well = chars.filter(lambda text: text.isprintable() or "\n" in text or "\0" in text).map(
    lambda text: text.encode("utf-8", "replace").decode()
)
columns = st.fixed_dictionaries({
    "id": st.one_of(st.none(), st.sampled_from(["a", "b", "first", " a", ""]), well), "text": st.one_of(well, well, st.none()),
    "label": st.sampled_from(["pos", "neg", None, "", "x" * 201]), "split": st.sampled_from(["train", "dev", None, "odd"]),
    "note": st.one_of(st.none(), well), "stars": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    "score": st.one_of(st.none(), st.floats()), "half": st.one_of(st.none(), st.floats(width=32)), "seen": st.booleans(),
    "day": st.none(),
})  # fmt: skip
KINDS = {
    "id": pa.string(), "text": pa.large_string(), "label": pa.dictionary(pa.int32(), pa.string()), "split": pa.string(),
    "note": pa.string(), "stars": pa.int64(), "score": pa.float64(), "half": pa.float32(), "seen": pa.bool_(),
    "day": pa.date32(),
}  # fmt: skip


def as_parquet(rows: list[dict[str, Any]], names: list[str]) -> bytes:
    sink = io.BytesIO()
    made = {name: pa.array([HEAD.get(name), *(row[name] for row in rows)], KINDS[name]) for name in names}
    pq.write_table(pa.table(made), sink)
    return sink.getvalue()


@quickly
@given(
    rows=st.lists(columns, max_size=12), wishes=st.sampled_from(LABELLED),
    left_out=st.sets(st.sampled_from([name for name in KINDS if name not in ("text", "id", "label", "split")])),
)  # fmt: skip
def test_parquet(same: Any, rows: list[dict[str, Any]], wishes: dict[str, Any], left_out: set[str]) -> None:
    same("a.parquet", as_parquet(rows, [name for name in KINDS if name not in left_out]), **wishes)


def test_numbers_as_ids_names_of_labels_and_the_split_of_a_shard(same: Any) -> None:
    """What Hugging Face writes: labels as numbers whose names stand in the schema, and the split in the file's name."""
    noted = {"info": {"features": {"label": {"_type": "ClassLabel", "names": ["neg", "pos"]}}}}
    table = pa.table(
        {"id": [1, 2, 2, None], "text": ["a", "b", "c", "d"], "label": [0, 1, -1, 7], "score": [1.0, 2.5, None, 4]}
    )
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(noted)}), sink)
    for wishes in ({}, {"labels_by": "anna"}, {"as_suggestions": True}):
        found, taken = same("test-00000-of-00001.parquet", sink.getvalue(), **wishes)
        assert {row["split"] for row in found["record"]} == {"test"}
        assert taken == 3  # that with a label that has no name is read by itself


def test_bytes_that_are_no_text(same: Any) -> None:
    raw = pa.array([b"fine", b"\xff\xfe", "很好".encode()], pa.binary()).view(pa.string())
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": raw}), sink)
    found, _ = same("a.parquet", sink.getvalue(), rows=10)
    assert (found["records"], found["rejected"]) == (2, 1)


# -- the whole of it


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_ids_that_come_again(same: Any, name: str) -> None:
    """Twice in a block, in two blocks, in the project already, and as the made-up id of a row that has none."""
    ids = ["a", "b", "a", "c", "", "b", "d", f"{name}:5", "e", "a", "", f"{name}:13", "f"]
    made = [{"id": one, "text": f"text {n}", "label": "pos" if n % 2 else "neg"} for n, one in enumerate(ids)]
    if name == "a.jsonl":
        content = "".join(json.dumps(row) + "\n" for row in made)
    else:
        content = "id,text,label\n" + "".join(f"{row['id']},{row['text']},{row['label']}\n" for row in made)
    for rows in (1, 3, 100):
        found, _ = same(name, content.encode(), rows=rows, labels_by="anna", id_column="id")
        assert found["rejected"] >= 3


def test_more_labels_than_a_question_takes(same: Any) -> None:
    lines = "".join(json.dumps({"text": f"text {n}", "label": f"kind {n}"}) + "\n" for n in range(300))
    found, _ = same("a.jsonl", lines.encode(), rows=1000, label_column="label")
    assert "different labels" in found or "labels; the most" in found


def test_a_rating_is_read_by_its_cell(same: Any, tmp_path: Path) -> None:
    lines = "".join(json.dumps({"text": f"t {n}", "stars": n % 7 - 1}) + "\n" for n in range(30))
    found, taken = same("a.jsonl", lines.encode(), rows=10, task="rating", label_column="stars")
    assert taken > 0
    assert found["annotations"] == found["records"] > 0


def test_broken_bytes_in_lines_that_end_in_a_return_alone(same: Any) -> None:
    """The first broken line hid the second one, up to the next line feed."""
    found, taken = same("a.jsonl", as_lines([(b'{"text": "\xff"}', b"\r"), (b'{"text": "\xed\xa0\x80"}', b"\n")]))
    assert [one["line"] for one in found["rejections"]] == [2, 3]
    assert taken == 1


def test_a_name_that_cannot_be_written_is_named_in_words(same: Any) -> None:
    """A name with half of a surrogate pair, in a column with such a text and twice in an object."""
    odd = [b'{"text": "a", "\\ud800": "\\ud800"}', b'{"text": "a", "\\ud800": 1, "\\ud800": 2}']
    found, _ = same("a.jsonl", as_lines([(line, b"\n") for line in odd]))
    assert [one["field"] for one in found["rejections"]] == ["?", "?"]


def test_what_the_database_keeps_of_its_tables_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "w.duckdb")
    project = projects.create(store, "p")
    path = tmp_path / "a.txt"
    path.write_text("".join(f"some text of a line, number {n}\n" for n in range(20_000)), encoding="utf-8")
    jobs.run(store, Import(str(path)), project.id)
    kept = "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
    before, limit = store.scalar(kept), store.scalar("SELECT current_setting('memory_limit')")
    imports.give_back(store)
    assert store.scalar(kept) == before > 0  # little is left where it is
    monkeypatch.setattr(imports, "MOST_KEPT", 2)
    imports.give_back(store)
    assert store.scalar(kept) <= before
    assert store.scalar("SELECT current_setting('memory_limit')") == limit
    assert store.scalar("SELECT count(*) FROM record") == 20_000
    store.close()
