"""Whatever a project holds leaves as a file of Argilla, Prodigy, spaCy or brat and comes back, up to what is reported."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.exporters import Contents, exporters
from pipeline.importers import Limits, choose, open_source
from pipeline.importers.fit import Fit
from pipeline.importers.foreign import rows, survey
from pipeline.importers.inputs import gather
from pipeline.knobs import build
from pipeline.questions import Choice, Choices, Rating, Relations, Spans, Text

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a record is large, and shrinking it takes minutes
MOMENT = "2024-05-06T07:08:09Z"
LABELS = ("甲", "b b", "C😀", "=d")
ASKS = (
    Choice("tone", LABELS), Choices("topics", LABELS), Rating("stars", low=-2, high=7), Text("note"),
    Spans("entities", LABELS), Relations("links", LABELS, "entities"), Choice("SPAM", ("accept", "reject")),
)  # fmt: skip
pieces = st.sampled_from(
    ["😀", "👩‍👩‍👧", "中文", unicodedata.normalize("NFD", "é"), "\r\n", "\n", "a", "word ", " ", "  ", "\u2028", '"', "\\", "don't", "\t",
     "🇩🇪", "ไทย", ".", "\u00a0"]
)  # fmt: skip
texts = st.lists(pieces, min_size=1, max_size=10).map("".join).filter(str.strip)
people = st.lists(st.sampled_from(["ana", "贝拉", "c@d.org"]), max_size=3, unique=True)


@st.composite
def answers(draw: Callable[[Any], Any], text: str) -> dict[str, Any]:
    """What one person says of a text: none of the questions, some, or all."""
    found: dict[str, Any] = {}
    places = st.integers(0, len(text) - 1).flatmap(
        lambda start: st.tuples(st.just(start), st.integers(start + 1, len(text)), st.sampled_from(LABELS))
    )
    spans = [
        {"start": start, "end": end, "label": label, "text": text[start:end]}
        for start, end, label in sorted(draw(st.lists(places, max_size=4, unique=True)))
    ]
    found["entities"] = spans
    ends = st.integers(0, len(spans) - 1)
    arrows = st.tuples(ends, ends, st.sampled_from(LABELS)).filter(lambda one: one[0] != one[1])
    found["links"] = (
        [{"from": one, "to": two, "label": label} for one, two, label in sorted(draw(st.lists(arrows, max_size=3, unique=True)))]
        if len(spans) > 1 else []
    )  # fmt: skip
    found["tone"] = draw(st.sampled_from(LABELS))
    found["SPAM"] = draw(st.sampled_from(["accept", "reject"]))
    found["topics"] = [label for label in LABELS if draw(st.booleans())]
    found["stars"] = draw(st.integers(-2, 7))
    found["note"] = draw(texts).replace("\r\n", "\n")
    return {name: found[name] for name in draw(st.sets(st.sampled_from(sorted(found)), min_size=1))}


@st.composite
def record(draw: Callable[[Any], Any], number: int) -> dict[str, Any]:
    text, given = draw(texts), []
    for who in draw(people):
        if draw(st.integers(0, 4)) == 0:
            given.append({"annotator": who, "question": None, "state": "skipped", "value": None, "created_at": MOMENT})
            continue
        said = draw(answers(text))
        if "links" in said:
            said |= {"entities": said.get("entities", [])}
            size = len(said["entities"])
            said["links"] = [one for one in said["links"] if max(one["from"], one["to"]) < size]
        given += [
            {"annotator": who, "question": name, "state": "submitted", "value": value, "created_at": MOMENT}
            for name, value in said.items()
        ]
    return {"id": f"r{number}", "text": text, "meta": {"source": "wëb"}, "split": draw(st.sampled_from([None, "test"])),
            "status": "active", "parent": None, "annotations": given, "suggestions": []}  # fmt: skip


projects = st.integers(1, 3).flatmap(lambda size: st.tuples(*[record(number) for number in range(size)])).map(list)


def back(path: Path, folder: Path) -> Iterator[Mapping[str, Any]]:
    """The rows that the importer of a file makes of it."""
    for one in gather(path, folder, Limits()):
        source = open_source(one.path, one.name)
        importer = choose(source)
        units = survey(importer, source).units  # type: ignore[arg-type]
        assert units.is_sure()
        for batch in rows(importer, source, Fit(units.best(), "imported")):  # type: ignore[arg-type]
            assert batch.rejections == []
            yield from batch.rows


def said(row: Mapping[str, Any], names: tuple[str, ...], *, skips: bool) -> dict[tuple[str, str], Any]:
    return {
        (one["annotator"], one["question"] or ""): one["value"] for one in row["annotations"]
        if one["question"] in names or (skips and one["state"] == "skipped")
    }  # fmt: skip


def together(found: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows of one id as one, as the import joins them."""
    joined: dict[str, dict[str, Any]] = {}
    for row in found:
        before = joined.setdefault(row["id"], {**row, "annotations": []})
        assert before["text"] == row["text"]
        before["annotations"] = [*before["annotations"], *row["annotations"]]
    return joined


LINKS = ("entities", "links")
ALL = ("tone", "topics", "stars", "note", "entities", "SPAM")
CASES = [
    ("prodigy", (*ALL, "links"), True),
    ("argilla", ALL, True),
    ("spacy", ("tone", "topics", "entities", "SPAM"), False),
]


@pytest.mark.parametrize(("tool", "names", "skips"), CASES, ids=[case[0] for case in CASES])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
@given(project=projects)
def test_everybodys_answers_come_back(tool, names, skips, project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trip")
    exporter = build(exporters.get(tool), {"people": "each"})
    out = folder / f"x{exporter.suffix}"
    losses = exporter(Contents([project[:1], project[1:]], False, tuple(one.name for one in ASKS), ASKS), out)
    assert all(n > 0 for n in losses.values())
    after = together(list(back(out, folder)))
    assert list(after) == [row["id"] for row in project]
    for row in project:
        found = after[row["id"]]
        assert (found["text"], found["meta"].get("source")) == (row["text"], "wëb")
        assert said(found, names, skips=skips) == said(row, names, skips=skips)
        assert found["split"] == row["split"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
@given(project=projects)
def test_spans_and_relations_come_back_from_brat(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trip")
    out = folder / "x.zip"
    exporters.get("brat")(people="each")(Contents([project], False, (), ASKS), out)  # type: ignore[call-arg]
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for one in gather(out, folder, Limits()):
        if one.path.suffix == ".ann" and one.path.stat().st_size:  # an empty one is a text that nobody marked
            source = open_source(one.path, one.name)
            (batch,) = rows(choose(source), source, Fit(by="imported"))  # type: ignore[arg-type]
            (row,) = batch.rows
            found[one.path.parent.name, row["id"].rpartition("/")[2]] = row
    for row in project:
        spans = {who: value for (who, name), value in said(row, ("entities",), skips=False).items() if value}
        arrows = {who: value for (who, name), value in said(row, ("links",), skips=False).items()}
        before = [(_plain(value), _between(arrows.get(who, []), value)) for who, value in spans.items()]
        after = []
        for other in (other for (_, name), other in found.items() if name == row["id"]):
            assert other["text"] == row["text"]
            answers = said(other, ("spans", "relations"), skips=False)
            marked = answers["imported", "spans"]
            after.append((_plain(marked), _between(answers.get(("imported", "relations"), []), marked)))
        assert sorted(after) == sorted(before)


@pytest.mark.parametrize("tool", ["argilla", "brat", "prodigy", "spacy"])
def test_what_several_people_came_to_is_by_none_of_them(tool, tmp_path):
    """The rows of a version, whose answers are what several people's came to."""
    spans = [{"start": 0, "end": 4, "label": "甲", "text": "Rome"}]
    row = {"id": "1", "text": "Rome 好", "meta": {}, "split": "train", "status": "active", "parent": None, "label": None,
           "answers": {"entities": spans, "tone": None}, "annotators": ["ana", "bob"]}  # fmt: skip
    alone = {**row, "id": "2", "annotators": ["ana"]}
    out = tmp_path / f"x{exporters.get(tool).suffix}"
    losses = exporters.get(tool)()(Contents([[row, alone]], True, ("entities", "tone"), ASKS), out)
    assert losses["names of annotators"] == 2
    found = together(list(back(out, tmp_path)))
    name = "spans" if tool == "brat" else "entities"
    assert [list(said(one, (name,), skips=False).items()) for one in found.values()] == [
        [(("imported", name), spans)], [(("imported" if tool == "brat" else "ana", name), spans)]
    ]  # fmt: skip


def _plain(spans: Any) -> list[Any]:
    return sorted((one["start"], one["end"], one["text"], _label(one["label"])) for one in spans)


def _between(arrows: Any, spans: Any) -> list[Any]:
    """Relations by what they join: the order of spans is another where their labels are written otherwise."""
    return sorted((*_plain([spans[one["from"]]]), *_plain([spans[one["to"]]]), _label(one["label"])) for one in arrows)


def _label(label: str) -> str:
    return {"b b": "b_b", "C😀": "C_", "=d": "_d"}.get(label, label)
