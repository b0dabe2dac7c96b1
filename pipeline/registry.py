"""The only plug-in machinery: a kind of plug-in is a package, a plug-in is one file in it with one decorated class.

A class needs `name: ClassVar[str]` and a docstring, which is its help text. A kind of plug-in whose instances have
names of their own says with `key` which other class variable names it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Generic, TypeVar

from pipeline.domain import WorkbenchError

P = TypeVar("P")
C = TypeVar("C", bound=type)


class UnknownPlugin(WorkbenchError):
    """A name that no plug-in of its kind has."""


class Registry(Generic[P]):
    """The plug-ins of one kind, found in `package` when first asked for. A broken file raises; a name is used once."""

    def __init__(self, noun: str, package: str, key: str = "name") -> None:
        self.noun = noun
        self.package = package
        self.key = key
        self._known: dict[str, type[P]] = {}
        self._loaded: set[str] = set()

    def register(self, plugin: C) -> C:
        name = getattr(plugin, self.key, None)
        if not name or not inspect.getdoc(plugin):
            raise TypeError(f"{plugin.__qualname__} needs a `{self.key}` and a docstring to be a {self.noun}.")
        earlier = self._known.get(name)
        if earlier is not None and earlier.__module__ != plugin.__module__:
            raise TypeError(f"Two {self.noun}s are named '{name}': {earlier.__module__} and {plugin.__module__}.")
        self._known[name] = plugin
        return plugin

    def names(self) -> list[str]:
        self._discover()
        return sorted(self._known)

    def every(self) -> list[type[P]]:
        """All plug-ins, by their names. Looking for them costs as much as for one."""
        self._discover()
        return [plugin for _, plugin in sorted(self._known.items())]

    def get(self, name: str) -> type[P]:
        self._discover()
        if name not in self._known:
            raise UnknownPlugin(f"There is no {self.noun} named '{name}'; there are: {', '.join(self.names())}.")
        return self._known[name]

    def _discover(self) -> None:
        for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
            full = f"{self.package}.{module.name}"
            if full not in self._loaded:
                importlib.import_module(full)
                self._loaded.add(full)
