"""The files of an import, looked at before a row is written: their formats, their columns, and how what other tools
have to say fits the questions of the project.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.domain import WorkbenchError
from pipeline.importers import Columns, FileRefused, Limits, Source, choose, open_source
from pipeline.importers.answers import Answering, is_own
from pipeline.importers.base import Batch, Importer, is_foreign
from pipeline.importers.columns import fields_in, resolve
from pipeline.importers.fit import NONE as LEFT_OUT
from pipeline.importers.fit import Fit, matched, strange_labels
from pipeline.importers.foreign import Survey, rows, survey
from pipeline.importers.inputs import Input
from pipeline.importers.preview import first_rows
from pipeline.importers.rows import Reading
from pipeline.questions import Question, fields_read
from pipeline.tasks import fields_wanted
from pipeline.units import UNITS

if TYPE_CHECKING:  # what the user said of an import; that module is made of this one
    from pipeline.verbs.import_file import Import

OWN = Columns("text", "", "id", "split")  # what Winnow's own format calls them
OWN_COLUMNS = {"text": "text", "label": "", "id": "id", "split": "split"}
LISTED = 20  # labels that a sentence lists


@dataclass(frozen=True, slots=True)
class Opened:
    """A file at its beginning: how it is read, and which question its label column answers. `foreign` files are of
    another tool, `own` ones of Winnow."""

    source: Source
    importer: Importer
    first: Batch
    columns: Columns
    target: Question | None
    own: bool
    foreign: bool = False

    @property
    def answered(self) -> bool:
        """Whether the file, if it is of no other tool, may hold answers that are taken."""
        return self.own or bool(self.columns.label)

    def batches(self, fit: Fit) -> Iterator[Batch]:
        """All its rows."""
        return rows(self.importer, self.source, fit) if self.foreign else self.importer.read(self.source)  # type: ignore[arg-type]  # is_foreign told them apart

    def reading(self, answering: Answering, definition: Mapping[str, Any], questions: Sequence[Question]) -> Reading:
        told = self.own or self.foreign
        found = {} if told else fields_in(self.first.rows, fields_wanted(definition), self.columns)
        name = self.target.name if self.target else ""
        return Reading(
            self.columns, answering, name, found, tuple(fields_read(questions)), own=told, split=self.source.split
        )


@dataclass(slots=True)
class Files:
    """All files of an import, opened; `survey` is what the foreign ones hold together."""

    opened: list[Opened] = field(default_factory=list)
    survey: Survey = field(default_factory=Survey)

    @property
    def foreign(self) -> bool:
        return any(one.foreign for one in self.opened)

    def made(self, wishes: Import) -> dict[str, Any] | None:
        """The task that asks what the foreign files answer, without what is left out; None if they answer nothing."""
        plain = self.survey.definition()
        if plain is None:
            return None
        gone = {name for name, ours in wishes.questions.items() if ours == LEFT_OUT}
        kept = [one for one in plain["questions"] if one["name"] not in gone and one.get("spans") not in gone]
        named = [one | {"labels": _mapped(one["labels"], wishes)} if "labels" in one else one for one in kept]
        return {**plain, "questions": named} if named else None

    def fit(self, wishes: Import, questions: Sequence[Question], by: str, *, new: bool) -> Fit:
        """How the foreign files are read into these questions, of a task that is `new` or there. Raises FileRefused for
        what nobody has decided yet."""
        name = next(one.source.name for one in self.opened if one.foreign)
        theirs = {one["name"]: one["kind"] for one in (self.survey.definition() or {}).get("questions", ())}
        leave = wishes.label_column == LEFT_OUT
        names, kinds = ({}, {}) if leave else matched(theirs, questions, wishes.questions, name)
        source = f"import:{name}" if wishes.as_suggestions else ""
        fit = Fit("", by, names, kinds, theirs, wishes.labels, source, leave)
        if not (wishes.new_labels or leave or new):
            self._ask(fit, questions, name)
        return fit

    def units(self, wishes: Import) -> dict[str, str]:
        """The unit of the offsets of each foreign format: the one that is wished for, unless its texts say another,
        else the one that is sure. Raises FileRefused if there is none such."""
        names = {one.importer.name: one.source.name for one in reversed(self.opened) if one.foreign}
        if wishes.unit and wishes.unit not in UNITS:
            raise FileRefused(f"'{wishes.unit}' is no unit of offsets. Units: {', '.join(UNITS)}.")
        found = {tool: self._unit(tool, wishes, name) for tool, name in names.items()}
        if wishes.unit and wishes.unit not in found.values():
            tool, unit = next(iter(found.items()))
            raise FileRefused(
                f"The spans of {names[tool]} read right by {unit}, not by {wishes.unit}. Leave the unit out."
            )
        return found

    def _unit(self, tool: str, wishes: Import, name: str) -> str:
        units = self.survey.formats[tool]
        if wishes.unit or units.is_sure():
            return wishes.unit if wishes.unit and units.agrees(wishes.unit) else units.best()
        readings = "; ".join(f"by {unit}: {units.samples[0][unit] or '-'}" for unit in UNITS)
        raise FileRefused(
            f"{name} does not say in which unit its offsets count, and it matters. The first span reads "
            f"{readings}. Name the unit that is right."
        )

    def _ask(self, fit: Fit, questions: Sequence[Question], name: str) -> None:
        strange = strange_labels(self.survey.labels, fit, questions)
        listed = [f"{label} ({n:,})" for counts in strange.values() for label, n in counts.items()]
        if listed:
            more = ["…"] if len(listed) > LISTED else []
            labels = ", ".join([*listed[:LISTED], *more])
            raise FileRefused(
                f"{name} has labels that the task does not: {labels}. Say whether they are "
                "added or rejected, or map each to one of the task's."
            )


def opened_files(
    inputs: Sequence[Input], wishes: Import, questions: Sequence[Question],
    watch: Callable[[str], None] = lambda _: None,
) -> Files:  # fmt: skip
    """Look at each file's beginning, and through the whole of one of another tool. `watch` is told the name of the
    file again and again; what it raises ends the look. Raises FileRefused."""
    found = Files()
    for one in inputs:
        opened = _opened(one, wishes, questions)
        if opened.foreign:
            survey(opened.importer, opened.source, found.survey, partial(watch, one.name))  # type: ignore[arg-type]  # is_foreign says that it is one
        found.opened.append(opened)
    if inputs and not found.foreign and (wishes.unit or wishes.questions or wishes.labels):
        raise WorkbenchError(
            f"{inputs[0].name} is not a file of another tool: no unit, questions or labels of it can be fitted. "
            "Leave them out."
        )
    return found


def _mapped(labels: Sequence[str], wishes: Import) -> list[str]:
    named = (wishes.labels.get(label, label) for label in labels)
    return list(dict.fromkeys(label for label in named if label != LEFT_OUT))


def _opened(one: Input, wishes: Import, questions: Sequence[Question]) -> Opened:
    source = open_source(one.path, one.name, wishes.encoding, Limits(file_mb=wishes.max_mb))
    source = dataclasses.replace(source, split=one.split, member=one.member)
    given = {"text": wishes.text_column, "label": wishes.label_column, "id": wishes.id_column,
             "split": wishes.split_column}  # fmt: skip
    named = any(column not in ("", LEFT_OUT) for column in given.values())
    importer = choose(source, wishes.format, wishes.settings, plain=named)
    if is_foreign(importer):
        if named:
            raise WorkbenchError(f"A file of the format {importer.name} has no columns to name. Leave them out.")
        return Opened(source, importer, Batch(), OWN, None, own=False, foreign=True)
    first = first_rows(importer, source)
    target = question_of(questions, wishes.label_column)
    if is_own(first.rows) and all(given[role] in ("", word) for role, word in OWN_COLUMNS.items()):
        if wishes.labels_by or wishes.as_suggestions:
            raise WorkbenchError(
                f"{source.name} says itself who gave which answer. Leave out whose answers or suggestions they are."
            )
        return Opened(source, importer, first, OWN, None, own=True)
    columns = resolve(first.rows, given, source.name, target.kind if target else "")
    wanted = bool(wishes.labels_by or wishes.as_suggestions or wishes.label_column)
    if wanted and not columns.label and wishes.label_column != LEFT_OUT:
        raise FileRefused(f"No column of {source.name} is plainly the label. Name the label column.")
    if wanted and columns.label and target is None:
        raise WorkbenchError("The task asks no question yet that labels could answer. Make its questions first.")
    columns = columns if wanted else dataclasses.replace(columns, label="")
    return Opened(source, importer, first, columns, target, own=False)


def question_of(questions: Sequence[Question], column: str) -> Question | None:
    """The question that the label column answers: that of its name, else the first that stands on its own."""
    alone = [question for question in questions if question.kind != "relations"]
    named = next((question for question in questions if question.name == column), None)
    return named or next(iter(alone), None)
