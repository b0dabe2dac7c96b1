"""A file that somebody wants imported: opened with care, known by its first bytes, read line by line within limits."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain import WorkbenchError
from pipeline.importers import encoding as encodings
from pipeline.knobs import knob

HEAD = 1 << 16


class FileRefused(WorkbenchError):
    """A file that cannot be imported at all, and why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read."""

    file_mb: int = knob(4096, "The largest file that is imported, in megabytes.", low=1, high=1_000_000)
    line_mb: int = knob(16, "The longest line, in millions of characters; a longer one is rejected.", low=1, high=1024)

    @property
    def line(self) -> int:
        return self.line_mb * 1_000_000


_EXCEL = "an old Excel workbook. Save it as .xlsx or CSV (UTF-8) and import that"
_PACKED = "a compressed archive. Unpack it and import the file inside"
# First bytes -> what the file is and what to do.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _EXCEL), (b"\x1f\x8b", _PACKED), (b"BZh", _PACKED), (b"\xfd7zXZ\0", _PACKED),
    (b"\x28\xb5\x2f\xfd", _PACKED), (b"7z\xbc\xaf\x27\x1c", _PACKED), (b"Rar!\x1a\x07", _PACKED),
    (b"%PDF", "a PDF document. Copy its text into a TXT or CSV file"),
    (b"\x89PNG", "a picture. Only text can be imported"), (b"\xff\xd8\xff", "a picture. Only text can be imported"),
    (b"GIF8", "a picture. Only text can be imported"),
    (b"SQLite format 3\0", "an SQLite database. Export its table as CSV"),
    (b"Obj\x01", "an Avro file. Save it as Parquet or JSON lines"),
    (b"ORC", "an ORC file. Save it as Parquet"), (b"\x7fELF", "a program. Only text can be imported"),
    (b"{\\rtf", "an RTF document. Save it as plain text"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data itself. Fetch the data with 'git lfs pull'"),
)  # fmt: skip


# First bytes of formats that are no text and have an importer: Parquet, Arrow (file and stream), a spaCy DocBin (zlib).
# An Excel workbook is an archive with a folder xl/.
_BINARY = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


@dataclass(frozen=True, slots=True)
class Source:
    """A readable file. `name` is what a user calls it; `encoding` is empty for a binary format."""

    path: Path
    name: str
    encoding: str
    head: bytes
    limits: Limits
    line_count: int = 0  # 0 while nobody has counted
    split: str = ""  # that of its rows which name none
    member: bool = False  # whether it is one of the files of a folder or an archive

    def lines(self) -> Iterator[tuple[int, str | None]]:
        """Number and text of each line with its line end; None for one over the limit, which is skipped unread."""
        limit = self.limits.line
        with self._text() as file:
            number = 0
            while line := file.readline(limit + 2):
                number += 1
                if len(line) < limit + 2:
                    yield number, line
                else:
                    while line and not line.endswith(("\n", "\r")):
                        line = file.readline(1 << 20)
                    yield number, None

    def chunks(self, size: int = 1 << 20) -> Iterator[str]:
        """The text in pieces of about `size` characters."""
        with self._text() as file:
            while chunk := file.read(size):
                yield chunk

    def beginning(self) -> str:
        """The first characters of the text, for a look at its shape."""
        with self._text() as file:
            return file.read(HEAD)

    def _text(self) -> io.TextIOWrapper:
        if not self.encoding:
            raise FileRefused(f"{self.name} is not a text file. Let the format be found out, or name another.")
        return self.path.open("r", encoding=self.encoding, errors=encodings.ERRORS, newline="")


def open_source(path: str | Path, name: str = "", encoding: str = "", limits: Limits | None = None) -> Source:
    """Look at a file before it is read. Raises FileRefused, with what the file is, if it can be no text or table."""
    limits = limits or Limits()
    path = Path(path)
    name = name or path.name
    head = _head(path, name, limits)
    if head.startswith(_BINARY) or (head.startswith(b"PK\x03\x04") and b"xl/" in head):
        return Source(path, name, "", head, limits)
    _refuse_known(head, name)
    if encoding and not encodings.is_known(encoding):
        raise FileRefused(f"'{encoding}' is not an encoding. Write utf-8, gb18030, utf-16 or cp1252, say.")
    found = encoding or encodings.detect(path)
    if found is None:
        raise FileRefused(f"{name} is not text in an encoding that is known here. Save it as UTF-8.")
    source = Source(path, name, found, head, limits)
    _refuse_page(source)
    return source


def too_long(source: Source) -> str:
    """Why a line over the limit is not taken."""
    return f"The line is longer than {source.limits.line_mb} million characters."


def undecodable(source: Source) -> str:
    """Why a line with broken bytes is not taken."""
    return f"The line holds bytes that are not {encodings.shown(source.encoding)}."


def fingerprint(path: Path) -> tuple[str, int]:
    """The SHA-256 of a file's bytes, and how many lines it has."""
    digest, lines, last = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            last = chunk
    return digest.hexdigest(), lines + (not last.endswith(b"\n"))


def _head(path: Path, name: str, limits: Limits) -> bytes:
    if "\0" in str(path):
        raise FileRefused("The name of the file holds a NUL character. Check it.")
    try:
        if path.is_dir():
            raise FileRefused(f"{name} is a folder. Name one file in it.")
        if not path.exists():
            raise FileRefused(f"There is no file {path}. Check its name and folder.")
        if not path.is_file():
            raise FileRefused(f"{name} is not a regular file. Copy its content into one and import that.")
        size = path.stat().st_size
        if size > limits.file_mb * 1_000_000:
            raise FileRefused(f"{name} has {size / 1e6:,.0f} MB; at most {limits.file_mb:,} MB are imported. Split it.")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise FileRefused(f"{name} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
    marks_nothing = path.suffix == ".ann" and path.with_suffix(".txt").is_file()  # brat, of a text that nobody marked
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n") and not marks_nothing:
        raise FileRefused(f"{name} is empty. There is nothing to import.")
    return head


def _refuse_known(head: bytes, name: str) -> None:
    if head.startswith(b"PK\x03\x04"):
        office = re.search(rb"xl/|word/|ppt/|\[Content_Types\]\.xml", head)
        office_kind = {b"word/": "a Word document. Save it as plain text"}
        what = office_kind.get(office.group(), _EXCEL) if office else _PACKED
        raise FileRefused(f"{name} is {what}.")
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise FileRefused(f"{name} is {what}.")


def _refuse_page(source: Source) -> None:
    start = source.beginning()[:2000].lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        raise FileRefused(f"{source.name} is a web page, perhaps the login page of a download. Fetch the data again.")
    if start.startswith("<?xml"):
        raise FileRefused(f"{source.name} is an XML file. Convert it to CSV or JSON lines.")
