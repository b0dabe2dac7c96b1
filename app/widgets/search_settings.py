"""What a search for near-duplicates is told: how alike, how texts are cut, what stays, which records are compared."""

from __future__ import annotations

import streamlit as st

from app.widgets.attempt import attempt, go
from app.words import t
from pipeline import jobs
from pipeline.domain import Project
from pipeline.knobs import Knob, knobs_of
from pipeline.store import Store, columns, pairs
from pipeline.verbs.dedupe import CONTAINED_FROM, CONTAINED_USUAL, MODES, POLICIES, Dedupe

UNITS = ("auto", "word", "char")


def search_settings(store: Store, project: Project) -> None:
    """Draw the settings, and the button that searches without dropping anything."""
    knob = {knob.name: knob for knob in knobs_of(Dedupe)}
    mode = st.segmented_control(
        t("duplicates.mode"), MODES, default=MODES[0], key="duplicates.mode", required=True,
        format_func=lambda m: t(f"duplicates.mode_{m}"), help=t("duplicates.mode_help"),
    ) or MODES[0]  # fmt: skip
    left, right = st.columns(2)
    with left:
        threshold = _threshold(knob["threshold"], mode)
        keep, score = _keep(store, project, mode)
    with right:
        shingle = _shingle(str(knob["shingle"].default))
    scope = _scope(store, project, shingle, threshold, mode)
    missing = keep == "quality" and not score
    if st.button(
        t("duplicates.preview"), type="primary", key="duplicates.preview", icon=":material/search:", disabled=missing
    ):
        verb = Dedupe(
            mode=mode, threshold=threshold, shingle=shingle, keep=keep, score=score, scope=scope, dry_run=True
        )  # fmt: skip
        attempt(lambda: go(job=str(jobs.start(store, verb, project.id)), page="1"))


def _threshold(knob: Knob, mode: str) -> float:
    low, high, usual = float(knob.low or 0), float(knob.high or 1), float(knob.default)
    key, label, explained = "duplicates.threshold", t("duplicates.threshold"), t("duplicates.threshold_help")
    if mode == "contained":
        low, usual = CONTAINED_FROM, CONTAINED_USUAL
        key, label = f"{key}.contained", t("duplicates.threshold_contained")
        explained = t("duplicates.threshold_contained_help")
    return st.slider(label, low, high, usual, 0.01, key=key, help=explained)


def _shingle(default: str) -> str:
    unit_first, _, length_first = default.partition(":")
    unit = st.segmented_control(
        t("duplicates.unit"), UNITS, default=unit_first, key="duplicates.unit", required=True,
        format_func=lambda u: t(f"duplicates.unit_{u}"), help=t("duplicates.unit_help"),
    )  # fmt: skip
    length = st.number_input(
        t("duplicates.length"), 1, 20, int(length_first), key="duplicates.length", help=t("duplicates.length_help")
    )
    return f"{unit or unit_first}:{length}"


def _keep(store: Store, project: Project, mode: str) -> tuple[str, str]:
    """What stays, and the column with the scores by which it is chosen, if it is."""
    if mode == "contained":
        st.caption(t("duplicates.keep_contained"))
        return "longest", ""
    keep = st.selectbox(
        t("duplicates.keep"), POLICIES, key="duplicates.keep", format_func=lambda k: t(f"duplicates.keep_{k}"),
        help=t("duplicates.keep_help"),
    )  # fmt: skip
    if keep != "quality":
        return keep, ""
    names = columns.of_numbers(store, project.id)
    if not names:
        st.warning(t("duplicates.no_score"), icon=":material/numbers:")
        return keep, ""
    return keep, st.selectbox(
        t("duplicates.score"), names, key="duplicates.score", format_func=str, help=t("duplicates.score_help")
    )


def _scope(store: Store, project: Project, shingle: str, threshold: float, mode: str) -> str:
    before = pairs.last_search(store, project.id, shingle, threshold, mode)
    new = st.toggle(
        t("duplicates.scope_new"), key="duplicates.scope", disabled=before is None, help=t("duplicates.scope_help")
    )
    if before is None:
        st.caption(t("duplicates.scope_none"))
        return "all"
    st.caption(t("duplicates.scope_since", job=before))
    return "new" if new else "all"
