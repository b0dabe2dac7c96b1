"""Chinese words and their parts of speech, by the package jieba. Registers no step.

jieba writes no file and no line of a log here: its dictionary is read into memory at the first text. It takes text
apart where it knows no letters (accents, pictures); such pieces are put together again.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]")
_OTHER_WORD = re.compile(r"[^\W\d_\u3400-\u9fff\U00020000-\U000323af]+")
_KANA = re.compile(r"[\u3041-\u30fa]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_JOINED = re.compile(r"[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
# jieba looks for new words among the characters that it cannot place, in time that grows with the square of their
# number: it gets the text in pieces, and in one without punctuation, which is nobody's sentence, it looks for none
_PIECE = re.compile(r"[^。！？；，,\n]{1,400}[。！？；，,\n]*|[。！？；，,\n]+")
_SENTENCE = 120


Cut = Callable[..., Iterable[tuple[str, str]]]  # (text, HMM: whether to look for new words) -> words and tags


def is_chinese(text: str) -> bool:
    """Whether there are as many Han characters as words in other letters at least, and next to no kana among them."""
    if text.isascii():
        return False
    han = len(_HAN.findall(text))
    return han > 0 and len(_KANA.findall(text)) * 10 <= han and len(_OTHER_WORD.findall(text)) <= han


def words(text: str) -> list[dict[str, Any]]:
    """The words of a text: {"text", "start", "end"} with offsets in code points; white space is in none."""
    return [{"text": word, "start": start, "end": end} for word, _, start, end in _placed(_pieces(text, _cut()))]


def tagged_words(text: str) -> list[dict[str, Any]]:
    """The words of a text with their tags of the ICTCLAS set: {"text", "start", "end", "tag"}."""
    cut = _tagged_cut()
    return [
        {"text": word, "start": start, "end": end, "tag": _mended(word, tag)}
        for word, tag, start, end in _placed(_pieces(text, cut))
    ]


def _mended(word: str, tag: str) -> str:
    """jieba calls a point a number (m), and a single Latin letter a sign (x)."""
    if tag == "x" and _LATIN.match(word):
        return "eng"
    return "x" if tag == "m" and not any(map(str.isalnum, word)) else tag


def _pieces(text: str, cut: Cut) -> Iterator[tuple[str, str]]:
    for piece in _PIECE.findall(text):
        yield from cut(piece, HMM=len(piece) <= _SENTENCE)


def _placed(cut: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, int, int]]:
    """(word, tag, start, end) of words that follow each other, with what belongs to one word put together."""
    held, held_tag, start, at = "", "", 0, 0
    for word, tag in cut:
        if held and _belongs(held, word):
            held += word
        else:
            if held.strip():
                yield held, held_tag, start, at
            held, held_tag, start = word, tag, at
        at += len(word)
    if held.strip():
        yield held, held_tag, start, at


def _belongs(held: str, word: str) -> bool:
    """Whether a piece goes on with the one before it: a mark on it, part of its picture, or Latin letters."""
    if held.isspace():
        return False
    mark = unicodedata.category(word[0])[0] == "M" or _JOINED.match(word) is not None or held[-1] == "\u200d"
    return mark or (_LATIN.match(word) is not None and _LATIN.match(held[-1]) is not None)


@functools.cache
def _cut() -> Cut:
    return lambda text, HMM: ((word, "") for word in _jieba().dt.cut(text, HMM=HMM))  # noqa: N803 - jieba's name


@functools.cache
def _tagged_cut() -> Cut:
    _jieba()
    from jieba import posseg  # 0.3 s

    return posseg.dt.cut


@functools.cache
def _jieba() -> Any:
    """jieba with its dictionary (0.6 s). Its own way would read and write a file in the system's temporary folder,
    which anybody can have put there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in its patterns, in newer Pythons
        import jieba
    jieba.dt.FREQ, jieba.dt.total = jieba.dt.gen_pfdict(jieba.dt.get_dict_file())
    jieba.dt.initialized = True
    return jieba
