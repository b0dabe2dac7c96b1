"""The promises of every importer: what was written is what is read, in every encoding, in flat memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.importers import choose, importers, open_source, preview
from pipeline.importers.base import BATCH, is_foreign
from pipeline.importers.columns import Columns, guess
from pipeline.knobs import knobs_of

Rows = list[dict[str, str]]
Writer = Callable[[Rows, str], bytes]


def as_table(delimiter: str) -> Writer:
    def write(rows: Rows, encoding: str) -> bytes:
        sink = io.StringIO(newline="")
        writer = csv.DictWriter(sink, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        return sink.getvalue().encode(encoding)

    return write


def as_lines(rows: Rows, encoding: str) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(encoding)


def as_list(rows: Rows, encoding: str) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1).encode(encoding)


def as_parquet(rows: Rows, encoding: str) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def as_arrow(rows: Rows, encoding: str) -> bytes:
    sink = io.BytesIO()
    held = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(sink, held.schema) as writer:
        writer.write_table(held)
    return sink.getvalue()


def as_workbook(rows: Rows, encoding: str) -> bytes:
    sink = io.BytesIO()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in ([*rows[0]], *([*row.values()] for row in rows)):
        sheet.append(line)
    book.save(sink)
    return sink.getvalue()


def as_text(rows: Rows, encoding: str) -> bytes:
    return "".join(row["text"] + "\n" for row in rows).encode(encoding)


WRITERS: dict[str, Writer] = {
    "csv": as_table(","), "tsv": as_table("\t"), "jsonl": as_lines, "json": as_list, "parquet": as_parquet, "txt": as_text,
    "arrow": as_arrow, "xlsx": as_workbook,
}  # fmt: skip
PLAIN = [name for name in importers.names() if not is_foreign(importers.get(name)())]
TEXTUAL = [name for name in WRITERS if name not in ("parquet", "arrow", "xlsx")]
# Any text but what is refused by promise: NUL and halves of surrogate pairs.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
awkward = st.sampled_from(
    [
        '"',
        '""',
        ",",
        ";",
        "\t",
        "\r\n",
        "\n",
        "\r",
        "a\r\nb",
        '","',
        "😀",
        "\u2028",
        "\x85",
        "\x0b",
        "{",
        "[",
        "'",
        "\\",
        "=1+1",
        "#",
    ]
)
mixed = st.lists(st.one_of(texts, awkward), max_size=4).map("".join)


def read(path: Path, name: str = "", encoding: str = "") -> tuple[Rows, list[int]]:
    source = open_source(path, name, encoding)
    rows: Rows = []
    bad: list[int] = []
    for batch in choose(source).read(source):
        assert len(batch.rows) == len(batch.lines)
        rows += batch.rows
        bad += [one.line for one in batch.rejections]
    return rows, bad


def test_every_importer_has_a_writer_here() -> None:
    assert sorted(WRITERS) == PLAIN


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_it_is_declared_whole(name: str) -> None:
    plugin = importers.get(name)
    assert plugin.__doc__
    assert plugin.extensions
    assert all(knob.help for knob in knobs_of(plugin))
    others = [one for other in PLAIN if other != name for one in importers.get(other).extensions]
    assert not set(plugin.extensions) & set(others)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_its_own_files_are_known_by_name_and_by_content(name: str, tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "text": f"This is text number {n}."} for n in range(30)]
    for file in (f"a.{name}", "a"):
        (tmp_path / file).write_bytes(WRITERS[name](rows, "utf-8"))
        found, bad = read(tmp_path / file)
        assert bad == []
        assert [row["text"] for row in found] == [row["text"] for row in rows]


@pytest.mark.parametrize("name", ["csv", "tsv", "jsonl", "json", "parquet"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(written=st.lists(st.tuples(mixed, mixed), min_size=1, max_size=8))
def test_what_was_written_is_what_is_read(name: str, tmp_path: Path, written: list[tuple[str, str]]) -> None:
    rows = [{"id": f"r{n}", "text": text, "note": note} for n, (text, note) in enumerate(written)]
    path = tmp_path / f"a.{name}"
    path.write_bytes(WRITERS[name](rows, "utf-8"))
    found, bad = read(path, encoding="" if name == "parquet" else "utf-8")
    assert found == rows
    assert bad == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    written=st.lists(texts.filter(lambda text: text.strip() and not set("\r\n") & set(text)), min_size=1, max_size=8)
)
def test_a_line_of_text_is_a_record(tmp_path: Path, written: list[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\n".join(["first", *written]).encode())
    found, bad = read(path, encoding="utf-8")
    assert [row["text"] for row in found] == ["first", *written]
    assert bad == []


CHINESE = [
    "这台相机非常好用，我很满意。",
    "酒店的服务太差了，不推荐！",
    "电池续航能力不错，屏幕也清晰。",
    "物流很快，包装完好。",
]
SPOKEN = {
    "utf-8": [*CHINESE, "café 😀"], "utf-8-sig": [*CHINESE, "café 😀"], "utf-16": [*CHINESE, "café 😀"],
    "utf-16-le": [*CHINESE, "café"], "utf-16-be": [*CHINESE, "café"], "utf-32": CHINESE, "gb18030": [*CHINESE, "㐀"],
    "cp1252": ["le café était très bon, mais le garçon un peu pressé", "où est passée ma commande ? déçu par la qualité"],
    "cp1251": ["очень хорошая камера, всем советую", "батарея быстро садится, не рекомендую"],
    "big5": ["這台相機非常好用，我很滿意。", "酒店的服務太差了，不推薦！", "電池續航能力不錯，螢幕也清晰。"],
    "cp932": ["とても良いカメラです。おすすめします。", "電池がすぐに切れてしまいます。残念です。"],
    "cp949": ["아주 좋은 카메라입니다. 추천합니다.", "배터리가 빨리 닳아서 실망했습니다. 다시는 안 삽니다."],
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTUAL)
@pytest.mark.parametrize("encoding", SPOKEN)
def test_the_encoding_is_detected(name: str, encoding: str, tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "text": text} for n, text in enumerate(SPOKEN[encoding] * 3)]
    path = tmp_path / f"a.{name}"
    path.write_bytes(WRITERS[name](rows, encoding))
    found, bad = read(path)
    assert [row["text"] for row in found] == [row["text"] for row in rows]
    assert bad == []


def test_two_words_are_enough(tmp_path: Path) -> None:
    for encoding in ("utf-8", "gb18030", "utf-16", "utf-16-le"):
        (tmp_path / "a.csv").write_bytes("text\n很好\n不好\n".encode(encoding))
        assert [row["text"] for row in read(tmp_path / "a.csv")[0]] == ["很好", "不好"], encoding


def test_a_late_first_chinese_line_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"plain english line\n" * 120_000 + "这里才有中文，非常好。\n".encode("gb18030"))
    assert read(path)[0][-1]["text"] == "这里才有中文，非常好。"


@pytest.mark.parametrize("name", ["csv", "jsonl", "json", "parquet", "txt"])
def test_memory_does_not_grow_with_the_file(name: str, tmp_path: Path) -> None:
    peaks = []
    for size in (2 * BATCH, 5 * BATCH):
        path = tmp_path / f"{size}.{name}"
        path.write_bytes(
            WRITERS[name]([{"id": f"r{n}", "text": f"some text of a row, number {n}"} for n in range(size)], "utf-8")
        )
        source = open_source(path)
        importer = choose(source)
        tracemalloc.start()
        assert sum(len(batch.rows) for batch in importer.read(source)) == size
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize("name", ["csv", "jsonl", "txt"])
def test_a_row_is_known_by_its_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{name}"
    path.write_bytes(WRITERS[name]([{"id": f"r{n}", "text": f"text {n}"} for n in range(3)], "utf-8"))
    source = open_source(path)
    (batch,) = choose(source).read(source)
    lines = path.read_text().splitlines()
    assert [lines[line - 1] for line in batch.lines] == [line for line in lines if "text " in line]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("id,text,label", ["1,good one,pos", "2,bad one,neg"], Columns("text", "label", "id")),
        ("编号,文本,标签,划分", ["1,很好,正面,训练", "2,不好,负面,测试"], Columns("文本", "标签", "编号", "划分")),
        ("Review_Text,Sentiment", ["good one,pos", "bad one,neg"], Columns("Review_Text", "Sentiment")),
        ("id,text", ["7,good one", "7,bad one", "7,so so"], Columns("text")),
        ("id,text,set", ["1,good one,blue", "2,bad one,red"], Columns("text", id="id")),
        ("a,b", [f"it is {'good' if n % 2 else 'bad'} and new number {n},{'pn'[n % 2]}" for n in range(30)], Columns("a", "b")),
        ("title,text", ["hello,good one", "again,bad one"], Columns("text")),
        ("text,source", [f"good one {n},{'web' if n % 2 else 'app'}" for n in range(30)], Columns("text")),
    ],
)  # fmt: skip
def test_columns_are_guessed(header: str, rows: list[str], expected: Columns, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert preview(path, 2).guess == expected


def test_a_guess_needs_something_to_go_by() -> None:
    assert guess([]) == Columns("")
    assert guess([{"n": "5"}, {"n": "6"}]) == Columns("")


def test_a_preview_shows_the_beginning_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id;文本\n1;很好\n2\n3;不好\n".encode("gb18030"))
    seen = preview(path, 1)
    assert (seen.format, seen.encoding, seen.columns, seen.guess) == (
        "csv",
        "GB18030",
        ("id", "文本"),
        Columns("文本", id="id"),
    )
    assert seen.rows == ({"id": "1", "文本": "很好"},)
    assert [one.line for one in seen.rejections] == [3]


def test_a_json_list_is_read_over_the_chunks_of_the_file(tmp_path: Path) -> None:
    """Elements that straddle the borders of what is read at once, among them one of several chunks."""
    rows = [{"text": "x" * (n * 997 % 5000), "n": n} for n in range(1500)] + [
        {"text": "y" * 3_000_000, "n": -1},
        {"text": "z", "n": 0},
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows))
    assert read(path)[0] == rows
