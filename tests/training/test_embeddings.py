"""The recipe `embeddings`: a head on frozen multilingual sentence embeddings, for Chinese with few labels."""

from __future__ import annotations

from pathlib import Path

from pipeline import runs
from training import preflight
from training.data import load_version

GOOD = ["非常好看", "很喜欢，推荐购买", "质量很好，物流也快", "服务态度很好", "性价比很高", "味道不错，下次再来", "房间干净舒适",
        "画面精美，剧情感人", "用起来很方便", "非常满意的一次购物"]  # fmt: skip
BAD = ["太难看了", "很失望，不推荐", "质量很差，用了一天就坏了", "服务态度恶劣", "价格太贵，不值", "味道难吃，不会再来", "房间又脏又吵",
       "画面粗糙，剧情无聊", "用起来很麻烦", "非常糟糕的一次购物"]  # fmt: skip


def test_forty_chinese_sentences(store, make_version) -> None:
    rows = [pair for good, bad in zip(GOOD, BAD, strict=True) for pair in ((good, "好"), (bad, "差"))]
    ends = [(f"{text}。真的", label) for text, label in rows]
    version = make_version(rows[:16] + ends[:8], rows[16:] + ends[8:12], ends[12:])
    result = runs.train(store, version)  # "auto": the text is Chinese
    path = Path(result["path"])
    report = runs.report(path)
    assert report["recipe"] == "embeddings"
    assert result["metrics"]["accuracy"] >= 0.75
    assert (path / "model" / "head.safetensors").exists()
    assert report["labels"] == ["好", "差"] or report["labels"] == ["差", "好"]


def test_the_recipe_is_chosen_by_the_text(store, make_version) -> None:
    from tests.training.conftest import EIGHT

    english = load_version(store.folder / "versions" / make_version(EIGHT, version="e" * 12))
    chinese = [(text, "好") for text in GOOD] + [(text, "差") for text in BAD]
    hanzi = load_version(store.folder / "versions" / make_version(chinese, version="c" * 12))
    assert preflight.choose_recipe(english) == "encoder"
    assert preflight.choose_recipe(hanzi) == "embeddings"
    assert preflight.choose_recipe(hanzi, "a/model") == "encoder"


def test_the_page_knows_before_the_run(store, make_version, tiny_bert) -> None:
    chinese = [(text, "好") for text in GOOD] + [(text, "差") for text in BAD]
    version = load_version(store.folder / "versions" / make_version(chinese, chinese[:2], chinese[2:4]))
    first = preflight.check(version, "encoder", str(tiny_bert))[0]
    assert first.level == "error"
    assert "% of the tokens of this text (unknown tokens): choose the recipe 'embeddings'" in first.sentence
    assert preflight.check(version, "embeddings", "") == []
    assert preflight.check(version, "auto", "") == []
