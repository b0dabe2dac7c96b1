"""The plan of a task: how often each record is asked of somebody, in what order, and who is asked for which records.

Plain data, read from a task's definition. Does not know where records or answers are kept (pipeline.store.queue).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain import WorkbenchError

ORDERS = ("import", "random", "uncertainty", "disagreement")
OVERLAP_MOST = 100
LIMIT_MOST = 10**9
KEYS = ("order", "seed", "relabel_first", "assignments", "groups", "limit_each")


class BadPlan(WorkbenchError):
    """A definition's `queue` or `overlap` that cannot be followed."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Records that are asked of these people. `filter` holds the words of a record filter, and {} holds every record.

    `exclusive` keeps these records from everybody who is in no assignment. It is true where there is a filter, unless
    it is said: people who are named only to give them a limit take nothing from the others.
    `limit` is how many of these records each of the people answers at most.
    """

    people: tuple[str, ...]
    filter: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How a task's records are handed out.

    overlap: how many people answer each record. order: `import`; `random` by `seed`, the same for everybody;
    `uncertainty`, the record whose best suggestion has the lowest score first and those without one last;
    `disagreement`, records whose answers differ first, then those with an answer, then the rest.
    relabel_first: records that were asked to be labelled again come before all others, else after them.
    limit_each: how many records of the task each person answers at most.
    """

    overlap: int = 1
    order: str = "import"
    seed: int = 0
    relabel_first: bool = True
    assignments: tuple[Assignment, ...] = ()
    limit_each: int | None = None

    def of(self, person: str) -> tuple[Assignment, ...]:
        """The person's assignments. Somebody with any gets the records of these and no others."""
        return tuple(a for a in self.assignments if person in a.people)

    @property
    def arrangement(self) -> tuple[Any, ...]:
        """What the order and the filters come to: while it is the same, nothing has to be read again."""
        return self.order, self.seed if self.order == "random" else 0, [dict(a.filter) for a in self.assignments]


def plan_from(definition: Mapping[str, Any]) -> Plan:
    """The plan in a task's definition, which may say nothing of it. Raises BadPlan."""
    words = definition.get("queue") or {}
    if not isinstance(words, Mapping):
        raise BadPlan("'queue' in the task must be a list of settings, like 'order: random'.")
    strange = next((name for name in words if name not in KEYS), None)
    if strange is not None:
        raise BadPlan(f"'{strange}' is not a setting of the queue. Settings: {', '.join(KEYS)}.")
    order = words.get("order", "import")
    if order not in ORDERS:
        raise BadPlan(f"Records cannot be ordered by '{order}'. Orders: {', '.join(ORDERS)}.")
    groups = _groups(words.get("groups") or {})
    given = words.get("assignments") or []
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise BadPlan("'assignments' must be a list, one entry for each share of the records.")
    return Plan(
        overlap=_number(definition.get("overlap", 1), "overlap", OVERLAP_MOST),
        order=order,
        seed=_seed(words.get("seed", 0)),
        relabel_first=_flag(words.get("relabel_first", True), "relabel_first"),
        assignments=tuple(_assignment(entry, groups) for entry in given),
        limit_each=_limit(words.get("limit_each"), "limit_each"),
    )


def _assignment(entry: Any, groups: Mapping[str, tuple[str, ...]]) -> Assignment:
    if not isinstance(entry, Mapping):
        raise BadPlan("An assignment needs 'people' or a 'group', and may have a 'filter' and a 'limit'.")
    strange = next((name for name in entry if name not in ("people", "group", "filter", "limit", "exclusive")), None)
    if strange is not None:
        raise BadPlan(f"'{strange}' is not part of an assignment. Parts: people, group, filter, limit, exclusive.")
    people = _names(entry.get("people") or (), "people")
    group = entry.get("group")
    if group and (not isinstance(group, str) or group not in groups):
        raise BadPlan(f"There is no group '{group}'. Groups: {', '.join(groups) or 'none'}.")
    people = tuple(dict.fromkeys((*people, *(groups[group] if group else ()))))
    if not people:
        raise BadPlan("An assignment names nobody. Give it 'people' or a 'group' that has some.")
    words = entry.get("filter") or {}
    if not isinstance(words, Mapping) or not all(isinstance(name, str) for name in words):
        raise BadPlan("An assignment's filter must be settings like 'text: late'.")
    exclusive = _flag(entry.get("exclusive", bool(words)), "exclusive")
    return Assignment(people, dict(words), _limit(entry.get("limit"), "limit"), exclusive)


def _groups(given: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise BadPlan("'groups' must be names of groups, each with a list of people.")
    return {str(name): _names(people or (), f"the group '{name}'") for name, people in given.items()}


def _names(given: Any, where: str) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(name, str) for name in given):
        raise BadPlan(f"{where} must be a list of names.")
    return tuple(dict.fromkeys(" ".join(name.split()) for name in given if name.strip()))


def _flag(given: Any, where: str) -> bool:
    if not isinstance(given, bool):
        raise BadPlan(f"'{where}' is true or false, not '{given}'.")
    return given


def _limit(given: Any, where: str) -> int | None:
    return None if given in (None, 0) else _number(given, where, LIMIT_MOST)


def _number(given: Any, where: str, most: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise BadPlan(f"'{where}' is a whole number from 1 to {most:,}, not '{given}'.")
    return given


def _seed(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 2**32:
        raise BadPlan(f"'seed' is a whole number from 0 to {2**32 - 1:,}, not '{given}'.")
    return given
