"""Held-out sets come in the formats of the tools that made them."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.verbs import leak_sides


def test_a_benchmark_in_its_own_format_is_held_against_the_texts(tmp_path: Path) -> None:
    text = "The committee met in Oslo in the spring of 1905 and agreed on everything that had been asked for."
    question = {"id": "q1", "question": "Where?", "answers": [{"text": "Oslo", "answer_start": 21}]}
    squad = {"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": text, "qas": [question]}]}]}
    (tmp_path / "squad.json").write_text(json.dumps(squad))
    held, name, rejected = leak_sides.read(leak_sides.Benchmark(str(tmp_path / "squad.json")))
    assert (held.texts.to_pylist(), name, rejected) == ([text], "squad.json", 0)
