"""Label Studio's JSON: its full and minimal exports, tasks for import with predictions, annotations as it stores them
one a file, and the `completions` of versions before 1.0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from pipeline.domain import Rejection, split_named
from pipeline.importers import json_values, label_studio_min, marked
from pipeline.importers.base import importers
from pipeline.importers.foreign import Found, Said
from pipeline.importers.json_whole import whole
from pipeline.importers.label_studio_plan import TEXT, Lines, Plan, own_part, plan_of, visible
from pipeline.importers.label_studio_results import read
from pipeline.importers.source import Source
from pipeline.knobs import knob

FIRST = 1000  # tasks by which the file's plan is made
PARTS = ("annotations", "completions", "predictions", "drafts")
TASK = frozenset({
    *PARTS, "id", "data", "meta", "created_at", "updated_at", "inner_id", "total_annotations", "cancelled_annotations",
    "total_predictions", "comment_count", "unresolved_comment_count", "last_comment_updated_at", "project",
    "updated_by", "comment_authors", "file_upload", "allow_skip", "overlap", "is_labeled", "agreement",
    "reviews_approved",    "reviewers_count", "state", "precomputed_agreement", "task_path", "draft_exists",
})  # fmt: skip
RANK = {"draft": 0, "skipped": 1, "submitted": 2}
NO_TEXT = "The task has no text under '{key}'."
NO_DATA = "The task has no data: an object with named values."
EMPTY = "annotations without any result"
EARLIER = "earlier answers of the same person to the same record"
BEFORE_SKIP = "what was marked before a task was skipped"
ONLY_IDS = "drafts and predictions that the file names only by number"
MINIMAL = "records of a minimal export, which leaves out skips, drafts, predictions and relations"
BAD_TIME = "times of answers that are no times"


@importers.register
@dataclass(frozen=True, slots=True)
class LabelStudio:
    """Label Studio's JSON, its full export or the minimal one, and tasks with predictions. Texts of a task's data are
    the text and the fields, all else metadata; each annotator's answers come under their name, cancelled ones as
    skips, predictions as suggestions. Its own counts and times of changes stay behind."""

    name: ClassVar[str] = "label_studio"
    extensions: ClassVar[tuple[str, ...]] = ("json",)

    text: str = knob("", "The key of the data that holds the main text. Empty finds it.")

    def claims(self, source: Source) -> float:
        if not source.encoding:
            return 0.0
        first = marked.first_object(source)
        if label_studio_min.is_min(first) or _is_task(_unwrapped(first)):
            return 0.97
        start = "" if first else source.beginning()  # the first task may be longer than what is looked at
        words = ('"from_name"', '"to_name"', '"result"')
        return 0.96 if start.lstrip("\ufeff \t\r\n").startswith(("[", "{")) and all(w in start for w in words) else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        first = [task for _, task in itertools.islice(_tasks(source), FIRST) if not isinstance(task, Rejection)]
        plan = plan_of(first, self.text)
        for line, task in _tasks(source):
            yield task if isinstance(task, Rejection) else _record(line, task, plan)


def _is_task(task: Mapping[str, Any]) -> bool:
    lists = [task[part] for part in PARTS if isinstance(task.get(part), list)]
    with_results = any(isinstance(one, Mapping) and "result" in one for part in lists for one in part)
    data = task.get("data")
    texts = isinstance(data, Mapping) and any(isinstance(value, str) for value in data.values())
    return with_results or (texts and task.keys() <= TASK)


def _unwrapped(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """An annotation as Label Studio stores it, with its task inside, as a task with that annotation."""
    inner = task.get("task")
    return {**inner, "annotations": [task]} if isinstance(inner, Mapping) and "result" in task else task


def _tasks(source: Source) -> Iterator[tuple[int, dict[str, Any] | Rejection]]:
    """The tasks of the file, whichever shape they have, with their line or number."""
    alone = _alone(source)
    pairs = _values(source) if alone is None else iter([(1, alone)])
    first, pairs = _ahead(pairs, 100)
    rows = [row for _, row in first if not isinstance(row, Rejection)]
    if not rows or not label_studio_min.is_min(rows[0]):
        for line, row in pairs:
            yield line, row if isinstance(row, Rejection) else dict(_unwrapped(row))
        return
    for line, task in label_studio_min.tasks(pairs, label_studio_min.written_in(rows)):
        yield line, task if isinstance(task, Rejection) else {**task, "minimal": True}


def _ahead(pairs: Iterator[Any], most: int) -> tuple[list[Any], Iterator[Any]]:
    first = list(itertools.islice(pairs, most))
    return first, itertools.chain(first, pairs)


def _values(source: Source) -> Iterator[tuple[int, dict[str, Any] | Rejection]]:
    for batch in json_values.read(source):
        yield from zip(batch.lines, batch.rows, strict=True)
        yield from ((one.line, one) for one in batch.rejections)


def _alone(source: Source) -> dict[str, Any] | None:
    """The one task, or stored annotation, that is the whole file; None if the file is no such one."""
    found = whole(source) if json_values.shape(source) == "document" else None
    return found if found is not None and _is_task(_unwrapped(found)) else None


def _record(line: int, task: dict[str, Any], plan: Plan) -> Found | Rejection:
    data = task.get("data")
    if "data" not in task:
        data = {key: value for key, value in task.items() if key not in TASK and key != "minimal"}
    if not isinstance(data, dict):
        return Rejection(line, "data", NO_DATA)
    found = Found(line, None, _name_of(task.get("id")))
    own = own_part(task)
    if own is None:
        _take_data(found, data, plan)
    else:
        _take_own(found, data, own)
    if found.text is None:
        return Rejection(line, "data", NO_TEXT.format(key=plan.main[:80]))
    if own is None and task.get("meta"):
        found.meta["meta"] = task["meta"]
    found.lost += [MINIMAL] if task.get("minimal") else []
    _take_answers(found, task, plan)
    _take_predictions(found, task, plan)
    return found


def _name_of(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _take_data(found: Found, data: dict[str, Any], plan: Plan) -> None:
    """The main text, the further ones, and all else as metadata. Of HTML the text is what is visible of it."""
    for key, value in data.items():
        if key == plan.main and isinstance(value, str):
            found.text = visible(value) if plan.html else value
            if found.text != value:
                found.meta["html"] = value
        elif key == plan.main and plan.lines and isinstance(value, list):
            found.text = Lines.of(value).text
            found.meta[key] = value
        elif key in plan.fields and isinstance(value, str | list):
            found.fields[key] = value
        else:
            found.meta[key] = value
    if found.text is None and plan.main not in data:
        other = next((name for name in plan.fields if isinstance(found.fields.get(name), str)), "")
        found.text = found.fields[other] if other else None


def _take_own(found: Found, data: dict[str, Any], own: Mapping[str, Any]) -> None:
    """A task that Winnow wrote."""
    for key, name in own["fields"].items():
        if key in data and name == TEXT:
            found.text = data[key] if isinstance(data[key], str) else None
        elif key in data:
            found.fields[name] = data[key]
    meta, split = own.get("meta"), own.get("split")
    found.meta |= meta if isinstance(meta, dict) else {}
    found.split = split_named(split) if isinstance(split, str) else None
    found.id = _name_of(own.get("id"))


def _take_answers(found: Found, task: Mapping[str, Any], plan: Plan) -> None:
    by: dict[str, tuple[tuple[int, str], list[Said]]] = {}
    given = task.get("annotations", task.get("completions"))
    drafts = task.get("drafts")
    for one in given if isinstance(given, list) else []:
        if isinstance(one, Mapping):
            skipped = one.get("was_cancelled") is True or one.get("skipped") is True
            _take_one(found, one, plan, by, "skipped" if skipped else "submitted")
    for one in drafts if isinstance(drafts, list) else []:
        if isinstance(one, Mapping):
            _take_one(found, one, plan, by, "draft")
        else:
            found.lost.append(ONLY_IDS)
    found.answers = [said for _, answers in by.values() for said in answers]


def _take_one(
    found: Found, one: Mapping[str, Any], plan: Plan, by: dict[str, tuple[tuple[int, str], list[Said]]], state: str
) -> None:
    """Add an annotation, unless its annotator has one that counts more."""
    who = _who(one)
    at = _moment(one.get("created_at"), found)
    said, kept = read(one.get("result"), plan, found)
    if kept:
        found.meta.setdefault("label_studio", []).append({"annotator": who, "results": [dict(r) for r in kept]})
    if one.get("ground_truth") is True:
        found.meta.setdefault("ground_truth", []).append(who)
    if isinstance(one.get("lead_time"), int | float):
        found.meta.setdefault("lead_time", {})[who] = one["lead_time"]
    if state == "skipped":
        found.lost += [BEFORE_SKIP] if said else []
        said = [Said("", "", "", None)]
    elif not said:
        found.lost.append(EMPTY)
        return
    rank = RANK[state], at or ""
    if who in by:
        found.lost.append(EARLIER)
    if who not in by or rank >= by[who][0]:
        by[who] = rank, [replace(answer, annotator=who, state=state, created_at=at) for answer in said]


def _who(one: Mapping[str, Any]) -> str:
    """Who annotated, as the file names them: by address or number."""
    given = one.get("completed_by", one.get("user"))
    if isinstance(given, Mapping):
        names = [given.get(key) for key in ("email", "username", "first_name", "id")]
        return next((_name_of(name).strip() for name in names if name not in (None, "")), "")
    known = _name_of(given) if given is not None else _name_of(one.get("created_username"))
    return known.strip()


def _moment(value: Any, found: Found) -> str | None:
    """A time as ISO text; versions before 1.0 wrote seconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{datetime.fromtimestamp(value, UTC).replace(tzinfo=None).isoformat()}Z"
        if isinstance(value, str) and value:
            datetime.fromisoformat(value)
            return value
    except (ValueError, OverflowError, OSError):
        found.lost.append(BAD_TIME)
    return None


def _take_predictions(found: Found, task: Mapping[str, Any], plan: Plan) -> None:
    """Predictions, also those that the export keeps only with the annotation that began with one."""
    given = task.get("predictions")
    listed = given if isinstance(given, list) else []
    bodies = {repr(one.get("id", at)): one for at, one in enumerate(listed) if isinstance(one, Mapping)}
    annotations = task.get("annotations")
    for one in annotations if isinstance(annotations, list) else []:
        base = one.get("prediction") if isinstance(one, Mapping) else None
        if isinstance(base, Mapping) and "result" in base:
            bodies.setdefault(repr(base.get("id")), base)
    found.lost += [ONLY_IDS] * sum(not isinstance(one, Mapping) and repr(one) not in bodies for one in listed)
    by: dict[tuple[str, str], Said] = {}
    for one in bodies.values():
        said, kept = read(one.get("result"), plan, found)
        source = (_name_of(one.get("model_version")).strip() or "prediction")[:1000]
        if kept:
            found.meta.setdefault("label_studio", []).append({"model": source, "results": [dict(r) for r in kept]})
        for hint in said:
            found.lost += [EARLIER] if (source, hint.question) in by else []
            by[source, hint.question] = replace(hint, annotator=source, score=marked.score_of(one.get("score")))
    found.suggestions = list(by.values())
