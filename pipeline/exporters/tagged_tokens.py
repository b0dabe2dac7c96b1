"""Texts as tokens, and spans as tags of tokens: what the exporters of CoNLL and CoNLL-U share. Registers nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import regex

from pipeline.exporters.base import Contents, Row
from pipeline.exporters.given import given, questions_of
from pipeline.questions import Question

WHITESPACE, WORDS, CHARACTERS = "whitespace", "words", "characters"
HOW = (WORDS, WHITESPACE, CHARACTERS)
HOW_HELP = (
    "What a token is: a word or a mark, and each Chinese or Japanese character; what stands between white space; or "
    "each character."
)
QUESTION_HELP = "Which question's spans are written; empty: the first that asks for spans."
SCHEMES = {
    "iob2": "BIIB", "iob1": "IIII", "bilou": "BILU", "iobes": "BIES", "bmes": "BMES",
}  # fmt: skip  # the letters of a span's first token, one inside, the last, and of a token that is the whole span
_PATTERNS = {
    WHITESPACE: regex.compile(r"\S+"),
    CHARACTERS: regex.compile(r"(?=\S)\X"),
    WORDS: regex.compile(
        r"[\p{Han}\p{Hiragana}\p{Katakana}]\p{M}*|[\p{L}\p{N}_][\p{L}\p{M}\p{N}_--[\p{Han}\p{Hiragana}\p{Katakana}]]*|(?=\S)\X",
        regex.VERSION1,
    ),
}

Token = tuple[int, int]  # from, up to: code points
Span = Mapping[str, Any]


def tokens_of(text: str, how: str) -> list[Token]:
    """Where the tokens of a text are. None holds white space, and nothing else stands between them."""
    return [match.span() for match in _PATTERNS[how].finditer(text)]


def tags_of(tokens: Sequence[Token], spans: Sequence[Span], scheme: str, lost: Counter[str]) -> list[str]:
    """The tag of each token. A span that does not begin and end with tokens, or overlaps an earlier one, is lost."""
    starts = {start: at for at, (start, _) in enumerate(tokens)}
    ends = {end: at for at, (_, end) in enumerate(tokens)}
    tags = ["O"] * len(tokens)
    first, inside, last, alone = tuple(SCHEMES[scheme])
    for span in sorted(spans, key=lambda one: (one["start"], -one["end"])):
        begin, end = starts.get(span["start"]), ends.get(span["end"])
        if begin is None or end is None:
            lost["spans that begin or end inside a token"] += 1
            continue
        if any(tag != "O" for tag in tags[begin : end + 1]):
            lost["spans that overlap another"] += 1
            continue
        label = _label(span["label"], lost)
        letters = [alone] if begin == end else [first, *inside * (end - begin - 1), last]
        if scheme == "iob1" and begin and tags[begin - 1] in (f"I-{label}", f"B-{label}"):
            letters[0] = "B"
        tags[begin : end + 1] = [f"{letter}-{label}" for letter in letters]
    return tags


def _label(label: str, lost: Counter[str]) -> str:
    whole = "_".join(label.split())
    lost["labels with a space, written with _"] += whole != label
    return whole


def heading(row: Row, who: str, text: str, key: str) -> str:
    """The comments that give the id, who answered and the text; a text that has more than one line, or begins or ends
    with white space, as JSON."""
    shown = " ".join(str(row["id"]).split())
    plain = text == text.strip("\ufeff").strip() and not set("\r\n") & set(text)
    said = f"# text = {text}" if plain else f"# text_json = {json.dumps(text, ensure_ascii=False)}"
    name = f"# annotator = {' '.join(who.split())}\n" if who else ""
    return (f"# {key} = {shown}\n" if shown else "") + f"{name}{said}\n"


def marked(
    contents: Contents, question: str, people: str, lost: Counter[str]
) -> Iterator[tuple[Row, str, str, Sequence[Span]]]:  # fmt: skip
    """Each record that the question was answered for, who answered, its text, and the spans; once for each answer that
    is written."""
    asked = chosen(contents, question)
    for batch in contents.batches:
        for row in batch:
            found = given(row, contents, asked, people, lost, named=True)
            lost["records without an answer that the format can hold"] += not found
            lost["metadata"] += bool(row["meta"]) and bool(found)
            lost["splits"] += bool(row["split"]) and bool(found)
            for who, one in found:
                name, spans = next(iter(one.items()))
                field = asked[name].reads[0]
                text = row["text"] if field == "text" else row.get("fields", {}).get(field)
                yield row, who, text if isinstance(text, str) else "", spans


def chosen(contents: Contents, question: str) -> dict[str, Question]:
    """The one question whose spans are written; none if the task asks for no spans."""
    every = questions_of(contents, ("spans",))
    name = question or next(iter(every), "")
    return {name: every[name]} if name in every else {}
