"""The training loop of the recipe `encoder`: one process, one device, batches of like length, resumable at any step."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pipeline.domain import WorkbenchError
from training import checkpoint, models, preflight
from training.batches import padded, reading_batches, training_batches
from training.metrics import evaluate
from training.recipes.encoder import Encoder
from training.work import Outcome, Work

log = logging.getLogger(__name__)
READ_BATCH = 64
CHECKPOINT_SECONDS = 60.0
LOGGED_STEPS = 400  # about so many points has a loss curve
CLIP = 1.0


@dataclass(slots=True)
class Place:
    """How far the loop has come, beside the tensors."""

    step: int = 0
    loss_sum: float = 0.0
    loss_n: int = 0
    best_f1: float = -1.0
    best_epoch: int = 0
    evaluated: int = 0  # epochs whose validation is done
    clock: float = field(default_factory=time.monotonic)


def train(recipe: Encoder, work: Work) -> Outcome:
    """Fine-tune, keep the epoch with the best macro-F1 on validation, predict validation and test with it."""
    return Loop(recipe, work).run()


class Loop:
    """One fine-tuning."""

    def __init__(self, recipe: Encoder, work: Work) -> None:
        self.recipe, self.work = recipe, work
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        work.progress(0, 0, "loading")
        folder = models.fetch(work.model)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        self.ids = {name: self._encoded(split.texts) for name, split in work.version.splits.items()}
        self._check_unknown()
        self.model = _load(folder, work.version.labels).to(self.device)
        _freeze(self.model, recipe.frozen_layers)
        self.optimizer = _optimizer(self.model, recipe)
        self.steps_per_epoch = math.ceil(len(self.ids["train"]) / recipe.batch_size)
        self.steps = self.steps_per_epoch * recipe.epochs
        self.place = Place()
        self.saved_at = time.monotonic()

    def run(self) -> Outcome:
        if self.work.resume:
            self._resume()
        began, done_before = time.monotonic(), self.place.step
        first = self.place.evaluated
        for epoch in range(first, self.recipe.epochs):
            for positions in self._left(epoch):
                if self.work.stop_asked():
                    self._save()
                    self.work.stop()
                self._step(positions, began, done_before)
                self._save_in_time()
            self._end_epoch(epoch)
        if self.place.best_epoch and self.place.best_epoch != self.recipe.epochs:
            load_model(self.model, str(self._best), device=self.device)
        seconds = time.monotonic() - began
        speed = (self.place.step - done_before) * self.recipe.batch_size / max(seconds, 1e-9)
        self.work.progress(self.steps, self.steps, "predicting")
        facts = {
            "model": models.short_name(self.work.model or models.default_encoder()), "device": self.device,
            "parameters": sum(p.numel() for p in self.model.parameters()), "steps": self.steps,
            "best_epoch": self.place.best_epoch or self.recipe.epochs, "train_seconds": round(seconds, 2),
            "samples_per_second": round(speed, 2),
        }  # fmt: skip
        probabilities = {name: self._predict(name) for name in ("validation", "test")}
        return Outcome(probabilities, facts, self._save_model)

    def _step(self, positions: np.ndarray, began: float, done_before: int) -> None:
        place, split = self.place, self.work.version.splits["train"]
        self.model.train()
        rate = self.recipe.learning_rate * _schedule(place.step, self.steps, self.recipe.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self._precision():
            scores = self.model(**self._inputs("train", positions)).logits
        targets = torch.as_tensor(split.targets[positions], device=self.device)
        loss = torch.nn.functional.cross_entropy(scores.float(), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        place.step += 1
        value = float(loss.detach())
        if not math.isfinite(value):
            raise WorkbenchError("The loss is no longer a number: the training went astray. Lower the learning_rate.")
        place.loss_sum += value
        place.loss_n += 1
        per_step = (time.monotonic() - began) / (place.step - done_before)
        eta = per_step * (self.steps - place.step)
        if place.step % max(1, self.steps // LOGGED_STEPS) == 0 or place.step == self.steps:
            self.work.metric(
                "train", place.step, steps=self.steps, epoch=round(place.step / self.steps_per_epoch, 4),
                loss=place.loss_sum / place.loss_n, lr=rate, eta=round(eta, 1),
                samples_per_second=round(self.recipe.batch_size / per_step, 2),
            )  # fmt: skip
            place.loss_sum, place.loss_n = 0.0, 0
        self.work.progress(place.step, self.steps, "training", round(eta, 1))

    def _end_epoch(self, epoch: int) -> None:
        place = self.place
        split = self.work.version.splits["validation"]
        if len(split):
            self.work.progress(place.step, self.steps, "validating")
            scored = evaluate(split.targets, self._predict("validation"), self.work.version.labels)
            self.work.metric(
                "validation", place.step, epoch=epoch + 1, **{k: scored[k] for k in ("loss", "accuracy", "macro_f1")}
            )
            if scored["macro_f1"] > place.best_f1:
                place.best_f1, place.best_epoch = scored["macro_f1"], epoch + 1
                self.work.checkpoint.mkdir(exist_ok=True)
                part = self._best.with_suffix(".part")
                save_model(self.model, str(part))
                part.replace(self._best)
        place.evaluated = epoch + 1
        self._save()

    def _left(self, epoch: int) -> Iterator[np.ndarray]:
        lengths = [len(one) for one in self.ids["train"]]
        batches = training_batches(lengths, self.recipe.batch_size, self.work.seed, epoch)
        return iter(batches[self.place.step - epoch * self.steps_per_epoch :])

    def _predict(self, name: str) -> np.ndarray:
        """Class probabilities of a split in its own order, shape (n, labels), float32."""
        self.model.eval()
        found = np.zeros((len(self.ids[name]), len(self.work.version.labels)), dtype=np.float32)
        with torch.inference_mode():
            for positions in reading_batches([len(one) for one in self.ids[name]], READ_BATCH):
                with self._precision():
                    scores = self.model(**self._inputs(name, positions)).logits
                found[positions] = torch.softmax(scores.float(), dim=-1).cpu().numpy()
                if self.work.stop_asked():
                    self._save()
                    self.work.stop()
        return found

    def _inputs(self, name: str, positions: np.ndarray) -> dict[str, torch.Tensor]:
        ids = [self.ids[name][i] for i in positions]
        return padded(ids, self.tokenizer.pad_token_id or 0, self.device, 8 if self.device == "cuda" else 1)

    def _precision(self) -> AbstractContextManager[Any]:
        if self.device == "cuda" and torch.cuda.is_bf16_supported():
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return nullcontext()

    def _encoded(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        ids = self.tokenizer(texts, truncation=True, max_length=self._longest(), padding=False)["input_ids"]
        return [list(one) for one in ids]

    def _longest(self) -> int:
        return int(min(self.recipe.max_length, self.tokenizer.model_max_length))

    def _check_unknown(self) -> None:
        mark, special = self.tokenizer.unk_token_id, set(self.tokenizer.all_special_ids) - {self.tokenizer.unk_token_id}
        tokens = [token for one in self.ids["train"] for token in one if token not in special]
        finding = preflight.unknown(tokens.count(mark) / len(tokens)) if mark is not None and tokens else None
        if finding is not None:
            preflight.refuse([finding])
            log.warning(finding.sentence)

    @property
    def _best(self) -> Path:
        return self.work.checkpoint / "best.safetensors"

    def _save_in_time(self) -> None:
        every = self.recipe.checkpoint_steps
        due = self.place.step % every == 0 if every else time.monotonic() - self.saved_at > CHECKPOINT_SECONDS
        if due:
            self._save()

    def _save(self) -> None:
        place = self.place
        plain = {name: getattr(place, name) for name in ("loss_sum", "loss_n", "best_f1", "best_epoch", "evaluated")}
        checkpoint.save(self.work.checkpoint, place.step, self.model, self.optimizer, plain)
        self.saved_at = time.monotonic()

    def _resume(self) -> None:
        made = checkpoint.latest(self.work.checkpoint)
        if made is not None:
            self.place = Place(**checkpoint.load(made, self.model, self.optimizer))
        self.work.metric("resume", self.place.step)
        log.info("resumed at step %d of %d", self.place.step, self.steps)

    def _save_model(self, folder: Path) -> None:
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def _load(folder: Path, labels: tuple[str, ...]) -> torch.nn.Module:
    names = dict(enumerate(labels))
    try:
        return AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=len(labels), id2label=names, label2id={v: k for k, v in names.items()},
            use_safetensors=True, trust_remote_code=False, ignore_mismatched_sizes=True, dtype=torch.float32,
        )  # fmt: skip
    except (OSError, ValueError, KeyError) as error:
        why = str(error).strip().splitlines()[0]
        raise WorkbenchError(f"The model in {folder} cannot be loaded as a classifier: {why}") from error


def _freeze(model: torch.nn.Module, layers: int) -> None:
    """Hold the word embeddings and the lowest `layers` layers fast. Raises WorkbenchError if none would be left."""
    if layers == 0:
        return
    base = getattr(model, getattr(model, "base_model_prefix", ""), None)
    stack = getattr(getattr(base, "encoder", None), "layer", None)
    if base is None or stack is None or not hasattr(base, "embeddings"):
        raise WorkbenchError("This kind of model has no layers that the recipe can freeze. Set frozen_layers to 0.")
    if layers > len(stack):
        raise WorkbenchError(f"The model has {len(stack)} layers; frozen_layers cannot be {layers}.")
    for part in (base.embeddings, *stack[:layers]):
        part.requires_grad_(False)


def _optimizer(model: torch.nn.Module, recipe: Encoder) -> torch.optim.Optimizer:
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    bare = [p for name, p in trained if p.ndim < 2]  # biases and norms
    rest = [p for name, p in trained if p.ndim >= 2]
    groups = [{"params": rest, "weight_decay": recipe.weight_decay}, {"params": bare, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


def _schedule(step: int, steps: int, warmup: float) -> float:
    """The share of the peak rate at a step: a straight rise, then a straight fall to zero."""
    rise = max(1, round(steps * warmup))
    return (step + 1) / rise if step < rise else max(0.0, (steps - step) / max(1, steps - rise))
