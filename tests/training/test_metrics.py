"""training.metrics against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from training.metrics import calibration_error, evaluate


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = [f"label{i}" for i in range(random.integers(2, 7))]
    n = int(random.integers(1, 120))
    targets = random.integers(0, max(1, len(labels) - seed % 2), n)  # with odd seeds the last label never occurs
    scores = random.dirichlet(np.ones(len(labels)), n)
    predicted = scores.argmax(axis=1)
    found = evaluate(targets, scores, labels)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(targets, predicted))
    assert found["macro_f1"] == pytest.approx(reference.f1_score(targets, predicted, average="macro", zero_division=0))
    assert found["weighted_f1"] == pytest.approx(
        reference.f1_score(targets, predicted, average="weighted", zero_division=0)
    )
    every = list(range(len(labels)))
    assert found["confusion"] == reference.confusion_matrix(targets, predicted, labels=every).tolist()
    assert found["loss"] == pytest.approx(reference.log_loss(targets, scores, labels=every))
    columns = reference.precision_recall_fscore_support(targets, predicted, labels=every, zero_division=0)
    for row, *expected in zip(found["per_label"], *columns, strict=True):
        assert [row["precision"], row["recall"], row["f1"], row["support"]] == pytest.approx(expected)


def test_calibration_by_hand() -> None:
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.5, 0.5]])
    targets = np.array([0, 1, 1, 0])
    # bins of 1/15: two at 0.9 (half right, gap 0.4 each), one at 0.6 (right, gap 0.4), one at 0.5 (right, gap 0.5)
    assert calibration_error(targets, scores) == pytest.approx((abs(1 - 1.8) + 0.4 + 0.5) / 4)


def test_an_empty_split() -> None:
    assert evaluate(np.array([], dtype=int), np.zeros((0, 2)), ["a", "b"]) == {"n": 0}
