"""The records of a project as columns, for tables: the answer of most to each question, who answered, and how much of
it a table leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.store.database import Store
from pipeline.store.export_parts import SIZE, Leaving, Part, walk
from pipeline.store.exports import TASKS, WHEN, leaving_sql, stand

Array = NDArray[Any]
TEXT = pa.string()
TOLD = "CASE {type} WHEN 'VARCHAR' THEN {value}->>'$' WHEN 'NULL' THEN NULL ELSE {value}::VARCHAR END"
# What stands: a row an annotator, record and question; a skip or a draft without words has no question.
_TABLE = """
a.record_id, p.called AS annotator, e.key AS question, a.state, {told} AS value, e.type = 'VARCHAR' AS is_text,
a.comment <> '' AS commented, p.made AS simulated
"""
_LISTED = f"""
, {WHEN} AS created_at, CASE WHEN length(a.comment) > 0 THEN a.comment END AS comment,
CASE WHEN length(a.reason) > 0 THEN a.reason END AS reason,
CASE WHEN a.flagged THEN true END AS flagged, CASE WHEN p.made THEN true END AS simulated
"""
_ANSWERS = """
SELECT {columns} FROM annotation_event a JOIN _standing s ON s.id = a.id LEFT JOIN json_each(a.value) e ON true
JOIN _people p ON p.name = a.annotator
WHERE a.record_id BETWEEN $low AND $high ORDER BY a.record_id, a.id, e.id
"""
_HINTS = f"""
SELECT h.record_id, source, question, {TOLD.format(type="json_type(value)", value="value")} AS value, score
FROM suggestion_now h JOIN _leaving w ON w.id = h.record_id
WHERE h.record_id BETWEEN $low AND $high AND task_id IN {TASKS} ORDER BY h.record_id, h.id
"""
ANSWER = pa.schema(
    [("annotator", TEXT), ("question", TEXT), ("state", TEXT), ("value", TEXT), ("created_at", TEXT), ("comment", TEXT),
     ("reason", TEXT), ("flagged", pa.bool_()), ("simulated", pa.bool_())]
)  # fmt: skip
HINT = pa.schema([("source", TEXT), ("question", TEXT), ("value", TEXT), ("score", pa.float64())])
_RECORD = pa.field("record_id", pa.int64())
_MORE = [_RECORD, pa.field("is_text", pa.bool_()), pa.field("commented", pa.bool_())]


def tables(
    store: Store, project_id: int, leaving: Leaving, questions: Sequence[str], *, lists: bool, size: int = SIZE
) -> Iterator[pa.Table]:
    """The records in id order: id (the file's own), text, fields and meta (JSON text), split, status, parent; the
    columns `answer 0` and so on, the answer of most to each of the questions as text; disputed, to how many questions
    people gave different ones. With `lists` also annotations and suggestions as lists of structs; without, names (of
    those who answered) and the counts unfinished, comments, unasked and hints of what is not in the table."""

    def made(part: Part) -> pa.Table:
        found = part.ordered(leaving_sql(part.held))
        answers = _answers(part, lists=lists)
        hints = part.query(_HINTS) if leaving.suggestions and "hints" in part.held else _none(HINT, [_RECORD])
        columns, disputed = _cells(part, answers, questions)
        for number, column in enumerate(columns):
            found = found.append_column(f"answer {number}", column)
        found = found.append_column("disputed", pa.array(disputed))
        if not lists:
            for name, column in _rest(part, answers, hints, questions).items():
                found = found.append_column(name, column)
            return found
        for name, rows, schema in (("annotations", answers, ANSWER), ("suggestions", hints, HINT)):
            structs = pa.StructArray.from_arrays([rows[one].combine_chunks() for one in schema.names], schema.names)
            found = found.append_column(name, part.listed(rows, structs))
        return found

    return walk(store, project_id, leaving, size, made)


def _none(schema: pa.Schema, more: Sequence[pa.Field]) -> pa.Table:
    return pa.schema([*schema, *more]).empty_table()


def _answers(part: Part, *, lists: bool) -> pa.Table:
    """What stands, with the columns that a table needs, or all of ANSWER for `lists`."""
    if "answers" not in part.held:
        return _none(ANSWER, _MORE)
    stand(part)
    columns = _TABLE.format(told=TOLD.format(type="e.type", value="e.value"))
    columns = columns.replace(", p.made AS simulated", _LISTED) if lists else columns
    return part.query(_ANSWERS.format(columns=columns))


def _cells(part: Part, answers: pa.Table, questions: Sequence[str]) -> tuple[list[pa.Array], Array]:
    """The answer of most to each question, the latest where they tie, as exporters.base.verdict_of has it."""
    given = answers.filter(pc.equal(answers["state"], "submitted"))
    disputed = np.zeros(len(part.numbers), np.int64)
    columns = []
    for question in questions:
        rows = given.filter(pc.equal(given["question"], question))
        where, words = part.places(rows), rows["value"].combine_chunks().dictionary_encode("encode")
        codes = words.indices.to_numpy().astype(np.int64)
        is_text = rows["is_text"].to_numpy().astype(np.int64)  # the text '5' is another answer than the number 5
        width = 2 * (len(words.dictionary) + 1)
        kinds, own, votes = np.unique(where * width + 2 * codes + is_text, return_inverse=True, return_counts=True)
        order = np.lexsort((np.arange(len(where)), votes[own], where))  # of each record the last has most, latest
        last = np.flatnonzero(np.diff(where[order], append=-1))
        best = np.full(len(part.numbers), -1, np.int64)
        best[where[order][last]] = codes[order][last]
        columns.append(words.dictionary.take(pa.array(best, mask=best < 0)))
        disputed += np.bincount(kinds // width, minlength=len(disputed)) > 1
    return columns, disputed


def _rest(part: Part, answers: pa.Table, hints: pa.Table, questions: Sequence[str]) -> dict[str, pa.Array]:
    """Who answered, and of each record how much of each kind the columns leave out."""
    where = part.places(answers)
    submitted = pc.equal(answers["state"], "submitted").to_numpy()
    unasked = submitted & ~pc.is_in(answers["question"], pa.array(questions, pa.string())).to_numpy()

    def counted(places: Array) -> pa.Array:
        return pa.array(np.bincount(places, minlength=len(part.numbers)))

    return {
        "names": _names(part, answers, submitted), "unfinished": counted(where[~submitted]),
        "comments": counted(where[answers["commented"].to_numpy()]), "unasked": counted(where[unasked]),
        "hints": counted(part.places(hints)),
    }  # fmt: skip


def _names(part: Part, answers: pa.Table, submitted: Array) -> pa.Array:
    """Those who submitted an answer, once each, in the order of their answers."""
    made = pc.binary_join_element_wise(answers["annotator"], "(simulated)", " ")
    shown = pc.if_else(pc.fill_null(answers["simulated"], fill_value=False), made, answers["annotator"])
    who = shown.combine_chunks().dictionary_encode()
    keys = part.places(answers) * (len(who.dictionary) + 1) + who.indices.to_numpy()
    first = pa.array(np.sort(np.flatnonzero(submitted)[np.unique(keys[submitted], return_index=True)[1]]))
    return pc.binary_join(part.listed(answers.take(first), who.take(first).dictionary_decode()), "; ")
