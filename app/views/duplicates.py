"""Near-duplicates: search, look at a preview, apply it, and judge the families side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets import links
from app.widgets.bulk import bulk_answer
from app.widgets.difference import marked
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t
from pipeline import jobs
from pipeline.dedup.diff import Piece, differences, union
from pipeline.dedup.shingles import unspaced
from pipeline.domain import Job, Project, Verdict, WorkbenchError
from pipeline.knobs import Knob, knobs_of
from pipeline.store import Store, families, records, verdicts
from pipeline.store import jobs as job_store
from pipeline.store.families import Family, FamilyFilter, Member
from pipeline.verbs.dedupe import POLICIES, Dedupe

PAGE = 10
SIZES: dict[str, tuple[int, int | None]] = {
    "any": (2, None), "2": (2, 2), "3": (3, 3), "4-9": (4, 9), "10-99": (10, 99), "100+": (100, None),
}  # fmt: skip
HISTORY = 12


def render(store: Store, project: Project) -> None:
    """Draw the settings, the search that is looked at with its families, and what was done before."""
    past = job_store.recent(store, project.id, limit=HISTORY, kind="dedupe")
    job = _chosen(past)
    if job is None and not families.waiting(store, project.id):
        st.info(t("duplicates.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("duplicates.import"))
        return
    with st.expander(t("duplicates.settings"), expanded=job is None, icon=":material/tune:"):
        _settings(store, project)
    if job is None:
        st.info(t("duplicates.nothing_yet"), icon=":material/search:")
    else:
        _search(store, project, job)
    _history(store, project, past, job)


def _chosen(past: list[Job]) -> Job | None:
    """The search that the URL names, else the newest that was not undone."""
    asked = st.query_params.get("job", "")
    named = next((job for job in past if str(job.id) == asked), None)
    return named or next((job for job in past if job.state != "undone"), None)


def _settings(store: Store, project: Project) -> None:
    if "duplicates.unit" not in st.session_state:
        sample = next(iter(records.batches(store, project.id, size=100)), None)
        texts = [] if sample is None else sample.column("text").to_pylist()
        st.session_state["duplicates.unit"] = "char" if unspaced(texts) else "word"
    knob = _knobs()
    left, right = st.columns(2)
    low, high = float(knob["threshold"].low or 0), float(knob["threshold"].high or 1)
    threshold = left.slider(
        t("duplicates.threshold"), low, high, float(knob["threshold"].default), 0.01, key="duplicates.threshold",
        help=t("duplicates.threshold_help"),
    )  # fmt: skip
    unit = right.segmented_control(
        t("duplicates.unit"), ["word", "char"], key="duplicates.unit", required=True,
        format_func=lambda u: t(f"duplicates.unit_{u}"), help=t("duplicates.unit_help"),
    )  # fmt: skip
    length = right.number_input(t("duplicates.length"), 1, 20, 5, key="duplicates.length")
    keep = left.selectbox(
        t("duplicates.keep"), POLICIES, key="duplicates.keep", format_func=lambda k: t(f"duplicates.keep_{k}"),
        help=t("duplicates.keep_help"),
    )  # fmt: skip
    if st.button(t("duplicates.preview"), type="primary", key="duplicates.preview", icon=":material/search:"):
        verb = Dedupe(threshold=threshold, shingle=f"{unit}:{length}", keep=keep, dry_run=True)
        _attempt(lambda: _go(job=str(jobs.start(store, verb, project.id)), page="1"))


def _knobs() -> dict[str, Knob]:
    return {knob.name: knob for knob in knobs_of(Dedupe)}


def _search(store: Store, project: Project, job: Job) -> None:
    with st.container(border=job.state == "preview"):
        st.markdown(_described(job))
        if job.state == "preview":
            _apply_or_discard(store, job)
        else:
            job_panel(store, job.id)
    if job.state not in ("done", "preview"):
        return
    if "hint" in job.result:
        st.warning(t("duplicates.hint", shingle=job.params["shingle"]), icon=":material/translate:")
    if not job.result["families"]:
        st.info(t("duplicates.none_found"), icon=":material/check_circle:")
        return
    _figures(store, project, job)
    _families(store, project, job)


def _described(job: Job) -> str:
    unit, _, n = str(job.params["shingle"]).partition(":")
    return t(
        "duplicates.described", job=job.id, threshold=f"{job.params['threshold']:g}",
        cut=t(f"duplicates.cut_{unit}", n=n), keep=t(f"duplicates.keep_{job.params['keep']}"),
    )  # fmt: skip


def _apply_or_discard(store: Store, job: Job) -> None:
    st.info(t("duplicates.is_preview", n=f"{job.result['dropped']:,}"), icon=":material/visibility:")
    with st.container(horizontal=True):
        if st.button(t("duplicates.apply"), type="primary", key="duplicates.apply", icon=":material/check:"):
            _attempt(lambda: job_store.redo(store, job.id))
        if st.button(t("duplicates.discard"), key="duplicates.discard", icon=":material/close:"):
            _attempt(lambda: job_store.close_job(store, job.id, "undone", job.result))


def _figures(store: Store, project: Project, job: Job) -> None:
    result, live = job.result, job.state == "done"
    columns = st.columns(4)
    with columns[0]:
        st.metric(t("duplicates.pairs"), f"{result['pairs'] + result['pairs_elided']:,}", border=True,
                  help=t("duplicates.pairs_help"))  # fmt: skip
    with columns[1]:
        st.metric(t("duplicates.families"), f"{result['families']:,}", border=True)
    with columns[2]:
        _number("dropped" if live else "would_drop", result["dropped"], project, f"job={job.id}" if live else "")
    with columns[3]:
        _number("unlike", result["kept_unlike"], project, "")
    notes = [t("duplicates.took", seconds=f"{result['seconds']:g}", n=f"{result['records']:,}")]
    if result["pairs_elided"]:
        notes.append(t("duplicates.elided", n=f"{result['pairs_elided']:,}"))
    if result["buckets_cut"]:
        notes.append(t("duplicates.cut_short"))
    st.caption(" ".join(notes))
    _size_chart(store, job)


def _number(word: str, value: int, project: Project, where: str) -> None:
    label, explained = t(f"duplicates.{word}"), t(f"duplicates.{word}_help")
    if where:
        links.number(label, value, project, where, help=explained)
    else:
        st.metric(label, f"{value:,}", help=explained, border=True)


def _size_chart(store: Store, job: Job) -> None:
    counted = dict.fromkeys(list(SIZES)[1:], 0)
    for row in families.sizes(store, job.id):
        name = next(n for n, (low, high) in list(SIZES.items())[1:] if low <= row["size"] <= (high or row["size"]))
        counted[name] += row["families"]
    frame = pd.DataFrame({"size": list(counted), "families": list(counted.values())})
    x = alt.X("size:N", sort=None, title=t("duplicates.size"), axis=alt.Axis(labelAngle=0))
    y = alt.Y("families:Q", title=t("duplicates.families"), axis=alt.Axis(tickMinStep=1))
    base = alt.Chart(frame, height=170).encode(x=x, y=y)
    st.altair_chart(
        base.mark_bar() + base.mark_text(dy=-7, color="gray").encode(text=alt.Text("families:Q", format=",")),
        key="duplicates.sizes",
    )


def _families(store: Store, project: Project, job: Job) -> None:
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
        _go(text=text, page="1")
    least, most = SIZES[size]
    return FamilyFilter(least=least, most=most, text=text, chains=chains), order


def _pager(at: int, pages: int, total: int, place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("duplicates.page_of", at=f"{at:,}", pages=f"{pages:,}", n=f"{total:,}"), width="stretch")
        moves = [
            ("first", 1, at > 1), ("previous", at - 1, at > 1),
            ("next", at + 1, at < pages), ("last", pages, at < pages),
        ]  # fmt: skip
        if pages == 1:
            return
        icons = {"first": "first_page", "previous": "chevron_left", "next": "chevron_right", "last": "last_page"}
        for word, target, on in moves:
            if st.button(
                "", icon=f":material/{icons[word]}:", key=f"duplicates.{word}.{place}", disabled=not on,
                help=t(f"duplicates.{word}"),
            ):  # fmt: skip
                _go(page=str(target))


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
    _attempt(lambda: verdicts.decide(store, project.id, "keep", said))


def _history(store: Store, project: Project, past: list[Job], current: Job | None) -> None:
    by_hand = job_store.recent(store, project.id, limit=HISTORY, kind="keep")
    shown = sorted([*past, *by_hand], key=lambda job: -job.id)[:HISTORY]
    shown = [job for job in shown if current is None or job.id != current.id]
    if not shown:
        return
    with st.expander(t("duplicates.history"), icon=":material/history:"):
        for job in shown:
            with st.container(border=job.state == "preview"):
                if job.kind == "dedupe":
                    st.markdown(_described(job))
                    if st.button(t("duplicates.look"), key=f"duplicates.look.{job.id}", type="tertiary"):
                        _go(job=str(job.id), page="1")
                else:
                    st.markdown(t("duplicates.by_hand", job=job.id, n=len(job.params.get("records", []))))
                if job.state != "preview":
                    job_panel(store, job.id)


def _attempt(act: Callable[[], object]) -> None:
    try:
        act()
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        st.rerun()


def _go(**params: str) -> None:
    for name, value in params.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.rerun()
