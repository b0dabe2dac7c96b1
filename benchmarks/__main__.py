"""Run every benchmark, one after the other: each module here with a `main()`, which writes its table."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def main() -> None:
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name == "__main__":
            continue
        found = importlib.import_module(f"benchmarks.{module.name}")
        if hasattr(found, "main"):
            sys.stderr.write(f"benchmarks.{module.name}\n")
            found.main()


main()
