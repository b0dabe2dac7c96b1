"""A file that is one JSON object, read whole. Registers nothing."""

from __future__ import annotations

import json
from typing import Any

from pipeline.importers import json_values
from pipeline.importers.source import Source


def whole(source: Source) -> dict[str, Any] | None:
    """The one object that the file is, if it is no longer than a line may be; else None."""
    if not source.encoding or json_values.shape(source) == "":
        return None
    if not source.beginning().lstrip("\ufeff \t\r\n").startswith("{"):
        return None
    parts, size = [], 0
    for chunk in source.chunks():
        parts.append(chunk)
        size += len(chunk)
        if size > source.limits.line:
            return None
    try:
        found = json.loads("".join(parts).lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
