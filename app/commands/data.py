"""Commands on records: clean, correct, dedupe, semantic, augment, records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands import recipes
from app.commands.terminal import AsJson, DryRun, ProjectName, emit, opened, run_verb
from pipeline.domain import WorkbenchError
from pipeline.store import projects

app = typer.Typer()


@app.command()
def clean(
    context: typer.Context,
    project: ProjectName,
    recipe: Annotated[
        str, typer.Option(help="One of the project's own recipes, the name of a ready one, or a recipe file.")
    ] = "default",
    revision: recipes.Revision = None,
    processes: Annotated[
        int | None, typer.Option(help="In how many processes the steps work; 1: in none of their own, 0: one a core.")
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Instead: what the one does that the other does not. Each is the number of a cleaning job (a preview "
            "too), or a recipe, which is tried out and not applied."
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Repair or drop records by the steps of a recipe."""
    with opened(context) as store:
        found = projects.get(store, project)
        if compare is not None:
            emit(recipes.compare(store, found, *compare), as_json)
            return
        done = recipes.clean_with(store, found, recipe, revision, dry_run=dry_run, processes=processes)
        emit(done, as_json)


@app.command()
def correct(
    context: typer.Context,
    project: ProjectName,
    record: Annotated[str, typer.Option("--id", help="The record's id, as its file has it.")],
    text: Annotated[str, typer.Option(help="The text as it should read; - reads it from stdin.")],
    author: Annotated[str, typer.Option("--by", help="Who corrects it.")] = "",
    why: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Correct the text of one record; places marked in it move along, and its job can be undone."""
    from pipeline.store import records
    from pipeline.verbs.correct import correct

    new = sys.stdin.read() if text == "-" else text
    with opened(context) as store:
        found = projects.get(store, project)
        numbers = records.ids(store, found.id, records.RecordFilter(external=record))
        if not numbers:
            raise WorkbenchError(f"The project '{project}' has no record with the id '{record}'.")
        emit({"job": correct(store, found.id, numbers[0], new, author, why), "record": record}, as_json)


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
