"""The command line: every verb of the pages, for scripts. One JSON object on stdout with --json; the rest on stderr.

Exit codes: 0 done, 1 a WorkbenchError (one sentence on stderr), 2 wrong usage.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from app.commands import data, files, leaks, model, recipes, task, work
from app.commands.terminal import notes
from app.settings import database_path
from pipeline.domain import WorkbenchError

app = typer.Typer(
    name="winnow", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Turn raw text into a fine-tuned model, and the model's errors into better labels.",
)  # fmt: skip
for room in (work, files, data, leaks, model):
    app.add_typer(room.app)
app.add_typer(task.app, name="task", help="What is asked of each record: show it, save it from a file, templates.")
app.add_typer(recipes.app, name="recipe", help="The project's own cleaning recipes: list, show, save, remove.")


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


def main() -> None:
    """The entry point: a WorkbenchError becomes one sentence and exit code 1."""
    try:
        "".join(sys.argv).encode()
    except UnicodeEncodeError:  # the bytes of a name in another encoding: neither JSON nor the database can hold them
        sys.stderr.write("A word of this command holds bytes that are not UTF-8. Rename the file and try again.\n")
        sys.exit(2)
    try:
        app()
    except WorkbenchError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
