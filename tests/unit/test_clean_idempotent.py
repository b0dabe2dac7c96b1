"""A whole recipe, in its order: done twice, it changes nothing the second time, whatever the texts are made of."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import recipe
from pipeline.steps.base import CorpusStep, OneText
from pipeline.steps.chain import judged
from tests.plugins.test_steps import CASES, PIECES, TRICKY
from tests.unit.test_ready_recipes import PROSE

FOUND = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(
    (Path(__file__).parents[1] / "plugins" / "cases").glob("*.toml"))]  # fmt: skip
REAL = [
    *TRICKY, *(before for _, before, _ in CASES), *(one["text"] for file in FOUND for one in file.get("case", ())),
    *(text for file in FOUND for one in file.get("unchanged", ()) for text in one["texts"]),
]  # fmt: skip
PIECE = st.one_of(st.sampled_from(PIECES), st.sampled_from(REAL), st.text(max_size=3))
DIRTY = st.lists(PIECE, min_size=1, max_size=8).map("".join)


def chain_of(name: str, **personal: str) -> list[OneText]:
    plain = [
        (step, {**knobs, **personal} if step == "personal" else knobs) for step, knobs in recipe.named(name).plain()
    ]
    return [step for step in recipe.Recipe.of(plain).built() if not isinstance(step, CorpusStep)]


def twice(chain: list[OneText], text: str) -> None:
    said = judged(1, text, chain)
    if any(one.kind == "drop" for one in said):
        return
    edits = [one.text or "" for one in said if one.kind == "edit"]
    again = judged(1, edits[-1] if edits else text, chain)
    assert [one for one in again if one.kind != "flag"] == []
    assert {(one.step, one.reason) for one in again} <= {(one.step, one.reason) for one in said if one.kind == "flag"}


@pytest.mark.parametrize("name", [name for name in recipe.shipped() if name != "web"])
@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=DIRTY)
def test_a_ready_recipe_settles_every_text_at_once(name: str, text: str) -> None:
    twice(chain_of(name), text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(head=DIRTY, tail=DIRTY)
def test_the_recipe_for_pages_settles_pages_at_once(head: str, tail: str) -> None:
    twice(chain_of("web"), f"{head}\n{PROSE}\n{tail}")


@pytest.mark.parametrize("name", ["default", "web"])
@pytest.mark.parametrize(
    "text",
    [
        "&acirc;&euro;&trade; it&acirc;&euro;&trade;s",  # entities that spell wrongly decoded text
        "\xa0ÄãºÃä½",  # an odd space parts it
        "before\n<p \xa0class='x'>x",  # and here the name of a tag from its attribute
        "Home | About | Contact | Login\n  and more of it",  # what is left was indented
        "[1] It is cited. So [2] it is.",  # a mark of a citation leaves no space behind
    ],
)
def test_what_a_later_step_makes_is_seen_by_the_earlier_ones(name: str, text: str) -> None:
    twice(chain_of(name), f"{text}\n{PROSE}")


def test_a_mask_says_nothing_of_the_language() -> None:
    twice(chain_of("default", action="mask", key="k"), "مශ️්a@b.cn\u200dරී ලංකාව")


def test_the_first_line_that_is_left_is_cited_without_a_gap() -> None:
    chain = [step for step in chain_of("web") if step.name == "c4_quality"]
    (said,) = judged(1, f"[1] Mice are small. They [2] eat [3].\n{PROSE}", chain)
    assert said.text == f"Mice are small. They eat.\n{PROSE}"
