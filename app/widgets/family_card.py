"""One family of near-duplicates: its records with what differs between them, and what can be decided about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import streamlit as st

from app.widgets.attempt import attempt
from app.widgets.bulk import bulk_answer
from app.widgets.difference import marked
from app.widgets.text import plain
from app.words import t
from pipeline.dedup.diff import Piece, differences, union
from pipeline.domain import Job, Project, Verdict
from pipeline.store import Store, families, verdicts
from pipeline.store import jobs as job_store
from pipeline.store.families import Family, Member

_compared = lru_cache(maxsize=512)(differences)  # every press on the page draws it again


def family_card(
    store: Store, project: Project, job: Job, family: Family, members: Sequence[int], decided: Mapping[int, int]
) -> None:
    """Draw a family. members: all its record ids; decided: how many records each decision by hand was about."""
    readings = [_compared(family.kept.text, other.text) for other in family.others]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(t("duplicates.family", n=f"{family.size:,}"), width="stretch")
            _buttons(store, project, job, family, decided)
        if family.contradictory:
            _contradiction(project, job)
        left, right = st.columns(2)
        with left:
            pieces = union([mine for mine, _ in readings])
            _member(store, project, job, family.kept, pieces, "red", decided)
        with right:
            for other, (_, theirs) in zip(family.others, readings, strict=True):
                _member(store, project, job, other, theirs, "green", decided, [(False, family.kept.text)])
            unseen = family.size - 1 - len(family.others)
            if unseen > 0:
                st.caption(t("duplicates.more", n=f"{unseen:,}"))
        bulk_answer(store, project, members, f"duplicates.bulk.{family.id}", t("bulk.family"))


def _contradiction(project: Project, job: Job) -> None:
    word = "asked_again" if job.state == "done" else "would_ask_again"
    st.warning(t(f"duplicates.{word}"), icon=":material/contrast:")
    if job.state == "done":
        st.page_link(
            st.session_state["pages"]["label"], label=t("duplicates.label_again"), icon=":material/arrow_forward:",
            query_params={"project": project.name},
        )  # fmt: skip


def _buttons(store: Store, project: Project, job: Job, family: Family, decided: Mapping[int, int]) -> None:
    """What can be done with all of a family; before a search is applied, its records can only be kept."""
    words = {"keep_all": "done_all", "drop_others": "filter_1"} if job.state == "done" else {"keep_all": "done_all"}
    for word, icon in words.items():
        if st.button(t(f"duplicates.{word}"), key=f"duplicates.{word}.{family.id}", icon=f":material/{icon}:"):
            found = families.ids(store, job.id, family.id)
            every = word == "keep_all"
            _decide(store, project, [(record_id, "keep" if every or kept else "drop") for record_id, kept in found])
    last = max((m.decision for m in (family.kept, *family.others) if m.decision), default=None)
    if last is not None and decided.get(last, 1) > 1:
        _undo(store, last, decided[last], f"family.{family.id}")
    if job.state == "done":
        st.page_link(
            st.session_state["pages"]["records"], label=t("common.open_records"), icon=":material/arrow_forward:",
            query_params={"project": project.name, "where": f"family={family.id} job={job.id}"},
        )  # fmt: skip


def _member(
    store: Store,
    project: Project,
    job: Job,
    member: Member,
    pieces: list[Piece],
    color: str,
    decided: Mapping[int, int],
    same: list[Piece] | None = None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(member.external_id, 60)}**", width="content")
        _badges(job, member)
        st.space("stretch")
        _member_buttons(store, project, job, member, decided)
    if pieces == same:
        st.caption(t("duplicates.same_text"))
    else:
        st.markdown(marked(pieces, color))


def _badges(job: Job, member: Member) -> None:
    if member.kept:
        st.badge(t("duplicates.the_kept"), color="blue", icon=":material/star:")
    else:
        st.badge(_nearness(job, member), color="gray")
    if member.decision is not None:
        word = "dropped_by_hand" if member.dropped else "kept_by_hand"
        st.badge(
            t(f"duplicates.state_{word}"), color="orange" if member.dropped else "green", icon=":material/pan_tool:"
        )
    elif not member.kept or member.dropped:
        state = _state(job, member)
        st.badge(t(f"duplicates.state_{state}"), color="green" if state == "stays" else "orange")
    if member.labelled:
        st.badge(t("duplicates.labelled"), color="violet", icon=":material/sell:")


def _nearness(job: Job, member: Member) -> str:
    if job.kind == "semantic":
        return t("duplicates.cosine", value=f"{member.similarity:.2f}")
    word = "share_inside" if job.params.get("mode") == "contained" else "similar"
    return t(f"duplicates.{word}", value=f"{100 * member.similarity:.1f}")


def _state(job: Job, member: Member) -> str:
    """The word for what the search did with a member, or would do."""
    if member.dropped:
        return "would_go" if job.state == "preview" else "dropped"
    if job.kind == "semantic" and not job.params["drop"]:
        return "would_flag" if job.state == "preview" else "flagged"
    return "stays"


def _member_buttons(store: Store, project: Project, job: Job, member: Member, decided: Mapping[int, int]) -> None:
    if member.decision is not None and decided.get(member.decision, 1) == 1:
        _undo(store, member.decision, 1, str(member.record_id))
    elif member.dropped or job.state == "done":
        word = "keep" if member.dropped else "drop"
        if st.button(t(f"duplicates.{word}_one"), key=f"duplicates.{word}.{member.record_id}", type="tertiary"):
            _decide(store, project, [(member.record_id, word)])


def _undo(store: Store, decision: int, records: int, key: str) -> None:
    label = t("duplicates.undo_one") if records == 1 else t("duplicates.undo_many", n=f"{records:,}")
    if st.button(
        label, key=f"duplicates.undo.{key}", type="tertiary", icon=":material/undo:",
        help=t("duplicates.undo_help", job=decision),
    ):  # fmt: skip
        attempt(lambda: job_store.undo(store, decision))


def _decide(store: Store, project: Project, decisions: Sequence[tuple[int, str]]) -> None:
    said = [Verdict(record_id, "by hand", kind, "judged beside its near-duplicates") for record_id, kind in decisions]
    attempt(lambda: verdicts.decide(store, project.id, "keep", said))
