"""Import: a file is looked at, its columns are named, and its rows become records of a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.widgets.import_answers import fitted, holds
from app.widgets.import_reading import files_of, format_choice, settings_of, sha256
from app.widgets.import_reading import seen as read
from app.widgets.import_result import outcome
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import jobs
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.importers import NONE, Preview
from pipeline.importers.foreign import Survey
from pipeline.importers.inputs import Input
from pipeline.store import Store, imports, projects
from pipeline.store import jobs as job_store
from pipeline.store.annotations import IMPORTED
from pipeline.tasks import tasks
from pipeline.verbs.import_file import LATER, USUAL, Import

ENCODINGS = ("utf-8", "gb18030", "utf-16", "big5", "cp1252")


def render(store: Store, project: Project | None) -> None:
    """Draw the import of the URL if there is one, else the form for a new one."""
    job = _shown_job(store)
    if job is not None:
        outcome(store, job)
        return
    upload = st.file_uploader(t("importing.file"), key="importing.file", help=t("importing.file_help"))
    if upload is None:
        st.info(t("importing.empty"), icon=":material/upload_file:")
        return
    path: Path | None = None
    try:
        path = _saved(store, upload)
        files = files_of(store, str(path), upload.name)
        seen = read(path.name, tuple(files), _asked(store, project))
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        if path is not None:
            format_choice(path.name)
        return
    _beginning(seen, path.name, len(files))
    _form(store, project, path, seen, upload.name, files)


def _shown_job(store: Store) -> Job | None:
    asked = st.query_params.get("job", "")
    if not asked.isdecimal():
        return None
    try:
        job = job_store.get(store, int(asked))
    except WorkbenchError as error:
        st.error(plain(said(str(error))))
        return None
    return job if job.kind == Import.name else None


def _saved(store: Store, upload: Any) -> Path:
    """The upload as a file; written once, however often the page is drawn."""
    file_id, path = st.session_state.get("importing.saved", (None, None))
    if file_id != upload.file_id or not path.exists():
        path = imports.save_upload(store, upload.name, upload.getbuffer())
        st.session_state["importing.saved"] = (upload.file_id, path)
    return path


def _beginning(seen: Preview, key: str, files: int) -> None:
    read_as = seen.format.replace("_", " ") if seen.survey else seen.format.upper()
    words = t("importing.seen_encoded", format=read_as, encoding=seen.encoding, n=len(seen.columns))
    if not seen.encoding:
        words = t("importing.seen", format=read_as, n=len(seen.columns))
    st.subheader(t("importing.beginning"), anchor=False)
    st.caption(words)
    if files > 1:
        st.caption(t("importing.several", n=f"{files:,}", first=plain(seen.name)))
    format_choice(key)
    rows = [{name: _cell(row.get(name)) for name in seen.columns} for row in seen.rows]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=min(260, 38 + 35 * len(rows)))
    if seen.rejections:
        first = seen.rejections[0]
        words = t("importing.some_unreadable", line=first.line, reason=plain(said(first.reason)))
        st.warning(words, icon=":material/warning:")
    if seen.survey is not None:
        holds(seen.survey)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 500 else text[:499] + "…"


def _form(
    store: Store, project: Project | None, path: Path, seen: Preview, upload_name: str, files: list[Input]
) -> None:  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(t("importing.columns"), anchor=False)
        columns = _own_columns(seen) if seen.own else _columns(path.name, seen)
    with right:
        st.subheader(t("importing.destination"), anchor=False)
        name, is_new = _destination(store, project, path.name, seen)
        task = _task(store, None if is_new else name, seen.survey)
        asks = seen.survey is not None or columns["label_column"] not in ("", NONE)
        labels = _labels(path.name, seen.survey) if asks else {}
        fit = _fitted(store, seen, path.name, None if is_new else name, labels)
        again = _again(store, path, None if is_new else name, tuple(files))
    pressed = st.button(
        t("importing.start"), type="primary", key="importing.start", icon=":material/upload:",
        disabled=not (columns["text_column"] and name) or fit is None,
    )  # fmt: skip
    if not columns["text_column"]:
        st.caption(t("importing.choose_text"))
    if pressed:
        encoding = st.session_state.get(f"importing.encoding.{path.name}") or ""
        settings: dict[str, Any] = {**({} if seen.survey else columns), **labels, **(fit or {})}
        wanted = st.session_state.get(f"importing.format.{path.name}") or ""
        settings |= {"task": task, "encoding": encoding, "again": again, "format": wanted}
        settings["settings"] = settings_of(wanted, path.name)
        verb = Import(str(path), file_name=upload_name, **settings)
        _start(store, verb, name, is_new)


def _asked(store: Store, project: Project | None) -> str:
    """The kind of question that a label column would answer: of the project's task, else of the kind picked."""
    known = projects.tasks(store, project.id) if project else []
    picked = st.session_state.get("importing.task") or LATER
    kind = known[0].kind if known else USUAL if picked == LATER else picked
    plugin = tasks.get(kind)()
    questions = plugin.questions(known[0].definition if known else plugin.definition(()))
    return questions[0].kind if questions else ""


def _task(store: Store, name: str | None, survey: Survey | None) -> str:
    """The kind of task that the records are for: a project that has a task keeps it."""
    known = projects.tasks(store, projects.get(store, name).id) if name else []
    made = survey is not None and bool(survey.questions)
    kinds = {
        LATER: t("importing.task_made" if made else "importing.task_later"),
        **{kind: t_or(f"task.template_{kind}", kind) for kind in tasks.names()},
    }
    if known:
        st.caption(t("importing.task_is", name=plain(known[0].name), kind=plain(kinds.get(known[0].kind, ""))))
        return ""
    return st.selectbox(
        t("importing.task"), list(kinds), key="importing.task", help=t("importing.task_help"),
        format_func=kinds.__getitem__,
    )  # fmt: skip


def _fitted(
    store: Store, seen: Preview, key: str, name: str | None, labels: dict[str, Any]
) -> dict[str, Any] | None:  # fmt: skip
    """How the answers of another tool fit the project's questions, as settings; None while something is open."""
    if seen.survey is None or labels.get("label_column") == NONE:
        return {}
    known = projects.tasks(store, projects.get(store, name).id) if name else []
    return fitted(seen.survey, known[0] if known else None, f"{key}.{name}")


def _own_columns(seen: Preview) -> dict[str, str]:
    """A file that Winnow or another annotation tool exported says itself what is what, and who answered."""
    st.info(t("importing.own" if seen.survey is None else "importing.foreign"), icon=":material/verified:")
    return {"text_column": "text", "label_column": "", "id_column": "id", "split_column": "split"}


def _columns(key: str, seen: Preview) -> dict[str, str]:
    """The column of each role as the verb takes it."""
    names = list(seen.columns)
    text = st.selectbox(
        t("importing.text_column"), names, index=names.index(seen.guess.text) if seen.guess.text else None,
        key=f"importing.text.{key}", placeholder=t("importing.choose"),
    )  # fmt: skip
    found = {"text_column": text or ""}
    none, detected = t("importing.none"), t("importing.detected")
    for role in ("label", "id", "split"):
        options = [NONE, *(name for name in names if name != text)]
        guessed = getattr(seen.guess, role)
        found[f"{role}_column"] = st.selectbox(
            t(f"importing.{role}_column"), options, index=options.index(guessed) if guessed in options else 0,
            key=f"importing.{role}.{key}", help=t(f"importing.{role}_column_help"),
            format_func=lambda name: none if name == NONE else name,
        )  # fmt: skip
    if seen.encoding:
        st.selectbox(
            t("importing.encoding"), ["", *ENCODINGS], key=f"importing.encoding.{key}",
            help=t("importing.encoding_help"), format_func=lambda name: name.upper() or detected,
        )  # fmt: skip
    return found


def _destination(store: Store, project: Project | None, key: str, seen: Preview) -> tuple[str, bool]:
    """The project that takes the records, and whether it has yet to be made."""
    known = [one.name for one in projects.all_projects(store)]
    options, new = ["", *known], t("importing.new_project")
    picked = ""
    if known:
        picked = st.selectbox(
            t("importing.project"), options, index=options.index(project.name) if project else 0,
            key=f"importing.project.{project.name if project else ''}",
            format_func=lambda name: name or new,
        )  # fmt: skip
    if picked:
        return picked, False
    start = seen.name.rpartition(".")[0] or seen.name
    name = st.text_input(t("importing.project_name"), start[:80], key=f"importing.name.{key}", max_chars=80)
    return name.strip(), True


def _labels(key: str, survey: Survey | None) -> dict[str, Any]:
    """What becomes of the labels in the file, as settings of the verb."""
    ways = {way: t(f"importing.labels_{way}") for way in ("answers", "suggestions", "ignore")}
    way = st.radio(
        t("importing.labels"), list(ways), key=f"importing.labels.{key}", help=t("importing.labels_help"),
        format_func=ways.__getitem__,
    )  # fmt: skip
    if way == "answers" and survey is not None and "" not in survey.people:
        return {}  # the file says of each answer whose it is
    if way == "answers":
        by = st.text_input(t("importing.labels_by"), IMPORTED, key=f"importing.by.{key}", max_chars=80)
        return {"labels_by": " ".join(by.split()) or IMPORTED}
    return {"as_suggestions": True} if way == "suggestions" else {"label_column": NONE}


def _again(store: Store, path: Path, name: str | None, files: tuple[Input, ...]) -> bool:
    """Whether a file that this project has already is to be imported once more; asked only if it has."""
    if name is None:
        return False
    before = imports.earlier(store, projects.get(store, name).id, sha256(files))
    if before is None:
        return False
    st.warning(t("importing.twice", when=f"{before['finished_at']:%Y-%m-%d %H:%M}", job=before["id"]))
    return st.toggle(t("importing.again"), key=f"importing.again.{path.name}", help=t("importing.again_help"))


def _start(store: Store, verb: Import, name: str, is_new: bool) -> None:
    try:
        verb.check()
        project = projects.create(store, name) if is_new else projects.get(store, name)
        job_id = jobs.start(store, verb, project.id)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return
    st.query_params.update({"project": project.name, "job": str(job_id)})
    st.session_state["project"] = project.name
    st.rerun()
