"""A recipe tried out on a sample of the records."""

from __future__ import annotations

import pytest

from pipeline import jobs
from pipeline.domain import WorkbenchError
from pipeline.store import Store, cleanings, passes
from pipeline.store import jobs as job_store
from pipeline.store.jobs import JobRefused
from pipeline.verbs.clean import SEED, Clean
from tests.conftest import Fill


def test_a_sample_is_tried_out_and_never_applied(store: Store, fill: Fill) -> None:
    project = fill([f"<b>text {n // 2}</b>" for n in range(40)])
    recipe = [["html", {}], ["exact_duplicates", {}], ["segment", {}]]
    job = jobs.run(store, Clean(recipe, dry_run=True, sample=10), project.id)
    assert (job.state, job.result["records"], job.result["edited"]) == ("preview", 10, {"html": 10})
    drawn, whole = passes.drawn(store, project.id, 10, SEED)
    assert whole == 40
    said = store.rows("SELECT DISTINCT record_id FROM effect WHERE job_id = ? ORDER BY ALL", [job.id])
    assert [row["record_id"] for row in said] == drawn
    assert cleanings.funnel(store, job.id).into == 10
    again = jobs.run(store, Clean(recipe, dry_run=True, sample=10), project.id)
    assert again.result == job.result
    with pytest.raises(JobRefused, match=f"Job {job.id} looked at a sample"):
        job_store.redo(store, job.id)
    with pytest.raises(WorkbenchError, match="tried out on a sample"):
        jobs.run(store, Clean(recipe, sample=10), project.id)
    all_of_it = jobs.run(store, Clean(recipe, dry_run=True, sample=400), project.id)
    assert all_of_it.result["dropped"] == {"exact_duplicates": 20}
