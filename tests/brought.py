"""What a project holds after a file was brought in, by the ids of its records."""

from __future__ import annotations

from typing import Any

from pipeline.store import Store
from tests import moving


def held(store: Store, name: str = "p") -> dict[str, dict[str, Any]]:
    """The records of a project by id, without the times at which their answers were stored."""
    return {row["id"]: row for row in moving.rows(store, name)}
