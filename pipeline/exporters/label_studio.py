"""Label Studio: tasks with annotations, drafts and predictions, and the labelling configuration that fits them."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters.base import Answers, Contents, Row, answers_in, exporters
from pipeline.exporters.label_studio_config import Config, is_order
from pipeline.knobs import knob

Results = list[dict[str, Any]]


@exporters.register
@dataclass(frozen=True, slots=True)
class LabelStudio:
    """A zip of tasks.json, to import into Label Studio, and config.xml, to paste into the project's labelling interface
    first. Every annotator's answers are annotations, suggestions are predictions. The file imports here again."""

    name: ClassVar[str] = "label_studio"
    suffix: ClassVar[str] = ".zip"

    members: bool = knob(
        False,
        "Name annotators by their e-mail addresses; all must be members there, or the import is refused.",
    )

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        config = Config.of(contents)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("tasks.json", "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8") as file:
                file.write("[")
                for number, row in enumerate(row for batch in contents.batches for row in batch):
                    task = self._task(row, contents, config, lost)
                    file.write((",\n" if number else "\n") + json.dumps(task, ensure_ascii=False))
                file.write("\n]\n")
            archive.writestr("config.xml", config.xml())
        return {reason: n for reason, n in lost.items() if n}

    def _task(self, row: Row, contents: Contents, config: Config, lost: Counter[str]) -> dict[str, Any]:
        fields = {"text": row["text"], **row.get("fields", {})}
        said = answers_in(row, contents)
        hints = row.get("suggestions", ())
        for answers in said:
            config.note(answers.values)
        config.note({hint["question"]: hint["value"] for hint in hints})
        task: dict[str, Any] = {"id": row["id"], "data": config.data(fields)}
        own = {"id": row["id"], "fields": config.keys(fields), "targets": config.targets(), "asks": config.asks()}
        own |= {key: row[key] for key in ("meta", "split") if row[key]}
        own |= {"labels": labels} if (labels := config.labels_once()) else {}
        task["meta"] = {"winnow": own}
        task["annotations"] = [self._annotation(one, config, lost) for one in said if one.state != "draft"]
        task["drafts"] = [self._draft(one, config, lost) for one in said if one.state == "draft"]
        task["predictions"] = list(_predictions(row, config, lost))
        _count(row, said, lost)
        lost["names of annotators, whom Label Studio takes only by e-mail address"] += 0 if self.members else len(said)
        return task

    def _annotation(self, one: Answers, config: Config, lost: Counter[str]) -> dict[str, Any]:
        skipped = one.state == "skipped"
        results = [] if skipped else results_of(one.values, config, lost)
        lost["what was marked before a task was skipped"] += skipped and bool(one.values)
        who = {"completed_by": {"email": one.annotator}} if self.members else {"created_username": one.annotator}
        made = {"created_at": one.created_at} if one.created_at else {}
        return {**who, "was_cancelled": skipped, "ground_truth": False, **made, "result": results}

    def _draft(self, one: Answers, config: Config, lost: Counter[str]) -> dict[str, Any]:
        made = {"created_at": one.created_at} if one.created_at else {}
        who = {"user": one.annotator, "created_username": one.annotator}
        return {**who, **made, "result": results_of(one.values, config, lost)}


def _count(row: Row, said: list[Answers], lost: Counter[str]) -> None:
    lost["comments"] += sum(bool(one.comment) for one in said)
    lost["reasons for skips"] += sum(bool(one.reason) for one in said)
    lost["flags of answers"] += sum(one.flagged for one in said)
    lost["that answers are simulated"] += sum(one.simulated for one in said)
    lost["that records are dropped"] += row["status"] == "dropped"
    lost["which records others were made from"] += row["parent"] is not None
    lost["fields named like the text"] += "text" in row.get("fields", {})


def _predictions(row: Row, config: Config, lost: Counter[str]) -> Iterator[dict[str, Any]]:
    """The suggestions of one source with one score are one prediction."""
    by: dict[tuple[str, float | None], dict[str, Any]] = {}
    for hint in row.get("suggestions", ()):
        by.setdefault((hint["source"], hint["score"]), {})[hint["question"]] = hint["value"]
    for (source, score), values in by.items():
        outside = score is not None and not 0 <= score <= 1
        lost["scores that are not between 0 and 1"] += outside
        scored = {} if score is None or outside else {"score": score}
        results = results_of(values, config, lost)
        for one in results:  # an annotation's names the control itself, which the check of predictions does not know
            if one["type"] == "pairwise":
                one["to_name"] = config.shown(one["from_name"])
        yield {"model_version": source, **scored, "result": results}


def results_of(values: Mapping[str, Any], config: Config, lost: Counter[str]) -> Results:
    """One person's, or one model's, answers as results."""
    found: Results = []
    ids: dict[str, list[str]] = {}
    for question, value in values.items():
        kind = config.kind(question)
        if kind in ("spans", "answer"):
            ids[question] = [f"{question}-{at}" for at in range(len(value))]
    for question, value in values.items():
        made = list(_results(question, value, config, ids))
        nothing = isinstance(value, list) and not value
        lost["answers that say that there is nothing"] += nothing
        lost["answers of a kind that Label Studio does not have"] += not made and not nothing
        found += made
    return found


def _results(question: str, value: Any, config: Config, ids: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    kind, shown = config.kind(question), config.shown(question)
    head = {"id": question, "from_name": question, "to_name": shown}
    if kind in ("spans", "answer"):
        for key, span in zip(ids[question], value, strict=True):
            place = {"start": span["start"], "end": span["end"], "text": span["text"]}
            marked = {**place, "labels": [span.get("label", question)]}
            yield {**head, "id": key, "type": "labels", "value": marked}
    elif kind == "relations":
        ends = ids.get(config.spans(question), [])
        for one in value:
            if max(one["from"], one["to"]) < len(ends):
                arrow = {"from_id": ends[one["from"]], "to_id": ends[one["to"]], "labels": [one["label"]]}
                yield {"type": "relation", "direction": "right", **arrow}
    elif kind in ("choice", "choices"):
        labels = [value] if isinstance(value, str) else value
        if labels:
            yield {**head, "type": "choices", "value": {"choices": labels}}
    elif kind == "text":
        yield {**head, "type": "textarea", "value": {"text": [value]}}
    elif kind == "rating":
        of = config.scale(question)
        yield {**head, "type": of, "value": {of: value}}
    elif kind == "ranking" and is_order(value):
        pair = config.pair(question)
        if pair:
            side = "left" if value[0] == pair[0] else "right"
            yield {**head, "to_name": question, "type": "pairwise", "value": {"selected": side}}
        else:
            yield {**head, "type": "ranker", "value": {"ranker": {question: value}}}
