"""English words and their parts of speech: the averaged perceptron of nltk, over its own weights. Registers no step.

The weights lie beside the words of the synonyms (augmenters/words/NOTICE says whose they are) and are read here without
nltk, which takes them from nowhere but its own folders. The tags are those that nltk gives (a test compares them).
"""

from __future__ import annotations

import functools
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).parents[1] / "augmenters" / "words" / "averaged_perceptron_tagger_eng.zip"

_TOKEN = re.compile(
    r"""(?:https?://|www\.)[^\s<>"]*[^\s<>".,;:!?)\]}'] | [^\s@<>()]+@[\w-]+(?:\.[\w-]+)+ | [@\#]\w+  # one word each
    | (?:[A-Za-z]\.){2,} | \b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|No)\.(?=[\s,])  # the point is theirs
    | \w+(?=n['’]t\b) | n['’]t\b | ['’](?:s|re|ve|ll|d|m)\b  # do n't, it 's: as the Penn Treebank has them
    | [0-9]+(?:[.,:/][0-9]+)* | \w+(?:-\w+)* | \.\.\.+ | -{2,} | [^\w\s]""",
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = (".", "!", "?")
_BRACKETS = {"(": "-LRB-", "[": "-LRB-", "{": "-LRB-", ")": "-RRB-", "]": "-RRB-", "}": "-RRB-"}
_OPEN, _CLOSED = "“‘„«", "”»"
_LEAST = 3  # words of which one must be a common one, so that other languages are left alone
_COMMON = frozenset(
    """the and is of to a in it i you that this was for on with as are be not at by have from but or they we an my so if
    all can has had there what were your do will their which about up out no when who more very just""".split()  # noqa: SIM905
)
_FRONT, _BACK = ("-START-", "-START2-"), ("-END-", "-END2-")


def is_english(text: str) -> bool:
    """A cheap guess: next to all letters are plain Latin ones, and a text of more than a few words has a common one."""
    letters = sum(map(str.isalpha, text))
    plain = letters if text.isascii() else sum(c.isascii() and c.isalpha() for c in text)
    if not plain or plain * 10 < letters * 9:
        return False
    found = text.lower().replace("’", "'").replace("'", " ").split()
    return len(found) < _LEAST or not _COMMON.isdisjoint(found)


def tagged_words(text: str) -> list[dict[str, Any]]:
    """The words and signs of a text with their tags of the Penn Treebank: {"text", "start", "end", "tag"}, offsets in
    code points. Each sentence is tagged by itself."""
    found = list(_TOKEN.finditer(text))
    read = [_as_trained(text, one) for one in found]
    tags: list[str] = []
    for start, end in _sentences(text, found):
        tags += tag(read[start:end])
    return [
        {"text": one[0], "start": one.start(), "end": one.end(), "tag": tag_}
        for one, tag_ in zip(found, tags, strict=True)
    ]


def _sentences(text: str, found: Sequence[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """Which tokens are a sentence: up to a full stop with white space behind it, or an empty line."""
    start = 0
    for at, one in enumerate(found, 1):
        after = text[one.end() : found[at].start()] if at < len(found) else " "
        if (one[0] in _ENDS and after) or after.count("\n") > 1:
            yield start, at
            start = at
    if start < len(found):
        yield start, len(found)


def _as_trained(text: str, found: re.Match[str]) -> str:
    """A token as the treebank writes it, which is what the weights know."""
    token = found[0]
    if token in _BRACKETS:
        return _BRACKETS[token]
    if token in _OPEN or (token in ('"', "'") and not text[found.start() - 1 : found.start()].strip()):
        return "``"
    if token in _CLOSED or token == '"':  # noqa: S105 - no password
        return "''"
    return {"—": "--", "–": "--", "…": "..."}.get(token, token.replace("’", "'"))


def tag(words: Sequence[str]) -> list[str]:
    """The tags of the words of one sentence, each by its spelling, its neighbours and the two tags before it."""
    model = _model()
    context = [*_FRONT, *map(_normal, words), *_BACK]
    before, before_that = _FRONT
    tags = []
    for at, word in enumerate(words):
        found = model.known.get(word) or model.best(_features(at + 2, word, context, before, before_that))
        tags.append(found)
        before_that, before = before, found
    return tags


def _normal(word: str) -> str:
    if "-" in word and word[0] != "-":
        return "!HYPHEN"
    if word.isdigit() and len(word) == 4:
        return "!YEAR"
    return "!DIGITS" if word[:1].isdigit() else word.lower()


def _features(at: int, word: str, context: Sequence[str], tag1: str, tag2: str) -> tuple[str, ...]:
    """What the weights are of, word for word as they were trained."""
    return (
        "bias", f"i suffix {word[-3:]}", f"i pref1 {word[:1]}", f"i-1 tag {tag1}", f"i-2 tag {tag2}",
        f"i tag+i-2 tag {tag1} {tag2}", f"i word {context[at]}", f"i-1 tag+i word {tag1} {context[at]}",
        f"i-1 word {context[at - 1]}", f"i-1 suffix {context[at - 1][-3:]}", f"i-2 word {context[at - 2]}",
        f"i+1 word {context[at + 1]}", f"i+1 suffix {context[at + 1][-3:]}", f"i+2 word {context[at + 2]}",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Model:
    known: dict[str, str]  # words that have but one tag
    classes: list[str]  # backwards, so that the last of equals is met first
    weights: dict[str, list[tuple[int, float]]]

    def best(self, features: Sequence[str]) -> str:
        scores = [0.0] * len(self.classes)
        for feature in features:
            for at, weight in self.weights.get(feature, ()):
                scores[at] += weight
        return self.classes[scores.index(max(scores))]


@functools.cache
def _model() -> _Model:
    with zipfile.ZipFile(WEIGHTS) as packed:
        parts = {name.rsplit(".", 2)[1]: json.loads(packed.read(name)) for name in packed.namelist()}
    classes = sorted(parts["classes"], reverse=True)
    place = {label: at for at, label in enumerate(classes)}
    weights = {
        feature: [(place[label], weight) for label, weight in by_label.items()]
        for feature, by_label in parts["weights"].items()
    }
    return _Model(parts["tagdict"], classes, weights)
