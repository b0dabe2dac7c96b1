"""The pairs that a leak check found, the two texts side by side, and as files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import streamlit as st

from app.widgets.attempt import go
from app.widgets.difference import marked
from app.widgets.pager import pager
from app.widgets.text import plain
from app.words import t, t_or
from pipeline.crossing import HOW
from pipeline.dedup.diff import differences
from pipeline.domain import SPLITS, Job, Project
from pipeline.exporters.delimited import harmless
from pipeline.store import Store, leaks
from pipeline.store.leaks import Leak, LeakFilter, Text

PAGE = 10
COLORS = {"identical": "red", "near": "orange", "contained": "violet"}


def leak_list(store: Store, project: Project, job: Job) -> None:
    """Draw the pairs of a check under the filter and the page of the URL."""
    st.subheader(t("leaks.heading"), anchor=False)
    where = _filter(store, job)
    total = leaks.count(store, job.id, where)
    if not total:
        st.info(t("leaks.no_pair_fits"), icon=":material/search_off:")
        return
    pages = (total - 1) // PAGE + 1
    asked = st.query_params.get("page", "1")
    at = min(max(1, int(asked) if asked.isdecimal() else 1), pages)
    _pager(at, pages, total, "top")
    for leak in leaks.page(store, job.id, where, limit=PAGE, offset=(at - 1) * PAGE):
        _pair(project, job, leak)
    if total > 3:
        _pager(at, pages, total, "bottom")
    _download(store, job)


def place_name(job: Job, place: str) -> str:
    """The name of a split in the reader's language; a project and a file are called what they are."""
    split = place in SPLITS and (job.params["against"] == "splits" or place == "train")
    return t_or(f"leaks.place_{place}", place) if split else place


def _filter(store: Store, job: Job) -> LeakFilter:
    places = leaks.places(store, job.id)
    text_box, how_box, *place_box = st.columns([3, 1, 1] if len(places) > 1 else [4, 1])
    asked = st.query_params.get("text", "")
    text = text_box.text_input(
        t("leaks.search"), asked, key=f"leaks.text.{asked}", icon=":material/search:", max_chars=500
    )  # fmt: skip
    hows = ["", *(how for how in HOW if job.result["pairs_by"][how])]
    how = how_box.selectbox(
        t("leaks.how"), hows, key=f"leaks.how.{job.id}",
        format_func=lambda one: t(f"leaks.how_{one}") if one else t("leaks.any"),
    )  # fmt: skip
    place = ""
    if place_box:
        place = place_box[0].selectbox(
            t("leaks.where"), ["", *places], key=f"leaks.place.{job.id}",
            format_func=lambda one: place_name(job, one) if one else t("leaks.any"),
        )  # fmt: skip
    if text != asked:
        go(text=text, page="1")
    return LeakFilter(how, place, text)


def _pager(at: int, pages: int, total: int, where: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("leaks.found", n=f"{total:,}"), width="content")
        pager(at, pages, f"leaks.{where}", lambda page: go(page=str(page)))


def _pair(project: Project, job: Job, leak: Leak) -> None:
    held, train = differences(leak.held.text, leak.train.text)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(t(f"leaks.how_{leak.how}"), color=COLORS[leak.how])  # type: ignore[arg-type]
            if leak.how != "identical":
                word = "share_inside" if leak.how == "contained" else "similar"
                st.caption(t(f"leaks.{word}", value=f"{100 * leak.similarity:.1f}"), width="content")
            if leak.dropped:
                st.badge(t(f"leaks.{'would_go' if job.state == 'preview' else 'gone'}"), color="gray")
            st.space("stretch")
            st.page_link(
                st.session_state["pages"]["records"], label=t("leaks.open_record"), icon=":material/arrow_forward:",
                query_params={"project": project.name, "where": f"id={leak.train.id}"},
            )  # fmt: skip
        left, right = st.columns(2)
        with left:
            _named(job, leak.held)
            st.markdown(marked(held, "orange"))
            _cut(leak.held)
        with right:
            _named(job, leak.train)
            if train == held:
                st.caption(t("leaks.same_text"))
            else:
                st.markdown(marked(train, "green"))
                _cut(leak.train)


def _named(job: Job, text: Text) -> None:
    st.markdown(f"**{plain(text.name, 60)}** :gray[{plain(place_name(job, text.place), 60)}]")


def _cut(text: Text) -> None:
    if text.length > len(text.text):
        st.caption(t("leaks.cut_text", shown=f"{len(text.text):,}", n=f"{text.length:,}"))


def _download(store: Store, job: Job) -> None:
    with st.expander(t("leaks.download"), icon=":material/download:"):
        if not st.button(t("leaks.prepare"), key=f"leaks.prepare.{job.id}"):
            return
        folder = store.folder / "exports"
        folder.mkdir(parents=True, exist_ok=True)
        rows = leaks.pairs(store, job.id)
        for suffix in ("csv", "parquet"):
            path = folder / f"leaks-job-{job.id}.{suffix}"
            if suffix == "csv":
                with path.open("wb") as out:
                    out.write(b"\xef\xbb\xbf")  # without it a spreadsheet takes another encoding
                    pa_csv.write_csv(_safe(rows), out)
            else:
                pq.write_table(rows, path, compression="zstd")
            with path.open("rb") as file:
                st.download_button(path.name, file, path.name, on_click="ignore", icon=":material/download:",
                                   key=f"leaks.download.{suffix}.{job.id}")  # fmt: skip


def _safe(rows: pa.Table) -> pa.Table:
    """For a spreadsheet: the texts and names are the data's, so no cell may be taken for a formula."""
    for at, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            cells = [harmless(cell) for cell in rows[field.name].to_pylist()]
            rows = rows.set_column(at, field.name, pa.array(cells, pa.string()))
    return rows
