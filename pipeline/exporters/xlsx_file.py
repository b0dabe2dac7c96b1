"""Excel: one row a record, one column a question, every cell a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters import delimited
from pipeline.exporters.base import Contents, exporters

ROWS = 1_048_576  # of a sheet, and
LONGEST = 32_767  # characters of a cell (UTF-16 units): Excel's own limits
# Characters that XML cannot hold, and what reads like the escape for one: _x000D_ (ECMA-376, ST_Xstring)
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


@exporters.register
@dataclass(frozen=True, slots=True)
class Xlsx:
    """An Excel workbook, one row a record. A cell that Excel would take for a formula gets an apostrophe in front."""

    name: ClassVar[str] = "xlsx"
    suffix: ClassVar[str] = ".xlsx"

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        from openpyxl import Workbook

        lost: Counter[str] = Counter()
        book = Workbook(write_only=True)
        sheet: Any = None
        head: list[str] = []
        for number, row in enumerate(delimited.table(contents, lost)):
            head = head or row
            if number % (ROWS - 1) == 1 or sheet is None:
                sheet = sheet if number == 1 else book.create_sheet(f"records {len(book.worksheets) + 1}")
                if number > 1:
                    _append(sheet, head, lost)
            _append(sheet, row, lost)
            lost["records on further sheets, since a sheet holds 1,048,575"] += number >= ROWS
        book.save(out)
        return {reason: n for reason, n in lost.items() if n}


def _append(sheet: Any, row: list[str], lost: Counter[str]) -> None:
    from openpyxl.cell import WriteOnlyCell

    cells = []
    for text in row:
        cell = WriteOnlyCell(sheet, _held(text, lost)) if text else None
        if cell is not None:
            cell.data_type = "s"  # a text, whatever it reads like
        cells.append(cell)
    sheet.append(cells)


def _held(text: str, lost: Counter[str]) -> str:
    """The text as a cell holds it: at most LONGEST UTF-16 units, what XML cannot hold escaped."""
    found = _ESCAPED.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    units = len(found) + sum(char > "\uffff" for char in found) if len(found) > LONGEST // 2 else 0
    if units <= LONGEST:
        return found
    lost["texts cut at 32,767 characters, the most that a cell of Excel holds"] += 1
    return found.encode("utf-16-le")[: LONGEST * 2].decode("utf-16-le", "ignore")
