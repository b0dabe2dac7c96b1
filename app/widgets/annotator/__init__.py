"""The annotator: the one part of the workbench that runs in the browser. Everything else of the page is Streamlit.

The browser holds a window of claimed records, shows the next one at once, and keeps every answer in its own storage
until the answer's id comes back. Here: the window, the storing, the acknowledgements, the counts.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from app.words import t
from pipeline import annotate
from pipeline.domain import Project, Task
from pipeline.store import Store, projects, queue
from pipeline.store import annotations as answer_store
from pipeline.store.queue import Claimed, Remaining
from pipeline.tasks import questions_of

FOLDER = Path(__file__).parent
MODULES = ("outbox", "desk", "sender", "view", "annotator")  # each may import those before it
KEYS = "123456789" + "qweadfgzxvtbhjklnmopyi"  # left hand first; s, u, r, c and 0 are taken
WINDOW_ALONE, WINDOW_SHARED, WINDOW_LEAST = 100, 50, 12  # records in the browser: fewer when others wait for them too
CHARACTERS_MOST = 120_000  # of text in the window: it is sent whole with every acknowledgement
RECENT = 30
WORDS = (
    "widget", "progress", "record", "labels", "tools", "label_aria", "today", "mine", "left", "state_saved",
    "state_saving", "state_offline", "state_unsafe", "back", "forward", "undo", "redo", "skip", "comment",
    "comment_hint", "keep_comment", "leave_comment", "looking_back", "relabel", "last", "last_skipped", "undone",
    "loading", "dismiss", "swapped",
    "conflict_dropped", "conflict_gone", "conflict_label", "refused",
)  # fmt: skip


def bundle() -> str:
    """The widget's modules as one: Streamlit takes a single script, and there is no build step.

    Modules share one scope then, so their top-level names must differ; a test loads the result in a browser.
    """
    parts = []
    for name in MODULES:
        source = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
        source = re.sub(r"^import .* from \"\./\w+\.js\";\n", "", source, flags=re.MULTILINE)
        parts.append(re.sub(r"^export (?!default)", "", source, flags=re.MULTILINE))
    return "\n".join(parts)


_component = st.components.v2.component(
    "winnow_annotator",
    html=(FOLDER / "annotator.html").read_text(encoding="utf-8"),
    css=(FOLDER / "annotator.css").read_text(encoding="utf-8"),
    js=bundle(),
)
_pulse = st.components.v2.component("winnow_pulse", js=(FOLDER / "pulse.js").read_text(encoding="utf-8"))


def pulse() -> None:
    """Let the annotator ask for a run of the whole page; to be drawn outside of its fragment."""
    _pulse(key="label.pulse", on_beat_change=lambda: None)


@st.fragment
def annotator(store: Store, project: Project, task: Task, who: str, counted: dict[str, Any]) -> None:
    """Draw the annotator for one person. `counted` is an empty dict at each draw of the page: the counts go there once,
    and the browser carries them on from answer to answer."""
    now = next((found for found in projects.tasks(store, project.id) if found.id == task.id), task)
    box = _box(store, project, task, who)
    key = f"label.annotator.{box}"
    sent = _sent(st.session_state.get(key))
    acks = annotate.submit(store, now, who, sent["events"])
    if (now.definition, now.guideline_revision) != (task.definition, task.guideline_revision):
        st.rerun()  # somebody changed the labels or the guideline: the whole page must say so; the acks come again
    overlap = annotate.overlap_of(now)
    items = _window(store, now, who, overlap)
    if not items or not counted or any(ack.again for ack in acks):
        counted.clear()
        counted.update(_counts(store, now, who, overlap))
    remaining: Remaining = counted["remaining"]
    data = {
        "box": box, "turn": sent["turn"], "question": _question(now), "labels": _labels(now),
        "revision": now.guideline_revision, "acks": [asdict(ack) for ack in acks], "counts": counted["shown"],
        "recent": counted["recent"], "items": [_item(claimed) for claimed in items],
        "empty": "" if items else _why_empty(remaining), "strings": {word: t(f"label.w_{word}") for word in WORDS},
    }  # fmt: skip
    result = _component(key=key, data=data, on_outbox_change=lambda: None)
    if _sent(result)["turn"] != sent["turn"]:
        st.rerun()  # the first run of a new session: what a page kept while the server was away is known only now
    if not items and remaining.finished:
        st.page_link(st.session_state["pages"]["versions"], label=t("label.go_freeze"), icon=":material/inventory_2:")


def _sent(state: Any) -> dict[str, Any]:
    """What the browser sent last, {turn, events}; whatever else comes is nothing."""
    outbox = state.get("outbox") if isinstance(state, Mapping) else None
    if not isinstance(outbox, Mapping) or not isinstance(outbox.get("events"), list):
        return {"turn": None, "events": []}
    return {"turn": outbox.get("turn"), "events": [e for e in outbox["events"] if isinstance(e, Mapping)]}


def _box(store: Store, project: Project, task: Task, who: str) -> str:
    """The name under which a browser keeps unsent answers: of this database, project, task and person alone."""
    parts = [str(Path(store.path).resolve()), str(project.created_at), str(task.id), who]
    return "winnow." + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def _window(store: Store, task: Task, who: str, overlap: int) -> list[Claimed]:
    """As many claimed records as the browser should hold, by number and by size."""
    size = WINDOW_ALONE if queue.alone(store, task.id, who) else WINDOW_SHARED
    found = queue.claim(store, task, who, size, overlap=overlap)
    total = 0
    for at, claimed in enumerate(found):
        total += len(claimed.text)
        if total > CHARACTERS_MOST and at >= WINDOW_LEAST:
            return found[:at]
    return found


def _counts(store: Store, task: Task, who: str, overlap: int) -> dict[str, Any]:
    remaining = queue.remaining(store, task, who, overlap=overlap)
    midnight = datetime.now(_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    own = answer_store.own_counts(store, task.id, who, midnight.astimezone(UTC).replace(tzinfo=None))
    left = remaining.left + remaining.relabel
    shown = {"stamp": time.time(), "mine": own["submitted"], "today": own["today"], "left": left,
             "total": max(remaining.total, left)}  # fmt: skip
    return {"remaining": remaining, "shown": shown, "recent": _recent(store, task, who)}


def _recent(store: Store, task: Task, who: str) -> list[dict[str, Any]]:
    """The person's own last answers, oldest first, for looking back and undo after a reload."""
    rows = answer_store.recent(store, task.id, who, RECENT)
    texts = queue.texts_of(store.cursor(), [row["record_id"] for row in rows])
    return [
        {"key": f"{row['record_id']}", "id": row["record_id"], "external": texts[row["record_id"]][0],
         "text": texts[row["record_id"]][1], "relabel": None,
         "answer": {"state": row["state"], "value": row["value"], "comment": row["comment"]}}
        for row in reversed(rows) if row["record_id"] in texts
    ]  # fmt: skip


def _item(claimed: Claimed) -> dict[str, Any]:
    # The key tells a record that came back to be labelled again from the same record answered before.
    asked = None if claimed.relabel is None else {"id": claimed.relabel, "reason": claimed.reason}
    key = f"{claimed.record_id}" if claimed.relabel is None else f"{claimed.record_id}:{claimed.relabel}"
    return {
        "key": key,
        "id": claimed.record_id,
        "external": claimed.external_id,
        "text": claimed.text,
        "relabel": asked,
    }


def _question(task: Task) -> str:
    return questions_of(task)[0].name


def _labels(task: Task) -> list[dict[str, str]]:
    return [{"name": name, "key": KEYS[i] if i < len(KEYS) else ""} for i, name in enumerate(annotate.labels_of(task))]


def _why_empty(remaining: Remaining) -> str:
    """The truth about an empty window: nothing was ever there, all is answered, or others hold what is left."""
    if remaining.total == 0:
        return t("label.w_nothing")
    if remaining.finished:
        return t("label.w_finished")
    names = ", ".join(t("label.w_holder", name=h.annotator, time=_clock(h.until)) for h in remaining.holders)
    return (
        t("label.w_held", n=f"{remaining.left + remaining.relabel:,}", holders=names) if names else t("label.w_loading")
    )


def _clock(at: datetime) -> str:
    return at.replace(tzinfo=UTC).astimezone(_zone()).strftime("%H:%M")


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
