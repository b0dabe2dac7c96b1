"""The train page: start a run on a version, watch it, and see what it is worth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.widgets import charts
from app.widgets.form import knob_form
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import runs
from pipeline.domain import Project, WorkbenchError
from pipeline.knobs import build, knobs_of, values_of
from pipeline.runs import Run
from pipeline.store import Store, versions
from training import models, preflight
from training.data import load_version
from training.recipes.base import recipes

LISTED = 50  # runs in the table
SHOWN_ERRORS = 10
SILENT = 90.0  # seconds without a heartbeat after which a living run is said to be silent
ICONS = {"error": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


def render(store: Store, project: Project) -> None:
    """Draw the form for a new run, the runs there are, and the one that is open."""
    frozen = versions.all_versions(store, project.id)
    found = runs.all_runs(store, project.id)
    if not frozen and not found:
        st.info(t("train.no_versions"), icon=":material/inventory_2:")
        st.page_link(st.session_state["pages"]["versions"], label=t("train.to_versions"),
                     icon=":material/arrow_forward:", query_params={"project": project.name})  # fmt: skip
        return
    if frozen:
        with st.expander(t("train.new"), expanded=not found, icon=":material/add:"):
            _new(store, project, frozen)
    if not found:
        st.info(t("train.no_runs"), icon=":material/model_training:")
        return
    chosen = _list(found)
    st.subheader(t("train.run", run=chosen.id), anchor=False)
    if chosen.active:
        _live(store, chosen.id, chosen.state)
    else:
        _ended(store, project, chosen)


def _new(store: Store, project: Project, frozen: list[versions.Version]) -> None:
    left, right = st.columns([3, 2])
    by_id = {v.short: v for v in frozen}
    asked = st.query_params.get("version", "")[: versions.SHORT]
    start = list(by_id).index(asked) if asked in by_id else 0
    version = by_id[
        left.selectbox(t("train.version"), list(by_id), start, key=f"train.version.{asked}",
                       format_func=lambda short: _version_words(by_id[short]))
    ]  # fmt: skip
    names = ["auto", *recipes.names()]
    recipe = right.selectbox(
        t("train.recipe"), names, key="train.recipe", format_func=lambda name: t_or(f"train.recipe_{name}", name)
    )
    left, right = st.columns([3, 2])
    model = ""
    if recipe != "embeddings":
        model = left.text_input(
            t("train.model"), key="train.model", help=t("train.model_help"),
            placeholder=models.short_name(models.default_encoder()) or t("train.model_none"),
        ).strip()  # fmt: skip
    try:
        findings, meant = _preflight(str(version.path), recipe, model)
    except WorkbenchError as error:  # a damaged version must not hide the others, nor the runs
        st.error(plain(said(str(error))), icon=":material/error:")
        return
    plugin = recipes.get(meant)
    with right, st.container(horizontal=True):
        values = knob_form(plugin, "train.knob", "train", only=("epochs",))
        seed = int(st.number_input(t("train.seed"), 0, 2**31 - 1, 13, key="train.seed", help=t("train.seed_help")))
    with st.expander(t("train.settings"), icon=":material/tune:"):
        rest = [knob.name for knob in knobs_of(plugin) if knob.name != "epochs"]
        for i, column in enumerate(st.columns(2)):
            with column:
                values |= knob_form(plugin, "train.knob", "train", only=rest[i::2])
    if recipe == "auto":
        st.caption(t("train.auto_means", recipe=t_or(f"train.recipe_{meant}", meant)))
    for finding in findings:
        _finding(finding)
    changed = _changed(plugin, values)
    with st.expander(t("train.command"), icon=":material/terminal:"):
        st.code(runs.command_line(store, version.short, recipe, changed, model, seed), language="bash", wrap_lines=True)
    blocked = any(f.level == "error" for f in findings)
    if st.button(t("train.start"), key="train.start", type="primary", icon=":material/play_arrow:", disabled=blocked):
        try:
            build(plugin, values)
            st.query_params["run"] = runs.launch(store, project.id, version.id, recipe, changed, model, seed)
        except WorkbenchError as error:
            st.error(plain(said(str(error))), icon=":material/error:")
        else:
            st.rerun()


def _version_words(version: versions.Version) -> str:
    records = version.card.get("records", {})
    counts = " / ".join(f"{records.get(split, 0):,}" for split in ("train", "validation", "test"))
    return f"{version.short} · {counts} · {version.created_at:%Y-%m-%d %H:%M}"


@st.cache_data(max_entries=50, ttl=600, show_spinner=False)
def _preflight(path: str, recipe: str, model: str) -> tuple[list[preflight.Finding], str]:
    """What the checks before a run find, and which recipe "auto" stands for."""
    version = load_version(Path(path))
    meant = preflight.choose_recipe(version, model) if recipe == "auto" else recipe
    return preflight.check(version, meant, model), meant


def _finding(finding: preflight.Finding) -> None:
    facts = {**finding.facts, **({"why": said(finding.facts["why"])} if "why" in finding.facts else {})}
    values = {name: plain(value) if isinstance(value, str) else value for name, value in facts.items()}
    show = {"error": st.error, "warning": st.warning, "info": st.info}[finding.level]
    show(t(f"train.finding_{finding.code}", **values), icon=ICONS[finding.level])


def _changed(plugin: type, values: dict[str, Any]) -> dict[str, Any]:
    """The settings that are not at their defaults: what the command line and the run's config say."""
    defaults = values_of(plugin())
    return {name: value for name, value in values.items() if value != defaults[name]}


def _list(found: list[Run]) -> Run:
    """The table of runs; returns the one that is open: clicked, else named by the URL, else the newest."""
    shown = found[:LISTED]
    asked = st.query_params.get("run", "")
    open_run = next((run for run in found if asked and run.id.startswith(asked)), None)
    if asked and open_run is None:
        st.warning(t("train.unknown_run", run=plain(asked)), icon=":material/warning:")
    current = open_run or found[0]
    names = {c: t(f"train.col_{c}") for c in ("run", "state", "version", "recipe", "accuracy", "macro_f1", "time")}
    frame = pd.DataFrame(
        {
            names["run"]: [run.id for run in shown],
            names["state"]: [t(f"train.state_{run.state}") for run in shown],
            names["version"]: [run.version_id for run in shown],
            names["recipe"]: [_recipe_words(run) for run in shown],
            names["accuracy"]: [_percent(run.metrics.get("accuracy")) for run in shown],
            names["macro_f1"]: [_percent(run.metrics.get("macro_f1")) for run in shown],
            names["time"]: [_time(run.seconds) if run.seconds else "" for run in shown],
        }
    )
    start = shown.index(current) if current in shown else 0
    event: Any = st.dataframe(
        frame, hide_index=True, width="stretch", height=min(38 + 35 * len(shown), 260), on_select="rerun",
        selection_mode="single-row", key=f"train.runs.{len(shown)}.{current.id}",
        selection_default={"selection": {"rows": [start]}},
    )  # fmt: skip
    picked = event.selection.rows
    if picked and shown[picked[0]].id != current.id:
        st.query_params["run"] = shown[picked[0]].id
        st.rerun()
    return current


def _recipe_words(run: Run) -> str:
    name = str(run.status.get("recipe") or run.config.get("recipe", ""))
    model = models.short_name(str(run.config.get("model", "")))
    return " · ".join(filter(None, [t_or(f"train.short_{name}", name), model]))


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
        _figure("elapsed", _time(run.seconds))
        _figure("eta", _time(eta) if eta is not None else "–")
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


def _figure(name: str, value: str, width: int = 178) -> None:
    with st.container(width=width):
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


def _ended(store: Store, project: Project, run: Run) -> None:
    if run.state == "done":
        words = t("train.is_done", time=_time(run.seconds), version=run.version_id)
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
        st.code(str(run.config.get("command", "")), language="bash", wrap_lines=True)
        report = runs.read_json(run.path / "report.json") or {}
        facts: dict[str, Any] = {
            "version": run.version_id, "seed": run.config.get("seed"), "recipe": run.status.get("recipe"),
            "knobs": run.status.get("knobs"), "folder": os.path.relpath(run.path),
            **{k: report[k] for k in ("model", "device", "parameters", "best_epoch", "records", "warnings", "packages")
               if k in report},
        }  # fmt: skip
        st.json(facts, expanded=2)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
