"""Excel: one row of a sheet a record, the first row names the columns."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from xml.etree.ElementTree import ParseError

from pipeline.importers import delimited
from pipeline.importers.base import BATCH, Batch, importers
from pipeline.importers.source import FileRefused, Source
from pipeline.knobs import knob

ROWS, COLUMNS = 1_048_576, 16_384  # of a sheet: Excel's own limits
SMALL, SWOLLEN = (
    100_000_000,
    100,
)  # bytes unpacked that are always read; beyond, this many times what they are packed in
BEYOND = 100  # columns behind the last named one in which a cell without a column is looked for
MERGED_MOST = 100_000
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FAULTS = (
    zipfile.BadZipFile, ParseError, KeyError, ValueError, IndexError, TypeError, AttributeError, OverflowError, OSError,
    NotImplementedError, RuntimeError, MemoryError, EOFError,
)  # fmt: skip  # what openpyxl and zipfile raise on damaged workbooks

Area = tuple[int, int, int, int]  # first row, first column, last row, last column: from 1


@importers.register
@dataclass(frozen=True, slots=True)
class Xlsx:
    """An Excel workbook: the rows of its first sheet, or of the one named. Formulas give their last value, dates are
    written 2026-01-31, and cells that are merged all have the value of the first."""

    name: ClassVar[str] = "xlsx"
    extensions: ClassVar[tuple[str, ...]] = ("xlsx", "xlsm")

    sheet: str = knob("", "The name of the sheet; empty: the first.")

    def claims(self, source: Source) -> float:
        if not source.head.startswith(b"PK\x03\x04"):
            return 0.0
        try:
            with zipfile.ZipFile(source.path) as archive:
                return 1.0 if "xl/workbook.xml" in archive.namelist() else 0.0
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return 0.0

    def read(self, source: Source) -> Iterator[Batch]:
        with _opened(source, self.sheet) as sheet:
            merged = _merged(sheet)
            yield from _batches(source, sheet, merged)

    def total(self, source: Source) -> int:  # noqa: ARG002 - the size that a sheet says of itself is often wrong
        return 0


@contextmanager
def _opened(source: Source, name: str) -> Iterator[Any]:
    """The sheet. Whatever its reader stumbles over is FileRefused."""
    from openpyxl import load_workbook

    try:
        _check_size(source)
        with source.path.open("rb") as file:  # openpyxl looks at the ending of a name
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            yield _sheet(source, book, name)
    except FileRefused:
        raise
    except _FAULTS as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]
        raise FileRefused(
            f"{source.name} cannot be read as an Excel workbook ({reason}). Save it again in Excel, or save it as CSV."
        ) from error


def _check_size(source: Source) -> None:
    """Refuse what unpacks to far more than it is. No member unpacks to more than the archive says of it."""
    with zipfile.ZipFile(source.path) as archive:
        size = sum(member.file_size for member in archive.infolist())
        packed = sum(member.compress_size for member in archive.infolist())
    if size > min(max(SMALL, SWOLLEN * packed), source.limits.file_mb * 1_000_000):
        raise FileRefused(f"{source.name} would unpack to {size / 1e6:,.0f} MB, which is too much to be a workbook.")


def _sheet(source: Source, book: Any, name: str) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")}  # no charts
    if name and name not in sheets:
        raise FileRefused(f"{source.name} has no sheet '{name}'. Its sheets: {', '.join(sheets)}.")
    if not sheets:
        raise FileRefused(f"{source.name} has no sheet with cells.")
    return sheets[name] if name else next(iter(sheets.values()))


def _batches(source: Source, sheet: Any, merged: Sequence[Area]) -> Iterator[Batch]:
    batch, first = Batch(), 0
    header: list[str] = []
    for number, row in enumerate(sheet.iter_rows(min_row=1, max_row=ROWS, max_col=COLUMNS, values_only=True), 1):
        if any(cell is not None for cell in row):
            header, is_data = delimited.header_of([_name(cell) for cell in _trimmed(row)], source.name)
            first = number if is_data else number + 1
            break
    held: dict[Area, Any] = {}
    wide = min(COLUMNS, len(header) + BEYOND)
    rows = sheet.iter_rows(min_row=first, max_row=ROWS, max_col=wide, values_only=True) if header else ()
    for number, row in enumerate(rows, first):
        if row.count(None) == len(row) and not merged:
            continue  # a sheet may have a million rows of nothing but colours
        cells = _trimmed(_filled(number, row, merged, held) if merged else row)
        if len(cells) > len(header):
            batch.reject(number, "", f"The row has {len(cells)} cells; the header has {len(header)}.")
        elif cells:
            values = [_value(cell) for cell in cells] + [None] * (len(header) - len(cells))
            batch.take(number, dict(zip(header, values, strict=True)))
        if len(batch) >= BATCH:
            yield batch
            batch = Batch()
    yield batch


def _trimmed(row: Sequence[Any]) -> list[Any]:
    """The cells up to the last that holds something."""
    size = next((at for at in range(len(row), 0, -1) if row[at - 1] is not None), 0)
    return list(row[:size])


def _merged(sheet: Any) -> list[Area]:
    """The areas of merged cells, in the order of their first rows; they stand at the end of the sheet's XML."""
    from openpyxl.utils import column_index_from_string as place

    found: list[Area] = []
    rest = b""
    with sheet._get_source() as xml:  # noqa: SLF001 - openpyxl reads no merged cells of a sheet that it streams
        while chunk := xml.read(1 << 20):
            text = rest + chunk
            found += [
                (int(m[2]), place(m[1].decode()), int(m[4]), place(m[3].decode())) for m in _MERGED.finditer(text)
            ]
            rest = text[text.rfind(b"<") :] if text.rfind(b"<") > len(text) - 1000 else b""
            if len(found) > MERGED_MOST:
                break
    return sorted(set(found[:MERGED_MOST]))


def _filled(number: int, row: Sequence[Any], merged: Sequence[Area], held: dict[Area, Any]) -> list[Any]:
    """The row with the values of the merged areas that it crosses; `held` are those that began above."""
    cells = list(row)
    for area in [one for one in held if one[2] < number]:
        del held[area]
    for area in _beginning(merged, number):
        if area[1] <= len(cells):
            held[area] = cells[area[1] - 1]
    for (_, left, _, right), value in held.items():
        cells[left - 1 : right] = [value] * len(cells[left - 1 : right])
    return cells


def _beginning(merged: Sequence[Area], number: int) -> Sequence[Area]:
    from bisect import bisect_left

    return merged[bisect_left(merged, (number,)) : bisect_left(merged, (number + 1,))]


def _name(cell: Any) -> str:
    value = _value(cell)
    return "" if value is None else str(value)


def _value(cell: Any) -> Any:
    """A cell's value as JSON has it: times are written out, whole numbers have no decimals."""
    if isinstance(cell, str):
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
