"""Commands on what is asked of each record: show it, save it from a file, list the templates."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.terminal import AsJson, ProjectName, emit, opened, run_verb
from pipeline.domain import WorkbenchError
from pipeline.store import projects

app = typer.Typer(no_args_is_help=True)
Which = Annotated[str, typer.Option("--task", help="The name of the task; the project's first one if not given.")]


@app.command()
def show(
    context: typer.Context,
    project: ProjectName,
    task: Which = "",
    yaml: Annotated[bool, typer.Option("--yaml", help="As the YAML file that `task save` takes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is asked of each record of a project, and its guideline."""
    from pipeline import annotate, task_file

    with opened(context) as store:
        found = projects.get(store, project)
        one = annotate.labelling_task(store, found, task)
        if one is None:
            known = ", ".join(other.name for other in projects.tasks(store, found.id))
            missing = f"has no task named '{task}'. Tasks: {known}." if known else "has no task yet."
            raise WorkbenchError(f"The project '{found.name}' {missing} Make one with `winnow task save`.")
        if yaml:
            sys.stdout.write(task_file.dump(one))
            return
        shown: dict[str, Any] = {"project": found.name, "task": one.name, "kind": one.kind, **one.definition}
        emit({**shown, "guideline_revision": one.guideline_revision, "guideline": one.guideline}, as_json)


@app.command()
def save(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A task as a YAML file, as `task show --yaml` writes it.")],
    project: ProjectName,
    task: Which = "",
    as_json: AsJson = False,
) -> None:
    """Save a task from a YAML file: a new one, or a new revision of the one that the project has."""
    from pipeline import annotate, task_file
    from pipeline.tasks import questions_of

    definition, guideline, named, kind = task_file.load(_read(file))
    with opened(context) as store:
        found = projects.get(store, project)
        name = task or ("" if projects.tasks(store, found.id) else named)
        saved = annotate.save_definition(store, found, definition, guideline, kind=kind, name=name)
        emit(
            {"project": found.name, "task": saved.name, "kind": saved.kind,
             "questions": [{"name": q.name, "kind": q.kind} for q in questions_of(saved)],
             "guideline_revision": saved.guideline_revision},
            as_json,
        )  # fmt: skip


@app.command()
def merges(
    context: typer.Context,
    project: ProjectName,
    task: Which = "",
    synonym: Annotated[
        list[str] | None, typer.Option(help="A label that means another one, as POS=positive; may be given often.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Merge them, and the answers with them.")] = False,
    as_json: AsJson = False,
) -> None:
    """List labels that are one label in two spellings; with --apply, merge them (undo brings them back)."""
    from pipeline import annotate, label_set

    with opened(context) as store:
        found = projects.get(store, project)
        one = annotate.labelling_task(store, found, task)
        if one is None:
            raise WorkbenchError(f"The project '{found.name}' has no such task. Make one with `winnow task save`.")
        proposed = label_set.proposed(store, one, synonym or ())
        values = [{"question": c.question, "merge": dict(c.merge), "task": one.name} for c in proposed]
        done = [run_verb(store, found, "change-labels", plain) for plain in values] if apply else []
        emit({"merges": values, "applied": done}, as_json)


@app.command()
def templates(as_json: AsJson = False) -> None:
    """List the kinds of task that one can begin with."""
    from pipeline.tasks import tasks

    docs = {name: inspect.getdoc(tasks.get(name)) or "" for name in tasks.names()}
    rows = [{"name": name, "about": " ".join(about.split())} for name, about in docs.items()]
    emit({"templates": rows}, as_json)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WorkbenchError(f"There is no task file {file} to read ({error.strerror}).") from error
    except UnicodeDecodeError:
        raise WorkbenchError(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
