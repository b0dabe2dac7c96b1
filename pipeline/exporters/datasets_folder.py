"""A folder that Hugging Face `datasets` reads: a part of its own for each split, every column with its type."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.exporters.base import Contents, Row, columns_for, exporters, written
from pipeline.exporters.given import MOST, PEOPLE, PEOPLE_HELP, counted, given, questions_of
from pipeline.knobs import knob
from pipeline.questions import KINDS, Question

DISK, HUB = "load_from_disk", "load_dataset"
TRAIN = "train"  # where records without a split go
COMMON = ("id", "text", "fields", "meta")
TEXT, WHOLE = {"dtype": "string", "_type": "Value"}, {"dtype": "int64", "_type": "Value"}
PLACE = {"start": WHOLE, "end": WHOLE, "text": TEXT}
# What a column of answers is made of, by kind of question; labels are added where it has some.
FEATURES: Mapping[str, Any] = {
    "text": TEXT, "rating": WHOLE, "ranking": [TEXT], "answer": [PLACE], "spans": [{**PLACE, "label": TEXT}],
    "relations": [{"from": WHOLE, "to": WHOLE, "label": TEXT}], "chat": [{"role": TEXT, "content": TEXT}],
}  # fmt: skip


@exporters.register
@dataclass(frozen=True, slots=True)
class Datasets:
    """A folder for Hugging Face datasets, as a zip archive, with splits and typed columns; labels are ClassLabels.
    Metadata and fields are JSON text. Records without a split are in train."""

    name: ClassVar[str] = "datasets"
    suffix: ClassVar[str] = ".zip"

    layout: str = knob(DISK, "By which function of datasets the unpacked folder is read.", choices=(DISK, HUB))
    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        asked = questions_of(contents, tuple(KINDS))
        names = list(contents.questions or asked) or (["label"] if contents.frozen else [])
        label = contents.frozen and not contents.questions and len(names) == 1  # a version of one label has it there
        heads = {names[0]: "label"} if label else columns_for(names, COMMON)
        features = {name: _feature(asked.get(name)) for name in names}
        columns = dict.fromkeys(COMMON, TEXT) | {heads[name]: features[name] for name in names}
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            with ExitStack() as stack:
                parts = _Parts(Path(folder), columns, self.layout == DISK, stack)
                for batch in contents.batches:
                    for row in batch:
                        for _, answers in given(row, contents, features, self.people, lost) or [("", {})]:
                            cells = {heads[n]: _cell(features[n], answers.get(n), asked.get(n), lost) for n in names}
                            parts.add(row["split"] or TRAIN, _common(row) | cells)
                    lost["records without a split, written into train"] += sum(not row["split"] for row in batch)
                    parts.flush()
            _check_splits(parts, lost)
            _finish(parts, out)
        return counted(lost)


@dataclass(slots=True)
class _Parts:
    """The file of each split, made with its first row."""

    folder: Path
    features: Mapping[str, Any]
    on_disk: bool
    stack: ExitStack
    files: dict[str, Path] = field(default_factory=dict)
    _writers: dict[str, Any] = field(default_factory=dict)
    _rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, split: str, row: Row) -> None:
        if split not in self._writers:
            self._writers[split] = self.opened(split)
        self._rows.setdefault(split, []).append(row)

    def flush(self) -> None:
        for split, rows in self._rows.items():
            table = pa.Table.from_pylist(rows, schema=self.schema())
            self._writers[split].write_table(table)
        self._rows.clear()

    def schema(self) -> pa.Schema:
        noted = json.dumps({"info": {"features": self.plain()}})
        fields = [(name, _type(one)) for name, one in self.features.items()]
        return pa.schema(fields, metadata={"huggingface": noted})

    def plain(self) -> dict[str, Any]:
        """The features as `datasets` writes them down."""
        return {name: _plain(one) for name, one in self.features.items()}

    def opened(self, split: str) -> Any:
        name = f"{split}/data-00000-of-00001.arrow" if self.on_disk else f"data/{split}-00000-of-00001.parquet"
        file = self.files[split] = self.folder / name
        file.parent.mkdir(exist_ok=True)
        if self.on_disk:
            sink = self.stack.enter_context(pa.OSFile(str(file), "wb"))
            return self.stack.enter_context(pa.ipc.new_stream(sink, self.schema()))
        return self.stack.enter_context(pq.ParquetWriter(file, self.schema()))


def _check_splits(parts: _Parts, lost: Counter[str]) -> None:
    """Records without a split lose nothing by going to train where all are without."""
    if list(parts.files) == [TRAIN]:
        lost.pop("records without a split, written into train", None)


def _finish(parts: _Parts, out: Path) -> None:
    """Add what `datasets` wants to find beside the data, and pack it all."""
    if not parts.files:
        with ExitStack() as stack:
            empty = _Parts(parts.folder, parts.features, parts.on_disk, stack)
            empty.opened(TRAIN)
            parts.files |= empty.files
    if parts.on_disk:
        info = {"citation": "", "description": "", "features": parts.plain(), "homepage": "", "license": ""}
        for split, file in parts.files.items():
            _write(file.parent / "dataset_info.json", info)
            _write(file.parent / "state.json", _state(split, file))
        _write(parts.folder / "dataset_dict.json", {"splits": list(parts.files)})
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(parts.folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(parts.folder))


def _state(split: str, file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        print_of = hashlib.file_digest(opened, "sha256").hexdigest()[:16]
    return {
        "_data_files": [{"filename": file.name}], "_fingerprint": print_of, "_format_columns": None,
        "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False, "_split": split,
    }  # fmt: skip


def _write(file: Path, plain: Any) -> None:
    file.write_text(json.dumps(plain, indent=2), encoding="utf-8")


def _feature(question: Question | None) -> Any:
    """The feature of a column of answers, with a list as a list of one; text where the kind of question is unknown."""
    if question is not None and question.kind in ("choice", "choices") and question.labels:
        label = {"names": list(question.labels), "_type": "ClassLabel"}
        return label if question.kind == "choice" else [label]
    return FEATURES.get(question.kind, TEXT) if question is not None else TEXT


def _plain(feature: Any) -> Any:
    if isinstance(feature, list):
        return {"feature": _plain(feature[0]), "_type": "List"}
    return feature if "_type" in feature else {name: _plain(one) for name, one in feature.items()}


def _type(feature: Any) -> pa.DataType:
    if isinstance(feature, list):
        return pa.list_(_type(feature[0]))
    if "_type" in feature:
        return pa.string() if feature is TEXT else pa.int64()
    return pa.struct([(name, _type(one)) for name, one in feature.items()])


def _common(row: Row) -> Row:
    fields = row.get("fields")
    return {"id": row["id"], "text": row["text"], "fields": written(fields) if fields else None,
            "meta": written(row["meta"]) if row["meta"] else None}  # fmt: skip


def _cell(feature: Any, value: Any, question: Question | None, lost: Counter[str]) -> Any:
    if value is None or feature is TEXT:
        return written(value)
    if question is not None and question.kind == "chat":
        return list(_turns(value, lost))
    labels = feature[0] if isinstance(feature, list) else feature
    if labels.get("_type") != "ClassLabel":
        return value
    known = [one for one in (value if isinstance(value, list) else [value]) if one in labels["names"]]
    lost["answers with a label that the task no longer has"] += len(known) < (
        len(value) if isinstance(value, list) else 1
    )
    places = [labels["names"].index(one) for one in known]
    return places if isinstance(feature, list) else next(iter(places), None)


def _turns(value: Sequence[Mapping[str, Any]], lost: Counter[str]) -> Iterator[dict[str, Any]]:
    lost["parts of messages besides role and text"] += sum(
        bool(turn.keys() - {"role", "content"}) or not isinstance(turn.get("content"), str) for turn in value
    )
    for turn in value:
        content = turn.get("content")
        yield {"role": turn["role"], "content": content if isinstance(content, str) else written(content)}
