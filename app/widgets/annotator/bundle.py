"""The widget's modules as one script, and its style sheets as one: Streamlit takes one of each; there is no build step.

Each module becomes a scope of its own, so top-level names may repeat. Understood are, on one line each,
`import { a, b as c } from "./x.js";` and `export` before a class, a function or a const; nothing else.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

FOLDER = Path(__file__).parent
ENTRY = "annotator"
STYLES = ("annotator", "marks", "writing")
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w/.]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (default )?((?:async )?function\*?|class|const|let) (\w+)", re.MULTILINE)


def bundle(folder: Path = FOLDER) -> str:
    """Every module that the entry reaches, each before those that import it; exported is the entry's default export.

    Raises ImportError for modules that import each other in a circle.
    """
    parts: dict[str, str] = {}
    _add(folder, ENTRY, parts, ())
    return "\n".join([*parts.values(), f"export default {_scope(ENTRY)}.standard;\n"])


def styles(folder: Path = FOLDER) -> str:
    """The style sheets as one, in their order."""
    return "\n".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


def _add(folder: Path, name: str, parts: dict[str, str], above: tuple[str, ...]) -> None:
    if name in parts:
        return
    if name in above:
        raise ImportError(f"The modules {' > '.join([*above, name])} import each other in a circle.")
    source = (folder / f"{name}.js").read_text(encoding="utf-8")
    for _, path in _IMPORT.findall(source):
        _add(folder, _resolved(name, path), parts, (*above, name))
    parts[name] = _wrapped(name, source)


def _wrapped(name: str, source: str) -> str:
    source = _IMPORT.sub(
        lambda found: f"const {{{found[1].replace(' as ', ': ')}}} = {_scope(_resolved(name, found[2]))};\n", source
    )
    names = [f"standard: {word}" if default else word for default, _, word in _EXPORT.findall(source)]
    source = _EXPORT.sub(lambda found: f"{found[2]} {found[3]}", source)
    return f"const {_scope(name)} = (() => {{\n{source}\nreturn {{ {', '.join(names)} }};\n}})();"


def _resolved(importer: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), path))


def _scope(name: str) -> str:
    return "module_" + name.replace("/", "_")
