"""The peers of clean_peer, each run by the Python of its own environment, where Winnow is not installed.

    python benchmarks/clean_tools.py TOOL TEXTS FOLDER --model lid.176.ftz [--each]

TEXTS is a folder of JSON lines, a file for each process. The tool goes from there to JSON lines in FOLDER, by its own
executor with as many processes. FOLDER/result.json says how many seconds that took (the tool is imported before the
clock starts, its workers after), what processor time had gone before, and how many texts it kept. With --each every
operation runs alone in this process, on texts in memory, and result.json has the processor seconds of each.

The operations are those of Winnow's default recipe. Where a tool has no operator for one, it is written here as its
guide says that own ones are to be written; its name then ends in " (own)".
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LANGUAGES = ["en", "zh"]
LEAST, MOST = 3, 20_000  # characters
BATCH = 1000  # data-juicer's own
WARM = 500  # texts of an operation before it is timed: models are loaded when they are asked for
UNSEEN = "\u00ad\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
ODD = re.compile("[ \t\r\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
LINE_ENDS = re.compile(r" +(?=\n)|(?<=\n\n)\n+")

Timed = tuple[str, str, float, int]  # what is done, by which operator, processor seconds, texts changed or dropped


class DataJuicer:
    """data-juicer: a configuration for its default executor, with the quicker of its settings."""

    # Paths, channels and numbers of sessions are left out, which Winnow does not look for.
    operations: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("mojibake", "fix_unicode_mapper", {}),
        ("control", "remove_specific_chars_mapper", {"chars_to_remove": UNSEEN}),
        ("html", "clean_html_mapper", {}),
        ("whitespace", "whitespace_normalization_mapper", {}),
        ("length", "text_length_filter", {"min_len": LEAST, "max_len": MOST}),
        ("language", "language_id_score_filter", {"lang": LANGUAGES, "min_score": 0.0}),
        ("personal", "pii_redaction_mapper", dict.fromkeys(
            ("mask_paths", "mask_channel_ids", "mask_platform_open_ids", "mask_ids", "mask_macs"), False
        )),
    )  # fmt: skip

    def __init__(self, options: argparse.Namespace) -> None:
        models = options.folder / "models"
        models.mkdir()
        shutil.copy(options.model, models / "lid.176.bin")  # the name that it looks for; what is in a file decides
        os.environ["DATA_JUICER_EXTERNAL_MODELS_HOME"] = str(models)
        from data_juicer.config import init_configs
        from data_juicer.core.executor import DefaultExecutor
        from data_juicer.utils import model_utils

        # After each mapper it empties the memory of graphics cards, for which it would install torch while it runs.
        model_utils.torch = SimpleNamespace(cuda=SimpleNamespace(empty_cache=lambda: None))
        self.options, self.configured, self.executor = options, init_configs, DefaultExecutor

    def run(self) -> int:
        folder = self.options.folder
        files = sorted(self.options.texts.glob("*.jsonl"))
        plan = {
            "dataset": {"configs": [{"type": "local", "path": str(one)} for one in files]},
            "export_path": str(folder / "out.jsonl"), "work_dir": str(folder / "work"),
            "ds_cache_dir": str(folder / "cache"), "np": len(files), "open_monitor": False, "turbo": True,
            "process": [{operator: {**settings, "num_proc": len(files)}} for _, operator, settings in self.operations],
        }  # fmt: skip
        (folder / "recipe.yaml").write_text(json.dumps(plan), encoding="utf-8")  # JSON is YAML
        made = self.executor(self.configured(["--config", str(folder / "recipe.yaml")])).run()
        return len(made)

    def each(self, texts: Sequence[str]) -> Iterator[Timed]:
        from data_juicer.ops import load_ops
        from data_juicer.utils.constant import Fields

        operators = load_ops([{operator: settings} for _, operator, settings in self.operations])
        for (what, name, _), operator in zip(self.operations, operators, strict=True):
            for some in (texts[:WARM], texts):
                began, made = time.process_time(), []
                for first in range(0, len(some), BATCH):
                    batch = {"text": list(some[first : first + BATCH])}
                    if hasattr(operator, "compute_stats_batched"):
                        batch[Fields.stats] = [{} for _ in batch["text"]]
                    made += _filtered(operator, batch) if Fields.stats in batch else _mapped(operator, batch)
            yield what, name, time.process_time() - began, _changed(texts, made)
            texts = made


def _mapped(operator: Any, batch: dict[str, Any]) -> list[str]:
    if operator.is_batched_op():
        return list(operator.process_batched(batch)["text"])
    return [operator.process_single({"text": text})["text"] for text in batch["text"]]


def _filtered(operator: Any, batch: dict[str, Any]) -> list[str]:
    if operator.is_batched_op():
        kept = list(operator.process_batched(operator.compute_stats_batched(batch)))
    else:
        keys = [key for key in batch if key != "text"]
        samples = ({"text": text, **{key: {} for key in keys}} for text in batch["text"])
        kept = [operator.process_single(operator.compute_stats_single(one)) for one in samples]
    return [text for text, keep in zip(batch["text"], kept, strict=True) if keep]


class Datatrove:
    """datatrove: its local executor, a task for each file."""

    def __init__(self, options: argparse.Namespace) -> None:
        os.environ["HF_ASSETS_CACHE"] = str(options.folder / "assets")
        import datatrove.executor
        import datatrove.pipeline.writers  # noqa: F401 - so that the clock does not run while it is imported

        self.options = options

    def steps(self) -> list[tuple[str, str, Any]]:
        from datatrove.pipeline.filters import LambdaFilter, LanguageFilter
        from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter
        from datatrove.pipeline.formatters.base import BaseFormatter
        from selectolax.lexbor import LexborHTMLParser

        class Unseen(BaseFormatter):
            name = "unseen"
            pattern = re.compile(f"[{UNSEEN}]")

            def format(self, text: str) -> str:
                return self.pattern.sub("", text)

        class Markup(BaseFormatter):
            name = "markup"

            def format(self, text: str) -> str:
                if "<" not in text:  # the parser would take line breaks from the others
                    return text
                page = LexborHTMLParser(text)
                page.strip_tags(["script", "style", "head"])
                return page.body.text(separator="\n") if page.body else ""

        class Spaces(BaseFormatter):
            name = "spaces"

            def format(self, text: str) -> str:
                return LINE_ENDS.sub("", ODD.sub(" ", text)).strip()

        language = LanguageFilter(LANGUAGES, language_threshold=0.0, label_only=True)
        language.model.MODEL_URL = str(self.options.model)
        return [
            ("mojibake", "FTFYFormatter", FTFYFormatter()), ("control", "re.sub (own)", Unseen()),
            ("html", "selectolax (own)", Markup()), ("whitespace", "re.sub (own)", Spaces()),
            ("length", "LambdaFilter", LambdaFilter(lambda doc: LEAST <= len(doc.text) <= MOST)),
            ("language", "LanguageFilter", language), ("personal", "PIIFormatter", PIIFormatter()),
        ]  # fmt: skip

    def run(self) -> int:
        from datatrove.executor import LocalPipelineExecutor
        from datatrove.pipeline.readers import JsonlReader
        from datatrove.pipeline.writers import JsonlWriter

        folder, texts = self.options.folder, self.options.texts
        pipeline = [
            JsonlReader(str(texts)), *(step for *_, step in self.steps()),
            JsonlWriter(str(folder / "out"), compression=None),
        ]  # fmt: skip
        tasks = len(list(texts.glob("*.jsonl")))
        LocalPipelineExecutor(pipeline, tasks=tasks, logging_dir=str(folder / "logs")).run()
        return sum(file.read_bytes().count(b"\n") for file in (folder / "out").iterdir())

    def each(self, texts: Sequence[str]) -> Iterator[Timed]:
        from datatrove.data import Document

        for what, name, step in self.steps():
            for some in (texts[:WARM], texts):
                documents = [Document(text=text, id=str(at)) for at, text in enumerate(some)]
                began = time.process_time()
                made = [document.text for document in step.run(iter(documents))]
            yield what, name, time.process_time() - began, _changed(texts, made)
            texts = made


def _changed(before: Sequence[str], after: Sequence[str]) -> int:
    if len(before) != len(after):
        return len(before) - len(after)
    return sum(one != other for one, other in zip(before, after, strict=True))


TOOLS: dict[str, type[DataJuicer | Datatrove]] = {"data-juicer": DataJuicer, "datatrove": Datatrove}


def run() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("texts", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--each", action="store_true")
    options = parser.parse_args()
    tool = TOOLS[options.tool](options)
    found: dict[str, Any]
    if options.each:
        lines = [line for file in sorted(options.texts.glob("*.jsonl")) for line in file.open(encoding="utf-8")]
        found = {"each": list(tool.each([json.loads(line)["text"] for line in lines]))}
    else:
        before, began = time.process_time(), time.perf_counter()
        kept = tool.run()
        found = {"seconds": time.perf_counter() - began, "before": before, "said": f"{kept:,} kept"}
    (options.folder / "result.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    run()
