"""TSV for a spreadsheet: one row a record, one column a question, cells between tabs."""

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
class Tsv:
    """TSV, one row a record, cells between tabs. A cell that a spreadsheet would take for a formula gets an apostrophe
    in front."""

    name: ClassVar[str] = "tsv"
    suffix: ClassVar[str] = ".tsv"

    excel: bool = knob(False, "Begin the file with a byte order mark, so that Excel reads it as UTF-8.")

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        return delimited.write(contents, out, "\t", marked=self.excel)
