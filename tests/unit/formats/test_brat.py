"""brat's standoff format: what each line becomes, offsets that count otherwise, and that what leaves comes back."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain import WorkbenchError
from pipeline.importers import choose, open_source
from tests.foreign import DATA, bring, broken, by_person, held, leave, marks, read_through, said

FOLDER = DATA / "brat"
DOC1 = [
    ("Sasha", "Name"), ("Sasha Smith", "Person"), ("Paris", "Cities"), ("Paris", "City"), ("Rome", "Cities"),
    ("Rome.\r\nShe", "Both"), ("bought", "Buy"), ("Acme\u0301", "Org"), ("北京", "City"),
]  # fmt: skip
once = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def own(path: Path, rows: list[dict]) -> Path:
    """Records of Winnow's own format in a file."""
    plain = {"meta": {}, "split": None, "status": "active", "parent": None, "annotations": [], "suggestions": []}
    path.write_text("".join(json.dumps(plain | row) + "\n" for row in rows), encoding="utf-8")
    return path


def marked(who: str, *spans: tuple[int, int, str, str]) -> dict:
    value = [{"start": start, "end": end, "text": text, "label": label} for start, end, text, label in spans]
    return {"annotator": who, "question": "entities", "state": "submitted", "value": value}


def test_a_folder_of_documents_comes_in(store, tmp_path):
    result = bring(store, FOLDER)
    assert (result["format"], result["records"], result["task"]) == ("brat", 3, "relations")
    row = held(store, tmp_path)["doc1"]
    (answers,) = said(row).values()
    assert marks(answers["spans"]) == DOC1
    names = [span["label"] for span in answers["spans"]]
    arrows = {(names[one["from"]], one["label"], names[one["to"]]) for one in answers["relations"]}
    assert arrows == {
        ("Person", "LivesIn", "City"), ("Person", "Equiv", "Name"), ("Buy", "Buyer", "Person"), ("Buy", "Thing", "Org")
    }  # fmt: skip
    assert row["annotations"][0]["comment"] == "Sasha Smith: who is she?"
    assert row["meta"]["brat"]["lines"] == ["A1\tNegation E1", "N1\tReference T2 Wikipedia:90\tParis"]


def test_what_cannot_be_taken_is_named(store):
    result = bring(store, FOLDER)
    (rejection,) = result["rejections"]
    assert (rejection["line"], rejection["file"]) == (17, "doc1.ann")
    assert result["losses"] == {
        "spans of several pieces, taken as a span for each": 1,
        "spans whose text is not at their place": 1,
        "relations whose ends are not two spans": 1,
        "events, taken as relations from their triggers": 1,
        "attributes and normalisations, kept in the metadata": 2,
    }


def test_offsets_that_count_line_ends_as_one_or_utf16_units_are_known(store, tmp_path):
    bring(store, FOLDER)
    rows = held(store, tmp_path)
    (crlf,), (utf16,) = said(rows["crlf"]).values(), said(rows["utf16"]).values()
    assert marks(crlf["spans"]) == [("Two", "W"), ("Three", "W"), ("four", "W")]
    assert rows["crlf"]["text"] == "One\r\nTwo\r\nThree 😀 four"
    assert rows["crlf"]["meta"]["brat"]["offsets"] == "line ends of two characters counted as one"
    assert marks(utf16["spans"]) == [("bcd", "W")]


def test_one_file_is_read_with_the_text_beside_it(store, tmp_path):
    result = bring(store, FOLDER / "utf16.ann")
    assert (result["format"], result["records"]) == ("brat", 1)
    (tmp_path / "alone.ann").write_bytes((FOLDER / "utf16.ann").read_bytes())
    with pytest.raises(WorkbenchError, match=r"alone\.ann has no alone\.txt beside it"):
        bring(store, tmp_path / "alone.ann", "q")


def test_folders_may_name_people(store, tmp_path):
    for who in ("ana", "bob"):
        (tmp_path / "in" / who).mkdir(parents=True)
        (tmp_path / "in" / who / "d.txt").write_text("Rome 好", encoding="utf-8")
        (tmp_path / "in" / who / "d.ann").write_text("T1\tCity 0 4\tRome\n", encoding="utf-8")
    bring(store, tmp_path / "in", format="brat", settings={"folders": True})
    assert set(said(held(store, tmp_path)["d"])) == {"ana", "bob"}
    bring(store, tmp_path / "in", "q")
    assert set(held(store, tmp_path, "q")) == {"ana/d", "bob/d"}


def test_what_leaves_comes_back(store, tmp_path):
    bring(store, FOLDER)
    losses = leave(store, "p", "brat", tmp_path / "out.zip")
    assert losses == {"metadata": 3}
    result = bring(store, tmp_path / "out.zip", "q", new_labels="add")
    assert (result["records"], result["rejected"], result["losses"]) == (3, 0, {})
    before, after = held(store, tmp_path), held(store, tmp_path, "q")
    assert before["doc1"]["annotations"][0]["comment"] == "Sasha Smith: who is she?"
    for name, row in before.items():
        assert row["text"] == after[name]["text"]
        spans = [[one for one in by_person(each) if one[1] == "spans"] for each in (row, after[name])]
        assert [one[3] for one in spans[0]] == [one[3] for one in spans[1]]
        assert len(said(row)["imported"]) == len(said(after[name])["imported"])
    again = leave(store, "q", "brat", tmp_path / "again.zip")
    assert again == {}
    with zipfile.ZipFile(tmp_path / "out.zip") as one, zipfile.ZipFile(tmp_path / "again.zip") as two:
        assert [one.read(name) for name in one.namelist() if name.endswith("n")] == [
            two.read(name) for name in two.namelist() if name.endswith("n")
        ]


def test_people_disagree_or_have_folders(store, tmp_path):
    said_so = [marked("ana", (0, 4, "Rome", "City")), marked("ana b", (0, 1, "R", "Big city"))]
    rows = [{"id": "很好", "text": "Rome 😀", "annotations": said_so}, {"id": "2", "text": "b", "meta": {"a": 1}}]
    bring(store, own(tmp_path / "own.jsonl", rows), task="entities")
    losses = leave(store, "p", "brat", tmp_path / "most.zip")
    assert losses["records whose annotators disagree, written with one answer"] == 1
    losses = leave(store, "p", "brat", tmp_path / "each.zip", people="each")
    assert losses == {
        "ids and names that a file cannot have, written otherwise": 2, "labels written with underscores": 1, "metadata": 1
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "each.zip") as archive:
        names = archive.namelist()
        assert sorted(names) == ["2.ann", "2.txt", "ana/_.ann", "ana/_.txt", "ana_b/_.ann", "ana_b/_.txt",
                                 "annotation.conf"]  # fmt: skip
        assert archive.read("ana/_.ann") == b"T1\tCity 0 4\tRome\n"
        assert archive.read("ana_b/_.ann") == b"T1\tBig_city 0 1\tR\n"
        conf = archive.read("annotation.conf").decode()
        assert all(f"[{section}]" in conf for section in ("entities", "relations", "events", "attributes"))
        assert "\nBig_city\n" in conf


def test_a_text_that_nobody_marked_is_a_record_too(store, tmp_path):
    rows = [
        {"id": "1", "text": "Rome 好", "annotations": [marked("ana", (0, 4, "Rome", "City"))]},
        {"id": "2", "text": "b\nc"},
    ]
    bring(store, own(tmp_path / "own.jsonl", rows), task="entities")
    assert leave(store, "p", "brat", tmp_path / "out.zip") == {}
    result = bring(store, tmp_path / "out.zip", "q")
    assert (result["records"], result["annotations"]) == (2, 1)
    assert held(store, tmp_path, "q")["2"]["text"] == "b\nc"


def test_names_in_the_archive_leave_no_folder(store, tmp_path):
    ids = ["../up", "/etc/passwd", "C:\\x", "a", "A", ".hidden", "..", "a/b", "x" * 300, "nul\tl"]
    bring(store, own(tmp_path / "own.jsonl", [{"id": name, "text": f"t {name}"} for name in ids]))
    leave(store, "p", "brat", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
        assert len({name.lower() for name in names}) == len(names) == 2 * len(ids) + 1
        assert not any("/" in name or "\\" in name or name.startswith(".") or len(name) > 110 for name in names)
        texts = {archive.read(name).decode() for name in names if name.endswith(".txt")}
    assert texts == {f"t {name}" for name in ids}


def test_it_is_known_by_its_lines(tmp_path):
    assert choose(open_source(FOLDER / "doc1.ann")).name == "brat"
    (tmp_path / "a.txt").write_bytes((FOLDER / "doc1.ann").read_bytes())
    assert choose(open_source(tmp_path / "a.txt")).name == "txt"


LINES = st.lists(
    st.sampled_from(
        ["T1\tA 0 4\tRome", "T2\tB 5 6\t😀", "T3\tA 0 4;5 6\tRome 😀", "T4\tA 9 2\tx", "T1\tC 0 999999999\t", "R1\tX Arg1:T1 Arg2:T2",
         "R2\tX Arg1:T1 Arg2:T9", "E1\tA:T1 Role:E2", "E2\tA:E1 Role2:T2", "*\tEquiv T1 T2 T9", "#1\tNote E1\thm", "A1\tNeg",
         "N1\t", "T5\tA 0 4", "\ufeff", "T6\tA 99999999999999999999 4\tq", "# 好", "T7\tA 1 1\t", "R\tX Arg1:T1"]
    ) | st.text(max_size=12), max_size=9,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, text=st.sampled_from(["Rome 😀 x", "R\r\nome\r\n", "", "\ufeffRome", "e\u0301\r\n"]))
def test_near_shapes_are_refused_or_read(lines, text, tmp_path):
    (tmp_path / "x.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "x.ann").write_text("\n".join(lines), encoding="utf-8", errors="replace", newline="")
    read_through(tmp_path / "x.ann", "brat")


@once
@given(seed=st.integers(0, 10**6))
def test_a_damaged_file_is_refused_or_read(seed, tmp_path):
    (tmp_path / "x.ann").write_bytes(broken((FOLDER / "doc1.ann").read_bytes(), seed))
    (tmp_path / "x.txt").write_bytes(broken((FOLDER / "doc1.txt").read_bytes(), seed + 1))
    read_through(tmp_path / "x.ann", "brat")
