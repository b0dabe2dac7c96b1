"""Version folders made by hand, a tiny BERT made from a config, and a project whose database knows the version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.domain import Project
from pipeline.store import Store, open_store, projects

Rows = list[tuple[str, str]]

GOOD = ["a fine and lovely film", "what a lovely story", "fine acting and a fine story", "lovely , just lovely"]
BAD = ["a dull and boring film", "what a boring mess", "dull acting and a dull story", "boring , just boring"]
EIGHT: Rows = [(text, "good") for text in GOOD] + [(text, "bad") for text in BAD]


@pytest.fixture(autouse=True)
def own_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not wait for runs of other people on this machine, and never ask the hub."""
    monkeypatch.setenv("WINNOW_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> Project:
    return projects.create(store, "films")


@pytest.fixture
def make_version(store: Store, project: Project) -> Callable[..., str]:
    """Freeze rows by hand: make_version(train, validation, test) -> the version's id."""

    def make(train: Rows, validation: Rows = (), test: Rows = (), version: str = "abcdef012345") -> str:
        folder = write_version(store.folder / "versions" / version, version, train, validation, test)
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))

        def work(cursor) -> None:
            made = cursor.execute(
                "INSERT INTO job (kind, project_id, state) VALUES ('freeze', ?, 'done') RETURNING id", [project.id]
            ).fetchone()
            cursor.execute(
                "INSERT INTO version (id, project_id, job_id, path, card) VALUES (?, ?, ?, ?, ?)",
                [version, project.id, made[0], f"versions/{version}", json.dumps(card)],
            )

        store.transact(work)
        return version

    return make


def write_version(folder: Path, version: str, train: Rows, validation: Rows = (), test: Rows = ()) -> Path:
    folder.mkdir(parents=True)
    files, first = {}, 1
    for split, rows in (("train", train), ("validation", validation), ("test", test)):
        ids = list(range(first, first + len(rows)))
        first += len(rows)
        table = pa.table(
            {
                "id": pa.array(ids, pa.int64()), "external_id": pa.array([f"x{i}" for i in ids], pa.string()),
                "text": pa.array([text for text, _ in rows], pa.string()),
                "label": pa.array([label for _, label in rows], pa.string()),
                "parent_id": pa.array([None] * len(rows), pa.int64()), "family": pa.array(ids, pa.int64()),
                "split": pa.array([split] * len(rows), pa.string()),
            }
        )  # fmt: skip
        pq.write_table(table, folder / f"{split}.parquet")
        files[f"{split}.parquet"] = hashlib.sha256((folder / f"{split}.parquet").read_bytes()).hexdigest()
    labels = sorted({label for rows in (train, validation, test) for _, label in rows})
    card = {"id": version, "labels": labels, "files": files, "task": {"name": "classification"}}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and 32 numbers a token, with a word piece tokenizer that was trained on the test's texts."""
    return make_tiny_bert(tmp_path_factory.mktemp("tiny"), [text for text, _ in EIGHT])


def make_tiny_bert(folder: Path, texts: list[str]) -> Path:
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=True))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **names)
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder
