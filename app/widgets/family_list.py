"""The families of near-duplicates that a search found: searched, ordered, filtered, and a page of them at a time."""

from __future__ import annotations

import streamlit as st

from app.widgets.attempt import go
from app.widgets.family_card import family_card
from app.widgets.pager import pager
from app.words import t
from pipeline.domain import Job, Project
from pipeline.store import Store, families
from pipeline.store.families import FamilyFilter

PAGE = 10
SIZES: dict[str, tuple[int, int | None]] = {
    "any": (2, None), "2": (2, 2), "3": (3, 3), "4-9": (4, 9), "10-99": (10, 99), "100+": (100, None),
}  # fmt: skip
ONLY = {"chains": "kept_unlike", "contradictory": "contradictory"}  # a filter, and the figure without which it is idle


def family_list(store: Store, project: Project, job: Job) -> None:
    """Draw the families of a search under the filter and the page of the URL."""
    st.subheader(t("duplicates.heading"), anchor=False)
    where, order = _filter(job)
    word = st.query_params.get("page", "1")
    asked = max(1, min(int(word), 10**9)) if word.isdecimal() else 1
    total, shown = families.counted_page(
        store, job.id, where, order=order, limit=PAGE, offset=(asked - 1) * PAGE
    )  # fmt: skip
    if not total:
        st.info(t("duplicates.no_family_fits"), icon=":material/search_off:")
        return
    pages = (total - 1) // PAGE + 1
    at = min(asked, pages)
    _pager(at, pages, total, "top")
    members = families.records_of(store, job.id, [family.id for family in shown])
    decided = families.decided(
        store, sorted({m.decision for f in shown for m in (f.kept, *f.others) if m.decision is not None})
    )
    for family in shown:
        family_card(store, project, job, family, members[family.id], decided)
    if total > 3:
        _pager(at, pages, total, "bottom")


def _filter(job: Job) -> tuple[FamilyFilter, str]:
    text_box, size_box, order_box = st.columns([3, 1, 2])
    asked = st.query_params.get("text", "")
    text = text_box.text_input(
        t("duplicates.search"), asked, key=f"duplicates.text.{asked}", icon=":material/search:"
    )  # fmt: skip
    size = size_box.selectbox(
        t("duplicates.size"), list(SIZES), key="duplicates.size",
        format_func=lambda s: t("duplicates.any") if s == "any" else s,
    )  # fmt: skip
    order = order_box.selectbox(
        t("duplicates.order"), list(families.ORDERS), key="duplicates.order",
        format_func=lambda o: t(f"duplicates.order_{o}"),
    )  # fmt: skip
    with st.container(horizontal=True):
        only = {
            name: st.toggle(t(f"duplicates.{name}_only"), key=f"duplicates.{name}", help=t(f"duplicates.{figure}_help"))
            for name, figure in (("chains", "unlike"), ("contradictory", "contradictory"))
            if job.result.get(ONLY[name], 0) > 0
        }
    if text != asked:
        go(text=text, page="1")
    least, most = SIZES[size]
    return FamilyFilter(least=least, most=most, text=text, **only), order


def _pager(at: int, pages: int, total: int, place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("duplicates.found", n=f"{total:,}"), width="content")
        pager(at, pages, f"duplicates.{place}", lambda page: go(page=str(page)))
