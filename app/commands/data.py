"""Commands on records: import, clean, dedupe, augment, records, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.terminal import AsJson, DryRun, ProjectName, emit, opened, run_verb, watched
from pipeline.store import projects

app = typer.Typer()


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL, JSON, Parquet or TXT.")],
    project: ProjectName,
    task: Annotated[
        str, typer.Option(help="The kind of task; if not given, that of the project, else classification.")
    ] = "",
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
    with opened(context) as store:
        emit(run_verb(store, projects.get_or_create(store, project), "import", values), as_json)


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

    with opened(context) as store:
        values = {"steps": find(recipe).plain(), "dry_run": dry_run}
        emit(run_verb(store, projects.get(store, project), "clean", values), as_json)


@app.command()
def dedupe(
    context: typer.Context,
    project: ProjectName,
    mode: Annotated[
        str,
        typer.Option(
            help="near: records that are nearly the same; contained: short ones inside long ones, of which the longest "
            "stays."
        ),
    ] = "near",
    threshold: Annotated[
        float | None,
        typer.Option(
            help="The least Jaccard similarity of a pair, 0.3 to 1 (0.8 if not given); with --mode contained how much "
            "of the short one is in the long one, 0.5 to 1 (0.9 if not given)."
        ),
    ] = None,
    shingle: Annotated[
        str,
        typer.Option(
            help="word:N (N words in a row), char:N (N characters, for Chinese or Thai), or auto:N, which takes what "
            "fits the script of each text."
        ),
    ] = "auto:5",
    keep: Annotated[
        str,
        typer.Option(
            help="Which record of a family stays: first, longest, newest (imported last), labelled (before "
            "unlabelled), quality (the highest number in the column --score), or agreed (the one on whose answer most "
            "annotators agree; simulated ones do not count). Of equals, the first."
        ),
    ] = "first",
    score: Annotated[str, typer.Option(help="The column with the numbers that --keep quality goes by.")] = "",
    scope: Annotated[
        str, typer.Option(help="all: compare all records; new: only those new since the last search, with all.")
    ] = "all",
    pairs: Annotated[str, typer.Option(help="Write the pairs to this Parquet file (a, b, jaccard).")] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Find near-duplicates and keep one record of each family.

    A record that is unlike the kept one stays, though others link it to the family. A family whose records have
    different answers to one question loses none: they are asked to be labelled again; a later search drops as usual.
    """
    from pipeline.verbs.dedupe import CONTAINED_USUAL

    usual = CONTAINED_USUAL if mode == "contained" else 0.8
    values = {
        "mode": mode, "shingle": shingle, "keep": keep, "score": score, "scope": scope, "pairs_file": pairs,
        "dry_run": dry_run, "threshold": usual if threshold is None else threshold,
    }  # fmt: skip
    if pairs:
        values["pairs_file"] = str(Path(pairs).absolute())  # so that the job can go on from another folder
    with opened(context) as store:
        emit(run_verb(store, projects.get(store, project), "dedupe", values), as_json)


@app.command()
def semantic(
    context: typer.Context,
    project: ProjectName,
    threshold: Annotated[float, typer.Option(help="The least cosine of a pair, 0.3 to 1.")] = 0.75,
    model: Annotated[str, typer.Option(help="multilingual (Chinese too) or english.")] = "multilingual",
    keep: Annotated[
        str, typer.Option(help="What a family is held against: its first, longest, newest or a labelled record.")
    ] = "first",
    drop: Annotated[bool, typer.Option("--drop", help="Drop the others instead of flagging them.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Flag records that say the same in other words.

    WARNING: opposite statements ("the film is good", "the film is not good") are as near as paraphrases, or nearer.
    Look at every pair: nothing is dropped unless --drop says so.
    """
    values = {"threshold": threshold, "model": model, "keep": keep, "drop": drop, "dry_run": dry_run}
    with opened(context) as store:
        emit(run_verb(store, projects.get(store, project), "semantic", values), as_json)


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
    with opened(context) as store:
        emit(run_verb(store, projects.get(store, project), "augment", {"knobs": {}, **values}), as_json)


@app.command("records")
def list_records(
    context: typer.Context,
    project: ProjectName,
    where: Annotated[str, typer.Option(help='A filter, such as: state=unlabelled text="too late"')] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 50,
    offset: Annotated[int, typer.Option(min=0, max=2**62)] = 0,
    as_json: AsJson = False,
) -> None:
    """List the records that a filter names."""
    from pipeline.store import records

    with opened(context) as store:
        found = projects.get(store, project)
        chosen = records.RecordFilter.parse(where)
        rows = records.page(store, found.id, chosen, limit=limit, offset=offset)
        emit({"total": records.count(store, found.id, chosen), "records": rows}, as_json)


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
    with opened(context) as store, watched() as watcher:
        emit(export_to(store, version=version, project=project, format=format_name, out=out, watcher=watcher), as_json)
