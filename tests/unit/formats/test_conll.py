"""CoNLL and CoNLL-U: tokens with tags, in and out again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import conllu
import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain import Rejection
from pipeline.exporters.tagged_tokens import HOW, SCHEMES, tags_of, tokens_of
from pipeline.importers import FileRefused, choose, importers, open_source
from pipeline.importers import tagged_tokens as reading
from pipeline.importers.foreign import Found
from pipeline.store import projects
from tests.moving import answers, found, move_in, move_out, records, rows

GOLDEN = Path(__file__).parents[2] / "data" / "formats"
CONLL, CONLLU = GOLDEN / "conll", GOLDEN / "conllu" / "ud.conllu"
FILES = [("conll", CONLL / "conll2003.conll"), ("conll", CONLL / "msra.bmes"), ("conll", CONLL / "comments.conll"),
         ("conllu", CONLLU)]  # fmt: skip
OWN = {"meta": {}, "status": "active", "suggestions": [], "split": None, "parent": None}


def spans(one: Found, question: str = "spans") -> list[tuple[str, str]]:
    (said,) = [said for said in one.answers if said.question == question]
    assert all(one.text[span["start"] : span["end"]] == span["text"] for span in said.value)
    return [(span["text"], span["label"]) for span in said.value]


@pytest.mark.parametrize(("name", "path"), FILES)
@pytest.mark.parametrize("as_named", [True, False])
def test_the_file_is_known_by_what_is_in_it(name, path, as_named, tmp_path):
    other = tmp_path / (path.name if as_named else "a.txt")
    other.write_bytes(path.read_bytes())
    assert choose(open_source(other)).name == name


@pytest.mark.parametrize(
    "text",
    ["text\tlabel\na b\tO\nc d\tB\n", "one line\nand two\n", "text label\nO O\n", "a,b\nc,O\n", "1\tO\n2\tO\n3\tO\n"],
)
def test_a_plain_table_is_not_taken_for_it(text, tmp_path):
    (tmp_path / "a").write_text(text)
    source = open_source(tmp_path / "a")
    assert importers.get("conll")().claims(source) == importers.get("conllu")().claims(source) == 0


def test_conll_2003_is_in_iob1():
    first, second, broken, nothing = found(CONLL / "conll2003.conll")
    assert (first.text, first.line, first.id) == ("EU rejects German call .", 3, "")
    assert spans(first) == [("EU", "ORG"), ("German", "MISC")]
    assert first.meta["conll"]["document"] == 1
    assert first.meta["conll"]["column 2"] == ["NNP", "VBZ", "JJ", "NN", "."]
    assert spans(second) == [("Peter Blackburn", "PER"), ("Ann", "PER")]
    assert isinstance(broken, Rejection)
    assert broken.line == 17
    assert spans(nothing) == []
    assert nothing.meta["conll"]["document"] == 2


def test_a_number_sign_may_be_a_token(tmp_path):
    (tmp_path / "a.conll").write_text("# # O O\n1 CD I-NP B-NUM\n\nb NN O O\n")
    first, _ = records(tmp_path / "a.conll")
    assert (first.text, spans(first)) == ("# 1", [("1", "NUM")])


def test_chinese_characters_stand_without_spaces():
    first, second = records(CONLL / "msra.bmes")
    assert first.text == "我在北京用iPhone 15 😀"
    assert spans(first) == [("北京", "LOC"), ("iPhone", "OBJ")]
    assert (second.text, spans(second)) == ("王小明。", [("王小明", "PER")])
    assert records(CONLL / "msra.bmes", "conll", joiner="space")[1].text == "王 小 明 。"
    assert records(CONLL / "msra.bmes", "conll", joiner="none")[0].text.endswith("15😀")


def test_a_comment_gives_the_text_if_the_tokens_are_in_it():
    first, second, third = records(CONLL / "comments.conll")
    assert (first.id, first.text, spans(first)) == ("r1", "He  said: Cafe\u0301s!", [("Cafe\u0301s", "X")])
    assert (second.id, second.text, spans(second)) == ("r2", " a\r\nb", [("a\r\nb", "X")])
    assert (third.id, third.text, spans(third)) == ("r3", "a b", [("b", "Y")])


ONE = [(0, 1, "A"), (1, 3, "A"), (3, 4, "B"), (5, 8, "B")]  # two of a label side by side, one token alone, a longer one


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_says_the_same(scheme):
    text = "a b c d e f g h"
    tokens = tokens_of(text, "whitespace")
    marked = [{"start": tokens[one][0], "end": tokens[end - 1][1], "label": label} for one, end, label in ONE]
    tags = tags_of(tokens, marked, scheme, Counter())
    assert reading.spans_of(tags, scheme, strict=True) == ONE
    assert reading.scheme_of([tags, ["O"]]) == scheme


def test_the_schemes_are_written_as_their_papers_have_them():
    tokens = tokens_of("a b c d", "whitespace")
    marked = [{"start": 0, "end": 3, "label": "X"}, {"start": 4, "end": 5, "label": "X"}]
    written = {scheme: " ".join(tags_of(tokens, marked, scheme, Counter())) for scheme in SCHEMES}
    assert written == {
        "iob2": "B-X I-X B-X O", "iob1": "I-X I-X B-X O", "bilou": "B-X L-X U-X O", "iobes": "B-X E-X S-X O",
        "bmes": "B-X E-X S-X O",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["I-A", "I-A", "O", "I-B", "B-B"], "iob1"), (["B-A", "I-A", "O", "B-B"], "iob2"),
        (["B-A", "O", "I-B"], "iob2"), (["U-A", "O"], "bilou"), (["B-A", "L-A"], "bilou"), (["S-A", "O"], "iobes"),
        (["B-A", "M-A", "E-A"], "bmes"), (["A", "A", "O", "B"], "io"), (["O", "O"], "iob2"), ([], "iob2"),
    ],
)  # fmt: skip
def test_the_scheme_is_told_by_the_letters(tags, scheme):
    assert reading.scheme_of([tags]) == scheme


@pytest.mark.parametrize(
    ("tags", "scheme", "expected", "at"),
    [
        (["O", "I-A", "I-A"], "iob2", [(1, 3, "A")], 1),
        (["B-A", "I-B"], "iob2", [(0, 1, "A"), (1, 2, "B")], 1),
        (["B-A", "O"], "iobes", [(0, 1, "A")], 0),
        (["E-A"], "iobes", [(0, 1, "A")], 0),
        (["B-A", "I-A", "B-A", "L-A"], "bilou", [(0, 2, "A"), (2, 4, "A")], 1),
    ],
)
def test_a_tag_that_goes_on_with_nothing_begins_or_is_rejected(tags, scheme, expected, at):
    assert reading.spans_of(tags, scheme) == expected
    with pytest.raises(reading.Irregular) as error:
        reading.spans_of(tags, scheme, strict=True)
    assert error.value.at == at


def test_the_rejection_names_the_line(tmp_path):
    (tmp_path / "a.conll").write_text("a O\nb B-X\n\nc O\nd I-X\n\ne O\n")
    first, bad, last = found(tmp_path / "a.conll", "conll", inside="reject", scheme="iob2")
    assert (bad.line, first.text, last.text) == (5, "a b", "e")
    assert spans(records(tmp_path / "a.conll", "conll", scheme="iob2")[1]) == [("d", "X")]


def test_another_column_may_be_the_tag(tmp_path):
    (tmp_path / "a.conll").write_text("a\tB-X\tNN\nb\tO\tVB\n\nc\tO\tNN\n")
    one, other = records(tmp_path / "a.conll", "conll", column=2)
    assert (spans(one), one.meta) == ([("a", "X")], {"conll": {"column 3": ["NN", "VB"]}})
    assert spans(other) == []
    assert records(tmp_path / "a.conll", "conll", column=2, untagged=False)[1].answers == []


# --- CoNLL-U ------------------------------------------------------------------------------------------------------------


def test_conllu_gives_text_spans_and_columns():
    first, chinese, broken, rebuilt = found(CONLLU)
    assert (first.id, first.text) == ("a-1", "Don't go to Berlin 😀.")
    assert spans(first) == [("Berlin", "LOC")]
    meta = first.meta["conllu"]
    assert meta["form"] == ["Do", "n't", "go", "to", "Berlin", "😀", "."]
    assert meta["upos"][:3] == ["AUX", "PART", "VERB"]
    assert meta["comments"] == {"newdoc id": "d1"}
    assert (chinese.text, spans(chinese)) == ("我在北京。", [("北京", "LOC")])
    assert isinstance(broken, Rejection)
    assert broken.line == 21
    assert (rebuilt.text, rebuilt.answers) == ("a  \nb", [])


def test_parts_of_speech_can_be_marked():
    first = records_of(CONLLU, upos=True)[0]
    assert spans(first, "upos")[:4] == [("Don't", "AUX"), ("Don't", "PART"), ("go", "VERB"), ("to", "ADP")]


def records_of(path: Path, **settings: Any) -> list[Found]:
    return [one for one in found(path, "conllu", **settings) if isinstance(one, Found)]


def test_the_words_are_those_that_the_conllu_library_reads():
    text = CONLLU.read_text(encoding="utf-8").replace("1\tx\ty\n", "1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n")
    for sentence, ours in zip(conllu.parse(text)[:2], records_of(CONLLU), strict=False):
        words = [word["form"] for word in sentence if isinstance(word["id"], int)]
        assert ours.meta["conllu"]["form"] == words


# --- in, out, and in again ----------------------------------------------------------------------------------------------


def marked(text: str, *places: tuple[str, str], annotator: str = "ana") -> dict[str, Any]:
    value = []
    for surface, label in places:
        start = text.index(surface)
        value.append({"start": start, "end": start + len(surface), "label": label, "text": surface})
    return {"annotator": annotator, "question": "ents", "state": "submitted", "value": value}


TEXTS = ["Rome 😀 and  Zu\u0308rich,\r\nboth!", "我在北京 and Paris。", " lead", "# id = x", "-DOCSTART- x", "a\u00a0b", "O O",
         "U.S. don't 3.5%", "\ufeffx", "tab\there", "   "]  # fmt: skip


def made(store: Any, tmp_path: Path, *own: dict[str, Any]) -> None:
    project = projects.get_or_create(store, "one")
    definition = {"questions": [{"kind": "spans", "name": "ents", "labels": ["A", "B C"]}], "fields": ["text"]}
    projects.save_task(store, project.id, name="t", kind="custom", definition=definition)
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(OWN | one) + "\n" for one in own))
    move_in(store, tmp_path / "own.jsonl", "one")


@pytest.mark.parametrize("format_name", ["conll", "conllu"])
@pytest.mark.parametrize("tokens", HOW)
def test_our_own_file_comes_back_as_it_was(format_name, tokens, store, tmp_path):
    places = {0: [("Rome", "A"), ("Zu\u0308rich", "B")], 1: [("Paris", "A")], 4: [("x", "A")]}
    made(store, tmp_path, *[{"id": f"r {n}", "text": text, "annotations": [
        marked(text, *(places.get(n, []) if tokens == "words" else []))]} for n, text in enumerate(TEXTS)])  # fmt: skip
    losses = move_out(store, "one", tmp_path / "out.x", format_name, tokens=tokens)
    wordless = format_name == "conllu"
    assert losses == {"names of annotators": len(TEXTS)} | ({"texts without a word": 1} if wordless else {})
    result = move_in(store, tmp_path / "out.x", "two", format=format_name)
    assert result["rejected"] == 0
    again = rows(store, "two")
    first = [row for row in rows(store, "one") if not wordless or row["text"].strip()]
    assert [(row["id"], row["text"]) for row in again] == [(row["id"], row["text"]) for row in first]
    assert [[value for _, _, value in answers(row)] for row in again] == [
        [value for _, _, value in answers(row)] for row in first
    ]


def test_what_cannot_be_written_is_counted(store, tmp_path):
    text = "New York Times reader"
    nested = marked(text, ("New York", "A"), ("New York Times", "B C"), ("read", "A"))
    nested["value"].sort(key=lambda one: (one["start"], one["end"]))
    made(store, tmp_path, {"id": "1", "text": text, "annotations": [nested], "meta": {"a": 1}, "split": "test"},
         {"id": "2", "text": "x", "annotations": []})  # fmt: skip
    losses = move_out(store, "one", tmp_path / "out.conll", "conll", separator="tab", comments=False)
    assert losses == {
        "names of annotators": 1, "metadata": 1, "splits": 1, "records without an answer that the format can hold": 1,
        "spans that overlap another": 1, "spans that begin or end inside a token": 1,
        "labels with a space, written with _": 1, "ids": 1, "texts, of which only the tokens are written": 1,
    }  # fmt: skip
    assert (tmp_path / "out.conll").read_text() == "New\tB-B_C\nYork\tI-B_C\nTimes\tI-B_C\nreader\tO\n\n"


@pytest.mark.parametrize("format_name", ["conll", "conllu"])
def test_two_people_come_back_by_name(format_name, store, tmp_path):
    both = [marked("Rome, Paris", ("Rome", "A")), marked("Rome, Paris", ("Paris", "A"), annotator="小明")]
    made(store, tmp_path, {"id": "1", "text": "Rome, Paris", "annotations": both})
    assert move_out(store, "one", tmp_path / "o", format_name, people="each") == {}
    move_in(store, tmp_path / "o", "two")
    (row,) = rows(store, "two")
    assert [(who, value) for who, _, value in answers(row)] == [("ana", both[0]["value"]), ("小明", both[1]["value"])]


def test_the_conllu_library_reads_what_is_written(store, tmp_path):
    text = TEXTS[0]
    made(store, tmp_path, {"id": "1", "text": text, "annotations": [marked(text, ("Rome", "A"))]})
    move_out(store, "one", tmp_path / "out.conllu", "conllu")
    (sentence,) = conllu.parse((tmp_path / "out.conllu").read_text(encoding="utf-8"))
    assert sentence.metadata["sent_id"] == "1"
    assert [word["form"] for word in sentence] == ["Rome", "😀", "and", "Zu\u0308rich", ",", "both", "!"]
    assert sentence[0]["misc"] == {"NER": "B-A"}
    assert sentence[3]["misc"]["SpaceAfter"] == "No"


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=30), how=st.sampled_from(HOW))
def test_between_tokens_is_only_white_space(text, how):
    tokens = tokens_of(text, how)
    assert not any(regex.search(r"\s", text[start:end]) for start, end in tokens)
    kept = "".join(text[start:end] for start, end in tokens)
    assert "".join(kept.split()) == "".join(text.split())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.sampled_from(["a O", "b B-X", "c\tI-X", "", "# id = 1", "# text = a b", "-DOCSTART- O", "O", "x -",
                                    "1\ta\t_\tX\t_\t_\t_\t_\t_\tNER=B-X", "1-2\tab\t_\t_\t_\t_\t_\t_\t_\t_", "\x00"])),
    raw=st.binary(max_size=60), name=st.sampled_from(["conll", "conllu"]),
)  # fmt: skip
def test_no_file_breaks_the_reader(tmp_path, lines, raw, name):
    (tmp_path / "a").write_text("\n".join(lines))
    (tmp_path / "b").write_bytes(raw)
    for file in ("a", "b"):
        try:
            source = open_source(tmp_path / file)
            importer = importers.get(name)()
            importer.claims(source)
            assert all(isinstance(one, Found | Rejection) for one in importer.parse(source))
        except FileRefused:
            pass
