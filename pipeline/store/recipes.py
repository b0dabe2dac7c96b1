"""A project's own recipes: every revision of them is kept, and a removal can be undone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.domain import WorkbenchError
from pipeline.store import jobs
from pipeline.store.database import Cursor, Store, to_json

LONGEST_NAME = 80  # characters: a name is a line in a list and a word of a command
Plain = Sequence[Sequence[Any]]  # [[name, settings], …], as Recipe.plain() gives it


class NoSuchRecipe(WorkbenchError):
    """A name, or a revision of one, that the project's own recipes do not have."""


class BadRecipeName(WorkbenchError):
    """A name that a recipe cannot have."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One revision of a recipe. `steps` is None where this revision took the recipe away; `current`: it is the last."""

    name: str
    revision: int
    steps: list[list[Any]] | None
    note: str
    author: str
    created_at: datetime
    current: bool


def save(
    store: Store, project_id: int, name: str, steps: Plain, *, note: str = "", author: str = ""
) -> tuple[Stored, bool]:  # fmt: skip
    """Keep these steps under the name: a new revision, unless the last one has the very same steps. Gives the revision
    that has them now, and whether it is new. Raises BadRecipeName."""
    name = checked(name)
    plain = json.loads(to_json([list(step) for step in steps]))

    def work(cursor: Cursor) -> bool:
        last = cursor.execute(
            "SELECT steps FROM recipe_now WHERE project_id = ? AND name = ? AND steps IS NOT NULL", [project_id, name]
        ).fetchall()
        if last and json.loads(last[0][0]) == plain:
            return False
        _append(cursor, project_id, name, to_json(plain), note, author, None)
        return True

    new = store.transact(work)
    return get(store, project_id, name), new


def all_of(store: Store, project_id: int) -> list[Stored]:
    """The project's recipes as they stand, by name."""
    return _found(
        store, "SELECT *, true AS current FROM recipe_now WHERE project_id = $project AND steps IS NOT NULL "
        "ORDER BY name", {"project": project_id},
    )  # fmt: skip


def get(store: Store, project_id: int, name: str, revision: int | None = None) -> Stored:
    """A recipe as it stands, or as it was in one revision. Raises NoSuchRecipe."""
    found = versions(store, project_id, name)
    if revision is None:
        stands = [one for one in found if one.current and one.steps is not None]
        if not stands:
            names = ", ".join(one.name for one in all_of(store, project_id)) or "none yet"
            raise NoSuchRecipe(f"This project has no recipe named '{name}'. Its own recipes: {names}.")
        return stands[0]
    for one in found:
        if one.revision == revision and one.steps is not None:
            return one
    has = ", ".join(str(one.revision) for one in found if one.steps is not None) or "none"
    raise NoSuchRecipe(f"The recipe '{name}' has no revision {revision}. Its revisions: {has}.")


def versions(store: Store, project_id: int, name: str) -> list[Stored]:
    """Every live revision of a recipe, the newest first; one without steps took it away."""
    return _found(
        store,
        "SELECT *, id IN (SELECT id FROM recipe_now) AS current FROM recipe "
        "WHERE project_id = $project AND name = $name AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) "
        "ORDER BY revision DESC",
        {"project": project_id, "name": name},
    )


def remove(store: Store, project_id: int, name: str) -> int:
    """Take a recipe off the list. Returns the job, which can be undone. Raises NoSuchRecipe."""
    get(store, project_id, name)

    def work(cursor: Cursor) -> int:
        job_id = jobs.record_done(cursor, "remove-recipe", project_id, {"recipe": name})
        _append(cursor, project_id, name, None, "", "", job_id)
        return job_id

    return store.transact(work)


def checked(name: str) -> str:
    """The name as it is kept. Raises BadRecipeName."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or "/" in name or "\\" in name:
        raise BadRecipeName(
            f"A recipe cannot have this name. Write 1 to {LONGEST_NAME} visible characters without a slash."
        )
    return name


def _append(
    cursor: Cursor, project_id: int, name: str, steps: str | None, note: str, author: str, job_id: int | None
) -> None:  # fmt: skip
    cursor.execute(
        "INSERT INTO recipe (project_id, name, revision, steps, note, author, job_id) "
        "SELECT $project, $name, coalesce(max(revision), 0) + 1, $steps, $note, $author, $job FROM recipe "
        "WHERE project_id = $project AND name = $name",
        {"project": project_id, "name": name, "steps": steps, "note": note, "author": author, "job": job_id},
    )


def _found(store: Store, sql: str, params: Mapping[str, Any]) -> list[Stored]:
    return [
        Stored(
            row["name"], row["revision"], None if row["steps"] is None else json.loads(row["steps"]), row["note"],
            row["author"], row["created_at"], row["current"],
        )
        for row in store.rows(sql, params)
    ]  # fmt: skip
