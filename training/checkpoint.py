"""Where a training loop stands, on disk: tensors as safetensors, the rest as JSON; nothing that runs code when read.

A checkpoint is a folder `at-<step>` whose state.json is written last; without it the folder does not count.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, load_model, save_file, save_model

from pipeline.runs import read_json, write_json


def save(
    folder: Path, step: int, model: torch.nn.Module, optimizer: torch.optim.Optimizer, place: dict[str, Any]
) -> None:
    """Write a checkpoint and then drop the older ones. `place` is plain data that `load` gives back."""
    made = folder / f"at-{step:08d}"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    save_model(model, str(made / "model.safetensors"))
    state = optimizer.state_dict()["state"]
    tensors = {f"{i}.{key}": value for i, one in state.items() for key, value in one.items()}
    save_file(tensors, made / "optimizer.safetensors")
    rng = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        rng["cuda"] = torch.cuda.get_rng_state()
    save_file(rng, made / "rng.safetensors")
    write_json(made / "state.json", {**place, "step": step})
    for old in folder.glob("at-*"):
        if old != made:
            shutil.rmtree(old, ignore_errors=True)


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint in `folder`."""
    return max((f.parent for f in folder.glob("at-*/state.json")), default=None)


def load(made: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Set model, optimizer and random state to a checkpoint and return its place, `step` included."""
    load_model(model, str(made / "model.safetensors"))
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in load_file(made / "optimizer.safetensors").items():
        i, key = name.split(".", 1)
        state.setdefault(int(i), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    rng = load_file(made / "rng.safetensors")
    torch.set_rng_state(rng["cpu"])
    if "cuda" in rng and torch.cuda.is_available():
        torch.cuda.set_rng_state(rng["cuda"])
    return read_json(made / "state.json") or {}
