"""What a name stands for: files, folders, patterns, packed files and archives, and what is refused of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import jobs
from pipeline.domain import Job, WorkbenchError
from pipeline.importers import FileRefused, Limits
from pipeline.importers.inputs import gather
from pipeline.store import Store, projects, records
from pipeline.verbs.import_file import Import

LINES = b"".join(json.dumps({"id": str(n), "text": f"Text {n} \u4f60\u597d"}).encode() + b"\n" for n in range(5))
MORE = LINES.replace(b'"id": "', b'"id": "m')


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return sink.getvalue().to_pybytes()


def archive(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return sink.getvalue()


def bring(store: Store, path: Path | str, **settings: object) -> Job:
    return jobs.run(store, Import(str(path), **settings), projects.get_or_create(store, "p").id)  # type: ignore[arg-type]


def texts(store: Store) -> list[str]:
    return [row["text"] for row in records.page(store, projects.get(store, "p").id, limit=100)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.jsonl.gz", gzip.compress), ("a.jsonl.bz2", bz2.compress), ("a.jsonl.xz", lzma.compress), ("a.jsonl.zst", zstd),
     ("a.jsonl.gz", lambda b: gzip.compress(b[:100]) + gzip.compress(b[100:])), ("a", gzip.compress)],
)  # fmt: skip
def test_a_packed_file_is_read_as_the_plain_one(
    store: Store, tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / name).write_bytes(pack(LINES))
    job = bring(store, tmp_path / name)
    assert (job.result["records"], job.result["file"]) == (5, "a.jsonl" if "." in name else "a")
    assert texts(store)[0] == "Text 0 你好"
    assert not (store.folder / "unpacked" / str(job.id)).exists()


def test_a_folder_is_read_file_by_file_with_its_splits(store: Store, tmp_path: Path) -> None:
    (tmp_path / "d" / "train").mkdir(parents=True)
    (tmp_path / "d" / "test").mkdir()
    (tmp_path / "d" / "train" / "part-0.jsonl").write_bytes(LINES)
    (tmp_path / "d" / "test" / "part-0.jsonl.gz").write_bytes(gzip.compress(MORE))
    (tmp_path / "d" / "README.md").write_text("# no data")
    (tmp_path / "d" / ".hidden.jsonl").write_text("no data")
    (tmp_path / "d" / "link.jsonl").symlink_to(tmp_path / "d" / "train" / "part-0.jsonl")
    job = bring(store, tmp_path / "d")
    assert (job.result["records"], job.result["files"]) == (10, 2)
    splits = {row["external_id"]: row["split"] for row in records.page(store, job.project_id or 0, limit=100)}
    assert (splits["0"], splits["m0"]) == ("train", "test")


def test_a_pattern_names_files(store: Store, tmp_path: Path) -> None:
    for name, content in (("a.jsonl", LINES), ("b.jsonl", MORE), ("c.csv", b"id,text\nx,other\n")):
        (tmp_path / name).write_bytes(content)
    job = bring(store, f"{tmp_path}/*.jsonl")
    assert (job.result["records"], job.result["files"]) == (10, 2)
    with pytest.raises(FileRefused, match="holds no file of a format"):
        bring(store, f"{tmp_path}/*.parquet")


def test_rejections_of_several_files_say_which(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES + b"{broken\n")
    (tmp_path / "b.jsonl").write_bytes(b"{broken\n" + MORE)
    job = bring(store, f"{tmp_path}/*.jsonl")
    assert [(one["file"], one["line"]) for one in job.result["rejections"]] == [("a.jsonl", 6), ("b.jsonl", 1)]


def test_an_archive_holds_several_files(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(
        archive({"d/a.jsonl": LINES, "d/b.jsonl": MORE, "__MACOSX/a.jsonl": b"x", "n.bin": b""})
    )
    job = bring(store, tmp_path / "a.zip")
    assert (job.result["records"], job.result["files"], job.result["file"]) == (10, 2, "a.zip")


@pytest.mark.parametrize(
    "name", ["../evil.jsonl", "/etc/evil.jsonl", "a/../../evil.jsonl", "C:\\evil.jsonl", "..\\evil.jsonl"]
)
def test_a_path_that_climbs_out_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(archive({"good.jsonl": LINES, name: LINES}))
    with pytest.raises(FileRefused, match="leaves the archive"):
        bring(store, tmp_path / "a.zip")
    assert not list(tmp_path.rglob("evil.jsonl"))


def test_links_and_passwords_are_refused(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        link = zipfile.ZipInfo("a.jsonl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    (tmp_path / "a.zip").write_bytes(sink.getvalue())
    with pytest.raises(FileRefused, match="link as a member"):
        gather(tmp_path / "a.zip", tmp_path / "out", Limits())
    locked = bytearray(archive({"a.jsonl": LINES}))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        locked[locked.index(mark) + (6 if mark == b"PK\x03\x04" else 8)] |= 1
    (tmp_path / "b.zip").write_bytes(locked)
    with pytest.raises(FileRefused, match="locked with a password"):
        gather(tmp_path / "b.zip", tmp_path / "out", Limits())


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstd, lambda b: archive({"a.jsonl": b})])
def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / "bomb").write_bytes(pack(b"\0" * 30_000_000))
    assert (tmp_path / "bomb").stat().st_size < 100_000
    with pytest.raises(FileRefused, match="unpacks to more than 2 MB"):
        gather(tmp_path / "bomb", tmp_path / "out", Limits(file_mb=2))
    assert sum(one.stat().st_size for one in (tmp_path / "out").rglob("*")) < 4_000_000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd, lambda b: archive({"a.jsonl": b})])
def test_a_damaged_file_is_a_sentence_and_leaves_nothing(
    store: Store, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    whole = pack(LINES * 100)
    for content in (whole[: len(whole) // 2], whole[:20] + b"\xff" * 20 + whole[40:]):
        (tmp_path / "a.jsonl.x").write_bytes(content)
        with pytest.raises(WorkbenchError) as caught:
            bring(store, tmp_path / "a.jsonl.x")
        assert str(caught.value).endswith(".")
    assert records.count(store, projects.get(store, "p").id) == 0
    assert not list((store.folder / "unpacked").glob("*"))


def test_a_hub_name_without_a_network_is_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WorkbenchError, match="cannot be fetched from the hub"):
        bring(store, "hub:owner/name")
    with pytest.raises(WorkbenchError, match="not the name of a data set"):
        bring(store, "hub:owner/name/../../etc")
