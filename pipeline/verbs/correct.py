"""A person corrects one text: a small job that is done at once, and that undo takes back."""

from __future__ import annotations

from pipeline.domain import Verdict, WorkbenchError
from pipeline.event import clean
from pipeline.store import Store, label_changes, moved_answers, verdicts
from pipeline.store import jobs as job_store
from pipeline.store.database import Cursor
from pipeline.verbs.marks import Marks

STEP = "by hand"


def correct(store: Store, project_id: int, record_id: int, text: str, author: str = "", why: str = "") -> int:
    """Let the record read `text` from now on; the places marked in it move along. Returns the job, for undo.

    Raises WorkbenchError where a marked place would change, where nothing does, and while a job is at work on the
    project's records.
    """
    new, reason = clean(text), clean(why).strip()
    marks = Marks.of(store, project_id)

    def work(cursor: Cursor) -> int:
        job_store.refuse_busy(cursor, project_id)
        before = moved_answers.text_now(cursor, project_id, record_id)
        if before == new:
            raise WorkbenchError("The text is as it was. Change it before you save.")
        params = {"records": [record_id], "author": author}
        job_id = job_store.record_done(cursor, "edit", project_id, params)
        places = marks.places(cursor, job_id, [record_id]).get(record_id) if marks is not None else None
        if places is not None and (refused := places.follow(before, new)):
            raise WorkbenchError(
                f"The text cannot be changed so: {refused}. Change what stands outside of the marked place, or take "
                "the mark away first."
            )
        verdicts.append(store, cursor, job_id, [Verdict(record_id, STEP, "edit", reason, new)])
        moved_answers.write(cursor, job_id, places.values if places is not None else [])
        job_store.checkpoint(cursor, job_id, {"until": label_changes.newest_event(cursor)}, 1)
        return job_id

    return store.transact(work)
