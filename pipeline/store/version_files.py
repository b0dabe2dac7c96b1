"""The folder of a version: {train,validation,test}.parquet and card.json, there whole or not at all. No SQL is here."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain import SPLITS
from pipeline.store.versions import ANSWERED, SHORT

CARD = "card.json"


def content_id(rows: pa.Table, task: Mapping[str, Any], each_batch: Callable[[], None] | None = None) -> str:
    """The sha256 over the rows (schema ROWS or ANSWERED, in id order) and the task's definition: the same content, the
    same id. A column that the rows do not have adds nothing."""
    digest = hashlib.sha256(json.dumps(task, ensure_ascii=False, sort_keys=True).encode())
    names = [name for name in ANSWERED.names if name in rows.column_names]
    for batch in rows.select(names).to_batches(max_chunksize=8192):
        for row in batch.to_pylist():
            digest.update(json.dumps(list(row.values()), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        if each_batch is not None:
            each_batch()
    return digest.hexdigest()


def write(folder: Path, version_id: str, rows: pa.Table, card: Mapping[str, Any], job_id: int) -> Path:
    """Write the version's folder and return its path.

    Everything is made in a temporary folder, the card last, and renamed: a kill at any moment leaves no half version.
    An intact folder of this id is kept as it is, its card included.
    """
    path = folder / version_id[:SHORT]
    if intact(path):
        return path
    making = folder / f".making-{job_id}"
    shutil.rmtree(making, ignore_errors=True)  # what an earlier try of this job left
    making.mkdir(parents=True)
    try:
        files = {}
        for split in SPLITS:
            file = making / f"{split}.parquet"
            pq.write_table(rows.filter(pc.equal(rows["split"], split)), file, compression="zstd")
            files[file.name] = _sha256(file)
        with (making / CARD).open("w", encoding="utf-8") as out:
            json.dump({**card, "files": files}, out, ensure_ascii=False, indent=1, default=str)
            out.flush()
            os.fsync(out.fileno())
        if path.exists():  # damaged: the card or a file is missing or changed
            shutil.rmtree(path)
        making.rename(path)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return path


def read_card(path: Path) -> dict[str, Any]:
    """The card of a version folder."""
    with (path / CARD).open(encoding="utf-8") as file:
        return dict(json.load(file))


def intact(path: Path) -> bool:
    """Whether the folder has its card and every file of it unchanged."""
    try:
        files = read_card(path).get("files", {})
    except (FileNotFoundError, ValueError):
        return False
    return bool(files) and all((path / name).is_file() and _sha256(path / name) == sha for name, sha in files.items())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
