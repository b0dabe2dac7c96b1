"""CSV for a spreadsheet: one row a record, one column a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pipeline.exporters import delimited
from pipeline.exporters.base import Contents, exporters
from pipeline.knobs import knob


@exporters.register
@dataclass(frozen=True, slots=True)
class Csv:
    """CSV, one row a record. A cell that a spreadsheet would take for a formula gets an apostrophe in front."""

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"

    excel: bool = knob(False, "Begin the file with a byte order mark, so that Excel reads it as UTF-8.")

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        return delimited.write(contents, out, ",", marked=self.excel)
