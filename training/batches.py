"""Texts as token ids, in batches of like length: what padding costs is paid only where lengths differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

POOL = 50  # batches that are drawn at random together and then sorted by length


def training_batches(lengths: Sequence[int], size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The batches (positions) of one epoch: a random order, sorted by length within pools, the batches shuffled.

    The same for the same arguments, so that a resumed run goes on with the very batch it had come to.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    sizes = np.asarray(lengths)
    batches = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(sizes[pool], kind="stable")]
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    return [batches[i] for i in random.permutation(len(batches))]


def reading_batches(lengths: Sequence[int], size: int) -> list[np.ndarray]:
    """All positions in batches of like length, for prediction."""
    order = np.argsort(np.asarray(lengths), kind="stable")
    return [order[i : i + size] for i in range(0, len(order), size)]


def padded(ids: Sequence[Sequence[int]], pad: int, device: str, multiple: int = 1) -> dict[str, torch.Tensor]:
    """Token ids as model input, padded at the right to the longest."""
    width = -(-max(len(one) for one in ids) // multiple) * multiple
    tokens = torch.full((len(ids), width), pad, dtype=torch.long)
    mask = torch.zeros((len(ids), width), dtype=torch.long)
    for row, one in enumerate(ids):
        tokens[row, : len(one)] = torch.tensor(one, dtype=torch.long)
        mask[row, : len(one)] = 1
    return {"input_ids": tokens.to(device), "attention_mask": mask.to(device)}
