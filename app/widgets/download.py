"""Write a version or a project to a file and offer it for download, in any format that there is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.widgets.form import knob_form
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline.export import export_to
from pipeline.exporters.base import exporters
from pipeline.store import Store


def download(store: Store, stem: str, *, version: str = "", project: str = "", where: str = "") -> None:
    """Draw the choice of a format and its settings, and of a project what leaves of the records that `where` names;
    once asked, write the file (named by `stem`) and offer it."""
    with st.expander(t("versions.export"), icon=":material/download:"):
        names = exporters.names()
        name = st.selectbox(t("versions.format"), names, names.index("jsonl"), key=f"versions.format.{stem}")
        exporter = exporters.get(name)
        st.caption(t_or(f"versions.about_{name}", plain(exporter.__doc__ or "")))
        settings = knob_form(exporter, f"versions.export.{stem}", "versions")
        leaving = _leaving(stem) if project else {}
        if not st.button(t("versions.prepare"), key=f"versions.prepare.{stem}"):
            return
        folder = store.folder / "exports"
        folder.mkdir(parents=True, exist_ok=True)
        file_name = f"{stem}{exporter.suffix}"
        bar = st.progress(0.0, t("versions.writing"))

        def watch(done: int, total: int, _: str) -> None:
            bar.progress(min(1.0, done / max(1, total)), t("versions.writing"))

        result = export_to(
            store, version=version, project=project, format=name, out=folder / file_name, settings=settings,
            watcher=watch, where=where, **leaving,
        )  # fmt: skip
        bar.empty()
        st.caption(t("versions.ready", n=f"{result['records']:,}"))
        if result["losses"]:
            st.caption(t("versions.losses", reasons=reasons(result["losses"])))
        with open(result["path"], "rb") as file:  # noqa: PTH123 - Streamlit takes an open file
            st.download_button(
                t("versions.download", name=file_name), file, file_name, on_click="ignore", type="primary",
                icon=":material/download:", key=f"versions.download.{stem}",
            )  # fmt: skip


def _leaving(stem: str) -> dict[str, Any]:
    """What of a project leaves besides texts and answers."""
    parts = {name: t(f"versions.leave_{name}") for name in ("people", "skips", "suggestions", "history", "dropped")}
    chosen = st.pills(
        t("versions.leave"), list(parts), default=["people", "skips", "suggestions"], selection_mode="multi",
        key=f"versions.leave.{stem}", format_func=parts.__getitem__, help=t("versions.leave_help"),
    )  # fmt: skip
    without = [name for name in ("people", "skips", "suggestions") if name not in chosen]
    return {"without": without, "history": "history" in chosen, "dropped": "dropped" in chosen}


def reasons(counts: dict[str, int]) -> str:
    return "; ".join(f"{t_or(f'versions.reason {reason}', said(reason))}: {n:,}" for reason, n in counts.items())
