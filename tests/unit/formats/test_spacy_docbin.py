"""spaCy's DocBin: a file that spaCy wrote, bytes that nobody wrote, and that what leaves comes back."""

from __future__ import annotations

import json
import random
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain import WorkbenchError
from pipeline.importers import choose, open_source
from tests.foreign import DATA, asks, bring, broken, by_person, held, leave, marks, read_through, said

spacy = pytest.importorskip("spacy")
srsly = pytest.importorskip("srsly")
FILE = DATA / "spacy" / "made.spacy"
once = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def docs(path: Path) -> list:
    return list(spacy.tokens.DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def own(path: Path, rows: list[dict]) -> Path:
    """Records of Winnow's own format in a file."""
    plain = {"meta": {}, "split": None, "status": "active", "parent": None, "annotations": [], "suggestions": []}
    path.write_text("".join(json.dumps(plain | row) + "\n" for row in rows), encoding="utf-8")
    return path


def answer(who: str, question: str, value: object) -> dict:
    return {"annotator": who, "question": question, "state": "submitted", "value": value}


def spans(text: str, *found: tuple[int, int, str]) -> list[dict]:
    return [{"start": start, "end": end, "label": label, "text": text[start:end]} for start, end, label in found]


def test_each_document_becomes_what_it_says(store, tmp_path):
    result = bring(store, FILE)
    assert (result["format"], result["records"], result["unit"]) == ("spacy", 6, "code points")
    rows = list(held(store, tmp_path).values())
    one, two, three, four, five, six = ([*said(row).values()] or [{}] for row in rows)
    assert marks(one[0]["ents"]) == [("Sasha Smith", "PERSON"), ("New York City", "GPE")]
    assert marks(one[0]["sc"]) == [("New York", "STATE"), ("New York City", "GPE")]
    assert (marks(two[0]["ents"]), two[0]["cats"]) == ([("北京", "地点")], ["新闻"])
    assert three[0] == {"ents": []}  # looked at, and nothing found
    assert (rows[3]["text"], four[0]) == ("cafe\u0301\r\nnoir  x", {"cats": ["新闻", "体育"]})
    assert five[0] == {}
    assert [(one["source"], one["value"], one["score"]) for one in rows[4]["suggestions"]] == [("spacy", ["新闻"], 0.7)]
    assert (rows[5]["text"], six[0]) == ("no spaces known", {})
    assert result["losses"] == {
        "data of programs (user_data)": 1, "categories of which none is given": 1,
        "texts whose spaces the file does not know, written between all words": 1,
    }  # fmt: skip


def test_what_leaves_comes_back(store, tmp_path):
    bring(store, FILE)
    losses = leave(store, "p", "spacy", tmp_path / "out.spacy")
    assert losses == {
        "suggestions": 1, "times of answers": 4,
        "spans that overlap others, which are no entities but only in the group": 1,
    }  # fmt: skip
    result = bring(store, tmp_path / "out.spacy", "q", new_labels="add")
    assert (result["records"], result["rejected"], result["losses"]) == (6, 0, {})
    before, after = held(store, tmp_path), held(store, tmp_path, "q")
    assert list(before) == list(after)
    for name, row in before.items():
        assert (row["text"], by_person(row)) == (after[name]["text"], by_person(after[name]))


def test_spans_off_the_words_are_counted_and_listed(store, tmp_path):
    text = "Unhappy 北京人 e\u0301"
    marked = spans(text, (0, 2, "NEG"), (2, 7, "MOOD"), (8, 10, "地点"), (12, 13, "E"))
    rows = [
        {
            "id": "1",
            "text": text,
            "meta": {"a": [1]},
            "split": "test",
            "annotations": [answer("ana", "entities", marked)],
        }
    ]
    bring(store, own(tmp_path / "own.jsonl", rows), task="entities")
    losses = leave(store, "p", "spacy", tmp_path / "out.spacy")
    assert losses["spans that are no whole words of the tokenizer"] == 2
    (doc,) = docs(tmp_path / "out.spacy")
    assert [(one.text, one.label_) for one in doc.spans["sc"]] == [("北京", "地点"), ("e", "E")]
    assert doc.text == text
    bring(store, tmp_path / "out.spacy", "q")
    row = held(store, tmp_path, "q")["1"]
    assert (row["split"], row["meta"]) == ("test", {"a": [1]})
    assert said(row) == {"ana": {"entities": marked}}
    losses = leave(store, "p", "spacy", tmp_path / "zh.spacy", tokens="zh")
    assert "spans that are no whole words of the tokenizer" not in losses


def test_a_span_stays_where_it_is_in_every_tokenizer(store, tmp_path):
    text = "Don't 😀  go\r\nto 北京，now\u00a0ok? "
    marked = spans(text, (0, 5, "A"), (6, 7, "B"), (16, 18, "C"))
    bring(store, own(tmp_path / "own.jsonl", [{"id": "1", "text": text, "annotations": [answer("a", "entities", marked)]}]),
          task="entities")  # fmt: skip
    for language in ("auto", "en", "zh", "xx"):
        leave(store, "p", "spacy", tmp_path / f"{language}.spacy", tokens=language)
        (doc,) = docs(tmp_path / f"{language}.spacy")
        assert doc.text == text
        assert {(one.start_char, one.end_char, one.label_) for one in doc.spans["sc"]} <= {
            (one["start"], one["end"], one["label"]) for one in marked
        }


def test_entities_do_not_overlap_and_the_longest_stay(store, tmp_path):
    text = "New York City Hall"
    marked = spans(text, (0, 8, "STATE"), (0, 13, "GPE"), (4, 18, "FAC"), (14, 18, "HALL"))
    bring(store, own(tmp_path / "own.jsonl", [{"id": "1", "text": text, "annotations": [answer("a", "entities", marked)]}]),
          task="entities")  # fmt: skip
    leave(store, "p", "spacy", tmp_path / "out.spacy")
    (doc,) = docs(tmp_path / "out.spacy")
    assert [(one.text, one.label_) for one in doc.ents] == [("New York City", "GPE"), ("Hall", "HALL")]
    assert len(doc.spans["sc"]) == 4


def test_labels_become_categories_with_all_that_were_not_chosen(store, tmp_path):
    rows = [{"id": name, "text": "t", "annotations": [answer(who, "label", label) for who, label in said]}
            for name, said in {"1": [("a", "x")], "2": [("a", "y"), ("b", "x")], "3": []}.items()]  # fmt: skip
    bring(store, own(tmp_path / "own.jsonl", rows))
    losses = leave(store, "p", "spacy", tmp_path / "out.spacy")
    assert losses["records whose annotators disagree, written with one answer"] == 1
    assert [doc.cats for doc in docs(tmp_path / "out.spacy")] == [{"x": 1, "y": 0}, {"x": 1, "y": 0}, {}]
    leave(store, "p", "spacy", tmp_path / "each.spacy", people="each")
    assert len(docs(tmp_path / "each.spacy")) == 4
    bring(store, tmp_path / "each.spacy", "q")
    assert {name: said(row) for name, row in held(store, tmp_path, "q").items()} == {
        "1": {"a": {"label": "x"}}, "2": {"a": {"label": "y"}, "b": {"label": "x"}}, "3": {}
    }  # fmt: skip
    assert asks(store, "q")["label"].kind == "choice"


def test_without_spacy_a_sentence_says_what_to_install(store, tmp_path, monkeypatch):
    bring(store, own(tmp_path / "own.jsonl", [{"id": "1", "text": "t"}]))
    for name in ("spacy", "spacy.strings", "spacy.tokens"):
        monkeypatch.setitem(sys.modules, name, None)
    assert choose(open_source(FILE)).name == "spacy"
    with pytest.raises(WorkbenchError, match="pip install spacy"):
        bring(store, FILE, "q")
    with pytest.raises(WorkbenchError, match="pip install spacy"):
        leave(store, "p", "spacy", tmp_path / "out.spacy")


def test_nothing_in_a_file_is_run(store, tmp_path):
    """Documents with data of programs that a careless reader would unpickle."""
    message = srsly.msgpack_loads(zlib.decompress(FILE.read_bytes()))
    trap = tmp_path / "trap"
    pickled = b"cposix\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR."
    evil = {b"nd": True, b"type": "O", b"kind": b"O", b"shape": (1,), b"data": pickled, "nd": True, "data": pickled}
    message["user_data"] = [srsly.msgpack_dumps(evil)] * 6
    (tmp_path / "x.spacy").write_bytes(zlib.compress(srsly.msgpack_dumps(message)))
    assert bring(store, tmp_path / "x.spacy")["records"] == 6
    assert not trap.exists()


def test_a_small_file_that_unpacks_to_much_is_refused(store, tmp_path):
    message = {"version": "0.1", "attrs": [65], "tokens": b"\0" * 3_000_000}
    (tmp_path / "x.spacy").write_bytes(zlib.compress(srsly.msgpack_dumps(message)))
    with pytest.raises(WorkbenchError, match="unpacks to more than 1 MB"):
        bring(store, tmp_path / "x.spacy", max_mb=1)


PARTS = ["attrs", "tokens", "spaces", "lengths", "strings", "cats", "flags", "span_groups", "user_data"]
ODD = st.sampled_from([None, b"", b"\x01", [], [65], [65, 78, 79], {}, {"a": 1}, "x", -1, 2**63, [b"\x81\xa1a\xc0"] * 6,
                       ["", None], [{}] * 6, [[]] * 6, b"\xff" * 8, b"\xff" * 24])  # fmt: skip


@once
@given(part=st.sampled_from(PARTS), value=ODD)
def test_parts_that_do_not_fit_are_refused_or_read(part, value, tmp_path):
    message = srsly.msgpack_loads(zlib.decompress(FILE.read_bytes()))
    if value is None:
        del message[part]
    else:
        message[part] = value
    (tmp_path / "x.spacy").write_bytes(zlib.compress(srsly.msgpack_dumps(message)))
    read_through(tmp_path / "x.spacy", "spacy")


@once
@given(seed=st.integers(0, 10**6), inside=st.booleans())
def test_a_damaged_file_is_refused_or_read(seed, inside, tmp_path):
    data = FILE.read_bytes()
    if inside:  # in the bytes of tokens, lengths and spans, where only numbers change
        made = bytearray(zlib.decompress(data))
        dice = random.Random(seed)
        for _ in range(4):
            made[dice.randrange(len(made))] = dice.randrange(256)
        data = zlib.compress(bytes(made))
    (tmp_path / "x.spacy").write_bytes(data if inside else broken(data, seed))
    read_through(tmp_path / "x.spacy", "spacy")
