"""The command that holds training data against what is held out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.terminal import AsJson, DryRun, ProjectName, emit, opened, run_verb
from pipeline.store import projects

app = typer.Typer()


@app.command("leaks")
def check(
    context: typer.Context,
    project: ProjectName,
    against: Annotated[
        str, typer.Option(help="splits (of a version), project:NAME, or file:PATH of a benchmark.")
    ] = "splits",
    version: Annotated[str, typer.Option(help="The version whose splits are checked; the newest if not given.")] = "",
    threshold: Annotated[float, typer.Option(help="The least Jaccard similarity of a pair, 0.3 to 1.")] = 0.8,
    shingle: Annotated[str, typer.Option(help="word:N, char:N, or auto:N, which chooses for each text.")] = "auto:5",
    inside: Annotated[
        float, typer.Option(help="The least share of a held-out text that is inside a longer one; 0: do not look.")
    ] = 0.9,
    text_column: Annotated[str, typer.Option(help="Of the file; guessed if not given.")] = "",
    id_column: Annotated[str, typer.Option(help="Of the file; guessed if not given.")] = "",
    pairs: Annotated[str, typer.Option(help="Write the pairs with their texts to this Parquet file.")] = "",
    drop: Annotated[bool, typer.Option("--drop", help="Drop the training side of every pair.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Find the held-out texts that the training data has too: is my test set in my training data?"""
    values = {
        "against": against, "version": version, "threshold": threshold, "shingle": shingle, "inside": inside,
        "text_column": text_column,
        "id_column": id_column, "pairs_file": str(Path(pairs).absolute()) if pairs else "", "drop": drop,
        "dry_run": dry_run,
    }  # fmt: skip
    with opened(context) as store:
        emit(run_verb(store, projects.get(store, project), "leaks", values), as_json)
