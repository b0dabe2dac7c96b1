"""What is still to do for one annotator: how much, who holds it, and until when. Reads the line and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.store.line import Line
from pipeline.store.line_parts import Lane
from pipeline.store.walk import open_to

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (times are UTC without a zone, as the tables keep them)


@dataclass(frozen=True, slots=True)
class Holder:
    """Another annotator who holds records that this one could answer, and when the first of them is free (UTC)."""

    annotator: str
    records: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is still to do for one annotator.

    total: the records that are theirs to be asked (all, or those of their assignments). left: those of them that they
    may still answer, as far as their limit allows, whoever holds them now. relabel: requests to label again that are
    open to them. holders: who holds what is left, the one whose first lease ends next first. limit: how many records
    they answer at most, if there is such a number; answered: how many they have. assigned: whether an assignment names
    them.
    """

    total: int
    left: int
    relabel: int
    holders: tuple[Holder, ...]
    limit: int | None = None
    answered: int = 0
    assigned: bool = False

    @property
    def finished(self) -> bool:
        return self.left == 0 and self.relabel == 0

    @property
    def limited(self) -> bool:
        """Whether they are finished because they have reached their limit."""
        return self.limit is not None and self.answered >= self.limit


def outlook(line: Line, annotator: str, now: int) -> Remaining:
    """The truth for one annotator at `now` (microseconds)."""
    lane = line.lane(annotator)
    room, limit, answered = _room(line, lane)
    requests, ends = open_to(line, annotator, now)
    holders = [Holder(person, len(until), moment(min(until))) for person, until in ends.items()]
    return Remaining(
        total=line.asked_of(lane), left=lane.left if room is None else min(lane.left, room),
        relabel=0 if room == 0 else requests, holders=tuple(sorted(holders, key=lambda h: (h.until, h.annotator))),
        limit=limit, answered=answered, assigned=bool(line.plan.of(annotator)),
    )  # fmt: skip


def _room(line: Line, lane: Lane) -> tuple[int | None, int | None, int]:
    """Of the limit that binds: how many answers are left to the person, of how many, and how many are given."""
    found: list[tuple[int, int, int]] = []
    if (each := line.plan.limit_each) is not None:
        found.append((max(0, each - lane.done), each, lane.done))
    limits = [(share.limit, min(share.done, share.limit)) for share in lane.shares if share.limit is not None]
    if len(limits) == len(lane.shares):
        most, done = sum(limit for limit, _ in limits), sum(done for _, done in limits)
        found.append((most - done, most, done))
    return min(found) if found else (None, None, lane.done)


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    """The time of `micros`."""
    return EPOCH + timedelta(microseconds=at)
