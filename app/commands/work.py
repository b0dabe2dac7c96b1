"""Commands on the database, the server and the jobs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands.terminal import AsJson, ProjectName, emit, notes, opened, watched
from app.settings import HOST, PORT, ROOT
from pipeline import jobs
from pipeline.domain import WorkbenchError
from pipeline.store import jobs as job_store
from pipeline.store import projects

app = typer.Typer()


@app.command()
def init(context: typer.Context, as_json: AsJson = False) -> None:
    """Make the database file if it is not there yet."""
    with opened(context) as store:
        emit({"db": store.path, "projects": len(projects.all_projects(store))}, as_json)


@app.command("projects")
def list_projects(context: typer.Context, as_json: AsJson = False) -> None:
    """List the projects with their counts."""
    from pipeline.store import overview

    with opened(context) as store:
        rows = [{"name": p.name, **overview.states(store, p.id)} for p in projects.all_projects(store)]
        emit({"projects": rows}, as_json)


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port on 127.0.0.1.")] = PORT,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the sample projects if the database is empty.")
    ] = False,
) -> None:
    """Serve the workbench as a web page on this machine only."""
    from pipeline.sample import load

    _refuse_taken_port(port)
    with opened(context) as store:
        if sample and not projects.all_projects(store):
            load(store)
        path = str(Path(store.path).resolve())
    notes.print(f"Winnow is at http://{HOST}:{port}  (database: {path}; stop with Ctrl+C)", markup=False)
    os.environ["WINNOW_DB"] = path
    os.chdir(ROOT)  # .streamlit/config.toml is read from here
    script = str(ROOT / "app" / "main.py")
    flags = ["--server.port", str(port), "--server.address", HOST, "--server.headless", "true"]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", script, *flags])


@app.command("jobs")
def list_jobs(context: typer.Context, project: ProjectName, as_json: AsJson = False) -> None:
    """List the project's jobs, newest first."""
    with opened(context) as store:
        found = job_store.recent(store, projects.get(store, project).id, 200)
        rows = [
            {"job": j.id, "kind": j.kind, "state": j.state, "done": j.done, "total": j.total, "error": j.error}
            for j in found
        ]
        emit({"jobs": rows}, as_json)


@app.command()
def undo(
    context: typer.Context, job: Annotated[int, typer.Option(help="The job's number.")], as_json: AsJson = False
) -> None:
    """Take a job's effects back; `redo` brings them again."""
    with opened(context) as store:
        job_store.undo(store, job)
        emit({"job": job, "state": job_store.get(store, job).state}, as_json)


@app.command()
def redo(
    context: typer.Context, job: Annotated[int, typer.Option(help="The job's number.")], as_json: AsJson = False
) -> None:
    """Apply a dry run, or bring back what was undone."""
    with opened(context) as store:
        job_store.redo(store, job)
        emit({"job": job, "state": job_store.get(store, job).state}, as_json)


@app.command()
def resume(
    context: typer.Context,
    job: Annotated[int | None, typer.Option(help="The job's number, or")] = None,
    run: Annotated[str, typer.Option(help="the training run's name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let a stopped, failed or cancelled job go on from its last batch, or a run from its last checkpoint."""
    from pipeline import runs

    if (job is None) == (not run):
        raise typer.BadParameter("give --job or --run, one of the two")
    with opened(context) as store, watched() as watcher:
        if job is not None:
            done = jobs.resume(store, job, watcher, wait=True)
            emit({"job": done.id, "state": done.state, **done.result}, as_json)
        else:
            found = runs.resume(store, runs.get(store, run).id)
            emit({"run": found.id, "state": found.state, "path": str(found.path)}, as_json)


@app.command()
def cancel(
    context: typer.Context, run: Annotated[str, typer.Option(help="The training run's name.")], as_json: AsJson = False
) -> None:
    """Ask a training run to stop; it keeps a checkpoint and can be resumed."""
    from pipeline import runs

    with opened(context) as store:
        found = runs.get(store, run)
        runs.cancel(found.path)
        emit({"run": found.id, "state": runs.get(store, run).state}, as_json)


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Work in this folder and leave it there.")] = None,
    language: Annotated[str, typer.Option(help="en or zh: which sample to walk.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Walk the whole loop on the sample data, in a temporary folder."""
    from app.demo import walk

    with watched() as watcher:
        emit(walk(keep, language, watcher), as_json)


def _refuse_taken_port(port: int) -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise WorkbenchError(
                f"Port {port} on {HOST} is taken, perhaps by another Winnow. Open http://{HOST}:{port}, "
                "or choose another with --port."
            ) from None
