"""Short texts inside long ones: quotes in pages, what everybody has, and what the verb makes of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline import jobs
from pipeline.dedup import contain
from pipeline.dedup.contain import Containment, FoundInside, find_inside
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Signer
from pipeline.domain import Job, Project, Verdict, WorkbenchError
from pipeline.near import Texts
from pipeline.store import Store, families, open_store, projects, verdicts
from pipeline.store import jobs as job_store
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

Fill = Callable[..., Project]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
HAN = "".join(chr(point) for point in range(0x4E00, 0x4E00 + 3000))


def words(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choices(LETTERS, k=rng.randint(3, 8))) for _ in range(count)]


def pairs_of(found: FoundInside) -> dict[tuple[int, int], float]:
    return dict(
        zip(zip(found.x.tolist(), found.y.tolist(), strict=True), found.jaccard.tolist(), strict=True)
    )  # fmt: skip


def share(inner: str, outer: str, shingle: str) -> float:
    one, other = (Shingle.parse(shingle).of(text) for text in (inner, outer))
    return len(one & other) / len(one)


def changed(rng: random.Random, article: list[str], count: int) -> list[str]:
    """An article with some of its words replaced, side by side, so that few shingles are lost."""
    at = rng.randrange(len(article) - count)
    return [*article[:at], *words(rng, count), *article[at + count :]]


@pytest.mark.parametrize("shingle", ["word:5", "auto:5", "char:5"])
def test_an_article_inside_a_page(shingle: str) -> None:
    rng = random.Random(1)
    article, page = words(rng, 200), words(rng, 2800)
    others = [" ".join(words(rng, rng.randint(20, 400))) for _ in range(300)]
    inside = " ".join([*page[:1500], *article, *page[1500:]])
    edited = " ".join([*page[:700], *changed(rng, article, 10), *page[700:]])
    other = " ".join([*page[:700], *changed(rng, article, 60), *page[700:]])
    texts = [*others, " ".join(article), inside, edited, other]
    found = find_inside(texts, 0.9, shingle)
    at = len(others)
    wanted = {(at, at + 1): 1.0, (at, at + 2): share(texts[at], texts[at + 2], shingle)}
    assert 1 > wanted[at, at + 2] >= 0.9 > share(texts[at], texts[at + 3], shingle)
    assert {pair: value for pair, value in pairs_of(found).items() if pair[0] <= at} == wanted
    assert found.x_inside[found.x == at].all()
    assert found.roots[at] != found.roots[0]
    assert found.cut == 0


def test_a_chinese_article_inside_a_page() -> None:
    rng = random.Random(2)
    article, page = "".join(rng.choices(HAN, k=200)), "".join(rng.choices(HAN, k=3000))
    texts = ["".join(rng.choices(HAN, k=rng.randint(20, 400))) for _ in range(200)]
    texts += [article, page[:900] + article + page[900:], "转载：" + article[:150] + "……" + article[150:]]
    for shingle in ("auto:5", "char:5"):
        found = find_inside(texts, 0.9, shingle)
        reprinted = {
            (x, y): share(texts[i], texts[j], shingle) for x, y, i, j in ((200, 202, 200, 202), (201, 202, 202, 201))
        }
        assert pairs_of(found) == {(200, 201): 1.0, **reprinted}
        assert all(0.9 <= value < 1 for value in reprinted.values())
    assert pairs_of(find_inside(texts, 0.9, "word:5")) == {}  # a text without spaces is one word: too few shingles


def test_a_text_of_few_shingles_is_not_looked_for() -> None:
    greeting, page = "thank you very much indeed", " ".join(words(random.Random(3), 50))
    eight = " ".join(f"w{i}" for i in range(12))  # 12 words, 8 shingles
    seven = " ".join(f"v{i}" for i in range(11))
    texts = [greeting, f"{page} {greeting} {page}", eight, f"{page} {eight}", seven, f"{page} {seven}", greeting]
    assert pairs_of(find_inside(texts, 0.9)) == {(2, 3): 1.0}
    assert (0, 1) in pairs_of(find_inside(texts, 0.9, least=1))


def test_a_pair_exactly_at_the_threshold_counts() -> None:
    for whole in range(8, 60, 3):
        for top in range((whole + 1) // 2, whole + 1, 2):
            wanted = float(f"{top / whole:.15g}")  # as a person would write it
            if 0.5 <= wanted <= top / whole:
                one = [f"w{i}" for i in range(whole)]
                other = [*one[:top], *(f"x{i}" for i in range(whole))]
                assert pairs_of(find_inside([" ".join(one), " ".join(other)], wanted, "word:1")) == {
                    (0, 1): top / whole
                }


def test_the_automatic_cut_goes_by_the_lower_cased_text() -> None:
    # İ has two code points in lower case, and with them most of the text is of a script with spaces
    texts = ["AA不不不 AA不不不 İ", "aa不不不 İ"]
    assert {Shingle.parse("auto:1").of(text) for text in texts} == {frozenset({("aa不不不 ",), ("i̇ ",)})}
    assert pairs_of(find_inside(texts, 1.0, "auto:1", least=1)) == {(0, 1): 1.0}


def test_what_five_thousand_texts_share_costs_nothing() -> None:
    rng = random.Random(4)
    footer = words(rng, 60)
    texts = [" ".join([*words(rng, rng.randint(80, 160)), *footer]) for _ in range(5000)]
    texts[4000] = " ".join([*texts[17].split()[:70], *footer])
    found = find_inside(texts, 0.8)
    assert pairs_of(found).keys() == {(17, 4000)}
    assert not found.x_inside[0]
    assert found.compared < 20  # not 12 million
    assert found.cut == 0


def test_who_has_nothing_but_what_all_share_is_compared_through_it_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(5)
    footer = words(rng, 60)
    texts = [" ".join([*words(rng, rng.randint(80, 160)), *footer]) for _ in range(5000)]
    texts[2500] = " ".join(footer)
    found = find_inside(texts, 0.9)
    assert found.cut == 1
    assert contain.LIMIT <= found.compared == len(found.x) < contain.LIMIT + 8 * contain.SHARE
    monkeypatch.setattr(contain, "LIMIT", 10_000)
    found = find_inside(texts, 0.9)
    assert (len(found.x), found.cut) == (4999, 0)
    assert {*found.x.tolist(), *found.y.tolist()} == set(range(5000))


def test_texts_of_little_but_what_all_share_cost_no_square(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contain, "COMMON", 20)
    monkeypatch.setattr(contain, "LIMIT", 40)
    monkeypatch.setattr(contain, "SHARE", 8)
    rng = random.Random(6)
    footer = words(rng, 60)
    texts = [" ".join([*footer, f"order{i}"]) for i in range(2000)]  # 56 of 57 shingles are everybody's
    found = find_inside(texts, 0.9)
    assert found.cut > 1800
    assert found.compared < 2000 * (40 + 8 * 8)  # of 2 million
    assert not found.roots.any()  # all the same, each is inside the first one


def test_many_copies_cost_no_square() -> None:
    rng = random.Random(7)
    quote, page = words(rng, 40), words(rng, 300)
    texts = [" ".join(quote)] * 3000 + [" ".join([*page, *quote])] * 2
    found = find_inside(texts, 0.9)
    assert found.compared == 1
    assert len(found.x) + found.elided == 3002 * 3001 // 2
    assert not found.roots.any()


def test_a_larger_text_that_stays_is_chosen_over_one_that_does_not() -> None:
    line = [f"w{i}" for i in range(100)]
    texts = [line[:20], [*line[:19], *line[40:60]], [*line[40:60], *line[:12], "x", *line[61:90]]]
    texts = [" ".join(text) for text in texts]
    found = find_inside(texts, 0.75, "word:1")
    # the first is in the second, the second in the third, the first not in the third: it stays, for the second is dropped
    assert pairs_of(found) == {(0, 1): 0.95, (1, 2): pytest.approx(32 / 39)}
    assert found.roots.tolist() == [0, 1, 1]


def test_batches_of_a_store_make_no_difference(fill: Fill, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(8)
    quotes = [words(rng, 30) for _ in range(5)]
    texts = [" ".join([*words(rng, 40), *rng.choice(quotes), *words(rng, 40)]) for _ in range(60)]
    texts += [" ".join(quote) for quote in quotes]
    project = fill(texts)
    wanted = pairs_of(find_inside(texts, 0.9))
    assert len(wanted) == 60
    for name, value in (("TEXTS", 7), ("HELD", 5000), ("GROUP", 1000)):
        monkeypatch.setattr(contain, name, value)
        with Texts(store, project.id, Shingle.parse("word:5")) as stored:
            assert pairs_of(stored.inside(0.9).found()) == wanted


def test_a_search_can_be_stopped() -> None:
    class Stop(Exception): ...

    def stop(_: float) -> None:
        raise Stop

    column = pa.array(["a b c d e f g h i j k l m"])
    with Signer(Shingle.parse("word:1")) as signer, pytest.raises(Stop):
        Containment(1, 0.9, lambda which: signer.cut(column.take(pa.array(which))), signer).found(stop)


# --- the verb ---------------------------------------------------------------------------------------------------------

QUOTE = "the council has decided that the old bridge over the river will be closed for repairs from monday to friday"
PAGE = f"news of the day from our town and its surroundings {QUOTE} and further there was a fair with music and cake"
LONGER = f"{PAGE} while in other news nothing else has happened at all that anybody could remember"
OTHER = "something else entirely that nobody else has ever written down in any letter or book that we know of"


def dropped(store: Store) -> dict[str, str]:
    rows = store.rows("SELECT external_id, dropped_why FROM record_now WHERE dropped ORDER BY id")
    return {row["external_id"]: row["dropped_why"] for row in rows}


def search(store: Store, project: Project, **knobs: Any) -> Job:
    return jobs.run(store, Dedupe(**{"mode": "contained", "threshold": 0.9, **knobs}), project.id)


def test_the_verb_keeps_the_longest_and_says_what_is_inside_what(store: Store, fill: Fill) -> None:
    project = fill([QUOTE, OTHER, PAGE, LONGER, QUOTE + " morning"])
    job = search(store, project, keep="first")  # which does not apply
    assert dropped(store) == {
        "r1": "contained in r4 (1.00 of it)",
        "r3": "contained in r4 (1.00 of it)",
        "r5": "contained in r4 (0.94 of it)",
    }
    (family,) = families.page(store, job.id)
    assert family.kept.external_id == "r4"
    assert {one.external_id: round(one.similarity, 2) for one in family.others} == {"r1": 1, "r3": 1, "r5": 0.94}
    assert (job.result["families"], job.result["dropped"], job.result["signed"]) == (1, 3, 0)
    assert job.result["kept_unlike"] == 0
    job_store.undo(store, job.id)
    assert dropped(store) == {}
    near = jobs.run(store, Dedupe(threshold=0.8), project.id)
    assert dropped(store) == {"r5": "near-duplicate of r1 (similarity 0.941)"}
    assert near.result["signed"] == 5


def test_new_records_are_held_against_all_in_this_mode_of_its_own(tmp_path: Path) -> None:
    store = open_store(tmp_path / "kept.duckdb")
    project = projects.create(store, "p")
    add_records(store, project, [QUOTE, OTHER], ids=["r1", "r2"])
    jobs.run(store, Dedupe(threshold=0.5), project.id)  # what it looked at, the other mode did not
    assert search(store, project, scope="new").result["new"] == 2
    assert search(store, project, scope="new").result["new"] == 0
    add_records(store, project, [PAGE], ids=["r3"])
    job = search(store, project, scope="new")
    assert (job.result["new"], job.result["pairs"]) == (1, 1)
    assert dropped(store).keys() == {"r1"}
    verdicts.decide(store, project.id, "drop", [Verdict(3, "by hand", "drop", "wrong")])
    search(store, project, scope="new")
    assert dropped(store).keys() == {"r3"}  # what the first was in is gone, so it is back
    store.close()


@pytest.mark.parametrize(
    ("knobs", "said"), [({"mode": "inside"}, "near, contained"), ({"mode": "contained", "threshold": 0.4}, "0.5 to 1")]
)
def test_a_wrong_mode_or_threshold_is_a_sentence(knobs: dict[str, Any], said: str) -> None:
    with pytest.raises(WorkbenchError, match=said):
        Dedupe(**knobs)
