"""Every kind of task makes a definition that can be stored, asked, and written to a file."""

from __future__ import annotations

import inspect

import pytest

from pipeline.domain import Task
from pipeline.questions import BadQuestion
from pipeline.task_file import dump, load
from pipeline.tasks import check_definition, fields_wanted, kind_of, questions_of, shown_fields, tasks


@pytest.mark.parametrize("name", tasks.names())
@pytest.mark.parametrize("labels", [(), ("yes", "no"), ("1", "null", "日本", "a: b", "#x", "- y")])
def test_a_template(name: str, labels: tuple[str, ...]) -> None:
    kind = tasks.get(name)()
    definition = kind.definition(labels)
    questions = check_definition(definition)
    assert questions == kind.questions(definition)
    assert questions == questions_of(Task(1, 1, name, name, definition, "", 1))
    assert kind_of(definition, name) == name
    shown = [field["name"] for field in shown_fields(definition)]
    assert set(fields_wanted(definition)) == set(shown)
    labelled = next((question for question in questions if "labels" in question.to_plain()), None)
    if labelled is not None and labels:
        assert labelled.labels == labels
    stored = Task(1, 1, "my task", name, definition, "Read:\n\n- all\n  of it", 1)
    assert load(dump(stored)) == (definition, stored.guideline, "my task", name)


@pytest.mark.parametrize("name", [name for name in tasks.names() if name != "custom"])
def test_a_definition_that_asks_something_else_is_a_custom_one(name: str) -> None:
    definition = tasks.get(name)().definition(("a", "b"))
    more = {**definition, "questions": [*definition["questions"], {"kind": "rating", "name": "sure"}]}
    with pytest.raises(BadQuestion, match="asks exactly"):
        tasks.get(name)().questions(more)
    assert kind_of(more, name) == "custom"


def test_every_template_says_what_it_is_for() -> None:
    for name in tasks.names():
        assert len(inspect.getdoc(tasks.get(name)) or "") > 20
        assert tasks.get(name).title
