"""Why the annotator has no record to show: the truth in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from app.words import t
from pipeline.store.queue import Remaining


def why(remaining: Remaining) -> str:
    """Nothing was ever there, all is answered, or others hold what is left."""
    if remaining.total == 0:
        return t("annotator.nothing")
    if remaining.finished:
        return t("annotator.finished")
    names = ", ".join(t("annotator.holder", name=h.annotator, time=_clock(h.until)) for h in remaining.holders)
    left = f"{remaining.left + remaining.relabel:,}"
    return t("annotator.held", n=left, holders=names) if names else t("annotator.loading")


def zone() -> ZoneInfo:
    """The reader's time zone, UTC where the browser does not say."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _clock(at: datetime) -> str:
    return at.replace(tzinfo=UTC).astimezone(zone()).strftime("%H:%M")
