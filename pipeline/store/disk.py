"""A disk that is full, or that may not be written to: said as a fact that a person can do something about."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import duckdb

from pipeline.domain import WorkbenchError

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
KNOWN = (*FULL, *FORBIDDEN, errno.EFBIG, errno.EIO)


class DiskRefused(WorkbenchError):
    """Something could not be written: the disk is full, or does not let us."""


class StoreEnded(DiskRefused):
    """The disk refused in the middle of a checkpoint: the database answers no more until it is opened again."""


def refusal(error: BaseException, folder: Path | str) -> DiskRefused | None:
    """What the disk has refused, if this error says so, else None. `folder` is where, if the error does not know."""
    if isinstance(error, duckdb.Error):
        return _of_database(error)
    if isinstance(error, OSError) and error.errno in KNOWN:
        return DiskRefused(_sentence(error.errno, str(error.filename or folder)))
    return None


def _of_database(error: duckdb.Error) -> DiskRefused | None:
    for number in KNOWN:
        found = re.search(rf'file "([^"\n]+)": {re.escape(os.strerror(number))}', str(error))
        if found is None:
            continue
        sentence = _sentence(number, found[1])
        if isinstance(error, duckdb.FatalException):
            return StoreEnded(f"{sentence} The database has closed itself: stop Winnow and start it again.")
        return DiskRefused(sentence)
    return None


def _sentence(number: int, path: str) -> str:
    why = os.strerror(number)
    if number in FULL:
        return f"{path} cannot be written: the disk is full. Free some space on it and try again."
    if number == errno.EFBIG:
        return (
            f"{path} cannot be written: the system lets no file be so large. Raise that limit "
            "(ulimit -f) and try again."
        )
    if number in FORBIDDEN:
        return f"{path} cannot be written or read ({why}). Give Winnow the right to, and try again."
    return f"{path} cannot be written or read ({why}). Check that its disk is well, and try again."
