"""Files that are broken on purpose: each ends in one sentence with nothing stored, or in a completed import with every
bad row listed by its line and every good one in."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import jobs
from pipeline.domain import WorkbenchError
from pipeline.store import Store, projects, records
from pipeline.verbs.import_file import Import

GOOD = "id,text\n1,fine\n2,also fine\n"


def lines(*rows: object) -> bytes:
    return b"".join(
        (row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()) + b"\n" for row in rows
    )


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def excel() -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["id", "text"])
    book.active.append([1, "fine"])
    book.save(sink)
    return sink.getvalue()


def packed() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.csv", GOOD)
    return sink.getvalue()


def nested(depth: int) -> bytes:
    return b'{"text": ' + b"[" * depth + b"]" * depth + b"}"


WHOLE = parquet(pa.table({"id": ["1", "2"], "text": ["fine", "also fine"]}))
BAD_UTF8 = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\4\0\0\0\6\0\0\0"), pa.py_buffer(b"fine\xff\xfe")]
)
ROW = {"id": "1", "text": "fine"}
LONG = b"x" * 50_000_000


@dataclass(frozen=True)
class Refused:
    """The whole file is refused with a sentence that holds these words."""

    file: str
    content: bytes
    words: str


@dataclass(frozen=True)
class Taken:
    """These texts are in, and these lines are listed as rejected, with words of the first one's reason."""

    file: str
    content: bytes
    texts: tuple[str, ...]
    rejected: tuple[int, ...]
    words: str


REFUSED = [
    Refused("empty.csv", b"", "is empty"),
    Refused("bom-only.csv", b"\xef\xbb\xbf", "is empty"),
    Refused("blank.txt", b" \n\n \r\n", "is empty"),
    Refused("nuls.csv", b"\0" * 5000, "is empty"),
    Refused("header-only.csv", b"id,text\n", "no rows"),
    Refused("old-excel.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is an old Excel workbook"),
    Refused("gzip-in-gzip.jsonl", gzip.compress(gzip.compress(GOOD.encode())), "is a compressed archive"),
    Refused("pdf.txt", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "is a PDF"),
    Refused("png.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "is a picture"),
    Refused("sqlite.csv", b"SQLite format 3\0" + b"\0" * 100, "is an SQLite database"),
    Refused("page.csv", b"<!DOCTYPE html>\n<html><body>Please log in, friend</body></html>", "is a web page"),
    Refused("page.json", b"<html><body>502 Bad Gateway</body></html>", "is a web page"),
    Refused("data.xml.csv", b'<?xml version="1.0"?><rows><row>fine</row></rows>', "is an XML file"),
    Refused("lfs.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS"),
    Refused("noise.csv", bytes((i * 73 + i * i) % 256 for i in range(6000)), "is not text"),
    Refused("duplicate-column.csv", b"id,text,text\n1,fine,other\n", "more than one column named 'text'"),
    Refused("no-text-column.csv", b"id,score\n1,5\n2,6\n3,7\n", "is plainly the text"),
    Refused("truncated.json", b'[{"id": "1", "text": "fine"}, {"id": "2", "te', "ends too early"),
    Refused("comma.json", b'[{"id": "1", "text": "fine"} {"id": "2", "text": "fine"}]', "comma"),
    Refused("quotes.json", b"[{'id': '1', 'text': 'fine'}]", "not valid JSON at line 1"),
    Refused("trailing.json", b'[{"id": "1", "text": "fine"}]\nthe end', "behind the end"),
    Refused("deep.json", b"[" + nested(200_000) + b"]", "nested too deeply"),
    Refused("scalars.json", b"[1, 2, null, true]", "is a number, not an object"),
    Refused("prose.json", b"Dear all, please find the data attached.\nBest wishes\n", "does not look like JSON inside"),
    Refused("prose.parquet", b"Dear all, the data is not here.\nBest wishes\n", "does not look like PARQUET inside"),
    Refused("truncated.parquet", WHOLE[:-20], "is damaged"),
    Refused("torn.parquet", WHOLE[:4] + b"\xff" * 40 + WHOLE[44:], "is damaged"),
    Refused("stub.parquet", b"PAR1", "is damaged"),
    Refused("rows-of-nothing.parquet", parquet(pa.table({"text": pa.array([], pa.string())})), "no rows"),
    Refused("columns.json", b'{"text": {"0": "fine", "1": "also"}}', "not a text"),
    Refused("all-bad.jsonl", b'{"id": 1, "text":\n{"id": 2,\n', "No row of all-bad.jsonl can be read"),
    Refused("nested-text.jsonl", lines({"text": {"a": "fine"}}, {"text": ["fine"]}), "No row of"),
    Refused("wide.csv", b",".join(b"c%d" % i for i in range(6000)) + b"\n", "6,000 columns"),
    Refused("long-line-only.txt", LONG, "longer than 16 million characters"),
    Refused("huge-element.json", b'[{"text": "' + LONG + b'"}]', "longer than 16 million characters"),
]

TAKEN = [
    Taken("ragged.csv", b"id,text\n1,fine\n2\n3,a,b\n4,good\n", ("fine", "good"), (3, 4), "1 cells; the header has 2"),
    Taken("semicolons.csv", b"id;text\n1;a, b\n2;c, d\n", ("a, b", "c, d"), (), ""),
    Taken("tabs.csv", b"id\ttext\n1\ta, b\n2\tc\n", ("a, b", "c"), (), ""),
    Taken("bars.csv", b"id|text\n1|a, b\n2|c\n", ("a, b", "c"), (), ""),
    Taken("commas.tsv", b"id,text\n1,a\n2,b\n", ("a", "b"), (), ""),
    Taken("lines-named.csv", lines(ROW, {"id": "2", "text": "b"}), ("fine", "b"), (), ""),
    Taken("parquet-named.csv", WHOLE, ("fine", "also fine"), (), ""),
    Taken("list-named.jsonl", json.dumps([ROW, {"id": "2", "text": "b"}]).encode(), ("fine", "b"), (), ""),
    Taken("lines-named.json", lines(ROW, {"id": "2", "text": "b"}), ("fine", "b"), (), ""),
    Taken("inside.json", json.dumps({"n": 2, "data": [ROW, {"id": "2", "text": "b"}]}, indent=1).encode(), ("fine", "b"), (), ""),
    Taken("csv-named.dat", GOOD.encode(), ("fine", "also fine"), (), ""),
    Taken("old-mac.csv", GOOD.replace("\n", "\r").encode(), ("fine", "also fine"), (), ""),
    Taken("no-end.csv", GOOD.rstrip().encode(), ("fine", "also fine"), (), ""),
    Taken("no-header.csv", b"it is good.,positive\nit is bad.,negative\n", ("it is good.", "it is bad."), (), ""),
    Taken("one-column.csv", b"text\nfine, really\nso, so\n", ("fine, really", "so, so"), (), ""),
    Taken("quoted-lines.csv", b'id,text\n1,"a\r\nb, ""c"""\n2,d\n', ('a\r\nb, "c"', "d"), (), ""),
    Taken("open-quote.csv", b'id,text\n1,fine\n2,"never closed\n3,good\n4,last\n', ("fine", "good", "last"), (3,), "never closed"),
    Taken("stray-quotes.csv", b'id,text\n1,"a\n2,b\n3,c\n4,"d\n5,e\n', ("b", "c", "e"), (2, 5), "not closed where a cell ends"),
    Taken("inner-quote.csv", b'id,text\n1,"he said "no" to me"\n2,b\n', ("b",), (2,), "not doubled"),
    Taken("nul.csv", b"id,text\n1,a\0b\n2,c\n", ("c",), (2,), "NUL character at character 2"),
    Taken("nul.jsonl", lines({"id": "1", "text": "a\0b"}, {"id": "2", "text": "c"}), ("c",), (1,), "NUL"),
    Taken("nul-elsewhere.jsonl", lines({"text": "a", "by": "x\0"}, {"text": "c", "by": "y"}), ("c",), (1,), "NUL"),
    Taken("surrogate.jsonl", b'{"id": "1", "text": "a\\ud800b"}\n{"id": "2", "text": "c"}\n', ("c",), (1,), "surrogate"),
    Taken("pair.jsonl", b'{"id": "1", "text": "\\ud83d\\ude00"}\n', ("😀",), (), ""),
    Taken("mixed.csv", b"id,text\n1,\xe5\xa5\xbd\n2,\xba\xc3\n3,\xe5\x9d\x8f\n", ("好", "坏"), (3,), "not UTF-8"),
    Taken("mixed.jsonl", b'{"text": "\xe5\xa5\xbd"}\n{"text": "\xff\xfe"}\n{"text": "ok"}\n', ("好", "ok"), (2,), "not UTF-8"),
    Taken("odd-utf16.txt", "fine\ngood\n".encode("utf-16") + b"\x41", ("fine", "good"), (3,), "not UTF-16"),
    Taken("torn-line.jsonl", lines(ROW, b'{"id": "2", "text": "cut', {"id": "3", "text": "b"}), ("fine", "b"), (2,), "Not valid JSON"),
    Taken("no-last-line.jsonl", lines(ROW) + b'{"id": "2", "te', ("fine",), (2,), "Not valid JSON"),
    Taken("not-objects.jsonl", lines(ROW, 5, None, ["x"], True), ("fine",), (2, 3, 4, 5), "a number, not an object"),
    Taken("strings.jsonl", lines("fine", "good"), ("fine", "good"), (), ""),
    Taken("missing.jsonl", lines(ROW, {"id": "2"}, {"id": "3", "text": None}), ("fine",), (2, 3), "no such field"),
    Taken("kinds.jsonl", lines(ROW, {"id": "2", "text": {"a": 1}}, {"id": "3", "text": ["b"]}, {"id": "4", "text": 5}), ("fine", "5"), (2, 3), "an object, not a text"),
    Taken("nan.jsonl", b'{"text": "a", "score": NaN}\n{"text": NaN, "score": 1}\n', ("a",), (2,), "missing"),
    Taken("twice.jsonl", lines(ROW, b'{"id": "2", "text": "a", "text": "b"}'), ("fine",), (2,), "stands twice"),
    Taken("same-id.csv", b"id,text\n" + b"".join(b"%d,t%d\n" % (i, i) for i in range(40)) + b"7,again\n", tuple(f"t{i}" for i in range(40)), (42,), "in this project already"),
    Taken("deep.jsonl", lines(ROW, nested(200_000), {"id": "3", "text": "b"}), ("fine", "b"), (2,), "nested too deeply"),
    Taken("big-number.jsonl", lines(ROW, b'{"text": "a", "n": ' + b"9" * 5000 + b"}"), ("fine",), (2,), "number that is too long"),
    Taken("long-line.jsonl", lines(ROW, b'{"text": "' + LONG + b'"}', {"id": "3", "text": "b"}), ("fine", "b"), (2,), "longer than 16 million"),
    Taken("long-line.csv", b"id,text\n1,fine\n2," + LONG + b"\n3,b\n", ("fine", "b"), (3,), "longer than 16 million"),
    Taken("long-quoted.csv", b'id,text\n1,fine\n2,"' + LONG + b'"\n3,b\n', ("fine", "b"), (3,), "longer than 16 million"),
    Taken("long-line.txt", b"fine\n" + LONG + b"\nb\n", ("fine", "b"), (2,), "longer than 16 million"),
    Taken("bytes.parquet", parquet(pa.table({"text": BAD_UTF8})), ("fine",), (2,), "not UTF-8"),
    Taken("null.parquet", parquet(pa.table({"text": ["a", None, "c"]})), ("a", "c"), (2,), "missing"),
    Taken("split.csv", b"text,split\na,train\nb,dev\nc,\xe6\xb5\x8b\xe8\xaf\x95\nd,\n", ("a", "b", "c", "d"), (), ""),
]  # fmt: skip


def test_there_are_forty_kinds_and_more() -> None:
    names = [case.file for case in REFUSED + TAKEN]
    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.file)
def test_refused(store: Store, tmp_path: Path, case: Refused) -> None:
    path = tmp_path / case.file
    path.write_bytes(case.content)
    with pytest.raises(WorkbenchError) as caught:
        run(store, path)
    assert_sentence(str(caught.value), case.file)
    assert case.words in str(caught.value)
    assert_nothing_stored(store)


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: case.file)
def test_taken(store: Store, tmp_path: Path, case: Taken) -> None:
    path = tmp_path / case.file
    path.write_bytes(case.content)
    job = run(store, path)
    stored = tuple(row["text"] for row in records.page(store, job.project_id or 0, limit=1000))
    assert stored == case.texts
    assert tuple(one["line"] for one in job.result["rejections"]) == case.rejected
    assert job.result["rejected"] == len(case.rejected)
    assert job.result["records"] == len(case.texts)
    for one in job.result["rejections"]:
        assert one["reason"].endswith(".")
        assert "Traceback" not in one["reason"]
    if case.rejected:
        assert case.words in job.result["rejections"][0]["reason"]


def test_paths_that_are_no_files(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name, words in (
        ("folder.csv", "holds no file of a format"),
        ("none.csv", "no file"),
        ("pipe.csv", "not a regular file"),
        ("a\0b.csv", "NUL"),
    ):
        with pytest.raises(WorkbenchError, match=words) as caught:
            run(store, tmp_path / name)
        assert str(caught.value).endswith(".")
        assert_nothing_stored(store)


def test_a_file_without_permission(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.csv"
    path.write_text(GOOD)
    real = Path.open

    def refuse(
        self: Path, *args: object, **kwargs: object
    ) -> object:  # root may read anything, so the system is asked to say no
        if self == path:
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(WorkbenchError, match="permission denied"):
        run(store, path)
    assert_nothing_stored(store)


def test_a_file_over_the_limit(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes(b"word\n" * 300_000)
    with pytest.raises(WorkbenchError, match=r"large\.txt has 2 MB; at most 1 MB are imported"):
        run(store, path, max_mb=1)


def test_a_file_that_breaks_off_late_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """Batches were written when the damage is met: none of them stays."""
    path = tmp_path / "late.json"
    path.write_text(json.dumps([{"text": f"text {n}"} for n in range(12_000)])[:-100])
    with pytest.raises(WorkbenchError, match="ends too early"):
        run(store, path)
    assert_nothing_stored(store)
    path.write_text(json.dumps([{"text": f"text {n}", "label": f"kind {n}"} for n in range(12_000)]))
    with pytest.raises(WorkbenchError, match="labels; the most that it takes is"):
        run(store, path, label_column="label")
    assert_nothing_stored(store)


def run(store: Store, path: Path, **settings: object) -> jobs.Job:
    project = projects.get_or_create(store, "p")
    return jobs.run(store, Import(str(path), **settings), project.id)  # type: ignore[arg-type]


def assert_sentence(message: str, file: str) -> None:
    assert message.endswith("."), message
    assert file in message
    assert "Traceback" not in message
    assert "\n" not in message
    assert len(message) < 500


def assert_nothing_stored(store: Store) -> None:
    for table in ("record", "annotation_event", "suggestion", "task_revision", "annotator"):
        assert store.scalar(f"SELECT count(*) FROM {table}") == 0, table
