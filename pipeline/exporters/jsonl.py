"""JSON Lines: the format of reference, from which nothing is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pipeline.exporters.base import Contents, exporters


@exporters.register
@dataclass(frozen=True, slots=True)
class Jsonl:
    """JSON Lines, one record a line with all its answers and suggestions. It imports again without a question."""

    name: ClassVar[str] = "jsonl"
    suffix: ClassVar[str] = ".jsonl"

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        with out.open("w", encoding="utf-8", newline="\n") as file:
            for batch in contents.batches:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch)
        return {}
