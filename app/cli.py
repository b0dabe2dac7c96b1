"""The command line: every verb of the pages, for scripts. One JSON object on stdout with --json; the rest on stderr.

Exit codes: 0 done, 1 a WorkbenchError (one sentence on stderr), 2 wrong usage.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.settings import HOST, PORT, ROOT, database_path
from pipeline import jobs
from pipeline.domain import Project, WorkbenchError
from pipeline.jobs import verbs
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store

app = typer.Typer(
    name="winnow", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Turn raw text into a fine-tuned model, and the model's errors into better labels.",
)  # fmt: skip
notes = Console(stderr=True)

ProjectName = Annotated[str, typer.Option("--project", "-p", help="The project's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; nothing counts until it is applied.")]


@app.callback()
def options(
    context: typer.Context,
    db: Annotated[
        Path | None, typer.Option("--db", help="The database file; data/workbench.duckdb if not given.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens to stderr.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(message)s", handlers=[RichHandler(console=notes)]
    )
    context.obj = db or database_path()


@app.command()
def init(context: typer.Context, as_json: AsJson = False) -> None:
    """Make the database file if it is not there yet."""
    with _store(context) as store:
        _emit({"db": store.path, "projects": len(projects.all_projects(store))}, as_json)


@app.command("projects")
def list_projects(context: typer.Context, as_json: AsJson = False) -> None:
    """List the projects with their counts."""
    from pipeline.store import overview

    with _store(context) as store:
        rows = [{"name": p.name, **overview.states(store, p.id)} for p in projects.all_projects(store)]
        _emit({"projects": rows}, as_json)


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.")] = PORT,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the sample projects if the database is empty.")
    ] = False,
) -> None:
    """Serve the workbench as a web page on this machine only."""
    from pipeline.sample import load

    _refuse_taken_port(port)
    with _store(context) as store:
        if sample and not projects.all_projects(store):
            load(store)
        path = str(Path(store.path).resolve())
    notes.print(f"Winnow is at http://{HOST}:{port}  (database: {path}; stop with Ctrl+C)")
    os.environ["WINNOW_DB"] = path
    os.chdir(ROOT)  # .streamlit/config.toml is read from here
    script = str(ROOT / "app" / "main.py")
    flags = ["--server.port", str(port), "--server.address", HOST, "--server.headless", "true"]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", script, *flags])


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL, JSON, Parquet or TXT.")],
    project: ProjectName,
    task: Annotated[str, typer.Option(help="What will be asked of each record.")] = "classification",
    text_column: Annotated[str, typer.Option(help="Guessed if not given.")] = "",
    label_column: Annotated[str, typer.Option(help="The column with labels, if the file has any.")] = "",
    id_column: Annotated[str, typer.Option(help="Kept as the record's external id; guessed if not given.")] = "",
    split_column: Annotated[str, typer.Option(help="train, validation or test; freeze keeps to it.")] = "",
    labels_by: Annotated[str, typer.Option(help="Import the labels as answers of this annotator.")] = "",
    as_suggestions: Annotated[bool, typer.Option("--as-suggestions", help="Import the labels as suggestions.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Import a file that was imported before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the rows of a file in as records; rows that cannot be taken are listed with their reason."""
    from pipeline.verbs.import_file import Import

    if labels_by and as_suggestions:
        raise typer.BadParameter("give --labels-by or --as-suggestions, not both")
    values: dict[str, Any] = {
        "path": str(file), "task": task, "text_column": text_column, "label_column": label_column,
        "id_column": id_column, "split_column": split_column, "labels_by": labels_by, "as_suggestions": as_suggestions,
        "again": again,
    }  # fmt: skip
    Import(**values).check()  # before there is a project: a file that cannot be read leaves none behind
    with _store(context) as store:
        _emit(_run(store, projects.get_or_create(store, project), "import", values), as_json)


@app.command()
def clean(
    context: typer.Context,
    project: ProjectName,
    recipe: Annotated[str, typer.Option(help="A recipe file, or the name of a ready one.")] = "default",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Repair or drop records by the steps of a recipe."""
    from pipeline.recipe import find

    with _store(context) as store:
        values = {"steps": find(recipe).plain(), "dry_run": dry_run}
        _emit(_run(store, projects.get(store, project), "clean", values), as_json)


@app.command()
def dedupe(
    context: typer.Context,
    project: ProjectName,
    threshold: Annotated[float, typer.Option(help="The least Jaccard similarity of a pair, 0.3 to 1.")] = 0.8,
    shingle: Annotated[str, typer.Option(help="word:N or char:N; char:5 suits Chinese.")] = "word:5",
    keep: Annotated[str, typer.Option(help="Which record of a family stays: first, longest or labelled.")] = "first",
    pairs: Annotated[str, typer.Option(help="Write the pairs to this Parquet file (a, b, jaccard).")] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Find near-duplicates and keep one record of each family."""
    values = {"threshold": threshold, "shingle": shingle, "keep": keep, "pairs_file": pairs, "dry_run": dry_run}
    with _store(context) as store:
        _emit(_run(store, projects.get(store, project), "dedupe", values), as_json)


@app.command()
def augment(
    context: typer.Context,
    project: ProjectName,
    augmenter: Annotated[str, typer.Option("--with", help="The augmenter's name.")],
    per_record: Annotated[int, typer.Option(help="How many new records from each.")] = 1,
    seed: Annotated[int, typer.Option()] = 13,
    only: Annotated[str, typer.Option(help="A filter, such as label=negative, for the records to start from.")] = "",
    limit: Annotated[int, typer.Option(help="Start from at most so many records; 0 is all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make new training records from the ones there are."""
    values = {"augmenter": augmenter, "per_record": per_record, "seed": seed, "only": only, "limit": limit}
    with _store(context) as store:
        _emit(_run(store, projects.get(store, project), "augment", {"knobs": {}, **values}), as_json)


@app.command()
def define(
    context: typer.Context,
    project: ProjectName,
    labels: Annotated[
        list[str] | None, typer.Option("--label", help="A label; repeat for each. Those there stay.")
    ] = None,
    guideline: Annotated[Path | None, typer.Option(help="A Markdown file that says how to label.")] = None,
    overlap: Annotated[int | None, typer.Option(min=1, max=20, help="How many annotators answer each record.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is asked of each record: the labels, the guideline, and how many people answer."""
    from pipeline import annotate

    if guideline is not None and not guideline.is_file():
        raise WorkbenchError(f"There is no guideline file {guideline}.")
    with _store(context) as store:
        found = projects.get(store, project)
        task = annotate.labelling_task(store, found)
        known = annotate.labels_of(task) if task else ()
        old = task.guideline if task else ""
        task = annotate.define(
            store, found, labels=[*known, *(label for label in labels or () if label not in known)],
            guideline=old if guideline is None else guideline.read_text(encoding="utf-8"),
            overlap=overlap or (annotate.overlap_of(task) if task else 1),
        )  # fmt: skip
        _emit({"project": project, "labels": annotate.labels_of(task), "overlap": annotate.overlap_of(task)}, as_json)


@app.command()
def simulate(
    context: typer.Context,
    project: ProjectName,
    truth: Annotated[Path | None, typer.Option(help="A CSV with id and label; the sample projects bring one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer unlabelled records from a file of true labels, as the annotator named `simulated`."""
    with _store(context) as store:
        found = projects.get(store, project)
        path = truth or found.meta.get("truth")
        if not path:
            raise WorkbenchError(f"The project '{project}' brings no true labels. Name a CSV file with --truth.")
        _emit(_run(store, found, "simulate", {"truth": str(path)}), as_json)


@app.command()
def freeze(
    context: typer.Context,
    project: ProjectName,
    splits: Annotated[str, typer.Option(help="Percent of train/validation/test.")] = "80/10/10",
    seed: Annotated[int, typer.Option()] = 13,
    as_json: AsJson = False,
) -> None:
    """Freeze the labelled records into a version: a folder of Parquet files that never changes."""
    with _store(context) as store:
        _emit(_run(store, projects.get(store, project), "freeze", {"splits": splits, "seed": seed}), as_json)


@app.command()
def train(
    context: typer.Context,
    version: Annotated[str, typer.Option(help="The version, or the beginning of its name.")],
    model: Annotated[str, typer.Option(help="A model folder or hub name; the recipe's own if not given.")] = "",
    recipe: Annotated[str, typer.Option(help="How to train; chosen by the text if not given.")] = "auto",
    epochs: Annotated[int | None, typer.Option(min=1, max=1000)] = None,
    seed: Annotated[int, typer.Option()] = 13,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A further setting of the recipe: name=value. Repeat for more.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a model on a version, in a process of its own."""
    from pipeline import runs

    knobs: dict[str, Any] = dict(_pair(setting) for setting in settings or ())
    knobs |= {} if epochs is None else {"epochs": epochs}
    with _store(context) as store, _watched() as watcher:
        result = runs.train(
            store, version, recipe=recipe, model=model, knobs=knobs, seed=seed, wait=wait, watcher=watcher
        )
        _emit(result, as_json)


@app.command("runs")
def list_runs(
    context: typer.Context, project: Annotated[str, typer.Option("--project", "-p")] = "", as_json: AsJson = False
) -> None:
    """List the training runs, newest first."""
    from pipeline import runs

    with _store(context) as store:
        chosen = [projects.get(store, project)] if project else projects.all_projects(store)
        found = [
            {"run": r.id, "project": p.name, "version": r.version_id[:12], "state": r.state, "metrics": dict(r.metrics)}
            for p in chosen
            for r in runs.all_runs(store, p.id)
        ]
        _emit({"runs": found}, as_json)


@app.command()
def errors(
    context: typer.Context,
    run: Annotated[str, typer.Option(help="The run's name.")],
    relabel: Annotated[bool, typer.Option("--relabel", help="Send the records back to be labelled.")] = False,
    limit: Annotated[int, typer.Option(help="The surest mistakes first; 0 is all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List what a run's model got wrong, the surest mistakes first."""
    from pipeline import runs

    with _store(context) as store:
        found = runs.get(store, run)
        rows = runs.errors(store, found.id)
        rows = rows[:limit] if limit else rows
        result: dict[str, Any] = {"run": found.id, "errors": rows}
        if relabel:
            project = projects.by_id(store, found.project_id)
            result |= _run(store, project, "relabel", {"run": found.id, "records": [row["id"] for row in rows]})
        _emit(result, as_json)


@app.command()
def undo(
    context: typer.Context, job: Annotated[int, typer.Option(help="The job's number.")], as_json: AsJson = False
) -> None:
    """Take a job's effects back; `redo` brings them again."""
    with _store(context) as store:
        job_store.undo(store, job)
        _emit({"job": job, "state": job_store.get(store, job).state}, as_json)


@app.command()
def redo(
    context: typer.Context, job: Annotated[int, typer.Option(help="The job's number.")], as_json: AsJson = False
) -> None:
    """Apply a dry run, or bring back what was undone."""
    with _store(context) as store:
        job_store.redo(store, job)
        _emit({"job": job, "state": job_store.get(store, job).state}, as_json)


@app.command()
def resume(
    context: typer.Context, job: Annotated[int, typer.Option(help="The job's number.")], as_json: AsJson = False
) -> None:
    """Let a stopped, failed or cancelled job go on from its last batch."""
    with _store(context) as store, _watched() as watcher:
        done = jobs.resume(store, job, watcher, wait=True)
        _emit({"job": done.id, "state": done.state, **done.result}, as_json)


@app.command("jobs")
def list_jobs(context: typer.Context, project: ProjectName, as_json: AsJson = False) -> None:
    """List the project's jobs, newest first."""
    with _store(context) as store:
        found = job_store.recent(store, projects.get(store, project).id, 200)
        rows = [
            {"job": j.id, "kind": j.kind, "state": j.state, "done": j.done, "total": j.total, "error": j.error}
            for j in found
        ]
        _emit({"jobs": rows}, as_json)


@app.command("records")
def list_records(
    context: typer.Context,
    project: ProjectName,
    where: Annotated[str, typer.Option(help='A filter, such as: state=unlabelled text="too late"')] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """List the records that a filter names."""
    from pipeline.store import records

    with _store(context) as store:
        found = projects.get(store, project)
        chosen = records.RecordFilter.parse(where)
        rows = records.page(store, found.id, chosen, limit=limit, offset=offset)
        _emit({"total": records.count(store, found.id, chosen), "records": rows}, as_json)


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format_name: Annotated[str, typer.Option("--format", help="The exporter's name.")] = "jsonl",
    version: Annotated[str, typer.Option(help="A frozen version, or")] = "",
    project: Annotated[str, typer.Option("--project", "-p", help="a project as it is now.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write a version or a project to a file."""
    from pipeline.export import export_to

    if bool(version) == bool(project):
        raise typer.BadParameter("give --version or --project, one of the two")
    with _store(context) as store, _watched() as watcher:
        _emit(export_to(store, version=version, project=project, format=format_name, out=out, watcher=watcher), as_json)


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Work in this folder and leave it there.")] = None,
    language: Annotated[str, typer.Option(help="en or zh: which sample to walk.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Walk the whole loop on the sample data, in a temporary folder."""
    from app.demo import walk

    with _watched() as watcher:
        _emit(walk(keep, language, watcher), as_json)


def main() -> None:
    """The entry point: a WorkbenchError becomes one sentence and exit code 1."""
    try:
        app()
    except WorkbenchError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


@contextmanager
def _store(context: typer.Context) -> Iterator[Store]:
    store = open_store(context.obj)
    try:
        job_store.mark_stopped(store)
        yield store
    finally:
        store.close()


@contextmanager
def _watched() -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on stderr when it is a terminal; nothing otherwise."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=notes,
        transient=True, disable=not notes.is_terminal,
    )  # fmt: skip
    with bar:
        line = bar.add_task("", total=None)
        yield lambda done, total, note: bar.update(line, completed=done, total=total or None, description=note)


def _run(store: Store, project: Project, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    with _watched() as watcher:
        job = jobs.run(store, verbs.get(name)(**values), project.id, watcher)
    if job.state == "cancelled":
        raise WorkbenchError(f"Job {job.id} ({name}) was cancelled; `winnow resume --job {job.id}` lets it go on.")
    return {"job": job.id, **job.result}


def _pair(setting: str) -> tuple[str, str]:
    name, mark, value = setting.partition("=")
    if not mark:
        raise typer.BadParameter(f"--set takes name=value, not '{setting}'")
    return name, value


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


def _emit(result: Mapping[str, Any], as_json: bool) -> None:
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


if __name__ == "__main__":
    main()
