"""The steps for Chinese, and parts of speech: held against what they are made of, and what must not happen."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Edit, Flag
from pipeline.steps import english_tags
from pipeline.steps.chinese_words import is_chinese, tagged_words, words
from pipeline.steps.segment import Segment
from pipeline.steps.speech_parts import SpeechParts
from pipeline.steps.traditional import WAYS, Traditional
from pipeline.steps.width import Width

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
with (SAMPLE / "reviews-zh.jsonl").open(encoding="utf-8") as _lines:
    REVIEWS = [json.loads(line)["text"] for line in _lines][:300]
HAN = st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), max_size=20)
MIXED = st.lists(
    st.one_of(
        st.sampled_from(
            ["一萬里", "万里", "這裡", "这里", "软件", "軟體", "什么", "甚麼", "幺麽小丑", "皇后", "后面", "ＡＢ", "１．２", "か", "ｶﾞ",
             "한", "e\u0301", "👨\u200d👩", "naïve", "\r\n", " ", "a@b.cn", "，", "\ud800", "\x00"]
        ), HAN, st.text(max_size=3)
    ), max_size=8
).map("".join)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=80, deadline=None)
@given(text=MIXED)
def test_a_converted_text_is_converted(way: str, text: str) -> None:
    said = Traditional(way=way, action="convert").judge(text)
    assert (said is None) == (Traditional(way=way).judge(text) is None)
    if said is not None:
        assert isinstance(said, Edit)
        assert Traditional(way=way, action="convert").judge(said.text) is None


@pytest.mark.parametrize("way", ["s2t", "s2tw", "s2hk"])
def test_reviews_there_and_back(way: str) -> None:
    """What became traditional is simplified again, but for characters that two became one of."""
    there, back = Traditional(way=way, action="convert"), Traditional(way=f"{way[2:]}2s", action="convert")
    same = tried = 0
    for text in REVIEWS:
        said = there.judge(text)
        if isinstance(said, Edit):
            again = back.judge(said.text)
            tried += 1
            same += isinstance(again, Edit) and again.text == text
    assert tried > 200
    assert same > 0.95 * tried


@pytest.mark.parametrize("action", ["flag", "convert"])
@pytest.mark.parametrize(
    "text", ["図書館で國語の本を讀む", "漢字와 한글", "ASCII only", "", "Ünïcödé", "『銀河英雄伝説』を読みました"]
)
def test_other_languages_are_left_alone(action: str, text: str) -> None:
    assert all(Traditional(way=way, action=action).judge(text) is None for way in WAYS)


def test_flags_say_which_script() -> None:
    assert Traditional().judge("這裡的餐廳") == Flag("in traditional characters")
    assert Traditional(way="s2t").judge("这里的餐厅") == Flag("in simplified characters")
    assert Traditional().judge("这里的餐厅") is None


@pytest.mark.parametrize("to", ["half", "full"])
@pytest.mark.parametrize("punctuation", [False, True])
@settings(max_examples=80, deadline=None)
@given(text=MIXED)
def test_width_is_changed_once_and_changes_no_kana(to: str, punctuation: bool, text: str) -> None:
    step = Width(to=to, punctuation=punctuation, action="convert")
    said = step.judge(text)
    if said is not None:
        assert isinstance(said, Edit)
        assert step.judge(said.text) is None
        assert len(said.text) == len(text)
        assert all(
            a == b or {a, b} & {chr(c) for c in range(0xFF01, 0xFF5F)} for a, b in zip(text, said.text, strict=True)
        )


@settings(max_examples=150, deadline=None)
@given(text=MIXED)
def test_words_lie_where_they_say(text: str) -> None:
    for found in (words(text), tagged_words(text), english_tags.tagged_words(text)):
        assert all(text[one["start"] : one["end"]] == one["text"] for one in found)
        assert all(a["end"] <= b["start"] for a, b in pairwise(found))
        assert all(one["text"].strip() for one in found)
        covered = "".join(one["text"] for one in found)
        assert [c for c in covered if not c.isspace()] == [c for c in text if not c.isspace()]


def test_reviews_are_cut_as_jieba_cuts_them() -> None:
    import jieba

    words("好的")  # the dictionary is read
    for text in REVIEWS:
        if text.isascii() or not text.isprintable() or len(text) > 400:
            continue
        plain = [word for word in jieba.dt.cut(text) if word.strip()]
        ours = [one["text"] for one in words(text)]
        assert "".join(plain) == "".join(ours)
        assert len(set(plain) - set(ours)) <= 2, text


def test_loading_jieba_leaves_no_file_and_no_line(tmp_path: Path) -> None:
    code = "from pipeline.steps.speech_parts import SpeechParts; print(len(SpeechParts().derive('今天天气很好')['speech_parts']))"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (ran.stderr, ran.stdout) == ("", "3\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "chinese"), [
    ("今天天气很好", True), ("我在用iPhone和MacBook Pro", True), ("the word 好 means good in Chinese", False),
    ("映画はとても面白かったです", False), ("", False), ("123", False), ("中文の字幕很好看，推荐给大家看看", True),
])  # fmt: skip
def test_what_counts_as_chinese(text: str, chinese: bool) -> None:
    assert is_chinese(text) is chinese
    assert (Segment().derive(text) is not None) is chinese


@pytest.mark.parametrize(
    "text",
    ["Bonjour tout le monde, je suis content", "Привет", "12345", "", "한국어 문장", "Das Haus ist sehr schön gebaut"],
)
def test_other_languages_have_no_parts(text: str) -> None:
    assert SpeechParts().derive(text) is None


def test_only_the_languages_asked_for() -> None:
    assert SpeechParts(languages=("en",)).derive("今天天气很好") is None
    assert SpeechParts(languages=("zh",)).derive("A fine day, is it not?") is None


def test_the_tags_are_those_of_nltk() -> None:
    """The reference implementation, over the same weights."""
    from nltk.tag.perceptron import PerceptronTagger

    parts = {}
    with zipfile.ZipFile(english_tags.WEIGHTS) as packed:
        for name in packed.namelist():
            parts[name.rsplit(".", 2)[1]] = json.loads(packed.read(name))
    reference = PerceptronTagger(load=False)
    reference.decode_json_params((parts["weights"], parts["tagdict"], parts["classes"]))
    for line in (SAMPLE / "reviews-en.csv").read_text(encoding="utf-8").splitlines()[:250]:
        tokens = line.replace(",", " , ").replace(".", " . ").split()
        assert english_tags.tag(tokens) == [found for _, found in reference.tag(tokens)]
