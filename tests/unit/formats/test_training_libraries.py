"""What is exported for training is what the trainers take: read by `datasets`, prepared and trained on by TRL.

Nothing is fetched: the model is a tiny one made from a configuration, its tokenizer one of single bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.moving import move_in, move_out

GOLDEN = Path(__file__).parents[2] / "data" / "formats"
TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{% if m['content'] %}{{ m['content'] }}{% endif %}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
# (format, the file that comes in, the columns that go to the trainer, whether they are conversations)
EXPORTS = [
    ("messages", "messages/chats.jsonl", {"messages"}, True),
    ("messages", "prompt_completion/pairs.jsonl", {"messages"}, True),
    ("messages", "sharegpt/chats.jsonl", {"messages"}, True),
    ("messages", "alpaca/tasks.json", {"messages"}, True),
    ("prompt_completion", "prompt_completion/pairs.jsonl", {"prompt", "completion"}, False),
    ("prompt_completion", "prompt_completion/chats.jsonl", {"prompt", "completion"}, True),
    ("preference", "preference/texts.jsonl", {"prompt", "chosen", "rejected"}, False),
    ("preference", "preference/chats.jsonl", {"prompt", "chosen", "rejected"}, True),
    ("unpaired_preference", "unpaired_preference/texts.jsonl", {"prompt", "completion", "label"}, False),
    ("unpaired_preference", "unpaired_preference/chats.jsonl", {"prompt", "completion", "label"}, True),
    ("unpaired_preference", "preference/chats.jsonl", {"prompt", "completion", "label"}, True),
]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")


def exported(store: Any, tmp_path: Path, name: str, file: str) -> Any:
    """The exported file as the library reads it."""
    datasets = pytest.importorskip("datasets")
    move_in(store, GOLDEN / file, "p")
    move_out(store, "p", tmp_path / "out.jsonl", name)
    return datasets.load_dataset(
        "json", data_files=str(tmp_path / "out.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
    )


def tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({letter: at for at, letter in enumerate([*letters, "</s>", "<pad>"])}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", pad_token="<pad>")  # noqa: S106 - no password
    made.chat_template = TEMPLATE
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("name", "file", "columns", "chat"), EXPORTS)
def test_trl_knows_the_file_for_what_it_is(name, file, columns, chat, store, tmp_path):
    trl = pytest.importorskip("trl.data_utils")
    found = exported(store, tmp_path, name, file)
    assert len(found) > 0
    assert columns <= set(found.column_names)
    tools = tokenizer()
    for row in found:
        example = {key: row[key] for key in columns}
        assert trl.is_conversational(example) is chat
        told = trl.maybe_apply_chat_template(example, tools)
        assert all(isinstance(told[key], str) for key in told if key != "label")
        if "messages" in columns:
            assert all(turn["content"] in told["text"] for turn in row["messages"] if isinstance(turn["content"], str))
    if name == "preference":
        assert len(trl.unpair_preference_dataset(found.select_columns(sorted(columns)))) == 2 * len(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trainer", "name", "file"),
    [
        ("SFT", "messages", "messages/chats.jsonl"), ("SFT", "prompt_completion", "prompt_completion/pairs.jsonl"),
        ("SFT", "prompt_completion", "prompt_completion/chats.jsonl"), ("DPO", "preference", "preference/texts.jsonl"),
        ("DPO", "preference", "preference/chats.jsonl"),
        ("KTO", "unpaired_preference", "unpaired_preference/texts.jsonl"),
        ("KTO", "unpaired_preference", "unpaired_preference/chats.jsonl"),
    ],
)  # fmt: skip
def test_trl_trains_on_it(trainer, name, file, store, tmp_path):
    trl = pytest.importorskip("trl")
    from transformers import LlamaConfig, LlamaForCausalLM

    found = exported(store, tmp_path, name, file)
    found = found.filter(
        lambda row: "messages" not in row or all(isinstance(t["content"], str) for t in row["messages"])
    )
    assert len(found) > 0
    tools = tokenizer()
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tools), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
        )
    )
    config = getattr(trl, f"{trainer}Config")(
        output_dir=str(tmp_path / "run"), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True,
        bf16=False, disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    model.save_pretrained(tmp_path / "model")  # DPO and KTO load a second one to compare with
    run = getattr(trl, f"{trainer}Trainer")(
        model=str(tmp_path / "model"), args=config, train_dataset=found, processing_class=tools
    )
    assert run.train().global_step == 1
