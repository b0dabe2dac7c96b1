"""How good class probabilities are, with numpy alone. Names and values are those of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

ECE_BINS = 15


def evaluate(targets: np.ndarray, probabilities: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Score probabilities of shape (n, labels) against targets of shape (n,); an empty split gives only {"n": 0}.

    macro_f1 is the mean over the labels that occur in the truth or in the predictions; a figure with nothing to divide
    by is 0. confusion[i][j] counts records of label i that were predicted as j. ece is over 15 equal bins.
    """
    n = len(targets)
    if n == 0:
        return {"n": 0}
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    hits, support, given = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _ratio(hits, given), _ratio(hits, support)
    f1 = _ratio(2 * hits, support + given)
    seen = (support + given) > 0
    likely = np.clip(probabilities[np.arange(n), targets], 1e-12, 1.0)
    per_label = [
        {"label": labels[i], "precision": float(precision[i]), "recall": float(recall[i]), "f1": float(f1[i]),
         "support": int(support[i])}
        for i in range(len(labels))
    ]  # fmt: skip
    return {
        "n": n,
        "accuracy": float(hits.sum() / n),
        "macro_f1": float(f1[seen].mean()),
        "weighted_f1": float((f1 * support).sum() / n),
        "loss": float(-np.log(likely).mean()),
        "ece": calibration_error(targets, probabilities),
        "per_label": per_label,
        "confusion": confusion.tolist(),
    }


def calibration_error(targets: np.ndarray, probabilities: np.ndarray, bins: int = ECE_BINS) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over equal bins of confidence, by size."""
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == targets).astype(np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(place, weights=right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(targets))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(part), dtype=np.float64), where=whole > 0)
