"""What a name on the command line stands for: a file, a folder or a pattern of files, a compressed file, an archive.

What is packed is unpacked into a folder first, within limits, so that every importer reads plain files. An archive
whose members have paths that climb out of it, links or passwords is refused as a whole.
"""

from __future__ import annotations

import bz2
import errno
import glob
import gzip
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from pipeline.importers.base import importers
from pipeline.importers.columns import split_of
from pipeline.importers.source import FileRefused, Limits

MOST_FILES = 50_000
PIECE = 1 << 20
_OFFICE = ("[Content_Types].xml", "xl/", "word/")
_ZIP, _HEAD = b"PK\x03\x04", 6
_WORDS = re.compile(r"[^a-z\u4e00-\u9fff]+")
# Lists of what is in a folder, and licences: no data
_ASIDE = ("state.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "package.json", "meta.json")
# What the unpackers raise at bytes that are none of theirs; a name that is no text is a ValueError.
_BROKEN = (
    OSError, EOFError, RuntimeError, ValueError, IndexError, struct.error, zlib.error, lzma.LZMAError,
    zipfile.BadZipFile, pa.ArrowException,
)  # fmt: skip
_NO_NAME = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ)


@dataclass(frozen=True, slots=True)
class Input:
    """A plain file to be read. `name` is what a user calls it; `split` is what its place among the others says."""

    path: Path
    name: str
    split: str = ""
    member: bool = False  # whether it is one of the files of a folder or an archive


def _zstd(path: Path) -> Any:
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


_PACKED: Mapping[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open, b"\x28\xb5\x2f\xfd": _zstd,
}  # fmt: skip


def is_plain(path: str | Path) -> bool:
    """Whether this is one file that is read as it is."""
    path = Path(path)
    return path.is_file() and _packing(path) is None and not _is_archive(path)


def stands_for_files(path: str | Path) -> bool:
    """Whether this names something else than one plain file: a folder, a pattern, or what is packed."""
    path = Path(path)
    return path.is_dir() or _is_pattern(path) or (path.is_file() and not is_plain(path))


def gather(path: str | Path, into: Path, limits: Limits, name: str = "") -> list[Input]:
    """The plain files that `path` stands for, in order of their names; what is packed is unpacked below `into`.

    Raises FileRefused with a sentence. A name that is no file at all is given back as it is: opening it says why.
    """
    path = Path(path)
    if path.is_dir() or _is_pattern(path):
        found = _inside(path) if path.is_dir() else _matching(path)
        room = _Room(limits, name or path.name)
        return _with_splits([_opened(one, into, room) for one in found])
    if not path.is_file():
        return [Input(path, name or path.name)]
    name = name or path.name
    if _is_archive(path):
        return _with_splits(_extracted(path, name, into, limits))
    return [_opened(Input(path, name), into, _Room(limits, name))]


def _is_pattern(path: Path) -> bool:
    return bool(re.search(r"[*?\[]", str(path))) and "\0" not in str(path) and not path.exists()


def _inside(folder: Path) -> list[Input]:
    found, known = [], _extensions()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not path.is_symlink() and _is_data(parts, known):
            found.append(Input(path, "/".join(parts)))
    return _some(found, str(folder))


def _matching(pattern: Path) -> list[Input]:
    paths = sorted(Path(one) for one in glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - the pattern is whole
    files = [path for path in paths if path.is_file()]
    above = os.path.commonpath([path.parent for path in files]) if files else ""
    return _some([Input(path, path.relative_to(above).as_posix()) for path in files], str(pattern))


def _some(found: list[Input], what: str) -> list[Input]:
    by_stem = {one.path.with_suffix("") for one in found if one.path.suffix == ".ann"}
    found = [one for one in found if one.path.suffix != ".txt" or one.path.with_suffix("") not in by_stem]
    if not found:
        raise FileRefused(f"{what} holds no file of a format that can be imported.")
    if len(found) > MOST_FILES:
        raise FileRefused(f"{what} holds {len(found):,} files; at most {MOST_FILES:,} are imported at once.")
    return found


def _extensions() -> frozenset[str]:
    """Those of all formats: looked up once for all files of a folder or an archive."""
    return frozenset(extension for plugin in importers.every() for extension in plugin.extensions)


def _is_data(parts: tuple[str, ...], known: frozenset[str]) -> bool:
    """Whether a path below a folder is a file of a known format, and none that only describes the others."""
    name = parts[-1].lower()
    if any(part.startswith((".", "__MACOSX")) for part in parts) or name in _ASIDE or name.startswith("readme"):
        return False
    return re.sub(r"\.(gz|bz2|xz|zst)$", "", name).rpartition(".")[2] in known


def _with_splits(found: list[Input]) -> list[Input]:
    """As members, with the splits that their names say, where these are more than one."""
    said = [Input(one.path, one.name, _split_in(one.name), member=True) for one in found]
    several = len({one.split for one in said} - {""}) > 1
    return said if several else [replace(one, split="") for one in said]


def _split_in(name: str) -> str:
    words = [word for part in PurePosixPath(name.lower()).parts for word in _WORDS.split(part) if word]
    return next((split for word in words if (split := split_of(word))), "")


def _is_archive(path: Path) -> bool:
    if not _begins(path, _ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return not any(one.startswith(_OFFICE) for one in archive.namelist())
    except _BROKEN:
        return True  # opening it says what is wrong


def _packing(path: Path) -> Callable[[Path], Any] | None:
    return next((opener for magic, opener in _PACKED.items() if _begins(path, magic)), None)


def _begins(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD).startswith(magic)
    except OSError:
        return False  # opening it says why


def _opened(one: Input, into: Path, room: _Room) -> Input:
    """The file as it is, or what it holds if it is packed."""
    opener = _packing(one.path)
    if opener is None:
        return one
    plain = re.sub(r"\.(gz|gzip|bz2|xz|zst|zstd)$", "", one.name, flags=re.IGNORECASE)
    with _told(one.name), opener(one.path) as packed:
        return Input(_written(packed, into, plain, room), plain)


def _extracted(path: Path, name: str, into: Path, limits: Limits) -> list[Input]:
    room, found, known = _Room(limits, name), [], _extensions()
    with _told(name), zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        for one in members:
            _check_member(one, name)
        wanted = [one for one in members if _is_data(PurePosixPath(one.filename).parts, known) or len(members) == 1]
        if len(wanted) > MOST_FILES:
            raise FileRefused(f"{name} holds {len(wanted):,} files; at most {MOST_FILES:,} are imported at once.")
        for one in sorted(wanted, key=lambda member: member.filename):
            with archive.open(one) as packed:
                written = Input(_written(packed, into, one.filename, room), one.filename)
            found.append(_opened(written, into, room))
    return _some(found, name)


def _check_member(one: zipfile.ZipInfo, name: str) -> None:
    parts = PurePosixPath(one.filename.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\0" in one.filename:
        raise FileRefused(f"{name} has a member whose path leaves the archive ('{one.filename[:80]}'). Pack it anew.")
    if stat.S_ISLNK(one.external_attr >> 16):
        raise FileRefused(f"{name} has a link as a member ('{one.filename[:80]}'). Pack the files themselves.")
    if one.flag_bits & 1:
        raise FileRefused(f"{name} is locked with a password. Unpack it and import the files inside.")


@dataclass(slots=True)
class _Room:
    """How many bytes a packed file may still give."""

    limits: Limits
    name: str
    used: int = 0

    def take(self, size: int) -> None:
        self.used += size
        if self.used > self.limits.file_mb * 1_000_000:
            most = f"{self.limits.file_mb:,} MB"
            raise FileRefused(f"{self.name} unpacks to more than {most}, the most that is imported. Split it.")


def _written(packed: IO[bytes], into: Path, name: str, room: _Room) -> Path:
    target = into / Path(*PurePosixPath(name.replace("\\", "/")).parts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        while target.is_file():  # another of this name: beside it, so that partners of one name stay together
            target = target.parent / "again" / target.name
            target.parent.mkdir(exist_ok=True)
        with target.open("wb") as file:
            while piece := packed.read(PIECE):
                room.take(len(piece))
                file.write(piece)
    except OSError as error:
        if error.errno not in _NO_NAME:
            raise
        raise FileRefused(
            f"{room.name} has a member whose name cannot be written here ('{name[:80]}'). Give it another name."
        ) from error
    return target


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turns what goes wrong while unpacking into a sentence."""
    try:
        yield
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, not the file
        raise FileRefused(f"{name} is damaged: it cannot be unpacked. Copy it again.") from error
