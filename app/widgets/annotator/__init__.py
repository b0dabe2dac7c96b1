"""The annotator: the one part of the workbench that runs in the browser. Everything else of the page is Streamlit.

The browser holds a window of claimed records, shows the next one at once, and keeps every answer in its own storage
until the answer's id comes back. Here: the window, the storing, the acknowledgements, the counts.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets.annotator import empty, items
from app.widgets.annotator.bundle import FOLDER, bundle, styles
from app.widgets.text import plain
from app.words import language, said, section, t
from pipeline import annotate
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.questions import in_full
from pipeline.store import Store, projects, queue, tally
from pipeline.store.queue import Remaining
from pipeline.tasks import questions_of
from pipeline.tasks.base import shown_fields

SECTIONS = ("annotator", "marks", "writing")  # of the catalogue: the words that the browser needs
NO_COUNTS = {"stamp": 0, "mine": 0, "today": 0, "left": 0, "total": 0}

_component = st.components.v2.component(
    "winnow_annotator",
    html=(FOLDER / "annotator.html").read_text(encoding="utf-8"),
    css=".annotator:not([data-dressed]) {\n visibility: hidden; }",  # one line would be taken for a file's name
    js=(FOLDER / "loader.js").read_text(encoding="utf-8"),
)
_pulse = st.components.v2.component("winnow_pulse", js=(FOLDER / "pulse.js").read_text(encoding="utf-8"))


def pulse() -> None:
    """Let the annotator ask for a run of the whole page; to be drawn outside of its fragment."""
    _pulse(key="label.pulse", on_beat_change=lambda: None)


def preview(task: Mapping[str, Any], item: Mapping[str, Any]) -> None:
    """Draw the annotator for one record, to be tried out: it stores nothing and sends nothing.

    task: {revision, guideline_revision, fields, questions, skip_reasons}; item: as in `items`, with `key` its own name.
    """
    data = {
        "box": "preview", "turn": None, "preview": True, "task": dict(task), "window": [item["key"]],
        "items": [dict(item)], "recent": [], "acks": [], "counts": NO_COUNTS, "empty": "", "kit": kit(),
    }  # fmt: skip
    _component(key="task.preview.annotator", data=data, on_outbox_change=lambda: None)


@st.fragment
def annotator(store: Store, project: Project, task: Task, who: str, counted: dict[str, Any]) -> None:
    """Draw the annotator for one person. `counted` is an empty dict at each draw of the page: the counts go there once,
    and the browser carries them on from answer to answer."""
    try:
        _drawn(store, project, task, who, counted)
    except WorkbenchError as error:  # the browser keeps what it could not send
        st.error(plain(said(str(error))), icon=":material/error:")


def _drawn(store: Store, project: Project, task: Task, who: str, counted: dict[str, Any]) -> None:
    now = projects.newest(store, task)
    box = _box(store, project, task, who)
    key = f"label.annotator.{box}"
    sent = _sent(st.session_state.get(key))
    acks = annotate.submit(store, now, who, sent["events"])
    if (now.definition, now.guideline_revision) != (task.definition, task.guideline_revision):
        st.rerun()  # somebody changed the questions or the guideline: the whole page must say so; the acks come again
    edition = items.edition(store, project.id)  # before the texts are read: what changes under the reading comes again
    held = items.window(store, now, who, sent["have"])
    if not held or not counted or any(ack.again for ack in acks):
        counted.clear()
        counted.update(_counts(store, now, who))
    remaining: Remaining = counted["remaining"]
    data = {
        "box": box, "turn": sent["turn"], "preview": False, "task": _plain(now, sent["guideline"]),
        "window": [items.key_of(claimed) for claimed in held],
        "items": items.lacking(store, now, held, sent["have"] or ()),
        "edition": edition,
        "changed": [] if sent["edition"] in (None, edition) else items.again(store, now, who, held, sent["have"] or ()),
        "recent": items.recent(store, now, who) if sent["have"] is None else None,
        "acks": [{**asdict(ack), "reason": said(ack.reason)} for ack in acks], "counts": counted["shown"],
        "empty": "" if held else empty.why(remaining), "kit": kit(sent["kit"]),
    }  # fmt: skip
    result = _component(key=key, data=data, on_outbox_change=lambda: None)
    if _sent(result)["turn"] != sent["turn"]:
        st.rerun()  # the first run of a new session: what a page kept while the server was away is known only now
    if not held and remaining.finished:
        st.page_link(st.session_state["pages"]["versions"], label=t("label.go_freeze"), icon=":material/inventory_2:")


def kit(known: Any = None) -> dict[str, Any]:
    """The browser's half of the annotator in the reader's language, {id, script, style, strings}; the id alone if it
    is the one that the browser knows. Streamlit repeats an inline script in every message: 250 kB an answer."""
    whole = _kit(language())
    return {"id": whole["id"]} if known == whole["id"] else whole


@functools.cache
def _kit(_language: str) -> dict[str, Any]:
    parts = {"script": bundle(), "style": styles(), "strings": strings()}
    return {"id": hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16], **parts}


def strings() -> dict[str, str]:
    """Every word that the browser may need, {section.key: text}."""
    return {f"{name}.{key}": text for name in SECTIONS for key, text in section(name).items()}


def _plain(task: Task, known: Any) -> dict[str, Any]:
    """The task as the browser gets it. The guideline's text is left out if its revision is the one that is known."""
    shown = {
        "revision": task.revision, "guideline_revision": task.guideline_revision,
        "fields": shown_fields(task.definition), "questions": [in_full(one) for one in questions_of(task)],
        "skip_reasons": list(task.definition.get("skip_reasons", ())),
    }  # fmt: skip
    return shown if known == task.guideline_revision else {**shown, "guideline": task.guideline}


def _sent(state: Any) -> dict[str, Any]:
    """What the browser sent last, {turn, have, edition, guideline, kit, events}; whatever else comes is nothing."""
    outbox = state.get("outbox") if isinstance(state, Mapping) else None
    if not isinstance(outbox, Mapping) or not isinstance(outbox.get("events"), list):
        return {"turn": None, "have": None, "edition": None, "guideline": None, "kit": None, "events": []}
    have = outbox.get("have")
    return {
        "turn": outbox.get("turn"),
        "guideline": outbox.get("guideline"),
        "edition": outbox.get("edition"),
        "kit": outbox.get("kit"),
        "have": [one for one in have if isinstance(one, str)] if isinstance(have, list) else None,
        "events": [event for event in outbox["events"] if isinstance(event, Mapping)],
    }


def _box(store: Store, project: Project, task: Task, who: str) -> str:
    """The name under which a browser keeps unsent answers: of this database, project, task and person alone."""
    parts = [str(Path(store.path).resolve()), str(project.created_at), str(task.id), who]
    return "winnow." + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def _counts(store: Store, task: Task, who: str) -> dict[str, Any]:
    remaining = queue.remaining(store, task, who)
    midnight = datetime.now(empty.zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    own = tally.own_counts(store, task.id, who, midnight.astimezone(UTC).replace(tzinfo=None))
    left = remaining.left + remaining.relabel
    shown = {"stamp": time.time(), "mine": own["submitted"], "today": own["today"], "left": left,
             "total": max(remaining.total, left)}  # fmt: skip
    return {"remaining": remaining, "shown": shown}
