"""Run every benchmark, one after the other: each is a module here with a `main()` that writes its table."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def main() -> None:
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name not in ("__main__", "table"):
            sys.stderr.write(f"benchmarks.{module.name}\n")
            importlib.import_module(f"benchmarks.{module.name}").main()


main()
