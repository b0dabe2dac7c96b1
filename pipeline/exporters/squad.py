"""Questions on paragraphs as SQuAD has them: articles by title, paragraphs by text, a question a record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters.base import Contents, Row, exporters
from pipeline.exporters.given import EACH, PEOPLE, PEOPLE_HELP, counted, given, questions_of
from pipeline.knobs import knob
from pipeline.questions import Question

Asked = tuple[str, str, dict[str, Any]]  # title, paragraph, question


@exporters.register
@dataclass(frozen=True, slots=True)
class Squad:
    """Questions and their place in a text, as SQuAD 2.0 or 1.1 has them. The question is the record's field `question`.
    Neighbours of one text stand under one paragraph, those of one title in their metadata in one article."""

    name: ClassVar[str] = "squad"
    suffix: ClassVar[str] = ".json"

    people: str = knob(EACH, PEOPLE_HELP, choices=PEOPLE)
    version: str = knob("2.0", "1.1 has no room for a question that the text does not answer.", choices=("2.0", "1.1"))

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        with out.open("w", encoding="utf-8", newline="\n") as file:
            file.write(
                json.dumps({"version": f"v{self.version}" if self.version == "2.0" else "1.1"})[:-1] + ', "data": ['
            )
            between = ""
            for title, article in groupby(self._asked(contents, lost), itemgetter(0)):
                file.write(f'{between}\n{{"title": {_json(title)}, "paragraphs": [')
                for number, (context, asked) in enumerate(groupby(article, itemgetter(1))):
                    file.write(f'{"," * bool(number)}\n{{"context": {_json(context)}, "qas": [')
                    for at, (_, _, one) in enumerate(asked):
                        file.write(f"{',' * bool(at)}\n{_json(one)}")
                    file.write("]}")
                file.write("]}")
                between = ","
            file.write("]}\n")
        return counted(lost)

    def _asked(self, contents: Contents, lost: Counter[str]) -> Iterator[Asked]:
        questions = questions_of(contents, ("answer",))
        for batch in contents.batches:
            for row in batch:
                answers = [values for _, values in given(row, contents, questions, self.people, lost)]
                found = [
                    one for name in questions if (one := self._one(row, questions[name], answers, lost)) is not None
                ]
                for at, (context, plain) in enumerate(found):
                    yield _title(row), context, {**plain, "id": f"{row['id']} ({at + 1})" if at else row["id"]}
                lost["records without an answer that the format can hold"] += not found
                rest = {key for key in row["meta"] if key != "title"}
                lost["metadata"] += bool(rest) and bool(found)
                lost["splits"] += bool(row["split"]) and bool(found)

    def _one(
        self, row: Row, question: Question, answers: Any, lost: Counter[str]
    ) -> tuple[str, dict[str, Any]] | None:  # fmt: skip
        """The paragraph, and the question with its answers; None if nobody answered, or not so that it can be held."""
        said = [one[question.name] for one in answers if question.name in one]
        places = [place for value in said for place in value]
        none = sum(not value for value in said)
        impossible = none > len(places) or not places
        lost["answers that contradict those of more annotators"] += len(places) if impossible else none
        if not said or (impossible and self.version == "1.1"):
            lost["questions that the text does not answer"] += bool(said)
            return None
        fields = {"text": row["text"], **row.get("fields", {})}
        shown = [] if impossible else [{"text": one["text"], "answer_start": one["start"]} for one in places]
        plain = {"id": "", "question": _question(fields, question), "answers": shown}
        return str(fields.get(question.reads[0], "")), plain | (
            {"is_impossible": impossible} if self.version == "2.0" else {}
        )


def _question(fields: Mapping[str, Any], question: Question) -> str:
    """The field `question`, else the first text that is not the paragraph, else the question's own title."""
    others = [value for name, value in fields.items() if name not in question.reads and isinstance(value, str)]
    asked = fields.get("question")
    return asked if isinstance(asked, str) else question.title or next(iter(others), question.name)


def _title(row: Row) -> str:
    title = row["meta"].get("title")
    return title if isinstance(title, str) else ""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
