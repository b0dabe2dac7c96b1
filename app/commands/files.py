"""Commands on files: import them, and export a project or a version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.terminal import AsJson, ProjectName, emit, opened, run_verb, watched
from pipeline.store import projects

app = typer.Typer()


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A file, a folder, a pattern in quotes, an archive, or hub:OWNER/NAME.")],
    project: ProjectName,
    format_name: Annotated[str, typer.Option("--format", help="The format; found out and said if not given.")] = "",
    task: Annotated[
        str,
        typer.Option(help="The kind of task; if not given, that of the project, else what the answers make."),
    ] = "",
    text_column: Annotated[str, typer.Option(help="Of a table; guessed if not given.")] = "",
    label_column: Annotated[
        str, typer.Option(help="The column with labels, if a table has any; '-' takes no answers from any file.")
    ] = "",
    id_column: Annotated[str, typer.Option(help="Kept as the record's external id; guessed if not given.")] = "",
    split_column: Annotated[str, typer.Option(help="train, validation or test; freeze keeps to it.")] = "",
    labels_by: Annotated[str, typer.Option(help="Who gave the labels, or the answers that name nobody.")] = "",
    as_suggestions: Annotated[bool, typer.Option("--as-suggestions", help="Take answers as suggestions.")] = False,
    question: Annotated[
        list[str] | None, typer.Option(help="THEIRS=OURS: the question that takes theirs; '-' leaves it out.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--map", help="THEIRS=OURS: the label that stands for theirs; '-' for none.")
    ] = None,
    new_labels: Annotated[str, typer.Option(help="add or reject: labels that the task does not have.")] = "",
    unit: Annotated[str, typer.Option(help="What offsets count: code points, UTF-16 units, grapheme clusters.")] = "",
    setting: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE: a setting of the format.")] = None,
    encoding: Annotated[str, typer.Option(help="Of text files; found out if not given.")] = "",
    max_mb: Annotated[int, typer.Option(help="The largest file, unpacked, in megabytes.")] = 4096,
    again: Annotated[bool, typer.Option("--again", help="Import a file that was imported before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the records of files in, and their answers; what cannot be taken is listed with its reason."""
    from pipeline.verbs.import_file import Import

    if labels_by and as_suggestions:
        raise typer.BadParameter("give --labels-by or --as-suggestions, not both")
    values: dict[str, Any] = {
        "path": file, "task": task, "text_column": text_column, "label_column": label_column,
        "id_column": id_column, "split_column": split_column, "labels_by": labels_by, "as_suggestions": as_suggestions,
        "again": again, "format": format_name, "questions": _pairs(question), "labels": _pairs(label),
        "new_labels": new_labels, "unit": unit, "settings": _pairs(setting), "encoding": encoding, "max_mb": max_mb,
    }  # fmt: skip
    Import(**values).check()  # before there is a project: a file that cannot be read leaves none behind
    with opened(context) as store:
        emit(run_verb(store, projects.get_or_create(store, project), "import", values), as_json)


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format_name: Annotated[str, typer.Option("--format", help="The exporter's name.")] = "jsonl",
    version: Annotated[str, typer.Option(help="A frozen version, or")] = "",
    project: Annotated[str, typer.Option("--project", "-p", help="a project as it is now.")] = "",
    where: Annotated[str, typer.Option(help="Of a project: only these records, as in `winnow records`.")] = "",
    dropped: Annotated[bool, typer.Option("--dropped", help="Also the records that were dropped.")] = False,
    without: Annotated[
        list[str] | None, typer.Option(help="people (their names), skips or suggestions: leave them out.")
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Also what answers were before.")] = False,
    setting: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE: a setting of the format.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a version or a project to a file of any format; what the format cannot hold is counted."""
    from pipeline.export import export_to

    if bool(version) == bool(project):
        raise typer.BadParameter("give --version or --project, one of the two")
    if version and (where or dropped or without or history):
        raise typer.BadParameter("a version leaves as it was frozen: choose what leaves of a project only")
    with opened(context) as store, watched() as watcher:
        result = export_to(
            store, version=version, project=project, format=format_name, out=out, where=where, dropped=dropped,
            without=without or (), history=history, settings=_pairs(setting), watcher=watcher,
        )  # fmt: skip
        emit(result, as_json)


def _pairs(given: Sequence[str] | None) -> dict[str, str]:
    """NAME=VALUE words as a mapping; the first = parts them."""
    wrong = next((one for one in given or () if "=" not in one), None)
    if wrong is not None:
        raise typer.BadParameter(f"'{wrong}' is not NAME=VALUE")
    return {name: value for name, _, value in (one.partition("=") for one in given or ())}
