"""The sample projects: real reviews with real dirt, in English and Chinese, and their true labels apart."""

from __future__ import annotations

from pathlib import Path

from pipeline import jobs
from pipeline.domain import Project, WorkbenchError
from pipeline.store import Store, projects
from pipeline.tasks import tasks
from pipeline.verbs.import_file import Import

FOLDER = Path(__file__).resolve().parent.parent / "data" / "sample"
LABELS = ("negative", "positive")
# Project -> its raw file, its language code.
PROJECTS = {"reviews-en": ("reviews-en.csv", "en"), "reviews-zh": ("reviews-zh.jsonl", "zh")}


def load(store: Store, names: tuple[str, ...] = tuple(PROJECTS)) -> list[Project]:
    """Make the sample projects, import their files and define their task; one that is there is left as it is.

    A project's meta names, under `truth`, the file of true labels that a simulated annotator answers from.
    """
    known = {project.name for project in projects.all_projects(store)}
    return [projects.get(store, name) if name in known else _load(store, name) for name in names]


def truth(project: Project) -> Path | None:
    """The file of true labels that a sample project brings, also after the repository was moved; else None."""
    named = project.meta.get("truth")
    if not named:
        return None
    return Path(named) if Path(named).is_file() else FOLDER / Path(named).name


def _load(store: Store, name: str) -> Project:
    file, code = PROJECTS[name]
    raw, answers, guideline = (_found(part) for part in (file, f"truth-{code}.csv", f"guideline-{code}.md"))
    project = projects.create(store, name, {"sample": True, "truth": str(answers)})
    kind = "classification"
    definition = tasks.get(kind)().definition(LABELS)
    text = guideline.read_text(encoding="utf-8")
    projects.save_task(store, project.id, name=kind, kind=kind, definition=definition, guideline=text)
    verb = Import(str(raw), task=kind, text_column="text", id_column="id", label_column="-", split_column="-")
    jobs.run(store, verb, project.id)
    return project


def _found(file: str) -> Path:
    path = FOLDER / file
    if not path.is_file():
        raise WorkbenchError(f"The sample data is not where it belongs: there is no {path}. Get the whole repository.")
    return path
