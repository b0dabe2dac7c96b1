"""Makes datatrove-0.10.1.json: what the filters of datatrove 0.10.1 (Apache-2.0) say of the texts here, and the shares
of repetition that its functions measure, with str.split for its words. Run in an environment that has datatrove.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import datatrove.pipeline.filters.fineweb_quality_filter as fineweb
import datatrove.pipeline.filters.gopher_quality_filter as quality
import datatrove.pipeline.filters.gopher_repetition_filter as repetition
from datatrove.data import Document
from datatrove.pipeline.filters.c4_filters import C4QualityFilter

PROSE = (
    "The harbour was quiet when the last ferry came in, and the two men who had waited on the pier since noon walked down "
    "to the ropes. They had worked together for twenty years, and neither of them spoke more than he had to. The boat "
    "turned slowly with the tide, its lamps already lit, while a boy on the upper deck waved to somebody whom they could "
    'not see. "She is late again," said the older one, and his friend only laughed. Nobody in the town would have believed '
    "how much they liked these evenings! By eight the nets were dry, the fish had been sold, and the gulls were fighting "
    "over what was left of it."
)
PARTS = PROSE.split(". ")
TEXTS = {
    "prose": PROSE,
    "paragraphs": PROSE.replace(". ", ".\n\n"),
    "short": "Great film, would watch again with the kids.",
    "bullets": "\n".join(f"- {part}" for part in PARTS * 2),
    "ellipses": "\n".join(f"{part}..." for part in PARTS * 2),
    "hashes": PROSE + " " + "#sea #boat #fish " * 6,
    "numbers": PROSE[:200] + " 12 45 7788 90 " * 20,
    "no stop words": " ".join(word for word in (PROSE * 2).split() if word.lower().strip('.,!"') not in quality.STOP_WORDS),
    "long words": " ".join(word for word in (PROSE * 8).split() if len(word) > 7),
    "short words": " ".join(word for word in (PROSE * 4).split() if len(word) < 4),
    "lines again": "\n".join([f"{PARTS[0]}.", f"{PARTS[1]}."] * 2 + [f"{PARTS[2]}."]),
    "paragraphs again": "\n\n".join([f"{PARTS[0]}.", f"{PARTS[1]}.", f"{PARTS[0]}."]),
    "phrase again": PROSE + " You can buy it here right now today." * 5,
    "two words": " ".join(f"{word} very good" for word in PROSE.split()),
    "menu": f"Home\nAbout us\nContact\nNews\n{PARTS[0]}.\nLogin",
    "list": "\n".join(PROSE.split()[:60]) + "\n" + PROSE,
    "policy": PROSE.replace(". ", ".\n") + "\nWe use cookies, as our cookie policy says.\n"
    "Please enable JavaScript to read this page.\nRead more\nHe said so.[2]",
    "code": f"{PROSE} Then he wrote x = {{1: 2}}.",
    "placeholder": f"{PROSE} Lorem ipsum dolor sit amet.",
}  # fmt: skip


def shares(text: str) -> dict[str, float]:
    """The shares of repetition, by the names of our settings."""
    words, found = text.split(), {}
    for one, many, pattern in (("paragraph", "paragraphs", r"\n{2,}"), ("line", "lines", r"\n+")):
        parts = re.split(pattern, text.strip())
        number, characters = repetition.find_duplicates(parts)
        found |= {many: number / len(parts), f"{one}_characters": characters / len(text)}
    for n in (2, 3, 4):
        found[f"top_{n}"] = repetition.find_top_duplicate(repetition.get_n_grams(words, n)) / len(text)
    for n in range(5, 11):
        found[f"again_{n}"] = repetition.find_all_duplicate(words, n) / len(text)
    return {name: round(share, 6) for name, share in found.items()}


def main() -> None:
    for module in (quality, repetition, fineweb):
        module.split_into_words = lambda text, language="en": text.split()
    filters = {
        "gopher_quality": quality.GopherQualityFilter(), "gopher_repetition": repetition.GopherRepetitionFilter(),
        "fineweb_quality": fineweb.FineWebQualityFilter(), "c4_quality": C4QualityFilter(),
    }  # fmt: skip
    rows = []
    for name, text in TEXTS.items():
        row = {"name": name, "text": text, "decisions": {}, "repetition": shares(text)}
        for step, judge in filters.items():
            document = Document(text=text, id=name)
            said = judge.filter(document)
            row["decisions"][step] = "" if said is True else said[1]
            if step == "c4_quality" and said is True:
                row["c4"] = document.text
        rows.append(row)
    made = {"made": "by make.py with datatrove 0.10.1", "texts": rows}
    file = Path(__file__).parent / "datatrove-0.10.1.json"
    file.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
