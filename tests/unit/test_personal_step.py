"""The step `personal`: held against texts that were labelled by hand, and what masks promise."""

from __future__ import annotations

import re
import time
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs
from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import KnobError, build
from pipeline.steps.personal import NAMED, Personal
from pipeline.steps.personal_data import KINDS, MARK, find
from pipeline.steps.personal_numbers import luhn
from pipeline.store import Store, records
from pipeline.verbs.clean import Clean
from tests.conftest import Fill

FOLDER = Path(__file__).parents[1] / "plugins" / "cases"
LABELLED = [
    (text, tuple(holds))
    for name in ("personal_en", "personal_zh")
    for text, *holds in tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["labelled"]
]
# Numbers in the form of an address, a card and a telephone number, of which nothing right before them says otherwise.
TAKEN_FOR_MORE = {
    "numpy==1.26.100.1 needs 2.0.128.1 or release 9.9.120.3",
    "sum=4539578763621486 bytes",
    "bus 405-100-2000 hmm",
}

PIECES = [
    "13800138000", "138 0013 8000", "a@b.cn", "+86", "4111 1111 1111 1111", "11010519491231002X", "536-22-1234", "8.34.21.17",
    "DE89370400440532013000", "<EMAIL_", "<PHONE_12345678>", ">", "@", "-", ".", " ", "电话", "tel ", "ip ", "api_key=",
    "9f86d081884c7d659a2feaa0c55ad015", "://", ":", "１３８００１３８０００", "(020) 7946 0018", "ssn ", "order ", "_", "/",
    "\x00", "\ud800", "身份证110105491231002",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join)


def found(text: str) -> list[str]:
    return [f"{one.kind}: {text[one.start : one.end]}" for one in find(text, NAMED)]


@pytest.mark.parametrize(("text", "holds"), LABELLED, ids=[text[:40] for text, _ in LABELLED])
def test_the_labelled_texts(text: str, holds: tuple[str, ...]) -> None:
    if text in TAKEN_FOR_MORE:
        assert len(found(text)) == len(holds) + 1
    else:
        assert Counter(found(text)) == Counter(holds)


@pytest.mark.parametrize("kind", NAMED)
def test_each_kind_is_labelled_often_enough_to_say_so(kind: str) -> None:
    assert sum(one.startswith(f"{kind}:") for _, holds in LABELLED for one in holds) >= 5
    assert set(NAMED) == set(KINDS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("write to jane@x.org", "e-mail address"),
        ("jane@x.org, 13800138000", "e-mail address and phone number"),
        ("jane@x.org, 13800138000, 203.0.113.77", "e-mail address, phone number and network address"),
        ("jane@x.org, 13800138000, 203.0.113.77, ssn 536-22-1234", "personal data of 4 kinds"),
    ],
)
def test_the_reason_names_the_kinds(text: str, reason: str) -> None:
    assert Personal().judge(text) == Flag(reason)
    assert Personal(action="drop").judge(text) == Drop(reason)
    said = Personal(action="mask").judge(text)
    assert isinstance(said, Edit)
    assert said.reason == f"{reason} masked"


def test_a_mask_stands_for_one_value_under_one_key() -> None:
    step, other = Personal(action="mask", key="one"), Personal(action="mask", key="other")
    texts = ["call 13800138000", "手机138 0013 8000", "+86 138-0013-8000", "８６１３８００１３８０００"]
    masks = {MARK.search(step.judge(text).text)[0] for text in texts}  # type: ignore[union-attr, index]
    assert len(masks) == 1
    assert MARK.search(other.judge(texts[0]).text)[0] not in masks  # type: ignore[union-attr, index]
    assert re.fullmatch(r"<PHONE_[0-9a-f]{8}>", masks.pop())
    mails = step.judge("Jane@X.org jane@x.org joe@x.org").text.split()  # type: ignore[union-attr]
    assert mails[0] == mails[1] != mails[2]
    assert "x.org" not in "".join(mails).lower()


def test_a_masked_text_reads_on_around_its_masks() -> None:
    said = Personal(action="mask", key="k").judge("张三，电话13912345678，邮箱z3@qq.com。")
    assert isinstance(said, Edit)
    assert MARK.sub("…", said.text) == "张三，电话…，邮箱…。"


@pytest.mark.parametrize("mark", ["<PHONE_13800138>", "<IP_20301137>", "<KEY_abcdef12>", "api_key=<KEY_abcdef12>"])
def test_a_mask_is_not_personal_data(mark: str) -> None:
    assert Personal().judge(f"电话{mark}, tel {mark} ssn {mark}") is None


def test_only_the_kinds_asked_for() -> None:
    text = "jane@x.org, 13800138000"
    assert Personal(kinds=("phone",)).judge(text) == Flag("phone number")
    assert Personal(kinds=()).judge(text) is None
    with pytest.raises(KnobError, match="choose one of"):
        build(Personal, {"kinds": ["name"]})


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_masking_leaves_nothing_to_find_and_nothing_else_changed(text: str) -> None:
    said = Personal(action="mask", key="k").judge(text)
    if said is None:
        assert find(text, NAMED) == []
        return
    assert isinstance(said, Edit)
    assert find(said.text, NAMED) == []
    kept = MARK.sub("\0", said.text).split("\0")
    at = 0
    for piece in kept:  # what is left stands in the text, in its order
        at = text.index(piece, at) + len(piece)


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_finds_are_in_order_and_apart(text: str) -> None:
    finds = find(text, NAMED)
    assert all(0 <= one.start < one.end <= len(text) for one in finds)
    assert all(a.end <= b.start for a, b in pairwise(finds))


@pytest.mark.parametrize("number", ["79927398713", "4111111111111111", "0"])
def test_luhn(number: str) -> None:
    assert luhn(number)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not luhn(wrong)


@pytest.mark.parametrize(
    "piece",
    ["api_key=", "1-", "sk-", "eyJa.", "A0 ", "+1 ", "0.", "2:", "://a:", "-----BEGIN PRIVATE KEY-----", "13800138000@",
     "key=", "电话1 ", "1 (", "a.@", "<EMAIL_1"],
)  # fmt: skip
@pytest.mark.parametrize("action", ["flag", "mask"])
def test_a_hostile_text_takes_no_time(piece: str, action: str) -> None:
    step = Personal(action=action)
    step.judge("电话 +49 30 1234567")
    started = time.perf_counter()
    step.judge(piece * (100_000 // len(piece)))
    assert time.perf_counter() - started < 5


def test_a_job_masks_under_the_secret_of_the_store_and_does_not_keep_it(store: Store, fill: Fill) -> None:
    project = fill(["jane@x.org", "and again Jane@X.org"])
    job = jobs.run(store, Clean([["personal", {"action": "mask"}]]), project.id)
    texts = [row["text"] for row in records.page(store, project.id)]
    masks = {MARK.search(text)[0] for text in texts}  # type: ignore[index]  # each has one
    assert len(masks) == 1
    assert masks.isdisjoint(Personal(action="mask").judge("jane@x.org").text.split())  # type: ignore[union-attr]
    assert job.params["steps"][0][1].get("key", "") == ""
