"""Answers of every kind in one line, as tables show them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from app.words import t
from pipeline.domain import Project
from pipeline.questions import Question
from pipeline.store import Store, projects
from pipeline.store import annotations as answer_store
from pipeline.tasks import questions_of

Speaker = Callable[[Mapping[str, Any]], str]


def speaker(store: Store, project: Project) -> Speaker:
    """How answers {question: answer} of the project read. Several are told apart by their questions' names."""
    questions = {q.name: q for task in projects.tasks(store, project.id) for q in questions_of(task)}

    def spoken(value: Mapping[str, Any]) -> str:
        words = {name: _one(questions.get(name), answer) for name, answer in value.items()}
        if len(questions) < 2 and len(words) < 2:
            return ", ".join(words.values())
        return "; ".join(f"{name}: {word}" for name, word in words.items())

    return spoken


def person(name: str, *, simulated: bool) -> str:
    """An annotator's name; one that no person goes by says so."""
    if not simulated:
        return name
    return t("overview.simulated_alone") if name == answer_store.SIMULATED else t("overview.simulated", name=name)


def _one(question: Question | None, answer: Any) -> str:
    if question is not None:
        try:
            return question.spoken(answer)
        except (TypeError, KeyError, IndexError, AttributeError):  # an answer to the question as it once was
            pass
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)[:200]
