"""One training run: its progress while it is at work, and what its model is worth once it has ended."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd
import streamlit as st

from app.widgets import charts
from app.widgets.links import CARD
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import runs
from pipeline.domain import Project, WorkbenchError
from pipeline.runs import Run
from pipeline.store import Store

SHOWN_ERRORS = 10
SILENT = 90.0  # seconds without a heartbeat after which a living run is said to be silent


def run_panel(store: Store, project: Project, run: Run) -> None:
    """Show one run. While it is at work the panel looks again every second; when it ends the page is drawn again."""
    if run.active:
        _live(store, run.id, run.state)
    else:
        _ended(store, project, run)


def _ended(store: Store, project: Project, run: Run) -> None:
    if run.state == "done":
        words = t("train.is_done", time=time_words(run.seconds), version=run.version_id)
        st.success(words, icon=":material/check:")
        _worth(store, project, run)
    elif run.state == "failed":
        st.error(t("train.is_failed", error=plain(said(run.error))), icon=":material/error:")
    else:
        st.warning(t(f"train.is_{run.state}", step=f"{run.status.get('step', 0):,}",
                     steps=f"{run.status.get('steps', 0):,}"), icon=":material/pause:")  # fmt: skip
    if run.resumable:
        if st.button(t("train.resume"), key=f"train.resume.{run.id}", icon=":material/play_arrow:"):
            try:
                runs.resume(store, run.id)
            except WorkbenchError as error:
                st.error(plain(said(str(error))), icon=":material/error:")
            else:
                st.query_params["run"] = run.id
                st.rerun()
        with st.expander(t("train.log"), expanded=run.state == "failed", icon=":material/article:"):
            st.code(runs.log_tail(run.path) or t("train.no_log"), language=None, wrap_lines=True)
    rows = runs.curve(runs.read_metrics(run.path)[0])
    if rows:
        st.markdown(f"**{t('train.learning')}**")
        _curves(rows)
    if run.state != "missing":
        _particulars(run)


def _worth(store: Store, project: Project, run: Run) -> None:
    """What a finished run scores, where it is confused, and its surest mistakes."""
    try:
        report = runs.report(run.path)
    except WorkbenchError as error:
        st.error(plain(said(str(error))))
        return
    split = run.metrics.get("split", "test")
    scores = report[split]
    if not scores["n"]:
        st.info(t("train.unmeasured"), icon=":material/straighten:")
        return
    st.caption(t("train.measured", n=f"{scores['n']:,}", split=t(f"train.split_{split}")))
    with st.container(horizontal=True):
        for name in ("accuracy", "macro_f1", "weighted_f1", "ece"):
            _figure(name, f"{scores[name]:.1%}")
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.markdown(f"**{t('train.per_label')}**")
        _per_label(scores["per_label"])
    with right:
        st.markdown(f"**{t('train.confusion')}**", help=t("train.confusion_help"))
        cell = charts.confusion_matrix(
            report["labels"], scores["confusion"], truth=t("train.label"), predicted=t("train.predicted"),
            share=t("train.share"), n=t("train.n"), key=f"train.confusion.{run.id}",
        )  # fmt: skip
    _mistakes(store, project, run, cell)


def _per_label(rows: list[dict[str, Any]]) -> None:
    names = {c: t(f"train.{c}") for c in ("label", "precision", "recall", "f1", "support")}
    frame = pd.DataFrame({names[c]: [row[c] for row in rows] for c in names})
    percent = st.column_config.NumberColumn(format="percent")
    columns = {names[c]: percent for c in ("precision", "recall", "f1")}
    st.dataframe(frame, hide_index=True, width="stretch", column_config=columns)


def _mistakes(store: Store, project: Project, run: Run, cell: tuple[str, str] | None) -> None:
    wrong = runs.errors(store, run.id)
    link = {"project": project.name, "run": run.id}
    if cell is not None:
        wrong = [row for row in wrong if (row["label"], row["predicted"]) == cell]
        link |= {"label": cell[0], "predicted": cell[1]}
    words = t("train.mistakes_of", label=plain(cell[0]), predicted=plain(cell[1])) if cell else t("train.mistakes")
    st.markdown(f"**{words}** ({len(wrong):,})")
    if not wrong:
        st.caption(t("train.no_mistakes"))
        return
    names = {c: t(f"train.{c}") for c in ("text", "label", "predicted", "confidence")}
    frame = pd.DataFrame({names[c]: [row[c] for row in wrong[:SHOWN_ERRORS]] for c in names})
    st.dataframe(
        frame, hide_index=True, width="stretch",
        column_config={names["text"]: st.column_config.TextColumn(width="large"),
                       names["confidence"]: st.column_config.NumberColumn(format="percent")},
    )  # fmt: skip
    st.page_link(st.session_state["pages"]["errors"], label=t("train.to_errors", n=f"{len(wrong):,}"),
                 icon=":material/arrow_forward:", query_params=link)  # fmt: skip


def _particulars(run: Run) -> None:
    with st.expander(t("train.particulars"), icon=":material/info:"):
        st.code(str(run.config.get("command", "")), language=None, wrap_lines=True)
        report = runs.read_json(run.path / "report.json") or {}
        facts: dict[str, Any] = {
            "version": run.version_id, "seed": run.config.get("seed"), "recipe": run.status.get("recipe"),
            "knobs": run.status.get("knobs"), "folder": os.path.relpath(run.path),
            **{k: report[k] for k in ("model", "device", "parameters", "best_epoch", "records", "warnings", "packages")
               if k in report},
        }  # fmt: skip
        st.json(facts, expanded=2)


@st.fragment(run_every=1.0)
def _live(store: Store, run_id: str, state: str) -> None:
    run = runs.get(store, run_id)
    if run.state != state:
        st.rerun(scope="app")
    step, steps = int(run.status.get("step", 0)), int(run.status.get("steps", 0))
    stopping = (run.path / "control").exists()
    word = "stopping" if stopping else run.status.get("note") or run.state
    note = t_or(f"train.note_{word}", run.state)
    bar, button = st.columns([5, 1], vertical_alignment="bottom")
    bar.progress(min(1.0, step / steps) if steps else 0.0, text=f"{note} {step:,} / {steps:,}" if steps else note)
    if button.button(t("common.cancel"), key=f"train.cancel.{run.id}", width="stretch", disabled=stopping):
        runs.cancel(run.path)
        st.rerun(scope="fragment")
    rows = runs.curve(runs.read_metrics(run.path)[0])
    train = [row for row in rows if row["kind"] == "train"]
    eta = run.status.get("eta")
    with st.container(horizontal=True):
        _figure("elapsed", time_words(run.seconds))
        _figure("eta", time_words(eta) if eta is not None else "–")
        _figure("loss", f"{train[-1]['loss']:.4f}" if train else "–")
        if train and "samples_per_second" in train[-1]:
            _figure("speed", f"{train[-1]['samples_per_second']:,.1f}")
    if run.state == "running" and _silent(run):
        st.warning(t("train.silent"), icon=":material/hourglass_disabled:")
    _curves(rows)


def _silent(run: Run) -> bool:
    try:
        touched = (run.path / "heartbeat").stat().st_mtime
    except FileNotFoundError:
        return False
    return pd.Timestamp.now().timestamp() - touched > SILENT


def _figure(name: str, value: str) -> None:
    with st.container(width=CARD):
        st.metric(t(f"train.{name}"), value, help=t_or(f"train.{name}_help", "") or None, border=True)


def _curves(rows: list[dict[str, Any]]) -> None:
    """The loss over the steps, and validation after each epoch."""
    left, right = st.columns(2, gap="large")
    by_penalty = any("penalty" in row for row in rows)
    x, loss, part = t("train.epoch" if by_penalty else "train.step"), t("train.loss"), t("train.part")
    points = [
        {x: row["epoch" if by_penalty else "step"], loss: row["loss"],
         part: t("train.penalty", n=f"{row['penalty']:g}") if by_penalty else t(f"train.curve_{row['kind']}")}
        for row in rows
        if row["kind"] == "train" or not by_penalty
    ]  # fmt: skip
    with left:
        if points:
            charts.lines(pd.DataFrame(points), x, loss, part)
        else:
            st.caption(t("train.no_curve"))
    checks = [row for row in rows if row["kind"] == "validation"]
    with right:
        if checks:
            first = t("train.penalty_column") if by_penalty else t("train.epoch")
            frame = pd.DataFrame(
                {
                    first: [row["penalty" if by_penalty else "epoch"] for row in checks],
                    t("train.loss"): [row["loss"] for row in checks],
                    t("train.accuracy"): [row["accuracy"] for row in checks],
                    t("train.macro_f1"): [row["macro_f1"] for row in checks],
                }
            )
            st.caption(t("train.validation_table"))
            percent = st.column_config.NumberColumn(format="percent")
            columns = {t("train.accuracy"): percent, t("train.macro_f1"): percent,
                       t("train.loss"): st.column_config.NumberColumn(format="%.4f")}  # fmt: skip
            st.dataframe(frame, hide_index=True, width="stretch", column_config=columns)


def time_words(seconds: float) -> str:
    """Seconds as hours, minutes and seconds: 1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
