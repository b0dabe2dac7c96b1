"""The promises that every cleaning step keeps, held against every registered one."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import build, knobs_of, values_of
from pipeline.steps.base import CorpusStep, DeriveStep, TextStep, steps

TEXT_STEPS = [name for name in steps.names() if isinstance(build(steps.get(name), {}), TextStep)]
# These judge whole web pages, and may drop what is too short to be one; tests/unit/test_quality_steps.py has pages.
PAGES = ("c4_quality", "fineweb_quality", "gopher_quality")
DERIVE_STEPS = [name for name in steps.names() if isinstance(build(steps.get(name), {}), DeriveStep)]
CORPUS_STEPS = [name for name in steps.names() if name not in (*TEXT_STEPS, *DERIVE_STEPS)]

# pieces that steps look for, so that random texts meet them often
PIECES = [
    "<b>", "</b>", "<br/>", "<p class='x'>", "<script>", "</script>", "<!--", "-->", "</html>", "<html>", "<title>", "&amp;",
    "&lt;", "&gt;", "&#38;", "&#x26;", "amp;", "lt;", "&nbsp;", "&", ";", "<", ">", "<<", "a", "b>", "\r", "\n", "\t", " ",
    "\u3000", "\xa0", "\x00", "\x1b[31m", "\x1b", "[0m", "\u200b", "\u200c", "\u200d", "\u202e", "\ufeff", "\x85", "\u2028",
    "\U0001f468", "\U0001f469", "\ufe0f", "\U0001f3f4", "\U000e0067", "\U000e007f", "م", "न", "्", "â€™", "Ã©", "Ã\xa0", "å¥½",
    "ä½", "\xa0", "浣犲ソ", "锛", "銆", "ÄãºÃ", "你好", "，", "13800138000", "a@b.cn", "n/a", "null",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join)
)

# Real text with everything that a careless cleaner breaks. No text step may edit or drop any of it.
TRICKY = [
    "他说：“这家店——真的！——很好吃……”（推荐）",
    "《三体》、『银河英雄传说』和「你好」都是书名号与引号的用法。",
    "ＡＢＣ全角字母、１２３全角数字，以及全角标点：！？；（）",
    "半角ｶﾅと全角カナ、ｸﾞﾘｰﾝの濁点もそのまま",
    "ｶﾞﾝﾊﾞﾚ！ 日本語の文章です。「括弧」も大丈夫。",
    "한국어 문장도 그대로 두어야 합니다.",
    "繁體中文與簡体中文混在一起，龘靐齉爩都是漢字。",
    "生僻字：𠮷野家、𡃁仔、㐂、䶮，扩展区汉字不动。",
    "拼音：nǐ hǎo，lǜ sè，ê̄ ế",
    "一家人：👨‍👩‍👧‍👦，同事：👩🏽‍💻🧑🏿‍🚀，彩虹旗：🏳️‍🌈",
    "Flags 🇨🇳🇩🇪 and a regional one 🏴󠁧󠁢󠁥󠁮󠁧󠁿 and a heart on fire ❤️‍🔥",
    "Keycaps 1️⃣ #️⃣ and text style ☎︎ versus emoji style ☎️",
    "Combining accents: e\u0301 a\u0308 o\u0302\u0301 and Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "Decomposed versus composed: café, cafe\u0301; Å, A\u030a, Å",
    "می‌خواهم به خانه‌ام بروم",
    "क्‍ष और क्‌ष में अंतर है",
    "ශ්‍රී ලංකාව",
    "שָׁלוֹם עֲלֵיכֶם",
    "a < b and c > d, but a<b && c>d too",
    "I <3 you, and you </3 me; x <- 5; 5 -> y; <- this way ->",
    "List<String> items = new ArrayList<>(); Map<K, V> m;",
    "std::vector<int> v; if (a<b && c>d) { cout << x >> y; }",
    "def f(x):\n    if x < 3 and y > 4:\n        return x & y\n\tend",
    "if (a <b and c> d) then print(a&b)",
    "Mail <jane at example> or see <https://example.org/a?b=c>",
    "https://example.org/?a=1&b=2&copy=3&lt=4&amp=5#top",
    "R&D at AT&T; Q&A, S&P 500; fish & chips; &c.",
    "5 &notanentity; and &; and &# ; and &#x; too",
    "Use the <tag> you like, <b and c> d or <3 times>",
    "“Curly quotes”, ‘single’, „German“, «French» — dashes – and ellipsis…",
    "ﬁne ligatures ﬂow: oﬃce, ﬆreet",
    "½ cup, 10² m, H₂O, №5, ™ ® ©, ㎏ and ㍿ stay",
    "naïve façade, Ångström, Ærøskøbing, Łódź, İstanbul, ß and ẞ",
    "Việt Nam: Trường Đại học Bách khoa Hà Nội",
    "Ελληνικά, кириллица, ქართული, Հայերեն",
    "ÄÖÜ äöü ß ÉÈÊË ÀÁÂÃ: ÑÑÑ!",
    "联通 和 电信",
    "函数 f(x)=x²；当 x<3 且 y>4 时",
    "首行\n\n第二段，中间空一行。\n- 列表一\n- 列表二",
    "$a_1 < b^2$ and \\textbf{bold} and `code <T>` and **md** _md_",
    '{"key": "a & b", "n": [1, 2, 3], "t": null}',
    "SELECT a FROM t WHERE a <> 'b' AND c >= 3;",
    "1. first\n2. second\n   continued, indented by three",
    "☺︎ ¯\\_(ツ)_/¯ (╯°□°)╯︵ ┻━┻ ʕ•ᴥ•ʔ",
    "价格：￥１９９．００（含税），电话请看官网。",
    "Ünïcödé fürs Lëben â la carte, crème brûlée à l’ancienne",
    "老师问：“Null Pointer 是什么？”学生答：“无。”",
]  # fmt: skip


@pytest.mark.parametrize("name", steps.names())
def test_a_step_is_of_exactly_one_kind_and_explains_itself(name: str) -> None:
    step = build(steps.get(name), {})
    assert sum(isinstance(step, kind) for kind in (TextStep, CorpusStep, DeriveStep)) == 1
    assert steps.get(name).__doc__
    assert all(len(knob.help) > 10 and knob.help.endswith(".") for knob in knobs_of(steps.get(name)))
    assert values_of(build(steps.get(name), values_of(step))) == values_of(step)


@pytest.mark.parametrize("name", TEXT_STEPS)
@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_a_text_step_never_raises_and_is_idempotent(name: str, text: str) -> None:
    step = build(steps.get(name), {})
    said = step.judge(text)
    assert said is None or isinstance(said, Drop | Edit | Flag)
    assert said == step.judge(text)  # a pure function
    if said is not None:
        assert re.fullmatch(r"[a-z][^.\n]{3,100}", said.reason), said.reason
    if isinstance(said, Edit):
        assert said.text != text
        said.text.encode("utf-8")  # can be stored
        assert not isinstance(step.judge(said.text), Edit)


@pytest.mark.parametrize("name", TEXT_STEPS)
def test_real_text_is_left_alone(name: str) -> None:
    step = build(steps.get(name), {})
    for text in TRICKY:
        said = step.judge(text)
        assert not isinstance(said, Edit | Drop) or (name in PAGES and isinstance(said, Drop)), (text, said)


@pytest.mark.parametrize("name", TEXT_STEPS)
@pytest.mark.parametrize(
    "piece",
    ["<", "<b", "<!--", "&", "&amp;", "<script>", "<a b=", "a@", "+1", "\r", " \t", "<a title='", "浣", "Ã", "1 "],
)
def test_a_hostile_text_takes_no_time(name: str, piece: str) -> None:
    step = build(steps.get(name), {})
    step.judge("warm up the model and the caches of this step")
    started = time.perf_counter()
    step.judge(piece * 30_000)
    assert time.perf_counter() - started < 5


CASES = [
    ("html", "<p>One</p><p>two &amp; three</p>", "\nOne\n\ntwo & three\n"),
    ("html", "a<br>b<BR/>c", "a\nb\nc"),
    ("html", "I <3 this <b>film</b>", "I <3 this film"),
    ("html", "x<script>alert('<b>')</script>y<style>p{}</style>z<!-- no -->", "xyz"),
    ("html", "how do I use <script> tags? <b>so</b>", "how do I use <script> tags? so"),
    ("html", "&lt;p&gt;twice escaped&lt;/p&gt;", "\ntwice escaped\n"),
    ("html", "5 &amp;amp; 6 &#39;q&#x27; &copy; &hellip;", "5 & 6 'q' © …"),
    ("html", '<a href="/?a>b&amp;c" target=_blank>link</a>', "link"),
    ("html", "<!DOCTYPE html><html><head><title>T</title></head><body><p>Hi<br>you</body></html>", "\nHi\nyou"),
    ("html", "https://a.b/?x=1&amp;y=2", "https://a.b/?x=1&y=2"),
    ("mojibake", "itâ€™s cafÃ©", "it’s café"),
    ("mojibake", "这家店很好吃".encode().decode("latin-1"), "这家店很好吃"),
    ("mojibake", "这家店的菜很好吃".encode().decode("gb18030"), "这家店的菜很好吃"),
    ("mojibake", "质量很好，推荐购买".encode("gb2312").decode("latin-1"), "质量很好，推荐购买"),
    ("control", "a\x00b\u200bc\ufeffd\u202ee\x07\xadf", "abcdef"),
    ("control", "a\r\nb\rc\u2028d\x85e\x0cf", "a\nb\nc\nd\ne\nf"),
    ("control", "\x1b[1;31mred\x1b[0m", "red"),
    ("control", "a\u200db and 👨\u200d text", "ab and 👨 text"),
    ("whitespace", "  a \u3000 b\xa0c  \n\n\n\n d\t\te ", "a b c\n\n d e"),
    ("whitespace", "a  \r\nb\r\n\r\n\r\nc", "a\nb\n\nc"),
]


@pytest.mark.parametrize(("name", "before", "after"), CASES)
def test_what_a_step_repairs(name: str, before: str, after: str) -> None:
    said = build(steps.get(name), {}).judge(before)
    assert isinstance(said, Edit)
    assert said.text == after


@pytest.mark.parametrize(
    ("name", "knobs", "text", "reason"),
    [
        ("empty", {}, " \u3000\n\u200b", "no text"),
        ("empty", {}, " N/A ", "a word for a missing value: N/A"),
        ("empty", {"words": "foo, bar"}, "FOO", "a word for a missing value: FOO"),
        ("length", {}, "ab", "too few characters: < 3"),
        ("length", {"min": 0, "max": 4}, "abcde", "too many characters: > 4"),
        ("length", {"unit": "words", "min": 5}, "很好 very good", "too few words: < 5"),  # 很, 好, very, good
        ("length", {"unit": "words", "min": 4}, "很好 very good", None),
        ("language", {}, "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter.", "another language: de"),
        ("language", {"languages": ["en"]}, "这家店的菜很好吃，服务也不错，下次还会再来。", "another language: zh"),
        ("language", {}, "这家店的菜很好吃，服务也不错，下次还会再来。", None),
        ("language", {}, "An ordinary English sentence about the weather today.", None),
        ("language", {}, "Danke!", None),
        ("personal", {}, "write to jane.doe@example.co.uk or 138 0013 8000", "e-mail address and phone number"),
        ("personal", {}, "电话13800138000", "phone number"),
        ("personal", {}, "call +49 30 1234567 now", "phone number"),
        ("personal", {}, "version 1.2.3, 2024-01-15, 1234567890123456, 3.14159265358979", None),
        ("personal", {"kinds": ["phone"]}, "a@b.cn", None),
    ],
)
def test_what_a_step_says(name: str, knobs: dict[str, object], text: str, reason: str | None) -> None:
    said = build(steps.get(name), knobs).judge(text)
    assert (said and said.reason) == reason


def test_language_drops_when_told_to() -> None:
    said = build(steps.get("language"), {"languages": "en", "action": "drop"}).judge("这家店的菜很好吃，服务也不错。")
    assert said == Drop("another language: zh")


def test_there_is_a_corpus_step() -> None:
    assert "exact_duplicates" in CORPUS_STEPS


@pytest.mark.parametrize("name", DERIVE_STEPS)
@settings(max_examples=100, deadline=None)
@given(text=st.one_of(TEXTS, st.sampled_from(TRICKY)))
def test_a_step_that_derives_never_raises_and_gives_plain_data(name: str, text: str) -> None:
    step = build(steps.get(name), {})
    given = step.derive(text)
    assert given == step.derive(text)
    if given is not None:
        assert given
        assert all(column.isidentifier() for column in given)
        assert json.loads(json.dumps(dict(given))) == dict(given)


@pytest.mark.parametrize("name", DERIVE_STEPS)
@pytest.mark.parametrize("piece", ["浣", "好的", "好a", "好 ", "the a-", "the a@", "http://a.", "1.", "A."])
def test_deriving_from_a_hostile_text_takes_no_time(name: str, piece: str) -> None:
    step = build(steps.get(name), {})
    step.derive("warm up: 好的 and the words")
    started = time.perf_counter()
    step.derive(piece * (30_000 // len(piece)))
    assert time.perf_counter() - started < 5
