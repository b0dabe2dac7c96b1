"""The words of the interface, in English and Chinese, from app/messages/<section>.toml: one table a message.

    [title]
    en = "Clean"
    zh = "清洗"

`t("clean.title")` gives the one of the language that the reader chose. Record texts never come through here.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

import streamlit as st

from app.sentences import translated

MESSAGES = Path(__file__).parent / "messages"
LANGUAGES = {"en": "English", "zh": "中文"}


def language() -> str:
    """The reader's language: chosen on the page, else the browser's if we speak it, else English."""
    chosen = st.session_state.get("language") or st.query_params.get("lang")
    if chosen in LANGUAGES:
        return str(chosen)
    return "zh" if (getattr(st.context, "locale", None) or "").lower().startswith("zh") else "en"


def t(key: str, /, **values: object) -> str:
    """The message `section.name` with {placeholders} filled in. A missing message is a bug and raises KeyError."""
    text = _section(key.partition(".")[0])[key.partition(".")[2]][language()]
    return text.format(**values) if values else text


def section(name: str) -> dict[str, str]:
    """Every message of a section by its name, placeholders unfilled: for the annotator, which fills them in itself."""
    return {key: message[language()] for key, message in _section(name).items()}


def t_or(key: str, default: str) -> str:
    """The message if the catalogue has it, else `default`: for plug-ins, whose own English words are the fallback."""
    section, _, name = key.partition(".")
    if not (MESSAGES / f"{section}.toml").exists():
        return default
    return _section(section).get(name, {}).get(language(), default)


def said(sentence: str) -> str:
    """A sentence that the pipeline or the training made (an error, a reason, a note) in the reader's language.

    What is no sentence of theirs comes back as it is. Not for labels, names of files and texts of records.
    """
    return translated(sentence, language())


@functools.lru_cache
def _section(name: str) -> dict[str, dict[str, str]]:
    with (MESSAGES / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)
