"""Winnow's training beside transformers' Trainer as its documentation uses it: same split, model, epochs, seed, batch.

    python -m benchmarks.trainer_peer [VERSION_FOLDER] [--epochs 3] [--seeds 13,14,15] [--model FOLDER]

Without a folder it makes a version of the English sample (texts that differ, split at random). Each turn is a process
of its own, the two in alternation; seconds are of the whole process. Needs the package accelerate, which the Trainer
asks for.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import table
from training.data import load_version
from training.metrics import evaluate
from training.models import default_encoder, short_name
from training.recipes.encoder import Encoder

RATE = Encoder().learning_rate  # 5e-5 is the default of both
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run both in turn for each seed and print what they reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("version", type=Path, nargs="?", help="the folder of a frozen version")
    parser.add_argument("--epochs", type=int, default=Encoder().epochs)
    parser.add_argument("--seeds", type=lambda text: [int(part) for part in text.split(",")], default=[13, 14, 15])
    parser.add_argument("--model", default=default_encoder())
    parser.add_argument("--set", action="append", default=[], help="a setting of Winnow's recipe: name=value")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        peer(options, Path(options.peer))
        return
    with tempfile.TemporaryDirectory() as folder:
        options.version = options.version or sample_version(Path(folder) / "version")
        found: dict[str, list[dict[str, float]]] = {"transformers Trainer": [], "Winnow": []}
        for seed in options.seeds:
            found["transformers Trainer"].append(run_peer(options, seed))
            found["Winnow"].append(run_winnow(options, seed))
        sys.stdout.write(report(options, found))


def sample_version(folder: Path, name: str = "en") -> Path:
    """A version of the sample's texts that differ and have a true label: 80/10/10 at random, seed 13."""
    sample = ROOT / "data" / "sample"
    with (sample / f"truth-{name}.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["id"]: row["label"] for row in csv.DictReader(file)}
    with (sample / f"reviews-{name}.csv").open(encoding="utf-8", newline="") as file:
        texts = {" ".join(row["text"].split()).lower(): row["id"] for row in csv.DictReader(file)}
    rows = [(text, truth[key]) for text, key in texts.items() if text and key in truth]
    random.Random(13).shuffle(rows)
    folder.mkdir(parents=True)
    a, b = int(len(rows) * 0.8), int(len(rows) * 0.9)
    for split, part in (("train", rows[:a]), ("validation", rows[a:b]), ("test", rows[b:])):
        ids = pa.array(range(len(part)), pa.int64())
        names = ids.cast(pa.string())
        columns = {"id": ids, "external_id": names, "text": [t for t, _ in part], "label": [c for _, c in part]}
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
    (folder / "card.json").write_text(json.dumps({"id": f"sample-{name}", "labels": []}), encoding="utf-8")
    return folder


def run_winnow(options: argparse.Namespace, seed: int) -> dict[str, float]:
    """One run of the recipe `encoder`, in a run directory of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        path.mkdir()
        knobs = {"epochs": options.epochs, **dict(pair.split("=", 1) for pair in options.set)}
        config = {"run": "run", "version_path": str(options.version.resolve()), "recipe": "encoder",
                  "model": options.model, "knobs": knobs, "seed": seed}  # fmt: skip
        (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        began = time.monotonic()
        command = [sys.executable, "-m", "training.run", str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        report = json.loads((path / "report.json").read_text(encoding="utf-8"))
        return _result(report["test"], report["validation"], report["samples_per_second"], time.monotonic() - began)


def run_peer(options: argparse.Namespace, seed: int) -> dict[str, float]:
    """One Trainer in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        arguments = [str(options.version), "--epochs", str(options.epochs), "--seeds", str(seed), "--peer", str(out)]
        command = [sys.executable, "-m", "benchmarks.trainer_peer", *arguments, "--model", options.model]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found = json.loads(out.read_text(encoding="utf-8"))
        return _result(found["test"], found["validation"], found["samples_per_second"], time.monotonic() - began)


def peer(options: argparse.Namespace, out: Path) -> None:
    """The text classification example of the transformers documentation, on this version."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    version = load_version(options.version)
    tokenizer = AutoTokenizer.from_pretrained(options.model)

    def rows(name: str) -> list[dict[str, Any]]:
        split = version.splits[name]
        ids = tokenizer(split.texts, truncation=True, max_length=Encoder().max_length, padding=False)["input_ids"]
        return [{"input_ids": one, "label": int(target)} for one, target in zip(ids, split.targets, strict=True)]

    def scores(answer: Any) -> dict[str, float]:
        return {"macro_f1": evaluate(answer.label_ids, _softmax(answer.predictions), version.labels)["macro_f1"]}

    model = AutoModelForSequenceClassification.from_pretrained(options.model, num_labels=len(version.labels))
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, learning_rate=RATE, per_device_train_batch_size=16, per_device_eval_batch_size=16,
            num_train_epochs=options.epochs, weight_decay=0.01, eval_strategy="epoch", save_strategy="epoch",
            load_best_model_at_end=True, metric_for_best_model="macro_f1", seed=options.seeds[0], report_to="none",
            disable_tqdm=True,
        )  # fmt: skip
        trainer = Trainer(
            model=model, args=arguments, train_dataset=rows("train"), eval_dataset=rows("validation"),
            processing_class=tokenizer, data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=scores,
        )  # fmt: skip
        spent = trainer.train().metrics
        found: dict[str, Any] = {"samples_per_second": spent["train_samples_per_second"]}
        for name in ("validation", "test"):
            answer = trainer.predict(rows(name))
            found[name] = evaluate(version.splits[name].targets, _softmax(answer.predictions), version.labels)
    out.write_text(json.dumps(found), encoding="utf-8")


def report(options: argparse.Namespace, found: dict[str, list[dict[str, float]]]) -> str:
    """The results as Markdown, also in BENCHMARKS.md: means over seeds for quality, medians for speed."""
    version = load_version(options.version)
    counts = " / ".join(str(len(split)) for split in version.splits.values())
    seeds = ", ".join(map(str, options.seeds))
    intro = (
        f"{table.machine('transformers', 'torch', 'accelerate')}. {short_name(options.model)} on version {version.id}, "
        f"{counts} texts, {options.epochs} epochs, batch 16, learning rate {RATE:g}, seeds {seeds}; "
        "quality is the mean, speed the median over the seeds."
    )
    rows = []
    for name, turns in found.items():
        mean = {key: statistics.mean(turn[key] for turn in turns) for key in ("accuracy", "macro_f1", "validation")}
        speed, seconds = (statistics.median(turn[key] for turn in turns) for key in ("speed", "seconds"))
        rows.append(
            {"": name, "test accuracy": f"{mean['accuracy']:.3f}", "test macro-F1": f"{mean['macro_f1']:.3f}",
             "validation accuracy": f"{mean['validation']:.3f}", "samples/s": f"{speed:.1f}",
             "seconds": f"{seconds:.0f}"}
        )  # fmt: skip
    return table.write("Training: Winnow and transformers' Trainer", "trainer_peer", intro, rows)


def _result(test: dict[str, Any], validation: dict[str, Any], speed: float, seconds: float) -> dict[str, float]:
    return {"accuracy": test["accuracy"], "macro_f1": test["macro_f1"], "validation": validation["accuracy"],
            "speed": speed, "seconds": seconds}  # fmt: skip


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


if __name__ == "__main__":
    main()
