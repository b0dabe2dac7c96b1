"""Commands on labels, versions and training runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.terminal import AsJson, ProjectName, emit, opened, run_verb, watched
from pipeline.domain import WorkbenchError
from pipeline.knobs import build
from pipeline.store import projects

app = typer.Typer()


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

    rules = None if guideline is None else _read(guideline)
    with opened(context) as store:
        found = projects.get(store, project)
        task = annotate.labelling_task(store, found)
        known = annotate.labels_of(task) if task else ()
        old = task.guideline if task else ""
        task = annotate.define(
            store, found, labels=[*known, *(label for label in labels or () if label not in known)],
            guideline=old if rules is None else rules,
            overlap=overlap or (annotate.overlap_of(task) if task else 1),
        )  # fmt: skip
        emit({"project": found.name, "labels": annotate.labels_of(task), "overlap": annotate.overlap_of(task)}, as_json)


@app.command()
def simulate(
    context: typer.Context,
    project: ProjectName,
    truth: Annotated[Path | None, typer.Option(help="A CSV with id and label; the sample projects bring one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer unlabelled records from a file of true labels, as the annotator named `simulated`."""
    from pipeline import sample

    with opened(context) as store:
        found = projects.get(store, project)
        path = truth or sample.truth(found)
        if not path:
            raise WorkbenchError(f"The project '{project}' brings no true labels. Name a CSV file with --truth.")
        emit(run_verb(store, found, "simulate", {"truth": str(path)}), as_json)


@app.command()
def freeze(
    context: typer.Context,
    project: ProjectName,
    splits: Annotated[str, typer.Option(help="Percent of train/validation/test.")] = "80/10/10",
    seed: Annotated[int, typer.Option()] = 13,
    task: Annotated[str, typer.Option(help="Whose answers; the project's first task if not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Freeze the labelled records into a version: a folder of Parquet files that never changes."""
    values = {"splits": splits, "seed": seed, "task": task}
    with opened(context) as store:
        emit(run_verb(store, projects.get(store, project), "freeze", values), as_json)


@app.command()
def train(
    context: typer.Context,
    version: Annotated[str, typer.Option(help="The version, or the beginning of its name.")],
    model: Annotated[str, typer.Option(help="A model folder or hub name; the recipe's own if not given.")] = "",
    recipe: Annotated[str, typer.Option(help="How to train; chosen by the text if not given.")] = "auto",
    epochs: Annotated[int | None, typer.Option(min=1, max=1000)] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 13,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A further setting of the recipe: name=value. Repeat for more.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a model on a version, in a process of its own."""
    from pipeline import runs
    from training.recipes.base import recipes

    knobs: dict[str, Any] = dict(_pair(setting) for setting in settings or ())
    knobs |= {} if epochs is None else {"epochs": epochs}
    if recipe != "auto":
        build(recipes.get(recipe), knobs)  # a wrong word is said now, not by a run that fails later
    with opened(context) as store, watched() as watcher:
        result = runs.train(
            store, version, recipe=recipe, model=model, knobs=knobs, seed=seed, wait=wait, watcher=watcher
        )
        emit(result, as_json)


@app.command("runs")
def list_runs(
    context: typer.Context, project: Annotated[str, typer.Option("--project", "-p")] = "", as_json: AsJson = False
) -> None:
    """List the training runs, newest first."""
    from pipeline import runs

    with opened(context) as store:
        chosen = [projects.get(store, project)] if project else projects.all_projects(store)
        found = [
            {"run": r.id, "project": p.name, "version": r.version_id[:12], "state": r.state, "metrics": dict(r.metrics)}
            for p in chosen
            for r in runs.all_runs(store, p.id)
        ]
        emit({"runs": found}, as_json)


@app.command()
def errors(
    context: typer.Context,
    run: Annotated[str, typer.Option(help="The run's name.")],
    relabel: Annotated[bool, typer.Option("--relabel", help="Send the records back to be labelled.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="The surest mistakes first; 0 is all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List what a run's model got wrong, the surest mistakes first."""
    from pipeline import runs

    with opened(context) as store:
        found = runs.get(store, run)
        rows = runs.errors(store, found.id)
        rows = rows[:limit] if limit else rows
        result: dict[str, Any] = {"run": found.id, "errors": rows}
        if relabel:
            project = projects.by_id(store, found.project_id)
            result |= run_verb(store, project, "relabel", {"run": found.id, "records": [row["id"] for row in rows]})
        emit(result, as_json)


def _read(guideline: Path) -> str:
    try:
        return guideline.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WorkbenchError(f"There is no guideline file {guideline} to read ({error.strerror}).") from error
    except UnicodeDecodeError:
        raise WorkbenchError(f"{guideline} is not UTF-8 text. Save it as UTF-8.") from None


def _pair(setting: str) -> tuple[str, str]:
    name, mark, value = setting.partition("=")
    if not mark:
        raise typer.BadParameter(f"--set takes name=value, not '{setting}'")
    return name, value
