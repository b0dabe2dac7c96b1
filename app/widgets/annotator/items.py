"""The records that the annotator holds, as the browser gets them: plain data, each record once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from app.words import said
from pipeline.domain import Task
from pipeline.questions import fields_of
from pipeline.store import Store, queue
from pipeline.store import annotations as answer_store
from pipeline.store.claimed import Claimed, contents_of, edition, touched
from pipeline.tasks.base import fields_wanted

__all__ = ["again", "edition", "key_of", "lacking", "recent", "window"]

WINDOW_ALONE, WINDOW_SHARED, WINDOW_LEAST = 100, 50, 12  # records in the browser: fewer when others wait for them too
CHARACTERS_MOST = 120_000  # of text in the window
RECENT = 200
RECENT_CHARACTERS_MOST = 300_000


def window(store: Store, task: Task, who: str, have: Collection[str] | None) -> list[Claimed]:
    """As many claimed records as the browser should hold, by number and by size; `have`: the keys of those it holds."""
    held = None if have is None else [_record(key) for key in have if _record(key)]
    found = queue.claim(store, task, who, WINDOW_SHARED, have=held, n_alone=WINDOW_ALONE)
    total = 0
    for at, claimed in enumerate(found):
        total += len(claimed.text)
        if total > CHARACTERS_MOST and at >= WINDOW_LEAST:
            return found[:at]
    return found


def key_of(claimed: Claimed) -> str:
    """Tells a record that came back to be labelled again from the same record answered before."""
    return f"{claimed.record_id}" if claimed.relabel is None else f"{claimed.record_id}:{claimed.relabel}"


def lacking(store: Store, task: Task, held: list[Claimed], have: Collection[str]) -> list[dict[str, Any]]:
    """Those of the records held that the browser does not have."""
    wanted, known = fields_wanted(task.definition), set(have)
    found = [claimed for claimed in held if key_of(claimed) not in known]
    with closing(store.cursor()) as cursor:  # the browser has the record, but not as one to be labelled again
        again = contents_of(cursor, [claimed.record_id for claimed in found if claimed.light])
    return [_item(_whole(claimed, again), wanted) for claimed in found]


def again(store: Store, task: Task, who: str, held: list[Claimed], have: Collection[str]) -> list[dict[str, Any]]:
    """Those of the records held that the browser has, and those of the person's last answers whose texts were ever
    edited, as they read now: {key, id, external, fields, meta}."""
    known = set(have)
    keys = {claimed.record_id: key_of(claimed) for claimed in held if key_of(claimed) in known}
    past = [row["record_id"] for row in answer_store.recent(store, task.id, who, RECENT)]
    with closing(store.cursor()) as cursor:
        changed = touched(cursor, [number for number in past if number not in keys])
        now = contents_of(cursor, [*keys, *changed])
    wanted = fields_wanted(task.definition)
    sent, total = [], 0
    for number in [*keys, *(number for number in past if number in changed)]:
        if number not in now:
            continue
        external, text, fields, meta = now[number]
        shown = {"external": external, "fields": fields_of(text, fields, meta, wanted), "meta": dict(meta)}
        total += 0 if number in keys else len(json.dumps(shown, ensure_ascii=False, default=str))
        if total > RECENT_CHARACTERS_MOST:
            break
        sent.append({"key": keys.get(number, f"{number}"), "id": number, **shown})
    return sent


def _whole(claimed: Claimed, contents: Mapping[int, tuple[Any, ...]]) -> Claimed:
    if claimed.record_id not in contents:
        return claimed
    external, text, fields, meta = contents[claimed.record_id]
    return replace(claimed, external_id=external, text=text, fields=fields, meta=meta, light=False)


def _record(key: str) -> int:
    """The record of a key; 0 for what is none."""
    number = key.partition(":")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0


def recent(store: Store, task: Task, who: str) -> list[dict[str, Any]]:
    """The person's own last answers, oldest first, for looking back and undo after a reload."""
    wanted = fields_wanted(task.definition)
    rows = answer_store.recent(store, task.id, who, RECENT)
    with closing(store.cursor()) as cursor:
        texts = contents_of(cursor, [row["record_id"] for row in rows])
    found: list[dict[str, Any]] = []
    total = 0
    for row in rows:
        if row["record_id"] not in texts:
            continue
        item = _answered(row, texts[row["record_id"]], wanted)
        total += len(json.dumps(item, ensure_ascii=False, default=str))
        if total > RECENT_CHARACTERS_MOST:
            break
        found.append(item)
    return found[::-1]


def _answered(row: Mapping[str, Any], known: tuple[Any, ...], wanted: list[str]) -> dict[str, Any]:
    external, text, fields, meta = known
    return {
        "key": f"{row['record_id']}", "id": row["record_id"], "external": external, "meta": dict(meta), "relabel": None,
        "fields": fields_of(text, fields, meta, wanted), "suggestions": {}, "draft": None,
        "answer": {"state": row["state"], "value": row["value"], "comment": row["comment"],
                   "reason": row.get("reason") or "", "flagged": bool(row.get("flagged"))},
    }  # fmt: skip


def _item(claimed: Claimed, wanted: list[str]) -> dict[str, Any]:
    asked = None if claimed.relabel is None else {"id": claimed.relabel, "reason": said(claimed.reason)}
    return {
        "key": key_of(claimed), "id": claimed.record_id, "external": claimed.external_id, "relabel": asked,
        "fields": fields_of(claimed.text, claimed.fields, claimed.meta, wanted), "meta": dict(claimed.meta),
        "suggestions": dict(claimed.suggestions), "draft": None if claimed.draft is None else dict(claimed.draft),
        "comment": claimed.comment, "flagged": claimed.flagged,
    }  # fmt: skip
