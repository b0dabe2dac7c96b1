"""Synonyms out of WordNet, with nlpaug's SynonymAug. Its words lie compressed in words/ (see words/NOTICE).

nlpaug splits a text its own way and joins it with single spaces, so it is given a splitting that remembers what stood
between the words, and the variant keeps the spacing, the quotes and the punctuation of its original.
"""

from __future__ import annotations

import functools
import importlib.util
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.augmenters.base import Outcome, Refused, augmenters, looks_english
from pipeline.knobs import knob

WORDS = Path(__file__).parent / "words"
FILES = {"corpora": "wordnet.zip", "taggers": "averaged_perceptron_tagger_eng.zip"}
LONGEST = 50_000  # characters; nlpaug's time grows with the square of a text's length
SHORTEST = 3  # letters; WordNet takes shorter words for chemical elements and units
OPEN_CLASSES = ("JJ", "NN", "RB", "VB")  # tags of adjectives, nouns, adverbs, verbs begin so: the words with synonyms

_TOKEN = re.compile(
    r"""<[^<>\n]{1,200}> | &\#?\w+; | (?:https?://|www\.)\S+ | \S+@\S+\.\S+ | [@\#]\w+  # never words
    | \w+(?=n['’]t\b) | n['’]t\b | ['’](?:s|re|ve|ll|d|m)\b  # do n't, it 's: so the tagger knows them
    | \w+ | [^\w\s]""",
    re.VERBOSE | re.IGNORECASE,
)
_FUNCTION_WORDS = frozenset(
    """a an the this that these those some any each every no not nor never none i you he she it we they me him
    her us them my your his its our their mine yours hers ours theirs myself yourself himself herself itself
    ourselves themselves who whom whose which what when where why how and or but if then than so as at by for
    from in into of off on onto out over to too up down with without about after before again all both few
    more most less least many much such only own same other very just also there here is am are was were be
    been being have has had having do does did doing done will would shall should can could may might must
    ought get gets got ca wo sha ai cannot let while because until since during between through above below
    under against per via one two three yes ok""".split()  # noqa: SIM905 - a list of words is best read as words
)


@augmenters.register
@dataclass(frozen=True, slots=True)
class Synonym:
    """Put synonyms from WordNet in place of some words. For English; another seed gives another text."""

    name: ClassVar[str] = "synonym"
    languages: ClassVar[tuple[str, ...]] = ("en",)
    share: float = knob(0.3, "How large a part of the words is replaced.", low=0.01, high=1.0)
    most: int = knob(10, "No more than this many words of a text are replaced.", low=1, high=1000)
    senses: int = knob(2, "Synonyms of only so many of a word's commonest meanings are used.", low=1, high=50)
    keep_names: bool = knob(True, "Leave words alone that look like names.")
    keep: tuple[str, ...] = knob((), "Further words to leave alone, with commas between them.")

    def ready(self) -> str:
        if importlib.util.find_spec("nlpaug") is None or importlib.util.find_spec("nltk") is None:
            return "Install the Python packages nlpaug and nltk: pip install nlpaug nltk."
        missing = [name for name in FILES.values() if not (WORDS / name).is_file()]
        if missing:
            return f"The word list {missing[0]} is missing from {WORDS}. Check out or install Winnow again."
        if importlib.util.find_spec("_lzma") is None:
            return "This Python was built without lzma, which the word list is packed with. Install Debian's python3."
        return ""

    def __call__(self, texts: Sequence[str], seeds: Sequence[int]) -> Iterator[Outcome]:
        replace = _replacer(self)
        for text, seed in zip(texts, seeds, strict=True):
            if not looks_english(text):
                yield Refused("not English")
            elif len(text) > LONGEST:
                yield Refused("too long")
            else:
                yield replace(text, seed)


class _Spacing:
    """Splits a text into tokens and joins them again with what stood between them."""

    def __init__(self) -> None:
        self._between: list[str] = []

    def split(self, text: str) -> list[str]:
        found = list(_TOKEN.finditer(text))
        edges = [0, *(at for match in found for at in match.span()), len(text)]
        self._between = [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
        return [match.group() for match in found]

    def join(self, tokens: list[str]) -> str:
        pieces = zip(self._between, [*tokens, ""], strict=True)
        return "".join(between + token for between, token in pieces)


class _Kept:
    """The words that stay as they are: nlpaug asks `token in stopwords`."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = _FUNCTION_WORDS | {word.casefold() for word in words}

    def __contains__(self, token: str) -> bool:
        return len(token) < SHORTEST or not token.isalpha() or token.casefold() in self._words


@functools.lru_cache(maxsize=4)
def _replacer(settings: Synonym) -> Callable[[str, int], str]:
    import numpy as np

    word_net, tag, synonym_aug = _loaded()
    spacing = _Spacing()

    class Spaced(synonym_aug):  # type: ignore[valid-type, misc]  # nlpaug has no types
        def skip_aug(self, token_idxes: list[int], tokens: list[tuple[str, str]]) -> list[int]:
            return [i for i in token_idxes if _open(tokens[i][1]) and self.model.has_synonym(*tokens[i])]

    def _open(pos: str) -> bool:
        return pos.startswith(OPEN_CLASSES) and not (settings.keep_names and pos.startswith("NNP"))

    aug = Spaced(
        aug_src="wordnet", aug_p=settings.share, aug_min=1, aug_max=settings.most, stopwords=_Kept(settings.keep),
        tokenizer=spacing.split, reverse_tokenizer=spacing.join,
    )  # fmt: skip
    aug.model = word_net(settings.senses)
    aug.model.pos_tag = tag

    def replace(text: str, seed: int) -> str:
        core = text.strip()
        at = text.index(core)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - it is the global one that nlpaug draws from
        return text[:at] + str(aug.augment(core)[0]) + text[at + len(core) :]

    return replace


@functools.cache
def _loaded() -> tuple[Any, Callable[[list[str]], list[tuple[str, str]]], Any]:
    """nlpaug's WordNet limited to some senses, nltk's tagger (loaded once, not for each text), and SynonymAug."""
    import nltk

    nltk.data.path[:] = [_private_copy()]
    with _without("torch", "transformers"):
        from nlpaug.augmenter.word import SynonymAug
        from nlpaug.model.word_dict import WordNet
        from nlpaug.util import PartOfSpeech
    from nltk.corpus import wordnet
    from nltk.tag.perceptron import PerceptronTagger

    class Remembering(WordNet):  # type: ignore[misc]
        def __init__(self, senses: int) -> None:
            super().__init__(lang="eng")
            self._senses = senses

        @functools.lru_cache(maxsize=200_000)  # noqa: B019 - there are few of it, as long as the process
        def predict(self, word: str, pos: str | None = None) -> tuple[str, ...]:
            base = wordnet.morphy(word.lower(), pos) or word.lower()
            same = {form.removesuffix("s") for form in (word.lower(), base)}  # "movie" is no synonym of "movies"
            lemmas = (lemma for sense in wordnet.synsets(word, pos)[: self._senses] for lemma in sense.lemma_names())
            return tuple(lemma for lemma in lemmas if lemma.lower().removesuffix("s") not in same)

        def has_synonym(self, word: str, tag: str) -> bool:
            return any(self.predict(word, pos) for pos in PartOfSpeech.constituent2pos(tag))

    return Remembering, PerceptronTagger().tag, SynonymAug


@functools.cache
def _private_copy() -> str:
    """nltk reads only from a folder that nobody else can write to, which a checkout need not be: so from a copy."""
    folder = tempfile.TemporaryDirectory(prefix="winnow-words-")
    _private_copy.held = folder  # type: ignore[attr-defined]  # the folder goes when the process ends
    for kind, name in FILES.items():
        target = Path(folder.name) / kind / name
        target.parent.mkdir(mode=0o700)
        shutil.copyfile(WORDS / name, target)
        target.chmod(0o600)
    return folder.name


@contextmanager
def _without(*packages: str) -> Iterator[None]:
    """Let `import` not find these: nlpaug loads them for other augmenters (10 seconds) and does without if it must."""

    class Blocker:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name.partition(".")[0] in packages:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    import pandas as pd  # noqa: F401 - nlpaug's other imports look for torch too, and must find things as they are

    blocker = Blocker()
    sys.meta_path.insert(0, blocker)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.meta_path.remove(blocker)  # type: ignore[arg-type]
