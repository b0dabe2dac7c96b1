"""What the commands share: the open store, a progress bar, one JSON object on stdout, and the common options."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline import jobs
from pipeline.domain import Project, WorkbenchError
from pipeline.jobs import verbs
from pipeline.store import Store, open_store
from pipeline.store import jobs as job_store

notes = Console(stderr=True)

ProjectName = Annotated[str, typer.Option("--project", "-p", help="The project's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; nothing counts until it is applied.")]


@contextmanager
def opened(context: typer.Context) -> Iterator[Store]:
    store = open_store(context.obj)
    try:
        job_store.mark_stopped(store)
        yield store
    finally:
        store.close()


@contextmanager
def watched() -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on stderr when it is a terminal; nothing otherwise."""
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=notes, transient=True, disable=not notes.is_terminal,
    )  # fmt: skip
    with bar:
        line = bar.add_task("", total=None)
        yield lambda done, total, note: bar.update(line, completed=done, total=total or None, description=note)


def run_verb(store: Store, project: Project, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    with watched() as watcher:
        job = jobs.run(store, verbs.get(name)(**values), project.id, watcher)
    if job.state == "cancelled":
        raise WorkbenchError(f"Job {job.id} ({name}) was cancelled; `winnow resume --job {job.id}` lets it go on.")
    return {"job": job.id, **job.result}


def emit(result: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
        return
    for key, value in result.items():
        if isinstance(value, list):
            sys.stdout.write(f"{key}: {len(value)}\n")
            for row in value:
                sys.stdout.write(f"  {json.dumps(row, ensure_ascii=False, default=str)}\n")
        else:
            shown = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else value
            sys.stdout.write(f"{key}: {shown}\n")
