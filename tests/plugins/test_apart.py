"""Plug-ins of one kind do not import each other: what they share is not a plug-in."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from pipeline.registry import Registry

KINDS = {
    "pipeline.steps": "steps", "pipeline.augmenters": "augmenters", "pipeline.importers": "importers",
    "pipeline.exporters": "exporters", "pipeline.tasks": "tasks", "training.recipes": "recipes",
}  # fmt: skip


def registry_of(package: str, name: str) -> Registry:
    found = getattr(importlib.import_module(f"{package}.base"), name)
    assert isinstance(found, Registry)
    return found


def imported(module: str) -> set[str]:
    tree = ast.parse(Path(inspect.getfile(importlib.import_module(module))).read_text(encoding="utf-8"))
    froms = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return froms | plain


@pytest.mark.parametrize("package", sorted(KINDS))
def test_plugins_do_not_import_each_other(package):
    registry = registry_of(package, KINDS[package])
    modules = {registry.get(name).__module__ for name in registry.names()}
    assert modules
    assert {module: imported(module) & (modules - {module}) for module in modules} == {
        module: set() for module in modules
    }
