"""How the tasks of a Label Studio file are read, found out from its first tasks, since the labelling configuration is
not in it: which keys of `data` are texts, which is the main one, and which text a mark is of. Registers nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from pipeline.importers import marked
from pipeline.importers.foreign import Found
from pipeline.units import UNITS, places

TEXT = "text"
OWN = "winnow"  # the key of a task's meta under which Winnow's own exports keep what Label Studio has no place for
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:/*\S+|/\S+")
_WORDS = re.compile(r"\S\s+\S|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_SIDES = (("left", "right"), ("a", "b"), ("1", "2"))

Task = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """`main` is the key of `data` that is the record's text, `fields` are the names of the other texts (by key, in
    `keys`), `targets` gives the field that a `to_name` stands for, `homes` that of a control's marks. `html` says that
    the main text is HTML whose marks are counted in what is visible of it."""

    main: str = TEXT
    fields: tuple[str, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    pair: tuple[str, ...] = ()
    html: bool = False
    lines: bool = False  # the main text is a list of paragraphs
    asks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the questions of a file that Winnow wrote

    def field_of(self, result: Task) -> str:
        name = result.get("to_name")
        return self.targets.get(name, TEXT) if isinstance(name, str) else TEXT

    def question_of(self, control: str, where: str) -> str:
        """A question marks one text: a control that marks several is as many questions."""
        return control if self.homes.get(control, where) == where else f"{control} ({where})"

    def asked(self, control: str, setting: str) -> Any:
        """A setting of a question, where Winnow wrote the file."""
        plain = self.asks.get(control)
        return plain.get(setting) if isinstance(plain, Mapping) else None

    def relations_of(self, question: str) -> str:
        own = next((name for name in self.asks if self.asked(name, "spans") == question), "")
        if own:
            return own
        return "relations" if question == next(iter(self.homes), question) else f"relations of {question}"

    def text_of(self, record: Found, where: str) -> str:
        text = record.text if where == TEXT else record.fields.get(where)
        return text if isinstance(text, str) else ""

    def items(self, record: Found, ids: Sequence[str]) -> tuple[str, list[str]] | None:
        """The field whose list has these items, and their places in it, counted from "1"; None if there is none."""
        for name, value in record.fields.items():
            if isinstance(value, list) and len(value) == len(ids):
                named = [marked.label_of(one.get("id")) if isinstance(one, Mapping) else "" for one in value]
                known = named if sorted(named) == sorted(ids) else [str(n) for n in range(1, len(value) + 1)]
                if len(set(known)) == len(known) and sorted(known) == sorted(ids):
                    return name, [str(known.index(one) + 1) for one in ids]
        return None

    def lines_of(self, record: Found) -> Lines | None:
        value = record.meta.get(self.main) if self.lines else None
        return Lines.of(value) if isinstance(value, list) else None


@dataclass(frozen=True, slots=True)
class Lines:
    """A list of paragraphs as one text, a line each, and where the words of each begin in it."""

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, paragraphs: Sequence[Any]) -> Lines:
        words, starts, lines, at = [], [], [], 0
        for one in paragraphs:
            plain = one if isinstance(one, Mapping) else {TEXT: one}
            said = next((plain[key] for key in (TEXT, "content", "value") if isinstance(plain.get(key), str)), "")
            who = next(
                (plain[key] for key in ("author", "role", "speaker", "name") if isinstance(plain.get(key), str)), ""
            )
            head = f"{who}: " if who else ""
            lines.append(head + said)
            words.append(said)
            starts.append(at + len(head))
            at += len(lines[-1]) + 1
        return cls("\n".join(lines), tuple(words), tuple(starts))

    def place(self, value: Task) -> dict[str, Any] | None:
        """A mark from an offset in one paragraph to an offset in another."""
        at = self._at(value.get("start"), value.get("startOffset"))
        to = self._at(value.get("end"), value.get("endOffset"))
        said = value.get(TEXT)
        surface = said if isinstance(said, str) and said and value.get("start") == value.get("end") else None
        whole = str(value.get("start"))
        if surface is not None and whole.isascii() and whole.isdigit() and int(whole[:9]) < len(self.words):
            words, start = self.words[int(whole[:9])], self.starts[int(whole[:9])]
            for unit in UNITS:
                place = places(words, unit)
                first, last = _count(value.get("startOffset")), _count(value.get("endOffset"))
                one, two = (None if n is None else place(n) for n in (first, last))
                if one is not None and two is not None and words[one:two] == surface:
                    return {"start": start + one, "end": start + two, TEXT: surface}
        return None if at is None or to is None or at >= to else {"start": at, "end": to, TEXT: self.text[at:to]}

    def _at(self, paragraph: Any, offset: Any) -> int | None:
        number, within = _count(paragraph), _count(offset)
        if number is None or within is None or number >= len(self.words) or within > len(self.words[number]):
            return None
        return self.starts[number] + within


def _first(plain: Task, keys: Sequence[str]) -> str:
    return next((plain[key] for key in keys if isinstance(plain.get(key), str)), "")


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:9])
    return value if marked.is_whole(value) and value >= 0 else None


def visible(html: str) -> str:
    """The text of HTML as the marks count it: text as it stands, and a line end for <br>."""
    reader = _Visible()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


class _Visible(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - the parser's own form
        if tag == "body":
            self.parts.clear()
        self.parts += ["\n"] if tag == "br" else []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


@dataclass(slots=True)
class _Seen:
    texts: Counter[str] = field(default_factory=Counter)  # by key of data: values that read as texts
    words: Counter[str] = field(default_factory=Counter)  # values that are strings at all
    lists: Counter[str] = field(default_factory=Counter)
    votes: dict[str, Counter[str]] = field(default_factory=dict)  # to_name -> key of data
    controls: dict[str, Counter[str]] = field(default_factory=dict)  # control with marks -> to_name
    kinds: set[str] = field(default_factory=set)

    def look(self, task: Task) -> None:
        data = task.get("data")
        if not isinstance(data, Mapping):
            return
        for key, value in data.items():
            if isinstance(value, str):
                self.words[key] += 1
                self.texts[key] += bool(_WORDS.search(value)) and not _ADDRESS.fullmatch(value.strip())
            elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
                self.lists[key] += 1
        for part in ("annotations", "completions", "predictions", "drafts"):
            for one in task.get(part) or () if isinstance(task.get(part), list) else ():
                results = one.get("result") if isinstance(one, Mapping) else None
                for result in results if isinstance(results, list) else ():
                    if isinstance(result, Mapping):
                        self._vote(data, result)

    def _vote(self, data: Task, result: Task) -> None:
        name, value, kind = result.get("to_name"), result.get("value"), result.get("type")
        self.kinds |= {kind} if isinstance(kind, str) else set()
        if not isinstance(name, str) or not isinstance(value, Mapping):
            return
        votes = self.votes.setdefault(name, Counter())
        votes[name] += 1 if name in data else 0
        said = value.get(TEXT)
        if not isinstance(said, str) or not said or "start" not in value:
            return
        control = result.get("from_name")
        if isinstance(control, str) and kind in ("labels", "hypertextlabels", "paragraphlabels"):
            self.controls.setdefault(control, Counter())[name] += 1
        for key, text in data.items():
            if isinstance(text, str) and said in text:
                at = value["start"]
                votes[key] += 3 if isinstance(at, int) and text[at : at + len(said)] == said else 1


def plan_of(tasks: Iterable[Task], main: str = "") -> Plan:
    """The plan that the first tasks of a file call for; `main` names the main text where a person said it."""
    seen, own = _Seen(), None
    for task in tasks:
        seen.look(task)
        part = own_part(task)
        if part is not None and (own is None or "labels" in part):
            own = part
    if own is not None:
        names = tuple(name for name in own["fields"].values() if name != TEXT)
        return Plan(fields=names, targets=_texts(own.get("targets")), asks=_asks(own.get("asks"), own.get("labels")))
    best = {name: votes.most_common(1)[0][0] for name, votes in seen.votes.items() if votes.total()}
    of_lists = "paragraphlabels" in seen.kinds
    main = main or _main(seen, best, lists=of_lists)
    texts = [key for key in seen.words if key == main or seen.texts[key] or key in best.values()]
    texts += [key for key in seen.lists if key not in texts]
    named = {key: TEXT if key == main else key for key in texts if key == main or key != TEXT}
    fields = tuple(name for name in named.values() if name != TEXT)
    targets = {name: named.get(key, TEXT) for name, key in best.items()}
    homes = {control: targets.get(names.most_common(1)[0][0], TEXT) for control, names in seen.controls.items()}
    html = "hypertextlabels" in seen.kinds
    return Plan(main, fields, targets, homes, _pair(named, seen), html, of_lists and main in seen.lists)


def own_part(task: Task) -> Mapping[str, Any] | None:
    """What Winnow's own export keeps in a task."""
    meta = task.get("meta")
    own = meta.get(OWN) if isinstance(meta, Mapping) else None
    fields = own.get("fields") if isinstance(own, Mapping) else None
    return own if isinstance(fields, Mapping) and all(isinstance(one, str) for one in fields.values()) else None


def _texts(plain: Any) -> dict[str, str]:
    given = plain if isinstance(plain, Mapping) else {}
    return {name: one for name, one in given.items() if isinstance(one, str)}


def _asks(plain: Any, labels: Any) -> dict[str, dict[str, Any]]:
    """The settings of questions, as far as they are texts, numbers or lists of texts."""
    given = plain if isinstance(plain, Mapping) else {}
    could = labels if isinstance(labels, Mapping) else {}
    asked = {
        name: {**one, **({"labels": could[name]} if name in could else {})}
        for name, one in given.items() if isinstance(one, Mapping)
    }  # fmt: skip
    return {name: {key: value for key, value in one.items() if _is_setting(value)} for name, one in asked.items()}


def _is_setting(value: Any) -> bool:
    return isinstance(value, str | int) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _main(seen: _Seen, best: Mapping[str, str], *, lists: bool) -> str:
    marked_first = [best[name] for names in seen.controls.values() for name, _ in names.most_common() if name in best]
    choice = [
        *([TEXT] if TEXT in seen.words else []), *(seen.lists if lists else ()), *marked_first, *best.values(),
        *(key for key in seen.words if seen.texts[key]), *seen.words, *seen.lists,
    ]  # fmt: skip
    return next(iter(choice), TEXT)


def _pair(named: Mapping[str, str], seen: _Seen) -> tuple[str, ...]:
    """The two texts that are compared: those whose names end alike (1 and 2, a and b), else the only two."""
    if "pairwise" not in seen.kinds:
        return ()
    texts = [key for key in named if key in seen.words]
    for ends in _SIDES:
        for one in texts:
            stem, end = one[: -len(ends[0])], one[-len(ends[0]) :]
            if end.lower() == ends[0] and (
                other := next((k for k in texts if k.lower() == stem.lower() + ends[1]), "")
            ):
                return named[one], named[other]
    return (named[texts[0]], named[texts[1]]) if len(texts) == 2 else ()
