"""What the cleaning steps make of tricky texts, as written down by hand in cases/*.toml.

[[case]]               one text, and what one step makes of it
step = "html"
knobs = { entities = false }   # may be left out
text = "<b>a</b>"
becomes = "a"          # an edit; or flag = "reason", drop = "reason", derives = { column = … }, stays = true

[[unchanged]]          texts that none of these steps may edit or drop
steps = ["html", "control"]
texts = ["a < b"]

labelled = [["text", "kind: value", …], …]   # personal data by kind; read by tests/unit/test_personal_step.py
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import build
from pipeline.steps.base import DeriveStep, TextStep, steps

FILES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
READ = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in FILES}
CASES = [(stem, case) for stem, read in READ.items() for case in read.get("case", ())]
UNCHANGED = [(name, text) for read in READ.values() for one in read.get("unchanged", ()) for name in one["steps"]
             for text in one["texts"]]  # fmt: skip
SAID = ("becomes", "flag", "drop", "derives", "stays")


def made(case: dict[str, Any]) -> dict[str, Any]:
    """What a step makes of the text of a case, as a case says it."""
    step = build(steps.get(case["step"]), case.get("knobs", {}))
    if isinstance(step, DeriveStep):
        derived = step.derive(case["text"])
        return {"stays": True} if derived is None else {"derives": dict(derived)}
    assert isinstance(step, TextStep)
    said = step.judge(case["text"])
    if isinstance(said, Edit):
        assert not isinstance(step.judge(said.text), Edit), "an edit of an edit"
        return {"becomes": said.text}
    words = {Drop: "drop", Flag: "flag"}
    return {"stays": True} if said is None else {words[type(said)]: said.reason}


@pytest.mark.parametrize(
    ("stem", "case"), CASES, ids=[f"{stem}:{case['step']}:{case['text'][:30]!r}" for stem, case in CASES]
)
def test_what_a_step_makes_of_a_text(stem: str, case: dict[str, Any]) -> None:
    expected = {key: case[key] for key in SAID if key in case}
    assert len(expected) == 1, f"a case of {stem}.toml says one of {SAID}"
    assert made(case) == expected


@pytest.mark.parametrize(("name", "text"), UNCHANGED, ids=[f"{name}:{text[:30]!r}" for name, text in UNCHANGED])
def test_what_must_not_change_does_not(name: str, text: str) -> None:
    said = build(steps.get(name), {}).judge(text)
    assert not isinstance(said, Edit | Drop), said


def test_each_file_holds_what_is_read_here() -> None:
    assert {key for read in READ.values() for key in read} <= {"case", "unchanged", "labelled"}
    assert CASES
    assert UNCHANGED
