"""The cleaning steps by quality: their numbers are those of a reference, good pages pass, an edit is the last one."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import KnobError, build, knobs_of
from pipeline.steps.base import MeasuredStep, TextStep, steps
from pipeline.steps.cuts import broken
from pipeline.steps.lines_in import sentences_in
from pipeline.steps.words_in import language_of, places_of, words_of

PAGES = ("c4_quality", "fineweb_quality", "gopher_quality", "gopher_repetition")
MINE = (*PAGES, "boilerplate", "length", "repetition", "symbols", "unicode_form", "urls", "word_list")
MEASURED = [name for name in steps.names() if isinstance(build(steps.get(name), {}), MeasuredStep)]

# What datatrove's filters said of these texts and measured in them, with str.split for its words.
GOLDEN = json.loads((Path(__file__).parents[1] / "data/quality/datatrove-0.10.1.json").read_text(encoding="utf-8"))[
    "texts"
]
REASONS = {
    "gopher_short_doc": "too few words for a page", "gopher_below_avg_threshold": "words too short on average",
    "gopher_too_many_hashes": "too many # or ellipses a word", "gopher_enough_stop_words": "too few stop words",
    "gopher_too_many_bullets": "too many lines that begin with a bullet",
    "gopher_too_many_end_ellipsis": "too many lines that end in an ellipsis",
    "gopher_below_alpha_threshold": "too few words with a letter",
    "dup_line_frac": "lines that stood there before", "dup_para_frac": "paragraphs that stood there before",
    "top_2_gram": "the commonest two words take up too much", "top_3_gram": "the commonest three words take up too much",
    "duplicated_5_n_grams": "runs of five words that stood there before",
    "duplicated_8_n_grams": "runs of eight words that stood there before",
    "line_punct_ratio": "too few lines that end as a sentence does", "short_line_ratio": "too many short lines",
    "char_dup_ratio": "too many characters in lines that stood there before",
    "too_few_sentences": "too few sentences", "curly_bracket": "a curly bracket", "lorem_ipsum": "placeholder text",
}  # fmt: skip

CHINESE = """一九九八年的冬天，我第一次来到这座城市。火车站前的广场上落满了雪，卖烤红薯的老人把炉子推到墙角，白色的热气在风里慢慢散开。
我在一家小旅馆住了三个月。房间不大，窗外是一条结了冰的河，早上常有人在冰面上散步。老板娘很少说话，但是每天晚上都会在我的门口放一壶热水。

后来我搬到了学校附近，和两个同学合租一套房子。他们一个学建筑，一个学医，我们常常在厨房里聊到半夜：有时候谈将来，有时候只是抱怨食堂的饭菜……
“你还会回来吗？”离开的那天，老板娘这样问我。我不知道怎么回答，只好点了点头。"""


def step(name: str, **knobs: Any) -> Any:
    return build(steps.get(name), knobs)


def reason(said: Drop | Edit | Flag | None) -> str:
    return said.reason.partition(":")[0] if isinstance(said, Drop) else ""


# --- the reference -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_judged_as_the_reference_judges_it(name: str, golden: dict[str, Any]) -> None:
    knobs = {"min_words": 0} if name == "gopher_repetition" else {}
    why = golden["decisions"][name]
    if name == "gopher_repetition" and golden["name"] == "short":
        assert why == "top_2_gram"  # to the reference, two words that are there once are repeated
        why = ""
    assert reason(step(name, **knobs).judge(golden["text"])) == (REASONS[why] if why else "")


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_the_shares_of_repetition_are_those_of_the_reference(golden: dict[str, Any]) -> None:
    measured = step("gopher_repetition", min_words=0).measures(golden["text"])
    assert set(measured) == set(golden["repetition"])
    words = golden["text"].split()
    for knob, share in golden["repetition"].items():
        size = int(knob.rpartition("_")[2]) if knob.startswith("top") else 0
        runs = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)] if size else []
        once = size and len(set(runs)) == len(runs)
        assert measured[knob] == pytest.approx(0 if once else share, abs=1e-6), knob


@pytest.mark.parametrize("golden", [one for one in GOLDEN if "c4" in one], ids=lambda golden: golden["name"])
def test_the_lines_that_stay_are_those_of_the_reference(golden: dict[str, Any]) -> None:
    said = step("c4_quality").judge(golden["text"])
    left = said.text if isinstance(said, Edit) else golden["text"]
    assert [line for line in left.split("\n") if line.strip()] == golden["c4"].split("\n")


# --- good pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MINE)
@pytest.mark.parametrize(
    "text", [GOLDEN[0]["text"], GOLDEN[1]["text"], CHINESE], ids=["prose", "paragraphs", "chinese"]
)
def test_good_pages_are_left_alone(name: str, text: str) -> None:
    assert step(name).judge(text) is None


def test_chinese_has_no_length_of_words_and_stop_words_of_its_own() -> None:
    measured = step("gopher_quality").measures(CHINESE)
    assert "min_word_length" not in measured
    assert measured["stop_words"] >= 10
    assert measured["letters"] == 1
    assert "stop_words" not in step("gopher_quality", language="other").measures(CHINESE)
    assert step("gopher_quality", words="旅馆, 厨房, 飞机").measures(CHINESE)["stop_words"] == 2


def test_a_page_that_repeats_itself_is_found_in_chinese_too() -> None:
    line = "本店商品全部正品保证欢迎选购，七天无理由退换货请放心购买。"
    assert reason(step("gopher_repetition").judge(f"{line}{CHINESE[:60]}{line}{CHINESE[60:100]}{line}"))
    assert reason(step("fineweb_quality").judge(f"{line}\n{CHINESE}\n{line}")) == REASONS["char_dup_ratio"]


# --- what counts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's good, isn't it?", ["It's", "good,", "isn't", "it?"]),
        ("“很好”，very good。", ["“很", "好”，", "very", "good。"]),
        ("价格￥199，推荐！", ["价", "格￥", "199，", "推", "荐！"]),
        (" \n ", []),
        ("한국어 좋다", ["한", "국", "어", "좋", "다"]),
    ],
)
def test_what_a_word_is(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert [text[start:end] for start, end in places_of(text)] == words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("plain", "en"), ("naïve café, “quoted”", "en"), ("这家店很好", "zh"), ("我用 iPhone 和 MacBook 办公", "zh"),
        ("The word 好 means good in Chinese, and people use it a lot.", "en"), ("これはとても良い映画です。", "other"),
        ("Очень хороший фильм", "other"), ("ภาษาไทยไม่มีช่องว่าง", "unspaced"), ("한국어 문장입니다", "other"),
    ],
)  # fmt: skip
def test_the_language_that_the_rules_are_taken_from(text: str, language: str) -> None:
    assert language_of(text) == language
    assert language_of(text, "zh") == "zh"


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("One. Two! Three?", 3), ('He said "no." She left.', 2), ("3.5 percent of a.b.c.", 1), ("no end", 1), ("", 0),
        ("很好。不错！", 2), ("她说：“走吧。”他走了。", 2), ("我想……还是算了吧", 2), ("Wait... what?", 2), ("Half. then", 2),
    ],
)  # fmt: skip
def test_how_many_sentences_a_line_has(line: str, sentences: int) -> None:
    assert sentences_in(line) == sentences


# --- promises of steps that measure ------------------------------------------------------------------------------------

PIECES = [
    "http://a.b/c?d=e", "https://", "www.x.y", "[t](http://a.b)", "<", ">", "(", ")", "哈", "哈哈哈哈哈", "good ", "Good ", "ab", "。",
    "!", "……", "...", "\n", "\n\n", "\r\n", " ", "Home", "About us", "Contact", "Read more", "首页", "登录", "更多", " | ", "[1]", "[[",
    "]]", "[", "]", "1", "*", "**", "{", "javascript", "A sentence of words.", "他说了一句话。", "\u0301", "\u1112", "\u1161", "é", "İ", "ß",
    "а", "👍", "\u200d", "\ud800", "\x00", "\x85",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=14).map("".join)
EDITING = [
    ("urls", {"action": "mask", "share": 0}), ("urls", {"action": "host", "share": 0}),
    ("urls", {"action": "remove", "share": 0}), ("urls", {"action": "remove", "mostly": "drop"}),
    ("repetition", {"action": "shorten", "share": 0}), ("repetition", {"action": "shorten", "share": 0, "keep": 1}),
    ("repetition", {"action": "shorten", "share": 0.5, "times": 4}),
    ("word_list", {"words": "good, 哈, ab, *, a b, home, **", "action": "mask"}),
    ("word_list", {"words": "good, 哈", "action": "mask", "allowed": 2, "share": 0.3}),
    ("c4_quality", {"min_sentences": 0}), ("c4_quality", {"min_sentences": 1, "min_words": 1}),
    ("boilerplate", {"lines": "ab*\n哈"}), ("unicode_form", {"form": "NFKC"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "knobs"), EDITING, ids=str)
@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_an_edit_is_the_last_one_whatever_the_settings(name: str, knobs: dict[str, Any], text: str) -> None:
    one = step(name, **knobs)
    said = one.judge(text)
    if isinstance(said, Edit):
        assert said.text != text
        assert said.text.strip()
        assert not isinstance(one.judge(said.text), Edit)


@pytest.mark.parametrize("name", MEASURED)
@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_what_is_measured_belongs_to_a_knob_and_changes_nothing(name: str, text: str) -> None:
    one = step(name)
    text = text if name in MINE else text.replace("\ud800", "")  # no stored text holds half a character
    assert isinstance(one, TextStep)
    assert set(one.cuts) <= {knob.name for knob in knobs_of(type(one))}
    assert set(one.cuts.values()) <= {"least", "most"}
    before, measured, after = one.judge(text), one.measures(text), one.judge(text)
    assert before == after
    assert set(measured) <= set(one.cuts)
    assert all(math.isfinite(number) for number in measured.values())
    if name in MINE and name not in ("length", "unicode_form"):
        cut = broken(one, measured.items()) is not None
        assert not isinstance(before, Drop) or cut or name == "c4_quality"
        assert not (cut and before is None and name in PAGES)


@pytest.mark.parametrize("name", MINE)
@pytest.mark.parametrize(
    "piece",
    ["http://a!", "www.", "[", "[1]", "[[", "哈", "哈，", "a\n", "- a\n", "Home\n", "read more\n", "a|", "…", "ab ab ", "e\u0301", "的 "],
)  # fmt: skip
def test_a_hostile_text_takes_no_time(name: str, piece: str) -> None:
    knobs = {"word_list": {"words": "a, ab, 哈, read more, 哈，哈", "action": "mask"}, "urls": {"action": "remove", "share": 0},
             "repetition": {"action": "shorten"}}  # fmt: skip
    one = step(name, **knobs.get(name, {}))
    started = time.perf_counter()
    one.judge(piece * 20_000)
    assert time.perf_counter() - started < 5


# --- what each of them is for ------------------------------------------------------------------------------------------


def test_a_limit_of_nothing_holds_nothing() -> None:
    for name in (*PAGES, "symbols"):
        one = step(name, **dict.fromkeys(step(name).cuts, 0))
        assert not isinstance(one.judge("Home\nHome\nHome!!!!!!!"), Drop), name


def test_what_does_not_pass_can_be_flagged_instead() -> None:
    for name in PAGES:
        text = next(one["text"] for one in GOLDEN[3:] if one["decisions"][name])
        drop, flag = step(name).judge(text), step(name, action="flag").judge(text)
        assert isinstance(drop, Drop)
        assert flag == Flag(drop.reason)


def test_ten_thousand_words_are_found() -> None:
    listed = [f"word{number}" for number in range(5_000)] + [f"词{chr(0x4E00 + number)}" for number in range(5_000)]
    one = step("word_list", words="\n".join(listed))
    assert one.judge("none of these: word5000, word, 词") is None
    assert one.judge("here it is: word4999.") == Flag("words of the list: word4999")
    assert one.judge("就是这个词丁。") == Flag("words of the list: 词丁")
    assert one.measures("word1 word2 plain 词一") == {"allowed": 3, "share": pytest.approx(4 / 5)}


def test_of_listed_words_that_overlap_the_longest_counts_once() -> None:
    one = step("word_list", words="new, new york, york, 微信, 微信号", action="mask")
    assert one.judge("New York, 微信号") == Edit("********, ***", "words of the list masked")
    assert one.measures("New York, 微信号")["allowed"] == 2


def test_a_mask_leaves_every_other_character_where_it_was() -> None:
    text = "İ straße 微信 \u200b👍 BAD end"
    said = step("word_list", words="bad, 微信", action="mask").judge(text)
    assert isinstance(said, Edit)
    assert [(a, b) for a, b in zip(text, said.text, strict=True) if a != b] == [(c, "*") for c in "微信BAD"]


def test_repetition_keeps_fewer_than_it_counts() -> None:
    with pytest.raises(KnobError, match="repetition keeps 5 of what is there 5 times"):
        step("repetition", keep=5)


def test_length_measures_what_it_is_set_to_count() -> None:
    assert step("length").measures(" 很好 ") == {"min": 2, "max": 2}
    assert step("length", unit="words").measures("很好, very good") == {"min": 4, "max": 4}


def test_the_share_of_another_form_is_of_characters_with_their_marks() -> None:
    assert step("unicode_form").measures("cafe\u0301") == {"share": pytest.approx(1 / 4)}
    assert step("unicode_form", form="NFKC").measures("ＡＢ，c") == {"share": pytest.approx(2 / 4)}
    assert step("unicode_form").measures("") == {}
