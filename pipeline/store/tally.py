"""How much an annotator has done of a task. Every turn of the annotator asks, so it is counted once and then kept up
with what came since: what a turn costs does not grow with the project.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.store.answer_context import ranges
from pipeline.store.database import Cursor, Store

NEWS_MOST = 1000  # more events than this since the last count, and all is counted again
KEPT_MOST = 1000  # counts

_LAST = (
    "SELECT record_id, arg_max(state, id) AS state, arg_max(created_at, id) AS given FROM annotation_event "
    "WHERE task_id = $task AND annotator = $annotator AND id <= $event "
    "AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live))"
)


@dataclass(frozen=True, slots=True)
class _Tally:
    """The counts as of event `event`, while the jobs `live` count; `today` are those since `since`."""

    event: int
    live: tuple[int, ...]
    since: datetime
    counts: Mapping[str, int]


_kept: weakref.WeakKeyDictionary[Store, dict[tuple[int, str], _Tally]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def own_counts(store: Store, task_id: int, annotator: str, since: datetime) -> dict[str, int]:
    """{submitted, skipped, today}: what an annotator's answers come to; `today` are those given since `since` (UTC)."""
    with _lock:
        before = _kept.setdefault(store, {}).get((task_id, annotator))
    with closing(store.cursor()) as cursor:
        cursor.execute("BEGIN")  # one view of the data for all of it
        tally = _now(cursor, {"task": task_id, "annotator": annotator}, since, before)
        cursor.execute("ROLLBACK")
    with _lock:
        kept = _kept[store]
        if len(kept) >= KEPT_MOST:
            kept.clear()
        kept[task_id, annotator] = tally
    return dict(tally.counts)


def _now(cursor: Cursor, who: Mapping[str, Any], since: datetime, before: _Tally | None) -> _Tally:
    live = tuple(sorted(row[0] for row in cursor.execute("SELECT id FROM job_live").fetchall()))
    row = cursor.execute(
        "SELECT coalesce(max(id), 0) FROM annotation_event WHERE id > ?", [before.event if before else 0]
    ).fetchone()
    top = max(row[0] if row else 0, before.event if before else 0)
    if before is not None and (before.live, before.since) == (live, since):
        news = cursor.execute(
            "SELECT DISTINCT record_id FROM annotation_event WHERE id > $event AND task_id = $task "
            f"AND annotator = $annotator LIMIT {NEWS_MOST + 1}",
            {**who, "event": before.event},
        ).fetchall()
        if len(news) <= NEWS_MOST:
            return _Tally(top, live, since, _moved(cursor, who, since, before, top, [row[0] for row in news]))
    found = cursor.execute(
        "SELECT count(*) FILTER (state = 'submitted'), count(*) FILTER (state = 'skipped'), "
        f"count(*) FILTER (state = 'submitted' AND given >= $since) FROM ({_LAST} GROUP BY record_id)",
        {**who, "event": top, "since": since},
    ).fetchone()
    return _Tally(top, live, since, dict(zip(("submitted", "skipped", "today"), found or (0, 0, 0), strict=True)))


def _moved(
    cursor: Cursor, who: Mapping[str, Any], since: datetime, before: _Tally, top: int, news: Iterable[int]
) -> dict[str, int]:
    """The counts after new words on the records `news`: their last words of then are taken out, those of now put in."""
    counts = dict(before.counts)
    for ids in ranges(list(news)):
        for event, sign in ((before.event, -1), (top, 1)):
            words = cursor.execute(
                f"{_LAST} AND record_id BETWEEN $low AND $high AND list_contains($ids::BIGINT[], record_id) "
                "GROUP BY record_id",
                {**who, "event": event, "low": ids[0], "high": ids[-1], "ids": ids},
            ).fetchall()
            for _, state, given in words:
                if state in ("submitted", "skipped"):
                    counts[state] += sign
                counts["today"] += sign * (state == "submitted" and given >= since)
    return counts
