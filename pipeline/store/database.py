"""The one door to the DuckDB file: it opens and migrates it, and lets one writer in at a time.

DuckDB locks the file for one process. Inside that process every thread reads through a cursor of its own; writes take
one lock and are transactions that are rolled back and tried again whole.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import psutil
import pyarrow as pa

from pipeline.domain import WorkbenchError
from pipeline.store.disk import refusal

T = TypeVar("T")
Cursor = duckdb.DuckDBPyConnection

MIGRATIONS = Path(__file__).parent / "migrations"
ATTEMPTS = 5  # one lock serialises our writers, so a conflict can only come from a checkpoint: a few tries are ample


class StoreBusy(WorkbenchError):
    """Another process holds the database file."""


class StoreTooNew(WorkbenchError):
    """The database file was written by a newer Winnow."""


class StoreUnreadable(WorkbenchError):
    """The file is there but is not a database that DuckDB can open."""


class Store:
    """An open database. Safe to share between threads; `close()` it when done."""

    def __init__(self, connection: Cursor, path: str) -> None:
        self._connection = connection
        self._write_lock = threading.RLock()
        self.path = path

    @property
    def folder(self) -> Path:
        """Where files that belong to this database live (uploads, versions, runs): beside the database file; of a
        database in memory in a temporary folder of its own."""
        if self.path == ":memory:":
            return Path(tempfile.gettempdir()) / f"winnow-{os.getpid()}-{id(self)}"
        return Path(self.path).resolve().parent / (Path(self.path).stem + ".files")

    def cursor(self) -> Cursor:
        """A cursor for the calling thread; it sees committed data only."""
        return self._connection.cursor()

    def rows(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """The rows of a SELECT as dicts. Values only ever travel as parameters."""
        with self._reading() as cursor:
            cursor.execute(sql, params)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> dict[str, Any] | None:
        found = self.rows(sql, params)
        return found[0] if found else None

    def scalar(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        with self._reading() as cursor:
            found = cursor.execute(sql, params).fetchone()
            return None if found is None else found[0]

    def arrow(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pa.Table:
        """The rows of a SELECT as one Arrow table."""
        with self._reading() as cursor:
            return cursor.sql(sql, params=params).to_arrow_table()

    @contextmanager
    def _reading(self) -> Iterator[Cursor]:
        """A cursor for one SELECT. Raises DiskRefused where the disk is what hinders it."""
        try:
            with closing(self.cursor()) as cursor:
                yield cursor
        except duckdb.Error as error:
            if refused := refusal(error, self.path):
                raise refused from error
            raise

    def transact(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` in one transaction and commit it: all of it happens, or none.

        `work` may run more than once, so it must do nothing that a rollback cannot take back. Raises DiskRefused if
        the disk is full or lets nothing be written.
        """
        with self._write_lock:
            for attempt in range(1, ATTEMPTS + 1):
                with closing(self._connection.cursor()) as cursor:
                    try:
                        cursor.execute("BEGIN")
                        result = work(cursor)
                        cursor.execute("COMMIT")
                        return result
                    except duckdb.Error as error:
                        _roll_back(cursor)
                        if refused := refusal(error, self.path):
                            raise refused from error
                        if attempt == ATTEMPTS or not isinstance(error, duckdb.TransactionException):
                            raise
                    except BaseException:  # also KeyboardInterrupt: a half transaction must not linger on the cursor
                        _roll_back(cursor)
                        raise
        raise AssertionError("unreachable")

    def insert(self, table: str, rows: pa.Table, cursor: Cursor | None = None) -> None:
        """Append an Arrow table to a table by column names; columns that are not given take their defaults."""
        if rows.num_rows == 0:
            return
        columns = ", ".join(_identifier(name) for name in rows.column_names)
        sql = f"INSERT INTO {_identifier(table)} ({columns}) SELECT {columns} FROM _rows"

        def write(own: Cursor) -> None:
            own.register("_rows", rows)
            try:
                own.execute(sql)
            finally:
                with contextlib.suppress(duckdb.TransactionException):  # would hide why the transaction is no more
                    own.unregister("_rows")

        if cursor is None:
            self.transact(write)
        else:
            write(cursor)

    def close(self) -> None:
        with self._write_lock:
            self._connection.close()


def open_store(path: str | Path) -> Store:
    """Open (or make) the database at `path` (":memory:" for none on disk) and bring its schema up to date."""
    name = str(path)
    try:
        if name != ":memory:":
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(name)
    except OSError as error:
        why = f"its folder cannot be made ({error.strerror})"
        raise StoreUnreadable(f"{name} cannot be opened as a Winnow database: {why}.") from error
    except duckdb.IOException as error:
        raise _explained(name, error) from error
    try:
        _migrate(connection, name)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        connection.close()
        raise StoreUnreadable(f"{name} is a database of another program. Name another file with --db.") from error
    except BaseException:
        connection.close()
        raise
    return Store(connection, name)


def _migrate(connection: Cursor, path: str) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)"
    )
    files = sorted(MIGRATIONS.glob("[0-9][0-9][0-9]_*.sql"))
    found = connection.execute("SELECT coalesce(max(number), 0) FROM schema_migration").fetchone()
    at = found[0] if found else 0
    newest = int(files[-1].name[:3])
    if at > newest:
        raise StoreTooNew(
            f"{path} was written by a newer Winnow (schema {at}; this one knows up to {newest}). "
            "Update Winnow, or open another file with --db."
        )
    for file in files:
        if int(file.name[:3]) > at:
            connection.execute("BEGIN")
            try:
                connection.execute(file.read_text(encoding="utf-8"))
                connection.execute("INSERT INTO schema_migration VALUES (?, ?)", [int(file.name[:3]), file.stem])
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise


def _explained(path: str, error: duckdb.IOException) -> WorkbenchError:
    holder = re.search(r"PID (\d+)", str(error))
    if holder is None:
        return StoreUnreadable(f"{path} cannot be opened as a Winnow database: {str(error).splitlines()[0]}")
    pid = int(holder.group(1))
    try:
        command = " ".join(psutil.Process(pid).cmdline())[:120]
    except psutil.Error:
        command = "a program of another user"
    return StoreBusy(
        f"{path} is in use by process {pid} ({command}). Stop that process, work in its browser page, "
        "or name another file with --db."
    )


def _roll_back(cursor: Cursor) -> None:
    try:
        cursor.execute("ROLLBACK")
    except (duckdb.TransactionException, duckdb.FatalException):
        return  # the failed COMMIT has ended the transaction already, or the whole database


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z_]+", name):
        raise ValueError(f"not an identifier: {name!r}")
    return name


def to_json(value: Any) -> str:
    """Plain data as JSON text for a JSON column; text stays readable."""
    return json.dumps(value, ensure_ascii=False, default=str)
