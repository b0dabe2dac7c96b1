"""The secret of a database: what pseudonyms are made with, so that nobody without it can find out who is who.

It lies in a file beside the database that only its owner can read, and nowhere else: in no job, no log, no export.
"""

from __future__ import annotations

import os
import secrets
import weakref
from contextlib import suppress
from pathlib import Path

from pipeline.domain import WorkbenchError
from pipeline.store.database import Store

BYTES = 32
_kept: weakref.WeakKeyDictionary[Store, str] = weakref.WeakKeyDictionary()  # of databases that have no file


def secret(store: Store) -> str:
    """The database's own secret, 64 hexadecimal digits; made when it is first asked for."""
    if store.path == ":memory:":
        return _kept.setdefault(store, secrets.token_hex(BYTES))
    file = path(store)
    try:
        if not file.exists():
            _make(file)
        found = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise WorkbenchError(
            f"The secret {file} cannot be read or made ({error.strerror}). Look at its rights."
        ) from error
    except UnicodeDecodeError:
        found = ""
    if len(found) < BYTES:
        raise WorkbenchError(f"The secret {file} is damaged. Put its copy back, or take it away to get a new one.")
    return found


def path(store: Store) -> Path:
    """Where the secret lies: to be copied with the database, and given to nobody."""
    return Path(store.path).resolve().with_suffix(".secret")


def _make(file: Path) -> None:
    """All of it at once, and never over one that is there: another thread may make it too."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as open_file:
            open_file.write(secrets.token_hex(BYTES) + "\n")
            open_file.flush()
            os.fsync(handle)
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
