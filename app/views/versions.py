"""Versions: what is ready to be frozen, the freeze itself, and every version with its card, splits and downloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets.download import download, reasons
from app.widgets.links import CARD, number
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import jobs
from pipeline.domain import SPLITS, Project, Task, WorkbenchError
from pipeline.jobs import verbs
from pipeline.store import Store, overview, projects, versions
from pipeline.tasks import questions_of
from pipeline.verbs.freeze_answers import forecast

READY = ("labelled", "unlabelled", "relabel", "augmented")
START = {"train": 80, "validation": 10, "test": 10}
COLOURS = 9  # labels with a colour of their own in the chart; the rest are drawn as one


def render(store: Store, project: Project) -> None:
    """Draw what could be frozen now, the form that does it, and the versions there are."""
    counts = overview.states(store, project.id)
    if not counts["original"]:
        st.info(t("versions.empty"), icon=":material/upload_file:")
        st.page_link(_page("import"), label=t("versions.go_import"), icon=":material/arrow_forward:")
        return
    with st.container(horizontal=True):
        for state in READY:
            with st.container(width=CARD):
                number(t(f"versions.{state}"), counts[state], project, f"state={state}", t(f"versions.{state}_help"))
    shown = _shown_job(store)
    _freeze(store, project)
    _list(store, project, shown)


def _page(name: str) -> Any:
    return st.session_state["pages"][name]


def _shown_job(store: Store) -> int | None:
    """The panel of the job that the URL names, if it is a freeze; says what came of it."""
    asked = st.query_params.get("job", "")
    if not asked.isdecimal():
        return None
    try:
        job = job_panel(store, int(asked))
    except WorkbenchError as error:  # an old address must not hide the versions
        st.error(plain(said(str(error))), icon=":material/error:")
        return None
    if job.kind == "freeze" and job.state == "done" and job.result.get("already_frozen"):
        st.info(t("versions.already", version=job.result["version"]), icon=":material/inventory_2:")
    return job.id


def _freeze(store: Store, project: Project) -> None:
    st.subheader(t("versions.freeze"), anchor=False)
    task = _task(projects.tasks(store, project.id))
    ahead = forecast(store, project.id, task) if task else {}
    labels = ahead.get("labels", {})
    if not ahead.get("originals") and len(labels) < 2:
        word = "one_label" if labels else "no_labels"
        st.info(t(f"versions.{word}", label=plain(next(iter(labels), ""))), icon=":material/sell:")
        st.page_link(_page("label"), label=t("versions.go_label"), icon=":material/arrow_forward:",
                     query_params={"project": project.name})  # fmt: skip
        return
    form, beside = st.columns([3, 2], gap="large")
    with beside:
        _forecast(ahead, [question.name for question in questions_of(task)] if task else [])
    with form:
        _form(store, project, task, ahead.get("originals") or sum(row["originals"] for row in labels.values()))


def _task(tasks: Sequence[Task]) -> Task | None:
    """Whose answers are frozen: picked where the project has several tasks."""
    if len(tasks) < 2:
        return next(iter(tasks), None)
    names = [task.name for task in tasks]
    picked = st.selectbox(t("task.which"), names, key="versions.task", width=280)
    return tasks[names.index(picked)] if picked in names else tasks[0]


def _form(store: Store, project: Project, task: Task | None, originals: int) -> None:
    with st.container(border=True):
        ratios = {}
        for box, split in zip(st.columns(3), SPLITS, strict=True):
            ratios[split] = box.number_input(
                t("versions.percent", split=t(f"versions.{split}")), 1 if split == "train" else 0, 100, START[split],
                key=f"versions.{split}",
            )  # fmt: skip
        left, right = st.columns([1, 2])
        seed_help = t("versions.seed_help")
        seed = left.number_input(t("versions.seed"), 0, 2**31 - 1, 13, key="versions.seed", help=seed_help)
        note = right.text_input(t("versions.note"), key="versions.note", max_chars=500)
        total = sum(ratios.values())
        if total != 100:
            st.warning(t("versions.sum", total=total), icon=":material/percent:")
        else:
            about = {split: f"{round(originals * ratio / 100):,}" for split, ratio in ratios.items()}
            st.caption(t("versions.about", **about))
        freeze = t("versions.freeze_now")
        if st.button(freeze, type="primary", icon=":material/ac_unit:", disabled=total != 100, key="versions.go"):
            values = {"splits": "/".join(str(ratios[split]) for split in SPLITS), "seed": int(seed), "note": note,
                      "task": task.name if task else ""}  # fmt: skip
            try:
                job_id = jobs.start(store, verbs.get("freeze")(**values), project.id)
            except WorkbenchError as error:
                st.error(plain(said(str(error))))
                return
            st.query_params["job"] = str(job_id)
            st.query_params.pop("version", None)
            st.rerun()


def _forecast(ahead: dict[str, Any], questions: list[str]) -> None:
    st.markdown(t("versions.forecast"))
    if "labels" in ahead:
        names = [t("versions.label"), t("versions.originals"), t("versions.from_train")]
        rows: list[tuple] = [(label, row["originals"], row["augmented"]) for label, row in ahead["labels"].items()]
    else:
        names = [t("freeze.question"), t("versions.originals")]
        rows = [(name, ahead["questions"].get(name, 0)) for name in questions]
    frame = pd.DataFrame(rows, columns=names)
    st.dataframe(frame, hide_index=True, width="stretch", height=min(245, 38 + 35 * len(rows)))
    for word in ("simulated", "disputed", "reopened"):
        if ahead.get(word):
            st.caption(t(f"versions.{word}_now", n=f"{ahead[word]:,}"))


def _list(store: Store, project: Project, shown: int | None) -> None:
    st.subheader(t("versions.list"), anchor=False)
    found = versions.all_versions(store, project.id)
    if not found:
        st.info(t("versions.none"), icon=":material/inventory_2:")
        return
    at = _table(found) if len(found) > 1 else 0
    version = found[at]
    with st.container(border=True):
        _version(store, project, version)
        if version.job_id != shown:
            with st.expander(t("versions.job")):
                job_panel(store, version.job_id)


def _table(found: list[versions.Version]) -> int:
    """All versions as rows; returns which one is open: the row picked, else the one in the URL, else the newest."""
    asked = st.query_params.get("version", "")
    start = next((i for i, v in enumerate(found) if asked and v.id.startswith(asked)), 0)
    frame = pd.DataFrame(
        {
            t("versions.version"): [v.short for v in found],
            t("versions.frozen_at"): [v.created_at for v in found],
            **{t(f"versions.{split}"): [v.card["records"][split] for v in found] for split in SPLITS},
            t("versions.leaks"): [v.card["leaks"] for v in found],
            t("versions.note"): [v.card.get("note", "") for v in found],
        }
    )
    event = st.dataframe(
        frame, hide_index=True, width="stretch", on_select="rerun", selection_mode="single-row",
        key=f"versions.table.{found[0].short}.{len(found)}", height=min(245, 38 + 35 * len(found)),
    )  # fmt: skip
    st.caption(t("versions.pick"))
    picked = event.selection.rows  # type: ignore[union-attr]  # on_select="rerun" always gives a state
    if picked:
        st.query_params["version"] = found[picked[0]].short
        return int(picked[0])
    return start


def _version(store: Store, project: Project, version: versions.Version) -> None:
    card = version.card
    at = f"{version.created_at:%Y-%m-%d %H:%M}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("versions.head", version=version.short, at=at), width="stretch")
        st.page_link(_page("train"), label=t("versions.train_on"), icon=":material/model_training:",
                     query_params={"project": project.name, "version": version.short})  # fmt: skip
    if card.get("note"):
        st.text(card["note"])
    with st.container(horizontal=True):
        for split in SPLITS:
            st.metric(t(f"versions.{split}"), f"{card['records'][split]:,}", border=True, width=130)
        st.metric(t("versions.of_augmented"), f"{card['augmented']:,}", border=True, width=130)
    _leaks(card)
    for word in ("simulated", "disagreements", "relabel_open"):
        if card.get(word):
            st.caption(t(f"versions.{word}_in", n=f"{card[word]:,}", total=f"{sum(card['records'].values()):,}"))
    if card.get("excluded"):
        st.caption(t("versions.excluded", reasons=reasons(card["excluded"])))
    _answered(card)
    _chart(card)
    with st.expander(t("versions.card"), icon=":material/data_object:"):
        st.caption(t("versions.folder", path=plain(str(version.path))))
        st.json(dict(card), expanded=1)
    download(store, version.short, version=version.id)


def _leaks(card: Any) -> None:
    if not card["leaks"]:
        st.success(t("versions.no_leaks"), icon=":material/verified:")
        return
    st.warning(t("versions.leaks_found", n=f"{card['leaks']:,}"), icon=":material/warning:")
    with st.expander(t("versions.leak_examples")):
        rows = [(one["a"], _split(one["a_split"]), one["b"], _split(one["b_split"])) for one in card["leak_examples"]]
        names = [t("versions.record_a"), t("versions.split_a"), t("versions.record_b"), t("versions.split_b")]
        st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, width="stretch")


def _answered(card: Any) -> None:
    """How many records answer each question, where the task asks for more than one label."""
    if not card.get("questions"):
        return
    names = [t("freeze.question"), t("freeze.kind"), *(t(f"versions.{split}") for split in SPLITS)]
    rows = [
        (one["name"], t_or(f"question.{one['kind']}", one["kind"]), *(one["records"][split] for split in SPLITS))
        for one in card["questions"]
    ]
    st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, width="stretch")


def _chart(card: Any) -> None:
    """The share of each label in each split: alike when the split is well stratified."""
    if not card["labels"]:
        return
    sizes = {label: sum(card["by_label"][s].get(label, 0) for s in SPLITS) for label in card["labels"]}
    own = sorted(sizes, key=lambda label: -sizes[label])[:COLOURS]
    rest = t("versions.other_labels", n=len(sizes) - len(own))
    shown = [label for label in card["labels"] if label in own] + ([rest] if len(sizes) > len(own) else [])
    counts = pd.DataFrame(
        [
            {"split": _split(split), "label": label if label in own else rest, "n": n}
            for split in SPLITS
            for label, n in card["by_label"][split].items()
        ]
    )
    frame = counts.groupby(["split", "label"], sort=False)["n"].sum().reset_index()
    frame["rank"] = frame["label"].map(shown.index)
    names = {"split": t("versions.split"), "label": t("versions.label"), "n": t("versions.records")}
    chart = alt.Chart(frame, height=240).mark_bar().encode(
        y=alt.Y("split:N", sort=[_split(s) for s in SPLITS], title=None),
        x=alt.X("n:Q", stack="normalize", title=t("versions.share"), axis=alt.Axis(format="%")),
        color=alt.Color("label:N", sort=shown, title=None, legend=alt.Legend(orient="bottom", columns=3)),
        order=alt.Order("rank:Q"), tooltip=[alt.Tooltip(name, title=title) for name, title in names.items()],
    )  # fmt: skip
    st.altair_chart(chart, width="stretch")


def _split(split: str) -> str:
    return t(f"versions.{split}")
