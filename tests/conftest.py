"""What most tests need: a store in memory and a project with a few records."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from pipeline.domain import Project
from pipeline.store import Store, jobs, open_store, projects, records

Fill = Callable[..., Project]


def pytest_configure(config: pytest.Config) -> None:
    """Hand the files to the workers in the order of the folders, the long journeys first: by itself xdist begins with
    those that have the most tests, and one worker waits for the other's last journey."""
    config.option.loadscopereorder = False


@pytest.fixture
def store() -> Iterator[Store]:
    opened = open_store(":memory:")
    yield opened
    opened.close()


def add_records(store: Store, project: Project, texts: list[str], *, ids: list[str] | None = None) -> int:
    """Put texts into a project the way an import does; returns the job."""
    job = jobs.open_job(store, "import", project.id, {})
    n = len(texts)
    rows = pa.table(
        {
            "project_id": pa.array([project.id] * n, pa.int32()),
            "job_id": pa.array([job] * n, pa.int32()),
            "external_id": ids or [f"r{i}" for i in range(1, n + 1)],
            "text": pa.array(texts, pa.string()),
        }
    )
    store.transact(lambda cursor: records.append(store, cursor, rows))
    jobs.close_job(store, job, "done", {"records": n})
    return job


@pytest.fixture
def fill(store: Store) -> Fill:
    """Make a project with these texts as its records."""

    def make(texts: list[str], name: str = "p", ids: list[str] | None = None) -> Project:
        project = projects.get_or_create(store, name)
        add_records(store, project, texts, ids=ids)
        return project

    return make
