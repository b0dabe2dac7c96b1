"""A random project with all that can be said of a record, and the rows that must leave of it, one at a time."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from hypothesis import strategies as st

from pipeline.store import (
    Store,
    derived,
    projects,
    records,
)
from pipeline.store import jobs as job_store
from pipeline.store.exports import Leaving

HOSTILE = [
    "",
    "=1+1",
    "-7",
    "'",
    '"',
    'a"b,c\n',
    "\r",
    "a\tb",
    "\x01\x1f\x7f",
    "\u2028",
    "😀e\u0301文",
    "{}",
    "null",
    "[1]",
    "＝x",
]
word = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(HOSTILE)
LABELS = ("neg", "pos", "文=\"'")
QUESTIONS = (
    {"kind": "choice", "name": "label", "labels": list(LABELS), "required": False},
    {"kind": "choices", "name": "text", "labels": list(LABELS), "required": False},  # the name of a column, too
    {"kind": "rating", "name": "a/b~c", "low": -5, "high": 5, "required": False},
    {"kind": "text", "name": '=said "it"', "required": False},
)  # fmt: skip
GONE = "no longer asked"
PEOPLE = ("ana", "=bob()", "机器 😀", "ana; bob")
COLUMNS = ("a", "b", "a (derived)", "a (derived) (derived)", '=c\n"')


def project_of(store: Store, rng: Random, words: list[str], size: int = 12) -> int:
    """A project of `size` records with all that can be said of one, and beside it another one."""
    store.transact(
        lambda cursor: cursor.execute("INSERT INTO annotator (name, kind) VALUES (?, 'simulated')", [PEOPLE[2]])
    )
    found = projects.create(store, "p")
    other = projects.create(store, "q")
    task = projects.save_task(store, found.id, name="t", kind="custom", definition={"questions": list(QUESTIONS)})
    live, undone = (_job(store, found.id, state) for state in ("done", "undone"))
    numbers: list[int] = []
    for at in range(size):
        row = {"project_id": other.id if rng.random() < 0.1 else found.id, "job_id": live, "external_id": f"{rng.choice(words)}{at}",
               "text": rng.choice(words) * rng.randint(1, 3), "fields": _object(rng, words), "meta": _object(rng, words),
               "split": rng.choice([None, "train", rng.choice(words)]), "parent_id": rng.choice([None, None, *numbers])}  # fmt: skip
        made = "INSERT INTO record ({}) VALUES ({}) RETURNING id".format(", ".join(row), ", ".join("?" * len(row)))
        numbers.append(
            store.transact(lambda cursor, made=made, row=row: cursor.execute(made, list(row.values())).fetchone()[0])
        )
    for _ in range(size * 3):
        _say(store, rng, words, {"record": rng.choice(numbers), "task": task.id, "live": live, "undone": undone})
    return found.id


def _job(store: Store, project: int, state: str) -> int:
    job = job_store.open_job(store, "import", project, {})
    store.transact(lambda cursor: cursor.execute("UPDATE job SET state = ? WHERE id = ?", [state, job]))
    return job


def _object(rng: Random, words: list[str]) -> str:
    values = [
        rng.choice(words),
        rng.choice([1, -1.5, 2**70, 1e22, None, True]),
        [rng.choice(words)],
        {"deep": rng.choice(words)},
    ]
    names = rng.sample([*COLUMNS, rng.choice(words)], rng.randint(0, 4))
    return json.dumps(
        {name: rng.choice(values) for name in names}, ensure_ascii=False, indent=rng.choice([None, None, 1])
    )


def _value(rng: Random, words: list[str]) -> dict[str, Any]:
    span = {"start": 0, "end": 1, "label": rng.choice(LABELS), "text": rng.choice(words)}
    values = {
        "label": rng.choice(LABELS), "text": rng.sample(LABELS, rng.randint(0, 2)), QUESTIONS[2]["name"]: rng.choice([-5, 0, 5, 1.5, "5"]),
        QUESTIONS[3]["name"]: rng.choice(words), GONE: rng.choice([span, [span], True]),
    }  # fmt: skip
    return {name: values[name] for name in rng.sample(list(values), rng.randint(0, len(values)))}


def _say(store: Store, rng: Random, words: list[str], of: Mapping[str, int]) -> None:
    """One more thing about a record: an answer, a suggestion, a verdict or a derived value, of a live job or not."""
    kind = rng.choice(["answer", "answer", "answer", "suggestion", "verdict", "derived"])
    job = rng.choice([of["live"], of["live"], of["live"], of["undone"]])
    at = rng.choice(["2026-01-02 03:04:05", "2026-01-02 03:04:05.000600"])
    if kind == "derived":
        one = derived.Derived(of["record"], "step", rng.choice(COLUMNS), rng.choice([rng.choice(words), [1], None]))
        store.transact(lambda cursor: derived.append(store, cursor, job, [one]))
        return
    row = {
        "answer": {"event_id": str(uuid.UUID(int=rng.getrandbits(128))), "record_id": of["record"], "task_id": of["task"], "annotator": rng.choice(PEOPLE),
                   "state": rng.choice(["submitted", "submitted", "draft", "skipped", "withdrawn"]),
                   "value": json.dumps(_value(rng, words), ensure_ascii=False), "comment": rng.choice(["", rng.choice(words)]),
                   "reason": rng.choice([None, rng.choice(words)]), "flagged": rng.choice([None, True, False]),
                   "job_id": rng.choice([None, job]), "created_at": at},
        "suggestion": {"record_id": of["record"], "task_id": of["task"], "source": rng.choice(words), "question": rng.choice(["label", "text"]),
                       "value": json.dumps(rng.choice([rng.choice(words), ["pos"], 2]), ensure_ascii=False),
                       "score": rng.choice([None, 0.25, 1.0, 1e-9]), "job_id": rng.choice([None, job])},
        "verdict": {"record_id": of["record"], "job_id": job, "step": "s", "kind": rng.choice(["drop", "edit", "flag"]), "text": rng.choice(words)},
    }[kind]  # fmt: skip
    table = "annotation_event" if kind == "answer" else kind
    made = "INSERT INTO {} ({}) VALUES ({})".format(table, ", ".join(row), ", ".join("?" * len(row)))
    store.transact(lambda cursor: cursor.execute(made, list(row.values())))


def rows_of(store: Store, project: int, leaving: Leaving) -> list[dict[str, Any]]:
    """What must leave, put together one record at a time."""
    gone = {row["id"] for row in store.rows("SELECT id FROM record_now WHERE dropped")}
    numbers = [one for one in records.ids(store, project, leaving.where) if leaving.with_dropped or one not in gone]
    tasks = tuple(task.id for task in projects.tasks(store, project))
    first = [
        row["annotator"]
        for row in store.rows(
            "SELECT annotator FROM annotation_event WHERE task_id IN ? GROUP BY ALL ORDER BY min(id)", [tasks]
        )
    ]
    called = {name: name if leaving.people else f"annotator-{n}" for n, name in enumerate(first, 1)}
    found = []
    for number in numbers:
        one = store.row(
            "SELECT *, (SELECT external_id FROM record p WHERE p.id = r.parent_id) AS parent FROM record_now r WHERE id = ?",
            [number],
        )
        own = derived.of(store, [number]).get(number, {})
        fields = json.loads(one["fields"])
        said = "SELECT * FROM {} WHERE record_id = ? AND task_id IN ? ORDER BY id"
        now = store.rows(said.format("annotation_now"), [number, tasks])
        states = ("submitted", "draft", *(["skipped"] if leaving.skips else []))
        hints = store.rows(said.format("suggestion_now"), [number, tasks]) if leaving.suggestions else []
        row = {
            "id": one["external_id"], "text": one["text"], **({"fields": fields} if fields else {}),
            "meta": derived.joined(json.loads(one["meta"]), own), "split": one["split"],
            "status": "dropped" if one["dropped"] else "active", "parent": one["parent"],
            "annotations": [entry for event in now if event["state"] in states for entry in _entries(event, called)],
            "suggestions": [{key: json.loads(hint[key]) if key == "value" else hint[key] for key in ("source", "question", "value", "score")} for hint in hints],
        }  # fmt: skip
        if leaving.history:
            live = "SELECT * FROM annotation_event WHERE record_id = ? AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) ORDER BY id"
            row["history"] = [entry for event in store.rows(live, [number]) for entry in _entries(event, called)]
        found.append(row)
    return found


def _entries(event: Mapping[str, Any], called: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    extra = {name: event[name] for name in ("comment", "reason", "flagged") if event[name]}
    extra |= {"simulated": True} if event["annotator"] == PEOPLE[2] else {}
    for question, value in (json.loads(event["value"]) or {None: None}).items():
        yield {"annotator": called[event["annotator"]], "question": question, "state": event["state"], "value": value,
               "created_at": event["created_at"].isoformat() + "Z", **extra}  # fmt: skip
