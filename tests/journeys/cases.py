"""One case for each kind of task: what is answered to which record, so that keys and mouse must both come to the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.store import Store, open_store
from pipeline.tasks import tasks
from tests.journeys.kinds import ANSWERS, CHINESE, ENGLISH, LABELS, TEXTS, make_project, messages

REASONS = ["wrong language", "太长 👀"]
REMARK = "1 s 不确定 👩‍👩‍👧‍👦, cafe\u0301"
BOB, LI = TEXTS[2:]
ANNA, RESUME = "Anna Mu\u0308ller", "re\u0301sume\u0301"
ACME, PARIS, TENCENT = "Acme 🇫🇷", "Paris 👩‍👩‍👧‍👦", "腾讯🇨🇳"
Value = dict[str, Any]
Span = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Four records are answered: the first is begun, left by a reload and done, and corrected at the end; the second is
    done, taken back and done again; the third's answer is a machine's; the fourth is skipped."""

    name: str
    first: Value
    second: Value
    suggested: Value
    corrected: Value
    begun: Value = field(default_factory=dict)
    kind: str = ""
    questions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def definition(self) -> dict[str, Any]:
        plain = tasks.get(self.kind or self.name)().definition(LABELS.get(self.name, ()))
        if self.questions:
            plain = {**plain, "questions": self.questions}
        return {**plain, "skip_reasons": REASONS}

    def question(self, name: str) -> dict[str, Any]:
        return next(one for one in self.definition["questions"] if one["name"] == name)

    @property
    def one_key(self) -> bool:
        """Whether the one question is answered and submitted by one key."""
        kinds = [one["kind"] for one in self.definition["questions"]]
        return kinds in (["choice"], ["rating"]) or self.name == "preference"


def spans(text: str, *marked: tuple[str, str]) -> list[Span]:
    """The marks (surface, label) of a text, as they are to be stored."""
    found = [{**place(text, surface), "label": label} for surface, label in marked]
    return sorted(found, key=lambda one: (one["start"], one["end"], one["label"]))


def place(text: str, surface: str) -> Span:
    """The one place of a surface in a text."""
    assert text.count(surface) == 1
    start = text.index(surface)
    return {"start": start, "end": start + len(surface), "text": surface}


def answer(text: str, surface: str) -> list[Span]:
    return [place(text, surface)]


def talk(text: str, *said: str) -> list[dict[str, Any]]:
    """The record's conversation with other words in its last turns."""
    given = messages(text)
    for at, words in enumerate(said, len(given) - len(said)):
        given[at] = {**given[at], "content": words}
    return given


def linked(*ends: tuple[int, int, str]) -> list[dict[str, Any]]:
    return [{"from": first, "to": second, "label": label} for first, second, label in ends]


PEOPLE = spans(ENGLISH, (ANNA, "person"), (ACME, "organisation"), (PARIS, "place"))
ZHANG = spans(CHINESE, ("张伟", "person"), (TENCENT, "organisation"), ("北京", "place"))
BOBS = spans(BOB, ("Bob Stone", "person"), ("Initech", "organisation"))
POEM = "  First line: na\u00efve 👩‍👩‍👧‍👦\n\n第二行：re\u0301sume\u0301 🇨🇳 “1”"
CLAIM = [
    {"kind": "choice", "name": "label", "labels": ["complaint", "praise"], "title": "What is it?"},
    {"kind": "spans", "name": "about", "labels": ["what", "who"], "when": {"question": "label", "is": ["complaint"]}},
    {"kind": "choices", "name": "topics", "labels": ["food", "房间"], "help": "All that hold."},
    {"kind": "rating", "name": "stars", "low": 0, "high": 4, "titles": {"0": "awful"}},
    {"kind": "text", "name": "why", "required": False},
]

CASES = [
    Case("classification", {"label": "bad"}, {"label": "一般"}, {"label": "good"}, {"label": "good"}),
    Case("sentiment", {"sentiment": "neutral"}, {"sentiment": "positive"}, {"sentiment": "negative"},
         {"sentiment": "negative"}),
    Case("multilabel", {"labels": ["food", "价格"]}, {"labels": []}, {"labels": ["service", "价格"]},
         {"labels": ["service"]}, {"labels": ["food"]}),
    Case("rating", {"rating": 4}, {"rating": 1}, {"rating": 5}, {"rating": 2}),
    Case("preference", {"preference": ["b", "a"]}, {"preference": ["a", "b"]}, {"preference": ["b", "a"]},
         {"preference": ["a", "b"]}),
    Case("ranking", {"ranking": ["2", "3", "1"]}, {"ranking": ["3", "1", "2"]}, {"ranking": ["1", "3", "2"]},
         {"ranking": ["2", "1", "3"]}, {"ranking": ["2"]}),
    Case("entities", {"entities": spans(ENGLISH, (ANNA, "person"), ("Acme", "place"), (ACME, "organisation"),
                                        ("for " + PARIS, "place"), (RESUME, "place"))},
         {"entities": ZHANG}, {"entities": BOBS}, {"entities": spans(ENGLISH, (ANNA, "person"), (PARIS, "place"))},
         {"entities": spans(ENGLISH, (ANNA, "person"))}),
    Case("relations", {"entities": PEOPLE, "relations": linked((0, 1, "works for"), (0, 2, "is in"))},
         {"entities": ZHANG, "relations": linked((1, 2, "is in"))},
         {"entities": BOBS, "relations": linked((0, 1, "works for"))},
         {"entities": PEOPLE, "relations": linked((0, 1, "works for"), (1, 2, "is in"))},
         {"entities": PEOPLE}),
    Case("question_answering", {"answer": answer(ENGLISH, PARIS)}, {"answer": answer(CHINESE, "cafe\u0301")},
         {"answer": answer(BOB, "Berlin")}, {"answer": []}, {"answer": answer(ENGLISH, "May")}),
    Case("reading_comprehension", {"question": "Where to, 去哪里？", "answer": answer(ENGLISH, PARIS)},
         {"question": "谁？", "answer": answer(CHINESE, "张伟")},
         {"question": "Who works in Berlin?", "answer": answer(BOB, "Bob Stone")},
         {"question": "Where to, 去哪里？", "answer": answer(ENGLISH, "May")}, {"question": "Where to, "}),
    Case("translation", {"translation": POEM}, {"translation": "Zhang Wei\tworks at Tencent 🇨🇳."},
         {"translation": "鲍勃·斯通在柏林工作。"}, {"translation": "安娜去了巴黎。"}, {"translation": POEM[:-3]}),
    Case("summarisation", {"summary": "Anna moved 🇫🇷."}, {"summary": "张伟住在北京。\n家人也在。"},
         {"summary": "Bob works."}, {"summary": "Anna moved to Paris."}, {"summary": "Anna"}),
    Case("generation", {"answer": POEM}, {"answer": "好 👨‍👩‍👧"}, {"answer": "Initech\n\n- in Berlin"}, {"answer": "Yes."},
         {"answer": POEM[:9]}),
    Case("chat", {"conversation": talk(ENGLISH, "她在哪里？ 👩‍👩‍👧‍👦", "In Paris 🇫🇷\n\nsince May.")},
         {"conversation": talk(CHINESE, "在北京。")}, {"conversation": talk(BOB, "In Berlin.")},
         {"conversation": talk(ENGLISH, "她在哪里？ 👩‍👩‍👧‍👦", "In Paris.")},
         {"conversation": talk(ENGLISH, "她在哪里？ 👩‍👩‍👧‍👦", ANSWERS[0])}),
    Case("custom", {"label": "complaint", "about": spans(ENGLISH, (ACME, "who")), "topics": ["food", "房间"], "stars": 0,
                    "why": "因为 🕘\nline 2"},
         {"label": "praise", "topics": [], "stars": 4},
         {"label": "complaint", "about": spans(BOB, ("Initech", "who")), "topics": ["food"], "stars": 1},
         {"label": "praise", "topics": ["food", "房间"], "stars": 0, "why": "因为 🕘\nline 2"},
         {"label": "complaint", "about": spans(ENGLISH, (ACME, "who"))}, "custom", CLAIM),
    Case("chat_to_go_on_with", {"talk": [*messages(ENGLISH)[:2], {**messages(ENGLISH)[2], "rating": 2},
                                         {"role": "user", "content": "And now? 现在呢？"}]},
         {"talk": [*messages(CHINESE), {"role": "user", "content": "谢谢 🙏"}]},
         {"talk": [*messages(BOB), {"role": "user", "content": "Thanks."}]},
         {"talk": [*messages(ENGLISH)[:2], {**messages(ENGLISH)[2], "rating": 3},
                   {"role": "user", "content": "Bye."}]},
         {"talk": [*messages(ENGLISH)[:2], {**messages(ENGLISH)[2], "rating": 2}]}, "chat",
         [{"kind": "chat", "name": "talk", "edit": False, "write": "user", "rate": 3}]),
    Case("text_to_correct", {"clean": ENGLISH.strip().replace("\r\n", "\n")}, {"clean": CHINESE.replace("\r\n", "\n")},
         {"clean": "Bob Stone works."}, {"clean": "Anna."}, {"clean": "Anna"}, "generation",
         [{"kind": "text", "name": "clean", "field": "text", "most": 90}]),
]  # fmt: skip


def fill(database: Path) -> None:
    """A project of its name for each case, with the four records and the suggestions for the third."""
    store = open_store(database)
    for case in CASES:
        project, task = make_project(store, case.kind or case.name, name=case.name, definition=case.definition)
        third = store.scalar("SELECT id FROM record WHERE project_id = ? AND external_id = 'r3'", [project.id])
        _suggest(store, third, task.id, case.suggested)
    store.close()


def _suggest(store: Store, record: int, task: int, value: Mapping[str, Any]) -> None:
    n = len(value)
    store.insert("suggestion", pa.table({
        "record_id": pa.array([record] * n, pa.int64()), "task_id": pa.array([task] * n, pa.int32()),
        "source": ["model:test"] * n, "question": list(value), "score": [0.75] * n,
        "value": [json.dumps(one, ensure_ascii=False) for one in value.values()],
    }))  # fmt: skip
