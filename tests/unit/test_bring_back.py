"""Whom a search brings back: what was dropped as near-duplicate of a record that has gone or reads otherwise. And that a
family is named by the least record in it."""

from __future__ import annotations

from pipeline import jobs
from pipeline.domain import Job, Project, Verdict
from pipeline.store import Store, families, projects, verdicts
from pipeline.store import jobs as job_store
from pipeline.store.family_verdicts import orphans
from pipeline.verbs.clean import Clean
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

A = "the quick brown fox jumps over the lazy dog near the river bank today"
B = "a letter about the weather of last week was read aloud to nobody at all"


def fill(store: Store, texts: list[str], name: str = "p") -> Project:
    """Add records, named by their numbers."""
    project = projects.get_or_create(store, name)
    n = int(store.scalar("SELECT count(*) FROM record"))
    add_records(store, project, texts, ids=[f"r{n + i + 1}" for i in range(len(texts))])
    return project


def search(store: Store, project: Project, **knobs: object) -> Job:
    return jobs.run(store, Dedupe(**knobs), project.id)  # type: ignore[arg-type]  # knobs by name


def judge(store: Store, project: Project, record: int, kind: str, text: str | None = None) -> int:
    return verdicts.decide(store, project.id, "edit" if kind == "edit" else "keep",
                           [Verdict(record, "by hand", kind, "", text)])  # fmt: skip


def dropped(store: Store, project: Project) -> list[int]:
    found = store.rows("SELECT id FROM record_now WHERE dropped AND project_id = ? ORDER BY id", [project.id])
    return [row["id"] for row in found]


def test_what_a_person_dropped_stays_dropped(store: Store) -> None:
    project = fill(store, [A, A, A])
    search(store, project)
    judge(store, project, 3, "drop")
    judge(store, project, 1, "drop")
    assert orphans(store, project.id) == [2]
    assert search(store, project).result["brought_back"] == 1
    assert dropped(store, project) == [1, 3]


def test_what_a_person_kept_needs_no_bringing_back(store: Store) -> None:
    project = fill(store, [A, A, B])
    search(store, project)
    judge(store, project, 2, "keep")
    judge(store, project, 1, "drop")
    assert orphans(store, project.id) == []
    judge(store, project, 1, "keep")
    search(store, project)
    assert dropped(store, project) == []


def test_a_kept_record_that_a_person_dropped_and_took_again_is_there(store: Store) -> None:
    project = fill(store, [A, A])
    search(store, project)
    gone = judge(store, project, 1, "drop")
    assert orphans(store, project.id) == [2]
    job_store.undo(store, gone)
    assert orphans(store, project.id) == []


def test_a_chain_of_kept_records_is_followed_search_by_search(store: Store) -> None:
    first = "one two three four five six seven eight nine ten"
    project = fill(store, [first, first + " eleven twelve"])
    search(store, project, threshold=0.7)
    assert dropped(store, project) == [2]
    # r1 now goes for r3, which is unlike r2
    fill(store, ["minus zero " + first])
    search(store, project, threshold=0.7, keep="newest")
    assert dropped(store, project) == [1, 2]
    assert orphans(store, project.id) == [2]
    last = search(store, project, threshold=0.7)
    assert (last.result["brought_back"], dropped(store, project)) == (1, [1])
    assert search(store, project, threshold=0.7).result["brought_back"] == 0


def test_orphans_are_held_against_each_other(store: Store) -> None:
    project = fill(store, [A, A + " again", A + " again", B])
    search(store, project)
    judge(store, project, 1, "drop")
    again = search(store, project, scope="new")
    assert (again.result["dropped"], again.result["brought_back"], dropped(store, project)) == (1, 1, [1, 3])
    (family,) = families.page(store, again.id)
    assert (family.id, family.kept.record_id) == (2, 2)
    judge(store, project, 2, "drop")
    assert orphans(store, project.id) == [3]
    search(store, project, scope="new")
    assert dropped(store, project) == [1, 2]


def test_an_undone_search_has_dropped_nobody(store: Store) -> None:
    project = fill(store, [A, A])
    job = search(store, project)
    judge(store, project, 1, "drop")
    job_store.undo(store, job.id)
    assert orphans(store, project.id) == []
    assert search(store, project).result["brought_back"] == 0
    assert dropped(store, project) == [1]


def test_a_search_that_brought_back_and_is_undone_leaves_an_orphan(store: Store) -> None:
    project = fill(store, [A, A])
    search(store, project)
    judge(store, project, 1, "drop")
    back = search(store, project)
    assert (dropped(store, project), orphans(store, project.id)) == ([1], [])
    job_store.undo(store, back.id)
    assert (dropped(store, project), orphans(store, project.id)) == ([1, 2], [2])


def test_an_edited_text_on_either_side_is_compared_anew(store: Store) -> None:
    project = fill(store, [A, A, A])
    search(store, project)
    edit = judge(store, project, 2, "edit", B)
    assert orphans(store, project.id) == [2]
    job_store.undo(store, edit)
    assert orphans(store, project.id) == []
    judge(store, project, 1, "edit", B)
    assert orphans(store, project.id) == [2, 3]
    search(store, project)
    assert dropped(store, project) == [3]
    assert orphans(store, project.id) == []


def test_an_edit_that_is_undone_is_another_text_too(store: Store) -> None:
    project = fill(store, [B, A])
    edit = judge(store, project, 1, "edit", A)
    search(store, project)
    assert (dropped(store, project), orphans(store, project.id)) == ([2], [])
    job_store.undo(store, edit)
    assert orphans(store, project.id) == [2]
    search(store, project)
    assert dropped(store, project) == []


def test_searches_of_before_there_was_looked_at_go_by_the_order_of_events(store: Store) -> None:
    project = fill(store, [A, A])
    search(store, project)
    store.transact(lambda cursor: cursor.execute("DELETE FROM looked_at"))
    assert orphans(store, project.id) == []
    judge(store, project, 1, "edit", B)
    assert orphans(store, project.id) == [2]


def test_a_step_of_cleaning_that_drops_the_kept_one_frees_its_duplicates(store: Store) -> None:
    project = fill(store, ["short", "short", B])
    search(store, project)
    assert dropped(store, project) == [2]
    jobs.run(store, Clean([["length", {"min": 10}]]), project.id)
    assert 1 in dropped(store, project)
    assert orphans(store, project.id) == [2]


def test_a_record_whose_import_was_undone_is_nobodys_orphan(store: Store) -> None:
    project = projects.create(store, "p")
    first = add_records(store, project, [A], ids=["r1"])
    add_records(store, project, [A], ids=["r2"])
    third = add_records(store, project, [A, B], ids=["r3", "r4"])
    job = search(store, project)
    assert dropped(store, project) == [2, 3]
    job_store.undo(store, first)  # nothing was judged in it
    assert orphans(store, project.id) == [2, 3]
    store.transact(lambda cursor: cursor.execute("UPDATE job SET state = 'undone' WHERE id = ?", [third]))
    assert orphans(store, project.id) == [2]
    assert job.result["dropped"] == 2


def test_two_projects_do_not_meet(store: Store) -> None:
    one, two = fill(store, [A, A]), fill(store, [A, A], "q")
    search(store, one)
    search(store, two)
    judge(store, one, 1, "drop")
    assert (orphans(store, one.id), orphans(store, two.id)) == ([2], [])
    search(store, two)
    assert (dropped(store, one), dropped(store, two)) == ([1, 2], [4])
    search(store, one)
    assert (dropped(store, one), dropped(store, two)) == ([1], [4])


def test_a_family_is_named_by_its_least_record_whichever_stays(store: Store) -> None:
    project = fill(store, [B, A, A + " again", A + " again and again"])
    for knobs in (
        {"keep": "first"},
        {"keep": "longest"},
        {"keep": "newest"},
        {"threshold": 0.6},
        {"shingle": "char:5"},
    ):
        (family,) = families.page(store, search(store, project, dry_run=True, **knobs).id)
        assert family.id == 2
    search(store, project, keep="newest", threshold=0.6)
    assert dropped(store, project) == [2, 3]
    fill(store, [A + " again and again and again"])
    (family,) = families.page(store, search(store, project, scope="new", threshold=0.6).id)
    assert (family.id, family.kept.record_id, [one.record_id for one in family.others]) == (4, 4, [5])
