"""JSON Lines: the format of reference, from which nothing is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from pipeline.exporters.base import Contents, exporters


@exporters.register
@dataclass(frozen=True, slots=True)
class Jsonl:
    """JSON Lines, one record a line with all its answers and suggestions. It imports again without a question."""

    name: ClassVar[str] = "jsonl"
    suffix: ClassVar[str] = ".jsonl"

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        with out.open("wb") as file:
            if contents.lines is None:
                for batch in contents.batches:
                    file.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in batch)
            for part in contents.lines or ():
                for chunk in part.chunks:
                    file.write(_bytes(chunk))
        return {}


def _bytes(texts: pa.Array) -> memoryview:
    """The bytes of texts that lie one behind the other, as they lie."""
    offsets = pa.Array.from_buffers(pa.int32(), len(texts) + 1, [None, texts.buffers()[1]], offset=texts.offset)
    return memoryview(texts.buffers()[2])[offsets[0].as_py() : offsets[-1].as_py()] if len(texts) else memoryview(b"")
