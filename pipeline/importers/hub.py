"""A public data set by its name on the Hugging Face hub: its files, fetched into a folder. Needs a network."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from pipeline.importers.source import FileRefused, Limits

PREFIX = "hub:"
READ = (
    "*.parquet", "*.jsonl", "*.json", "*.csv", "*.tsv", "*.txt", "*.jsonl.gz", "*.json.gz", "*.csv.gz", "*.jsonl.zst"
)  # fmt: skip
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def is_name(path: str) -> bool:
    """Whether this names a data set of the hub: hub:OWNER/NAME."""
    return path.startswith(PREFIX)


def fetch(path: str, into: Path, limits: Limits) -> Path:
    """Fetch the data files of `hub:OWNER/NAME` into a folder and return it. Raises FileRefused with the reason."""
    from huggingface_hub import HfApi, snapshot_download  # half a second: only who asks for it
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, RepositoryNotFoundError

    name = path.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise FileRefused(f"'{name[:80]}' is not the name of a data set. Write hub:OWNER/NAME.")
    try:
        held = HfApi().dataset_info(name, files_metadata=True).siblings or []
        wanted = {one.rfilename for one in held if any(fnmatch(one.rfilename, pattern) for pattern in READ)}
        size = sum(one.size or 0 for one in held if one.rfilename in wanted)
        if not wanted:
            raise FileRefused(f"The data set {name} of the hub holds no file of a format that can be imported.")
        if size > limits.file_mb * 1_000_000:
            raise FileRefused(
                f"The data set {name} of the hub has {size / 1e6:,.0f} MB; at most {limits.file_mb:,} MB are imported. "
                "Fetch a part of it."
            )
        snapshot_download(name, repo_type="dataset", allow_patterns=sorted(wanted), local_dir=into)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise FileRefused(f"The hub has no public data set named {name}. Check its owner and name.") from error
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError, _network_error()) as error:
        raise FileRefused(
            f"The data set {name} cannot be fetched from the hub. Check the network, or name a local file."
        ) from error
    return into


def _network_error() -> type[Exception]:
    """What the client that the hub's library is made with raises where there is no network: it changed with time."""
    found: type[Exception] = import_module("httpx2" if find_spec("httpx2") else "httpx").HTTPError
    return found
