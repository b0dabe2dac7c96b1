"""Commands on cleaning recipes: list, show, save, remove; and two of them held against each other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.terminal import AsJson, ProjectName, emit, opened, run_verb
from pipeline.domain import Project, WorkbenchError
from pipeline.store import Store, projects

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The name of the recipe.")]
Revision = Annotated[
    int | None, typer.Option(help="An earlier revision of one of the project's own recipes; the last if not given.")
]


@app.command("list")
def list_recipes(context: typer.Context, project: ProjectName, as_json: AsJson = False) -> None:
    """List the project's own recipes and those that come with Winnow."""
    from pipeline import recipe
    from pipeline.store import recipes

    with opened(context) as store:
        own = recipes.all_of(store, projects.get(store, project).id)
    rows = [{"name": one.name, "revision": one.revision, "steps": len(one.steps or ()), "note": one.note,
             "author": one.author, "created_at": one.created_at} for one in own]  # fmt: skip
    emit({"own": rows, "shipped": recipe.shipped()}, as_json)


@app.command()
def show(
    context: typer.Context, name: Name, project: ProjectName, revision: Revision = None, as_json: AsJson = False
) -> None:
    """Show a recipe as the YAML file that `recipe save` takes."""
    from pipeline import recipe
    from pipeline.store import recipes

    with opened(context) as store:
        found = projects.get(store, project)
        shown, number = recipe.of_project(store, found.id, name, revision)
        past = recipes.versions(store, found.id, name) if number else []
    if not as_json:
        sys.stdout.write(recipe.dump(shown))
        return
    versions = [{"revision": one.revision, "removed": one.steps is None, "note": one.note, "author": one.author,
                 "created_at": one.created_at} for one in past]  # fmt: skip
    emit({"name": name, "revision": number, "steps": shown.plain(), "revisions": versions}, as_json)


@app.command()
def save(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A recipe as a YAML file, or the name of one that is there.")],
    project: ProjectName,
    name: Annotated[str, typer.Option(help="The name to keep it under; that of the file if not given.")] = "",
    note: Annotated[str, typer.Option(help="What is new in this revision.")] = "",
    author: Annotated[str, typer.Option(help="Who made it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Keep a recipe with the project: a new revision of it if its steps are not those of the last one."""
    from pipeline import recipe
    from pipeline.store import recipes

    with opened(context) as store:
        found = projects.get(store, project)
        plain = recipe.of_project(store, found.id, file)[0].plain()
        kept, new = recipes.save(store, found.id, name or Path(file).stem, plain, note=note, author=author)
        emit({"name": kept.name, "revision": kept.revision, "new": new}, as_json)


@app.command()
def remove(context: typer.Context, name: Name, project: ProjectName, as_json: AsJson = False) -> None:
    """Take one of the project's own recipes off the list; its job can be undone."""
    from pipeline.store import recipes

    with opened(context) as store:
        emit({"job": recipes.remove(store, projects.get(store, project).id, name), "removed": name}, as_json)


def clean_with(
    store: Store, project: Project, name: str, revision: int | None, *, dry_run: bool, processes: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """Run the recipe of this name (the project's own, a shipped one, a file) as a job; gives the job and its result."""
    from pipeline import recipe

    found, number = recipe.of_project(store, project.id, name, revision)
    values: dict[str, Any] = {"steps": found.plain(), "dry_run": dry_run, "recipe": name, "revision": number}
    if processes is not None:
        values["processes"] = processes
    return run_verb(store, project, "clean", values)


def compare(store: Store, project: Project, one: str, other: str) -> dict[str, Any]:
    """What a cleaning does and another does not: each the number of a job, or a recipe, which is then tried out."""
    from pipeline.store import cleanings, jobs

    numbers = []
    for side in (one, other):
        number = int(side) if side.isdecimal() else clean_with(store, project, side, None, dry_run=True)["job"]
        if jobs.get(store, number).project_id != project.id:
            raise WorkbenchError(f"Job {number} is not of the project '{project.name}'.")
        numbers.append(number)
    return cleanings.compare(store, *numbers).plain()
