"""One task of Prodigy: what it holds for which question. Fields are as in the documentation of its annotation
interfaces; offsets count code points, ends are exclusive, but for `token_end`. Registers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.importers.fit import LABELS
from pipeline.importers.foreign import Found
from pipeline.importers.marked import arrows, in_order, is_place, is_whole, label_of, score_of

VERDICTS = ("accept", "reject")
ONE_SPAN = ("ner", "spans")  # interfaces that ask of spans that a model marked whether they are right
BY_HAND = ("ner_manual", "spans_manual", "relations")  # interfaces in which no span says that there is none
WHOLE = ("text", "classification")  # interfaces that show a text, and perhaps a label, to accept or to reject
NAMES = ("label", "labels", "spans", "relations", "rating", "user_input")  # questions of other kinds


Tokens = Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a task holds for one question."""

    question: str
    kind: str
    value: Any
    options: Mapping[str, Any] = field(default_factory=dict)


def parts(row: Mapping[str, Any], found: Found, inputs: tuple[str, ...]) -> list[Part]:
    """What the task holds, whether or not it was accepted. `inputs` are further fields that text was typed into."""
    if is_binary(row):
        label = label_of(row.get("label")) or "answer"
        if row.get("spans"):
            kept(found)["spans"] = row["spans"]
        name = text_of(ours(row).get("question")) or (f"label {label}" if label in NAMES else label)
        could = {"labels": list(VERDICTS)}
        return [Part(name, "choice", row["answer"], could)] if row.get("answer") in VERDICTS else []
    held = _choice(row, found) if isinstance(row.get("options"), list) else []
    if row.get("spans") or row.get("relations") or row.get("_view_id") in BY_HAND:
        held += _spans(row, found)
    for name in dict.fromkeys((text_of(row.get("field_id")) or "user_input", *inputs)):
        if text_of(row.get(name)).strip():
            held.append(Part(text_of(ours(row).get("question")) or name, "text", row[name]))
    return held


def is_binary(row: Mapping[str, Any]) -> bool:
    """Whether the task asks of one label if it is right, or only whether the text is."""
    view = row.get("_view_id")
    marks = row.get("options") or row.get("relations") or view in (*BY_HAND, *ONE_SPAN)
    return not marks and (bool(label_of(row.get("label"))) or view in WHOLE)


def name_of(row: Mapping[str, Any]) -> str:
    """Who answered, as Prodigy has it: the dataset and the session's name."""
    return label_of(row.get("_annotator_id")) or label_of(row.get("_session_id"))


def moment(row: Mapping[str, Any]) -> str | None:
    """When it was answered, of seconds since 1970."""
    seconds = row.get("_timestamp")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return None


def score(row: Mapping[str, Any]) -> float | None:
    """The model's score, which stands in the metadata."""
    meta = row.get("meta")
    return score_of(row.get("score", meta.get("score") if isinstance(meta, dict) else None))


def kept(found: Found) -> dict[str, Any]:
    """The place in the metadata for what only Prodigy knows."""
    name = "prodigy"
    while not isinstance(found.meta.setdefault(name, {}), dict):  # the file's own metadata may have the name
        name = f"_{name}"
    return found.meta[name]


def keep_rejected(found: Found, row: Mapping[str, Any]) -> None:
    """Put what was rejected into the metadata."""
    place = kept(found)
    before = place.get("rejected")
    one = {key: row[key] for key in ("spans", "relations", "accept") if row.get(key)}
    place["rejected"] = [*(before if isinstance(before, list) else ()), {"by": name_of(row), **one}]


def ours(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What Winnow wrote into the task when it exported it."""
    ours = row.get("winnow")
    return ours if isinstance(ours, dict) else {}


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _choice(row: Mapping[str, Any], found: Found) -> list[Part]:
    options = {label_of(one.get("id")): one for one in row["options"] if isinstance(one, dict)}
    could = {"labels": [name for name in options if name]}
    shown = {name: one["text"] for name, one in options.items() if text_of(one.get("text")) not in ("", name)}
    if shown:
        kept(found)["options"] = shown
    accept = row.get("accept")
    taken = [label for one in (accept if isinstance(accept, list) else [accept]) if (label := label_of(one))]
    name, style = text_of(ours(row).get("question")), _style(row)
    if ours(row).get("kind") == "rating" and len(taken) == 1 and taken[0].lstrip("-").isdecimal():
        return [Part(name or "rating", "rating", int(taken[0]))]
    taken = list(dict.fromkeys(taken))
    if style == "multiple" and isinstance(accept, list):
        return [Part(name or "labels", "choices", taken, could)]
    if not taken:
        found.lost.append("choices without an option taken")
        return []
    if style == "single" and len(taken) == 1:
        return [Part(name or "label", "choice", taken[0], could)]
    return [Part(name or "label", LABELS, taken, could)]


def _spans(row: Mapping[str, Any], found: Found) -> list[Part]:
    """The spans, and the relations between them. Tokens count from 0, and token_end is inclusive."""
    tokens = _tokens(row)
    spans = []
    for one in _dicts(row.get("spans")):
        start, end = one.get("start"), one.get("end")
        if not is_place(start, end):
            start, end = _token(tokens, one.get("token_start"))[0], _token(tokens, one.get("token_end"))[1]
        label = label_of(one.get("label"))
        if label and is_place(start, end):
            said = one.get(
                "text"
            )  # where the task does not say it, it is what stands there: Prodigy counts code points
            text = said if isinstance(said, str) else row["text"][start:end]
            spans.append({"start": start, "end": end, "label": label, "text": text})
        else:
            found.lost.append("spans without a label or a place")
    if row.get("tokens"):
        found.lost.append("token lists (the spans keep their places)")
    ordered, _ = in_order(spans)
    name = text_of(ours(row).get("question")) or "spans"
    parts = [Part(name, "spans", ordered)]
    if row.get("_view_id") == "relations" or row.get("relations"):
        ends = [(_end(one, "head", ordered, tokens), _end(one, "child", ordered, tokens), label_of(one.get("label")))
                for one in _dicts(row.get("relations"))]  # fmt: skip
        known = [one for one in ends if one[0] is not None and one[1] is not None and one[0] != one[1] and one[2]]
        found.lost += ["relations whose ends are not two spans"] * (len(ends) - len(known))
        other = text_of(ours(row).get("relations")) or "relations"
        parts.append(Part(other, "relations", arrows(known), {"spans": name}))  # type: ignore[arg-type]  # no end of the known is None
    return parts


def _end(one: Mapping[str, Any], end: str, spans: list[dict[str, Any]], tokens: Tokens) -> int | None:
    """The place of the span that a relation's end stands for: the one it names, else the shortest around its token."""
    named = one.get(f"{end}_span")
    if isinstance(named, dict):
        for at, span in enumerate(spans):
            label = label_of(named.get("label")) or span["label"]
            if (span["start"], span["end"], span["label"]) == (named.get("start"), named.get("end"), label):
                return at
    start, stop = _token(tokens, one.get(end))
    around = [at for at, span in enumerate(spans) if start < stop and span["start"] <= start and stop <= span["end"]]
    return min(around, key=lambda at: spans[at]["end"] - spans[at]["start"], default=None)


def _tokens(row: Mapping[str, Any]) -> Tokens:
    """{token id: its place}."""
    return {
        one["id"]: (one["start"], one["end"]) for one in _dicts(row.get("tokens"))
        if is_whole(one.get("id")) and is_place(one.get("start"), one.get("end"))
    }  # fmt: skip


def _token(tokens: Tokens, number: Any) -> tuple[int, int]:
    return tokens.get(number, (0, 0)) if is_whole(number) else (0, 0)


def _style(row: Mapping[str, Any]) -> str:
    config = row.get("config")
    style = row.get("choice_style") or (config.get("choice_style") if isinstance(config, dict) else "")
    return style if style in ("single", "multiple") else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
