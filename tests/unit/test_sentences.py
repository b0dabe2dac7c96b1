"""Every sentence that the pipeline and the training make is in the catalogue in Chinese, and said as it is there."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sentences import FEW, FOLDER, PART, SENTENCE, WORD, Entry, catalogue, cut, translated
from app.words import LANGUAGES, MESSAGES
from tests import sentences
from tests.sentences import Shape

FILES = sorted(FOLDER.glob("*.toml"))
BORROWED = "libraries"  # sentences of libraries: no source of ours holds them


@cache
def entries() -> tuple[tuple[str, dict[str, object], Entry], ...]:
    """(file, the entry as written, the entry as read) of all files."""
    found = []
    for file in FILES:
        for table, plains in tomllib.loads(file.read_text(encoding="utf-8")).items():
            assert table in (SENTENCE, PART, WORD), file.name
            found += [(file.stem, plain, Entry.of(plain, table)) for plain in plains]
    return tuple(found)


@cache
def by_pieces() -> dict[tuple[str, ...], list[tuple[dict[str, object], Entry]]]:
    found: dict[tuple[str, ...], list[tuple[dict[str, object], Entry]]] = {}
    for _, plain, entry in entries():
        found.setdefault(entry.pieces, []).append((plain, entry))
    return found


@cache
def worded_on_pages() -> frozenset[str]:
    """The reasons and notes that a page has its own words for, by a key that holds them."""
    keys: set[str] = set()
    for section, start in (("augment", "reason_"), ("versions", "reason "), ("train", "note_")):
        table = tomllib.loads((MESSAGES / f"{section}.toml").read_text(encoding="utf-8"))
        keys |= {key.removeprefix(start) for key in table if key.startswith(start)}
    return frozenset(keys | {key.replace("_", " ") for key in keys})


def known(shape: Shape, *tables: str) -> bool:
    """Whether one of these tables of the catalogue has this text."""
    return any(entry.table in tables for _, entry in by_pieces().get(shape.pieces, ()))


def said_somewhere(shape: Shape) -> bool:
    """Whether a sentence is in the catalogue, or has words of the page that shows it."""
    text = "".join(shape.pieces)
    if "" in shape.pieces[1:-1]:  # two holes touch: what fills one of them must be written out
        return all(said_somewhere(filled) for filled in shape.filled())
    own = text in worded_on_pages() or any(_fits(shape, words) for words in worded_on_pages())
    return known(shape, SENTENCE) or own or any(pieces[0] == text for pieces in _in_queries(shape))


def _fits(shape: Shape, words: str) -> bool:
    return len(shape.pieces) > 1 and re.fullmatch(".+".join(map(re.escape, shape.pieces)), words) is not None


def _in_queries(shape: Shape) -> list[tuple[str, ...]]:
    """A reason that a SELECT puts together ends in its data, so its entry has a hole that the literal has not."""
    return [pieces for pieces in by_pieces() if not shape.holes and len(pieces) == 2 and pieces[1] == ""]


def test_the_source_is_read():
    found = sentences.found()
    assert len(found) > 250
    by_file = Counter(one.where.partition(":")[0] for one in found)
    assert {"pipeline/importers/rows.py", "pipeline/steps/html.py", "training/preflight.py"} <= set(by_file)


def test_every_sentence_of_the_source_is_in_the_catalogue():
    missing = {"…".join(one.shape.pieces): one.where for one in sentences.found() if not said_somewhere(one.shape)}
    assert missing == {}


def test_what_fills_a_hole_is_in_the_catalogue_too_or_said_to_be_data():
    missing = [
        (one.where, "…".join(one.shape.pieces), name, "…".join(filling.pieces))
        for one in sentences.found()
        for plain, entry in by_pieces().get(one.shape.pieces, ())
        for name, fillings in zip(entry.names, one.shape.holes, strict=True)
        for filling in fillings
        if filling.words and name not in plain.get("as_is", ())
        and not (name in entry.inside and known(filling, SENTENCE, PART))
        and not (name in entry.words and known(filling, WORD))
    ]  # fmt: skip
    assert missing == []


def test_no_entry_is_left_over():
    """An entry is in the source word for word, its holes filled or not; of a SELECT, and of what is joined, its literals."""
    written = sentences.written()
    made = [one.shape for one in sentences.found()]
    composed = {filled.pieces for shape in made for filled in shape.filled()}
    composed |= {filling.pieces for shape in made for fillings in shape.holes for filling in fillings}
    folded = {tuple(piece.casefold() for piece in pieces) for pieces in written | composed}
    literals = [pieces[0] for pieces in written if len(pieces) == 1]
    over = []
    for file, plain, entry in entries():
        own = tuple(piece.casefold() for piece in entry.pieces)
        joined = set(entry.inside) == set(entry.names) and all(piece in literals for piece in entry.pieces if piece)
        queried = any(" AS reason" in text and entry.pieces[0] in text for text in literals) and entry.pieces[0]
        if file != BORROWED and own not in folded and not joined and not queried:
            over.append((file, plain["en"]))
    assert over == []


@pytest.mark.parametrize("file", [file.stem for file in FILES])
def test_each_entry_is_in_every_language_with_the_same_holes(file):
    others = set(LANGUAGES) - {"en"}
    for stem, plain, entry in entries():
        if stem != file:
            continue
        assert set(entry.said) == others, plain["en"]
        for language in others:
            assert set(cut(entry.said[language])[1]) == set(entry.names), plain["en"]
            assert entry.said[language].strip(), plain["en"]
        assert len(set(entry.names)) == len(entry.names), plain["en"]
        named = {*entry.inside, *entry.words, *plain.get("as_is", ())}  # type: ignore[misc]  # a list of names
        assert named <= set(entry.names), plain["en"]
        holes_apart = all(entry.pieces[1:-1])
        assert holes_apart, f"two holes touch: {plain['en']}"
        filled = entry.inside | entry.words
        assert entry.table != SENTENCE or filled or not entry.names or entry.letters >= FEW, (
            f"fits anything: {plain['en']}"
        )


def test_no_sentence_is_in_it_twice():
    twice = [pieces for pieces, found in by_pieces().items() if len(found) > 1]
    assert twice == []


# --- said as it is in the catalogue -----------------------------------------------------------------------------------

ODD = [
    "{",
    "}",
    "{0}",
    "{name}",
    "'",
    '"',
    "“猫”",
    ".*",
    "(?P<x>",
    "\\",
    "[a-z]+$",
    "\n",
    " ",
    "",
    "%s",
    "标签",
    "😀",
    "a.b",
]
VALUES = st.one_of(st.sampled_from(ODD), st.text(max_size=12))
WHOLE = [entry for _, _, entry in entries() if entry.table == SENTENCE]


def read_as(entry: Entry, values: dict[str, str]) -> Iterator[str]:
    """The English sentence with these values."""
    yield entry.pieces[0]
    for name, piece in zip(entry.names, entry.pieces[1:], strict=True):
        yield values[name]
        yield piece


def filling(entry: Entry, name: str) -> st.SearchStrategy[str]:
    """Values of a hole; where the hole holds a part, an English part that is known and has no hole itself."""
    table = PART if name in entry.inside else WORD if name in entry.words else None
    if table is None:
        return VALUES
    return st.sampled_from([one.pieces[0] for _, _, one in entries() if one.table == table and not one.names])


@pytest.mark.parametrize("entry", WHOLE, ids=lambda entry: "…".join(entry.pieces)[:60])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_sentence_is_said_with_its_values_as_they_are(entry, data):
    values = {name: data.draw(filling(entry, name)) for name in entry.names}
    sentence = "".join(read_as(entry, values))
    if next(entry.readings(sentence)) != values:
        return  # a value that holds the words that follow it can be read in two ways
    said = translated(sentence, "zh")
    parts = entry.inside | entry.words
    shown = {name: translated_part(values[name]) if name in parts else values[name] for name in entry.names}
    assert said.replace(" ", "") == entry_in_chinese(entry, shown).replace(" ", "")
    for name in set(entry.names) - parts:
        assert values[name] in said


def translated_part(text: str) -> str:
    return next(one.said["zh"] for _, _, one in entries() if one.table != SENTENCE and one.pieces == (text,))


def entry_in_chinese(entry: Entry, values: dict[str, str]) -> str:
    pieces, names = cut(entry.said["zh"])
    return pieces[0] + "".join(values[name] + piece for name, piece in zip(names, pieces[1:], strict=True))


@settings(max_examples=200, deadline=None)
@given(text=st.text())
def test_what_is_no_sentence_comes_back_as_it_is(text):
    if catalogue().entry(text) is None:
        assert translated(text, "zh") == text


@pytest.mark.parametrize(
    "text", ["", "positive", "The moon is made of cheese.", "text", "test", "row 5", "a.csv: b.csv", "yes and no", "猫"]
)
def test_labels_names_and_other_texts_are_no_sentences(text):
    assert translated(text, "zh") == text


@pytest.mark.parametrize("text", ["There is no job 5. The overview lists the jobs of each project.", "x" * 30_000])
def test_english_and_what_is_too_long_stay(text):
    assert translated(text, "en") == text
    assert len(text) < 100 or translated(text, "zh") == text


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Line 3 of my: file.yaml: The setting 'min' of length is -1; the least it takes is 0.",
         "my: file.yaml 第 3 行：length 的设置项“min”为 -1，最小可为 0。"),
        ("this is it.csv is an old Excel workbook. Save it as .xlsx or CSV (UTF-8) and import that.",
         "this is it.csv 是旧版 Excel 工作簿。请另存为 .xlsx 或 CSV（UTF-8）后导入。"),
        ("No row of {f} can be taken; the first is at line 2, label: The label has more than one line.",
         "{f} 中没有可导入的行；第一处在第 2 行“label”列：标签不止一行。"),
        ("Run r is failed. The machine ran out of memory. Choose a smaller batch_size or max_length, or a smaller model.",
         "训练运行 r 的状态是“失败”。内存不足。请减小批大小（batch_size）或最大长度（max_length），或选用更小的模型。"),
        ("e-mail address and phone number", "邮箱地址与电话号码"),
    ],
)  # fmt: skip
def test_sentences_in_sentences(english, chinese):
    assert translated(english, "zh") == chinese


def test_two_sentences_one_behind_the_other_are_each_said():
    one, other = "The answer is empty.", "The recipe has no steps. Add at least one."
    assert translated(f"{one} {other}", "zh") == translated(one, "zh") + translated(other, "zh")
    assert translated(f"{one} Nobody knows.", "zh") == translated(one, "zh") + "Nobody knows."
