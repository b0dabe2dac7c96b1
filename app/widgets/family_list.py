"""The families of near-duplicates that a search found, side by side, each with what can be decided about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from app.widgets.bulk import bulk_answer
from app.widgets.difference import marked
from app.widgets.pager import pager
from app.widgets.text import plain
from app.words import said, t
from pipeline.dedup.diff import Piece, differences, union
from pipeline.domain import Job, Project, Verdict, WorkbenchError
from pipeline.store import Store, families, verdicts
from pipeline.store.families import Family, FamilyFilter, Member

PAGE = 10
SIZES: dict[str, tuple[int, int | None]] = {
    "any": (2, None), "2": (2, 2), "3": (3, 3), "4-9": (4, 9), "10-99": (10, 99), "100+": (100, None),
}  # fmt: skip


def family_list(store: Store, project: Project, job: Job) -> None:
    """Draw the families of a search under the filter and the page of the URL."""
    st.subheader(t("duplicates.heading"), anchor=False)
    where, order = _filter(job)
    total = families.count(store, job.id, where)
    if not total:
        st.info(t("duplicates.no_family_fits"), icon=":material/search_off:")
        return
    pages = (total - 1) // PAGE + 1
    asked = st.query_params.get("page", "1")
    at = min(max(1, int(asked) if asked.isdecimal() else 1), pages)
    _pager(at, pages, total, "top")
    for family in families.page(store, job.id, where, order=order, limit=PAGE, offset=(at - 1) * PAGE):
        _family(store, project, job, family)
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
    chains = job.result["kept_unlike"] > 0 and st.toggle(
        t("duplicates.chains"), key="duplicates.chains", help=t("duplicates.unlike_help")
    )
    if text != asked:
        go(text=text, page="1")
    least, most = SIZES[size]
    return FamilyFilter(least=least, most=most, text=text, chains=chains), order


def _pager(at: int, pages: int, total: int, place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("duplicates.found", n=f"{total:,}"), width="content")
        pager(at, pages, f"duplicates.{place}", lambda page: go(page=str(page)))


def _family(store: Store, project: Project, job: Job, family: Family) -> None:
    readings = [differences(family.kept.text, other.text) for other in family.others]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(t("duplicates.family", n=f"{family.size:,}"), width="stretch")
            _family_buttons(store, project, job, family)
        left, right = st.columns(2)
        with left:
            _member(store, project, job, family.kept, union([mine for mine, _ in readings]), "red")
        with right:
            for other, (_, theirs) in zip(family.others, readings, strict=True):
                _member(store, project, job, other, theirs, "green", [(False, family.kept.text)])
            unseen = family.size - 1 - len(family.others)
            if unseen > 0:
                st.caption(t("duplicates.more", n=f"{unseen:,}"))
        members = [record_id for record_id, _ in families.ids(store, job.id, family.id)]
        bulk_answer(store, project, members, f"duplicates.bulk.{family.id}", t("bulk.family"))


def _family_buttons(store: Store, project: Project, job: Job, family: Family) -> None:
    if job.state != "done":
        return
    for word, icon in (("keep_all", "done_all"), ("drop_others", "filter_1")):
        if st.button(t(f"duplicates.{word}"), key=f"duplicates.{word}.{family.id}", icon=f":material/{icon}:"):
            members = families.ids(store, job.id, family.id)
            every = word == "keep_all"
            _decide(store, project, [(record_id, "keep" if every or kept else "drop") for record_id, kept in members])
    st.page_link(
        st.session_state["pages"]["records"], label=t("duplicates.open"), icon=":material/arrow_forward:",
        query_params={"project": project.name, "where": f"family={family.id} job={job.id}"},
    )  # fmt: skip


def _member(
    store: Store,
    project: Project,
    job: Job,
    member: Member,
    pieces: list[Piece],
    color: str,
    same: list[Piece] | None = None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(member.external_id, 60)}**", width="content")
        if member.kept:
            st.badge(t("duplicates.the_kept"), color="blue", icon=":material/star:")
        else:
            st.badge(t("duplicates.similar", value=f"{100 * member.similarity:.1f}"), color="gray")
        state = "dropped" if member.dropped else "stays"
        if member.dropped and job.state == "preview":
            state = "would_go"
        if not member.kept or member.dropped:
            st.badge(t(f"duplicates.state_{state}"), color="green" if state == "stays" else "orange")
        if member.labelled:
            st.badge(t("duplicates.labelled"), color="violet", icon=":material/sell:")
        st.space("stretch")
        if job.state == "done":
            word = "keep" if member.dropped else "drop"
            if st.button(t(f"duplicates.{word}_one"), key=f"duplicates.{word}.{member.record_id}", type="tertiary"):
                _decide(store, project, [(member.record_id, word)])
    if pieces == same:
        st.caption(t("duplicates.same_text"))
    else:
        st.markdown(marked(pieces, color))


def _decide(store: Store, project: Project, decisions: Iterable[tuple[int, str]]) -> None:
    said = [Verdict(record_id, "by hand", kind, "judged beside its near-duplicates") for record_id, kind in decisions]
    attempt(lambda: verdicts.decide(store, project.id, "keep", said))


def attempt(act: Callable[[], object]) -> None:
    """Do it and draw the page again; a refusal is shown instead."""
    try:
        act()
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        st.rerun()


def go(**params: str) -> None:
    """Draw the page again at another address; an empty value takes its word out."""
    for name, value in params.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.rerun()
