"""What the ready recipes do to texts of their kind: what is good stays as it is, what is not goes or is marked."""

from __future__ import annotations

import pytest

from pipeline import jobs, recipe
from pipeline.steps.base import CorpusStep
from pipeline.steps.chain import judged
from pipeline.store import Store, corpus, records
from pipeline.store.records import RecordFilter
from pipeline.verbs.clean import Clean
from tests.cleaning import labelled
from tests.conftest import Fill

PROSE = (
    "The old bridge was built before the war, and it has been repaired many times since then. People who live near the "
    "river still cross it every day, because the new one is too far away for them. In the winter of that year the water "
    "rose so high that nobody could go over it for a week. The town then asked the county to pay for a second bridge. "
    "It took ten years of letters and meetings until the money was there, and the work was done in a single summer."
)
HANZI = (
    "这座老桥是战前修建的，后来修过很多次。住在河边的人每天仍然要从桥上走过，因为新桥离他们太远了。那一年的冬天，河水涨得很高，"
    "整整一个星期没有人能过河。镇上的人于是请求县里出钱再修一座桥。大家写信、开会，前后花了十年时间才等到拨款，而工程只用了一个夏天"
    "就完成了。现在两座桥都在使用，老人们喜欢老桥，年轻人则喜欢新桥。每到节日，桥上挂满灯笼，河里有许多小船，人们站在桥上看热闹，"
    "孩子们跑来跑去，商贩们在桥头卖糖果和茶水，一直热闹到深夜才慢慢散去。"
)


def kept(store: Store, project_id: int) -> dict[str, str]:
    rows = records.page(store, project_id, RecordFilter(state="active"), limit=1000)
    return {row["external_id"]: row["text"] for row in rows}


@pytest.mark.parametrize("name", recipe.shipped())
def test_doing_it_again_edits_and_drops_nothing_more(store: Store, fill: Fill, name: str) -> None:
    project = fill(
        [PROSE, HANZI, f"<p>{PROSE}</p>", "ＡＢＣ１２３ 很好！！！！！！！！", "n/a", "a@b.org", "好", "ok", "哈" * 50]
    )
    jobs.run(store, Clean(recipe.named(name).plain()), project.id)
    after = kept(store, project.id)
    again = jobs.run(store, Clean(recipe.named(name).plain()), project.id)
    assert kept(store, project.id) == after
    assert (again.result["dropped"], again.result["edited"]) == ({}, {})
    assert "r1" in after
    assert "r2" in after


def test_web_keeps_prose_and_drops_what_is_none(store: Store, fill: Fill) -> None:
    menu = "Home\nAbout\nContact\nLogin\nSign up\nTerms\nPrivacy\nHelp\nJobs\nPress\n"
    project = fill([PROSE, HANZI, menu * 3, "Buy now! " * 60, "lorem ipsum dolor sit amet " * 20, "short", PROSE])
    jobs.run(store, Clean(recipe.named("web").plain()), project.id)
    assert kept(store, project.id) == {"r1": PROSE, "r2": HANZI}


def test_instructions_keep_code_and_mark_refusals(store: Store, fill: Fill) -> None:
    code = "Write a page.\n\n```html\n<p>Hello &amp; goodbye</p>\n    <b>x</b>\n```"
    project = fill(
        [
            code,
            "As an AI language model, I cannot say.",
            "作为一个人工智能，我没有感情。",
            "n/a",
            "2 + 2 = 4",
            "2 + 2 = 4",
        ]
    )
    jobs.run(store, Clean(recipe.named("instructions").plain()), project.id)
    assert list(kept(store, project.id)) == ["r1", "r2", "r3", "r5"]
    assert kept(store, project.id)["r1"] == code
    marked = records.page(store, project.id, RecordFilter(flag="word_list"))
    assert [row["external_id"] for row in marked] == ["r2", "r3"]


def test_reviews_ask_for_contradictory_labels(store: Store, fill: Fill) -> None:
    project = fill(["很好，下次还来", "<b>Fine</b> food", "fine  food!", "差", "http://a.b/c", "Good", "good"])
    labelled(store, project, {"anna": {"r1": "POS", "r2": "POS", "r6": "POS"}})
    job = jobs.run(store, Clean(recipe.named("reviews").plain()), project.id)
    assert list(kept(store, project.id)) == ["r1", "r2", "r3", "r6"]
    assert corpus.effects(store, job.id)["review"] == {}


def test_chinese_makes_letters_half_width_and_leaves_punctuation(store: Store, fill: Fill) -> None:
    project = fill(["ＡＢＣ１２３，很好！", "這家餐廳的菜很好吃，服務也不錯。", "哈" * 60])
    jobs.run(store, Clean(recipe.named("chinese").plain()), project.id)
    assert kept(store, project.id) == {
        "r1": "ABC123，很好！",
        "r2": "這家餐廳的菜很好吃，服務也不錯。",
        "r3": "哈" * 60,
    }
    assert [row["flags"] for row in records.page(store, project.id)] == [None, ["traditional"], ["repetition"]]


@pytest.mark.parametrize(
    "refusal",
    [
        "I’m sorry, but I can’t assist with that.",
        "I'm sorry, but I cannot fulfill this request.",
        "As an AI language model, I do not have feelings.",
        "很抱歉，我无法协助您完成这个请求。",
        "抱歉，作为一个人工智能语言模型，我没有个人观点。",
        "对不起，我无法提供相关信息。",
        "作为AI助手，我不能回答这个问题。",
    ],
)
def test_a_refusal_is_marked_however_it_is_written(refusal: str) -> None:
    chain = [step for step in recipe.named("instructions").built() if not isinstance(step, CorpusStep)]
    said = judged(1, refusal, chain)
    assert [one.step for one in said if one.kind == "flag"] == ["word_list"]
    assert judged(1, "The clerk said that he would help, and so he did.", chain) == []
    assert judged(1, "他抱歉地笑了笑，说自己不能久留。", chain) == []
