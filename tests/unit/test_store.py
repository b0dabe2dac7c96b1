"""The store: whole transactions, one owner, schema versions, undo and redo."""

from __future__ import annotations

import subprocess
import sys
import threading

import duckdb
import pytest

from pipeline.domain import Verdict, WorkbenchError
from pipeline.store import StoreBusy, StoreTooNew, StoreUnreadable, jobs, open_store, projects, records, verdicts
from pipeline.store.records import RecordFilter


def test_a_failed_transaction_leaves_nothing(store):
    def work(cursor):
        cursor.execute("INSERT INTO project (name) VALUES ('half')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.transact(work)
    assert projects.all_projects(store) == []


def test_a_conflict_is_tried_again_whole(store):
    tries = []

    def work(cursor):
        tries.append(1)
        cursor.execute("INSERT INTO project (name) VALUES (?)", [f"try {len(tries)}"])
        if len(tries) < 3:
            raise duckdb.TransactionException("conflict")

    store.transact(work)
    assert [p.name for p in projects.all_projects(store)] == ["try 3"]


def test_many_threads_write_and_none_is_lost(store):
    project = projects.create(store, "p")

    def one(number):
        for i in range(25):
            store.transact(lambda c, n=number * 25 + i: jobs.record_done(c, "keep", project.id, {"n": n}))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [job.params["n"] for job in jobs.recent(store, project.id, 1000)]
    assert sorted(found) == list(range(200))


def test_a_second_process_is_told_who_holds_the_file(tmp_path):
    path = tmp_path / "w.duckdb"
    code = f"import sys; from pipeline.store import open_store; s = open_store({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StoreBusy, match=rf"in use by process {holder.pid} .*Stop that process"):
            open_store(path)
        holder.stdin.close()
    open_store(path).close()


def test_a_newer_schema_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "w.duckdb"
    store = open_store(path)
    store.transact(lambda c: c.execute("INSERT INTO schema_migration VALUES (999, 'later')"))
    store.close()
    with pytest.raises(StoreTooNew, match=r"written by a newer Winnow \(schema 999"):
        open_store(path)


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "w.duckdb"
    path.write_text("this is no database, only a text file of some length\n" * 200, encoding="utf-8")
    with pytest.raises(StoreUnreadable, match=r"w\.duckdb cannot be opened as a Winnow database"):
        open_store(path)


def test_opening_again_keeps_what_was_written(tmp_path):
    path = tmp_path / "w.duckdb"
    for expected in ([], ["a"]):
        store = open_store(path)
        assert [p.name for p in projects.all_projects(store)] == expected
        if not expected:
            projects.create(store, "a")
        store.close()


def judge(store, project, kind, given):
    job = jobs.open_job(store, kind, project.id, {})
    store.transact(lambda c: verdicts.append(store, c, job, given))
    jobs.close_job(store, job, "done", {})
    return job


def test_effects_count_only_while_the_job_is_done(store, fill):
    project = fill(["a", "b", "c"])
    first, second, _ = records.ids(store, project.id)
    job = jobs.open_job(store, "clean", project.id, {})
    given = [Verdict(first, "empty", "drop", "x"), Verdict(second, "html", "edit", "y", "B")]
    store.transact(lambda c: verdicts.append(store, c, job, given))
    active = RecordFilter(state="active")
    assert records.count(store, project.id, active) == 3
    own = next(records.batches(store, project.id, own_job=job)).to_pylist()
    assert [r["text"] for r in own] == ["B", "c"]
    jobs.close_job(store, job, "done", {})
    assert [r["text"] for r in records.page(store, project.id, active)] == ["B", "c"]
    jobs.undo(store, job)
    assert [r["text"] for r in records.page(store, project.id)] == ["a", "b", "c"]
    jobs.redo(store, job)
    assert [r["text"] for r in records.page(store, project.id, active)] == ["B", "c"]


def test_undo_is_refused_while_a_later_job_builds_on_it(store, fill):
    project = fill(["a"])
    (only,) = records.ids(store, project.id)
    first = judge(store, project, "clean", [Verdict(only, "html", "edit", "", "b")])
    second = judge(store, project, "clean", [Verdict(only, "whitespace", "edit", "", "c")])
    with pytest.raises(WorkbenchError, match=f"Undo job {second} first"):
        jobs.undo(store, first)
    jobs.undo(store, second)
    jobs.undo(store, first)
    assert records.get(store, only).text == "a"


def test_a_preview_cannot_be_applied_after_the_data_moved_on(store, fill):
    project = fill(["a", "b"])
    first, second = records.ids(store, project.id)
    preview = jobs.open_job(store, "clean", project.id, {})
    jobs.close_job(store, preview, "preview", {})
    judge(store, project, "clean", [Verdict(second, "html", "edit", "", "B")])
    with pytest.raises(WorkbenchError, match="data has changed since"):
        jobs.redo(store, preview)
    assert records.get(store, first).text == "a"


def test_one_job_at_a_time_on_a_project(store, fill):
    project = fill(["a"])
    running = jobs.open_job(store, "clean", project.id, {})
    with pytest.raises(WorkbenchError, match=f"Job {running} .* is still running"):
        jobs.open_job(store, "dedupe", project.id, {})
    assert jobs.mark_stopped(store) == 1
    assert jobs.get(store, running).state == "stopped"
    jobs.open_job(store, "dedupe", project.id, {})


def test_a_name_is_used_once_and_is_a_name(store):
    projects.create(store, "评论")
    for wrong in ("评论", "", "a/b", "x" * 81):
        with pytest.raises(WorkbenchError):
            projects.create(store, wrong)


def test_task_revisions(store):
    project = projects.create(store, "p")
    first = projects.save_task(store, project.id, name="t", kind="classification", definition={"a": 1}, guideline="g")
    same = projects.save_task(store, project.id, name="t", kind="classification", definition={"a": 2}, guideline="g")
    other = projects.save_task(store, project.id, name="t", kind="classification", definition={"a": 2}, guideline="h")
    assert first.id == same.id == other.id
    assert [t.guideline_revision for t in (first, same, other)] == [1, 1, 2]
    assert projects.tasks(store, project.id) == [other]


def test_a_preview_is_not_applied_when_what_it_stood_on_was_undone(store, fill):
    project = fill(["a"])
    (only,) = records.ids(store, project.id)
    first = judge(store, project, "clean", [Verdict(only, "html", "edit", "", "b")])
    preview = jobs.open_job(store, "clean", project.id, {})
    jobs.close_job(store, preview, "preview", {})
    jobs.undo(store, first)
    with pytest.raises(WorkbenchError, match=rf"data has changed since job {preview} looked at it \(job {first}\)"):
        jobs.redo(store, preview)
    jobs.redo(store, first)
    jobs.redo(store, preview)


def test_a_stopped_job_does_not_go_on_over_changed_data(store, fill):
    project = fill(["a"])
    (only,) = records.ids(store, project.id)
    stopped = jobs.open_job(store, "clean", project.id, {})
    jobs.mark_stopped(store)
    judge(store, project, "clean", [Verdict(only, "html", "edit", "", "b")])
    with pytest.raises(WorkbenchError, match="data has changed"):
        jobs.reopen(store, stopped)


def test_a_persons_word_outranks_a_later_step(store, fill):
    project = fill(["a"])
    (only,) = records.ids(store, project.id)
    verdicts.decide(store, project.id, "keep", [Verdict(only, "by hand", "keep", "")])
    judge(store, project, "clean", [Verdict(only, "length", "drop", "short")])
    assert records.count(store, project.id, RecordFilter(state="active")) == 1


def test_what_a_person_did_can_be_undone_and_brought_back(store, fill):
    project = fill(["a"])
    (only,) = records.ids(store, project.id)
    job = verdicts.decide(store, project.id, "edit", [Verdict(only, "by hand", "edit", "", "b")])
    jobs.undo(store, job)
    assert records.get(store, only).text == "a"
    jobs.redo(store, job)
    assert records.get(store, only).text == "b"


def test_a_persons_edit_is_not_lost_to_a_job_at_work(store, fill):
    project = fill(["a"])
    (only,) = records.ids(store, project.id)
    busy = jobs.open_job(store, "clean", project.id, {})
    with pytest.raises(jobs.JobRefused, match=f"Job {busy} .clean. is still running"):
        verdicts.decide(store, project.id, "edit", [Verdict(only, "by hand", "edit", "", "mine")])
    assert verdicts.decide(store, project.id, "keep", [Verdict(only, "by hand", "keep", "")]) > busy


def test_an_undone_job_comes_back_over_what_its_undo_left(store, fill):
    project = fill(["a", "b"])
    first, second = records.ids(store, project.id)
    one = judge(store, project, "clean", [Verdict(first, "html", "edit", "", "A")])
    other = judge(store, project, "clean", [Verdict(second, "html", "edit", "", "B")])
    jobs.undo(store, one)
    jobs.redo(store, one)  # the other stayed: all is as it was before the undo
    assert [r["text"] for r in records.page(store, project.id)] == ["A", "B"]
    jobs.undo(store, one)
    jobs.undo(store, other)
    with pytest.raises(WorkbenchError, match="data has changed"):
        jobs.redo(store, one)


def test_nothing_is_undone_redone_or_resumed_beside_a_running_job(store, fill):
    project = fill(["a"])
    (only,) = records.ids(store, project.id)
    done = judge(store, project, "clean", [Verdict(only, "html", "edit", "", "b")])
    undone = judge(store, project, "clean", [Verdict(only, "html", "edit", "", "c")])
    jobs.undo(store, undone)
    stopped = jobs.open_job(store, "simulate", project.id, {})
    jobs.mark_stopped(store)
    running = jobs.open_job(store, "clean", project.id, {})
    for change, job in ((jobs.undo, done), (jobs.redo, undone), (jobs.reopen, stopped)):
        with pytest.raises(WorkbenchError, match=f"Job {running} .* is still running"):
            change(store, job)
    jobs.close_job(store, running, "cancelled", {})
    assert jobs.reopen(store, stopped).state == "running"
    with pytest.raises(WorkbenchError, match="is running; only"):
        jobs.reopen(store, stopped)


def test_a_number_that_no_job_can_have_is_a_sentence(store):
    for number in (-1, 10**40):
        with pytest.raises(WorkbenchError, match=f"There is no job {number}"):
            jobs.get(store, number)


def test_a_place_or_a_file_that_cannot_be_a_database_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnreadable, match="folder cannot be made"):
        open_store(tmp_path / "file" / "w.duckdb")
    foreign = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(foreign)) as other:
        other.execute("CREATE TABLE project (a INTEGER)")
    with pytest.raises(StoreUnreadable, match="another program"):
        open_store(foreign)
    with duckdb.connect(str(foreign)) as other:  # it was left as it was, and is not held
        assert other.execute("SELECT count(*) FROM project").fetchone() == (0,)


def test_a_project_is_found_by_the_name_it_was_made_with(store):
    made = projects.get_or_create(store, " p ")
    assert made.name == "p"
    assert projects.get_or_create(store, " p ") == made
