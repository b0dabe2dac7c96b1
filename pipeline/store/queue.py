"""Who labels what next. A claim is a lease on a record: while it lasts nobody is given the record beyond its overlap.

Claims are rows, so a lease outlives the server. Who may be asked what is looked up in a line in memory
(pipeline.store.line), which is brought up to date inside the transaction that writes the claim. Does not say what an
answer is (pipeline.questions), and shows nobody another's answer.

Who gets which records is the plan's (pipeline.plan): a person named in an assignment gets the records of their
assignments' filters and no others; a person named in none gets all records that no exclusive assignment holds. A filter
is read when the plan is saved, and again when records come or a job changes texts, flags, suggestions or families.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.domain import Task
from pipeline.plan import Plan, plan_from
from pipeline.store import claimed as claimed_rows
from pipeline.store import line_rows
from pipeline.store.claimed import Claimed
from pipeline.store.database import Cursor, Store
from pipeline.store.line import Line
from pipeline.store.line_parts import Choice
from pipeline.store.outlook import Holder, Remaining, micros, outlook
from pipeline.store.walk import choose

__all__ = ["LEASE_SECONDS", "Claimed", "Holder", "Remaining", "checked_plan", "claim", "forget", "ready",
           "release", "remaining", "warm"]  # fmt: skip

LEASE_SECONDS = 600
RENEW_BELOW = 0.75  # of the lease: a claim with more than this left is not written again
ENOUGH = 0.5  # of the records asked for: who holds this many of them waits for no other writer, and writes nothing
TRIES = 3  # to build a line beside other writers, before it is built while they wait
NO_TASK_REVISION = 0

log = logging.getLogger("winnow.queue")


@dataclass(slots=True)
class _Slot:
    """The place of one task's line. Nobody who has its lock waits for the store's write lock: a claim that writes has
    that one first, so that the claims which write nothing wait for no writer."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    line: Line | None = None
    revision: int = NO_TASK_REVISION


_slots: weakref.WeakKeyDictionary[Store, dict[int, _Slot]] = weakref.WeakKeyDictionary()
_slots_lock = threading.Lock()


def claim(
    store: Store, task: Task, annotator: str, n: int, *, overlap: int | None = None,
    lease_seconds: float = LEASE_SECONDS, now: datetime | None = None, have: Collection[int] | None = (),
    n_alone: int | None = None,
) -> list[Claimed]:  # fmt: skip
    """The first `n` records that this annotator should answer, in the plan's order, leased to them from now. `n_alone`
    takes the place of n while nobody else holds records of the task, so that it takes nothing from anyone.

    Fewer than n, when they hold the first half of n or more already: these alone, and nothing is written. What they
    hold is renewed when less than 75 % of `lease_seconds` is left of it, and given up if it is not among the first.
    `have` are the records that their page says it has, in its order; None for a page that has just begun, which gets
    what they hold, behind what is to be labelled again if the plan has that first. They come first, and none of them
    is given up, though it may be more than n: a page goes on answering what it has while the word that it should not
    is on its way, or lost. It gives them up by not naming them.
    Never a record that is dropped, made by augmentation, answered or skipped by them (but for a relabel request),
    beyond their limits, outside their assignments, or already as often answered or held by others as the overlap says.
    Records in `have` come light, without their texts. What a claim costs does not grow with the project, once the line
    is ready.
    """
    at, began = now or _utc_now(), time.perf_counter()
    slot = _slot(store, task.id)
    plan = _plan(task, overlap)

    def wanted(line: Line) -> int:
        return n if n_alone is None or line.shared(annotator, micros(at)) else n_alone

    with slot.lock:
        waited = time.perf_counter() - began
        line = _current(store, task, slot, plan)
        chosen = _as_held(line, annotator, wanted(line), at, lease_seconds, have)
    if chosen is None:
        chosen = _in_line(store, task, slot, plan, lambda cursor, line: _lease(
            cursor, line, task.id, annotator, wanted(line), at, lease_seconds, have))  # fmt: skip
    found = claimed_rows.read(store, task, annotator, chosen, frozenset(have or ()))
    log.debug("claim %.6f waited %.6f n=%d task=%d %s", time.perf_counter() - began, waited, len(found), task.id,
              annotator)  # fmt: skip
    return found


def release(store: Store, task_id: int, annotator: str) -> None:
    """Give up everything that an annotator holds of a task."""
    store.transact(
        lambda cursor: cursor.execute("DELETE FROM claim WHERE task_id = ? AND annotator = ?", [task_id, annotator])
    )


def remaining(
    store: Store, task: Task, annotator: str, *, overlap: int | None = None, now: datetime | None = None
) -> Remaining:
    """What is still to do for one annotator, counted over the whole project."""
    at = micros(now or _utc_now())
    slot = _slot(store, task.id)
    with slot.lock:
        line = _current(store, task, slot, _plan(task, overlap))
        return outlook(line, annotator, at)


def warm(store: Store, task: Task) -> float:
    """Make the task's line ready; returns the seconds that building it took. A claim does this by itself."""
    slot = _slot(store, task.id)
    with slot.lock:
        return _current(store, task, slot, _plan(task, None)).built_in


def ready(store: Store, task: Task) -> bool:
    """Whether the task's line is in memory, so that the next claim is quick. Never waits."""
    return _slot(store, task.id).line is not None


def forget(store: Store) -> None:
    """Throw away what is in memory, as a restart does. The tables have everything."""
    with _slots_lock:
        _slots.pop(store, None)


def checked_plan(definition: Mapping[str, Any]) -> Plan:
    """The plan in a task's definition, its filters checked too. Raises BadPlan or BadFilter."""
    plan = plan_from(definition)
    for assignment in plan.assignments:
        line_rows.checked_filter(assignment.filter)
    return plan


def _slot(store: Store, task_id: int) -> _Slot:
    with _slots_lock:
        return _slots.setdefault(store, {}).setdefault(task_id, _Slot())


def _plan(task: Task, overlap: int | None) -> Plan:
    plan = plan_from(task.definition)
    return plan if overlap is None else replace(plan, overlap=overlap)


def _in_line(
    store: Store, task: Task, slot: _Slot, plan: Plan, work: Callable[[Cursor, Line], list[Choice]]
) -> list[Choice]:
    """Do `work` in one transaction on the line as it stands in that transaction.

    A line that must be built is built outside of the transaction, because the other writers wait for that one. Until
    the commit the line is ahead of the tables; whoever looks at it meanwhile, or after a rollback, sees by `settled`
    and by the sums of the claims that these must be read again.
    """
    for attempt in range(TRIES + 1):
        with slot.lock:
            _fitting(store, task, slot, plan)

        def step(cursor: Cursor, last: bool = attempt == TRIES) -> list[Choice] | None:
            with slot.lock:
                line, slot.line = slot.line, None  # it stays away if a job or an answer was taken in by half
                if line is None or not line_rows.bring_up(cursor, task, line):
                    if not last:
                        return None
                    line = line_rows.build(cursor, task, plan)
                chosen = work(cursor, line)
                slot.line = line
                return chosen

        chosen = store.transact(step)
        if chosen is not None:
            with slot.lock:
                if slot.line is not None:
                    slot.line.settled = True
            return chosen
    raise AssertionError("unreachable")


def _current(store: Store, task: Task, slot: _Slot, plan: Plan) -> Line:
    """The line as the tables stand now, read in one transaction that writes nothing."""
    while True:
        line = _fitting(store, task, slot, plan)
        try:
            with closing(store.cursor()) as cursor:
                cursor.execute("BEGIN")
                if line_rows.bring_up(cursor, task, line):
                    return line
        except BaseException:
            slot.line = None
            raise
        slot.line = None


def _fitting(store: Store, task: Task, slot: _Slot, plan: Plan) -> Line:
    """The slot's line, following the newest plan; built if there is none or its order changed."""
    line = slot.line
    if line is not None and task.revision < slot.revision:
        newest = store.scalar("SELECT max(revision) FROM task WHERE id = ?", [task.id])  # an undo may go back to one
        if newest != task.revision:
            return line  # the caller's page was drawn before the plan was changed
    if line is not None and line.plan.arrangement == plan.arrangement:
        line.replan(plan)
    else:
        with closing(store.cursor()) as cursor:
            cursor.execute("BEGIN")
            slot.line = line = line_rows.build(cursor, task, plan)
        log.debug("line %.6f records=%d task=%d", line.built_in, len(line.ids), task.id)
    slot.revision = task.revision
    return line


def _as_held(
    line: Line, annotator: str, n: int, at: datetime, seconds: float, have: Collection[int] | None
) -> list[Choice] | None:
    """What the annotator holds, if that is enough, stands first in the order, and needs no renewal; else None."""
    mine, now = line.mine.get(annotator, {}), micros(at)
    if len(mine) < ENOUGH * n or line.ended(now) or any(u < now + seconds * RENEW_BELOW * 1e6 for u in mine.values()):
        return None
    kept = choose(line, annotator, n, now, _in_hand(line, mine, have))[: len(mine)]
    return kept if {choice.record for choice in kept} == set(mine) else None


def _in_hand(line: Line, mine: Mapping[int, int], have: Collection[int] | None) -> Collection[int]:
    """What the annotator's page has; for one that has just begun what they hold, and before it what is asked again."""
    if have is not None:
        return have
    return [*(line.requests.open() if line.plan.relabel_first else ()), *mine]


def _lease(
    cursor: Cursor, line: Line, task_id: int, annotator: str, n: int, at: datetime, seconds: float,
    have: Collection[int] | None,
) -> list[Choice]:  # fmt: skip
    """Choose, and write what is different from the claims before: those given up or ended, and those taken."""
    now = micros(at)
    line.settled = False
    if line.expire(now):
        cursor.execute("DELETE FROM claim WHERE task_id = ? AND lease_until <= ?", [task_id, at])
    mine = dict(line.mine.get(annotator, {}))
    in_hand = _in_hand(line, mine, have)
    chosen = choose(line, annotator, n, now, in_hand)
    in_order = [choice.record for choice in chosen] + [record for record in in_hand if record in mine]
    wanted = dict.fromkeys(in_order)  # what a new page is given is in the order of the leases
    fresh_enough = now + int(seconds * RENEW_BELOW * 1e6)
    taken = [record for record in wanted if mine.get(record, 0) < fresh_enough]
    left = [record for record in mine if record not in wanted]
    if gone := left + [record for record in taken if record in mine]:
        cursor.execute(
            "DELETE FROM claim WHERE task_id = ? AND annotator = ? AND record_id IN (SELECT unnest(?::BIGINT[]))",
            [task_id, annotator, gone],
        )
    if taken:
        until = at + timedelta(seconds=seconds)
        cursor.execute(
            "INSERT INTO claim (record_id, task_id, annotator, lease_until) SELECT unnest(?::BIGINT[]), ?, ?, ?",
            [taken, task_id, annotator, until],
        )
        for record in taken:
            line.hold(record, annotator, micros(until))
    for record in left:
        line.let_go(record, annotator)
    return chosen


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
