"""The train page: start a run on a version, watch it, and see what it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.widgets.form import knob_form
from app.widgets.run_panel import run_panel, time_words
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
    run_panel(store, project, chosen)


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
        half = (len(rest) + 1) // 2
        for column, part in zip(st.columns(2), (rest[:half], rest[half:]), strict=True):
            with column:
                values |= knob_form(plugin, "train.knob", "train", only=part)
    if recipe == "auto":
        st.caption(t("train.auto_means", recipe=t_or(f"train.recipe_{meant}", meant)))
    for finding in findings:
        _finding(finding)
    changed = _changed(plugin, values)
    with st.expander(t("train.command"), icon=":material/terminal:"):
        st.code(runs.command_line(store, version.short, recipe, changed, model, seed), language=None, wrap_lines=True)
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
            names["time"]: [time_words(run.seconds) if run.seconds else "" for run in shown],
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


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
