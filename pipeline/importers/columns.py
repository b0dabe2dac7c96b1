"""Which column of a file holds the text, the label, the id and the split: named by the user, or guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.importers.source import FileRefused

NONE = "-"  # what a user writes to say: no column, do not guess
ROLES = ("text", "label", "id", "split")

# Names as they are found in files, the likeliest first; compared lower-cased without spaces, `_`, `-` and `.`.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "text": (
        "text", "文本", "content", "内容", "sentence", "句子", "review", "reviewtext", "评论", "评价", "comment",
        "comments", "body", "正文", "message", "context", "上下文", "原文", "document", "doc", "tweet", "post",
        "utterance", "article", "passage", "source", "query", "question", "问题", "prompt", "instruction", "指令",
        "input", "文章", "语料", "评论内容", "文本内容", "title", "标题", "messages", "conversations", "conversation",
        "dialogue", "对话",
    ),
    "label": (
        "label", "标签", "labels", "category", "类别", "class", "分类", "sentiment", "情感", "target", "tag", "tags",
        "topic", "主题", "intent", "意图", "polarity", "标注", "类目", "gold", "annotation",
    ),
    "id": (
        "id", "编号", "uid", "uuid", "guid", "docid", "recordid", "reviewid", "textid", "序号", "externalid", "itemid",
        "sampleid", "key", "idx",
    ),
    "split": ("split", "划分", "partition", "subset", "fold", "set", "datasplit", "数据集", "集合"),
}  # fmt: skip
_SPLITS = {
    "train": "train", "training": "train", "训练": "train", "训练集": "train",
    "validation": "validation", "val": "validation", "valid": "validation", "dev": "validation",
    "development": "validation", "验证": "validation", "验证集": "validation", "开发集": "validation",
    "test": "test", "testing": "test", "测试": "test", "测试集": "test",
}  # fmt: skip
# Where the answer to a question of this kind is found, before the names of labels.
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "text": (
        "target", "reference", "translation", "译文", "summary", "摘要", "highlights", "completion", "output",
        "response", "answer", "答案", "回答",
    ),
    "choices": ("labels", "标签", "tags", "categories", "topics"),
    "rating": ("rating", "评分", "score", "分数", "打分", "stars", "星级"),
    "spans": ("spans", "entities", "实体"),
    "relations": ("relations", "关系"),
    "answer": ("answer", "answers", "答案"),
    "chat": ("answer",),
    "ranking": ("ranking", "preference", "排序"),
}  # fmt: skip
_LABELLED = ("choice", "choices", "rating")  # kinds whose answers may also stand in a column of any few values
# What a task calls a field -> what files call it, for those without a column of its own name.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "messages": ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns", "对话"),
    "question": ("question", "query", "问题"),
    "candidates": ("candidates", "responses", "completions", "outputs", "answers", "候选", "回答"),
}  # fmt: skip
# Pairs of columns that hold the two answers of a preference.
_PAIRS = (
    ("a", "b"), ("responsea", "responseb"), ("answera", "answerb"), ("completiona", "completionb"),
    ("outputa", "outputb"), ("response1", "response2"), ("answer1", "answer2"), ("output1", "output2"),
    ("response0", "response1"), ("chosen", "rejected"), ("回答a", "回答b"), ("回答1", "回答2"),
)  # fmt: skip
SHARE_OF_IDS = 0.95  # a column named id that repeats more than now and then is the id of something else
_NOT_LABELS = {
    "source", "来源", "lang", "language", "语言", "url", "date", "time", "日期", "时间", "user", "author", "platform",
}  # fmt: skip


_DOUBTFUL = {"source"}  # as often the text to translate as a word on where the text is from


@dataclass(frozen=True, slots=True)
class Columns:
    """The column of each role; empty where there is none."""

    text: str
    label: str = ""
    id: str = ""
    split: str = ""


def is_known_name(name: str) -> bool:
    """Whether a column of this name says what it holds."""
    return any(_plain(name) in names for names in _NAMES.values())


def split_of(value: Any) -> str | None:
    """The split that a cell names, or None if it names none that we know."""
    return _SPLITS.get(str(value).strip().lower())


def names_in(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every column that some row has, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def guess(rows: Sequence[Mapping[str, Any]], kind: str = "choice") -> Columns:
    """The likeliest column of each role, by name and by what these first rows hold. `text` is empty if none fits.

    `kind` is the kind of the question that the column `label` answers.
    """
    names = names_in(rows)
    known = {**_NAMES, "label": _ANSWERS.get(kind, ()) + (_NAMES["label"] if kind in _LABELLED else ())}
    found: dict[str, str] = {}
    for role in ("split", "id", "label", "text"):
        free = [name for name in names if name not in found.values()]
        fits = [name for name in free if _fits(role, _values(rows, name), len(rows))]
        named = [name for name in fits if _plain(name) in known[role]]
        if role == "text":
            named = [name for name in named if _plain(name) not in _DOUBTFUL or _is_prose(_values(rows, name))]
        if named:
            found[role] = min(named, key=lambda name: known[role].index(_plain(name)))
    free = [name for name in names if name not in found.values()]
    if "text" not in found:
        found["text"] = _longest(rows, free)
    if "label" not in found and kind in _LABELLED:
        found["label"] = _few_values(rows, [name for name in free if name != found["text"]])
    return Columns(**found)


def fields_in(rows: Sequence[Mapping[str, Any]], wanted: Sequence[str], columns: Columns) -> dict[str, str]:
    """The column of each field that a task names: that of its own name, else one that files call it by.

    A field that no column fits is left out; the text is no such field.
    """
    taken = {columns.text, columns.label, columns.id, columns.split}
    free = {_plain(name): name for name in reversed(names_in(rows)) if name not in taken}
    exact = [name for name in names_in(rows) if name not in taken]
    wanted = [name for name in wanted if name != "text"]
    found = {name: name for name in wanted if name in exact}
    for name in wanted:
        other = next((free[one] for one in _FIELDS.get(_plain(name), (_plain(name),)) if one in free), None)
        if name not in found and other is not None and other not in found.values():
            found[name] = other
    missing = [name for name in wanted if name not in found]
    pair = next((pair for pair in _PAIRS if all(one in free for one in pair)), None)
    if len(wanted) >= 2 and missing == wanted[-2:] and pair is not None:
        found |= dict(zip(missing, (free[one] for one in pair), strict=True))
    return found


def resolve(
    rows: Sequence[Mapping[str, Any]], given: Mapping[str, str], name: str, kind: str = "choice"
) -> Columns:  # fmt: skip
    """The columns as the user gave them ("" = guess, "-" = none). Raises FileRefused if one is not in the file."""
    names = names_in(rows)
    listed = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
    for column in given.values():
        if column not in ("", NONE) and column not in names:
            raise FileRefused(f"{name} has no column '{column}'. Its columns: {listed}.")
    guessed = guess(rows, kind)
    taken = {column for column in given.values() if column}
    chosen = {}
    for role in ROLES:
        own = given.get(role, "")
        fallback = getattr(guessed, role)
        chosen[role] = own or (fallback if fallback not in taken else "")
    chosen = {role: "" if column == NONE else column for role, column in chosen.items()}
    used = [column for column in chosen.values() if column]
    twice = next((column for column in used if used.count(column) > 1), None)
    if twice is not None:
        raise FileRefused(f"The column '{twice}' cannot be two things at once. Name another column for one of them.")
    if not chosen["text"]:
        raise FileRefused(f"No column of {name} is plainly the text. Name it; the columns are: {listed}.")
    return Columns(**chosen)


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "", name.strip().lower())


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return [value for row in rows if (value := row.get(name)) is not None and value != ""]


def _fits(role: str, values: list[Any], rows: int) -> bool:
    if role == "split":
        return bool(values) and all(split_of(value) for value in values)
    if role == "id":
        keys = [str(value) for value in values if not isinstance(value, (list, dict))]
        return len(set(keys)) >= SHARE_OF_IDS * rows
    return role == "text" or not any(isinstance(value, dict) for value in values)


def _is_prose(values: list[Any]) -> bool:
    """Whether these look like texts of records: mostly different, and longer than a word."""
    texts = [value for value in values if isinstance(value, str)]
    return bool(texts) and len(set(texts)) * 2 >= len(texts) and sum(map(len, texts)) >= 10 * len(texts)


def _longest(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    lengths = {}
    for name in names:
        texts = [value for value in _values(rows, name) if isinstance(value, str)]
        if all(re.fullmatch(r"[-+]?[\d.,]+", value) for value in texts):
            continue
        if texts and len(set(texts)) * 2 >= len(texts):
            lengths[name] = sum(map(len, texts)) / len(texts)
    best = max(lengths, key=lambda name: lengths[name], default="")
    return best if best and (lengths[best] >= 10 or len(names) == 1) else ""


def _few_values(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    for name in names:
        if _plain(name) in _NOT_LABELS:
            continue
        values = _values(rows, name)
        kinds = {str(value) for value in values if isinstance(value, (str, int)) and len(str(value)) <= 40}
        if len(values) >= 20 and 2 <= len(kinds) <= 20 and len(kinds) * 5 <= len(values):
            return name
    return ""
