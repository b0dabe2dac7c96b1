"""Finds, in the source of pipeline/ and training/, the English sentences that are made there and shown to people.

A sentence is what an error is raised with, why a row is rejected, what a step says of a record, a job's note. It may be
put together: of an f-string, of the answer of a helper, of a word that depends on the case. `found()` gives each as a
`Shape`: the literal pieces, and between them what the holes are filled with, as far as the source says it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("pipeline", "training", "app/views", "app/widgets")  # pages make verdicts of their own
DEEP = 5  # helpers behind helpers that are followed
# Calls whose argument at this place is a sentence; to them come all classes of WorkbenchError, at 0.
PLACES = {
    "Rejection": 2, "reject": 2, "_Refused": 1, "_Bad": 0, "Drop": 0, "Flag": 0, "Edit": 1, "Refused": 0, "Verdict": 3,
    "close_job": 4, "progress": 2, "judgement": 1, "RowRefused": 1, "_LineRefused": 2,
}  # fmt: skip
WORDS = ("reason", "note", "error", "hint", "why")  # keywords and keys of a dict that hold a sentence
TALLIES = ("lost", "reasons", "losses", "excluded")  # dicts that count by sentence, or give one by record
MAKERS = {("training/preflight.py", "sentence")}


@dataclass(frozen=True)
class Shape:
    """`pieces` are the literals, one more than there are `holes`; a hole is the shapes that the source fills it with."""

    pieces: tuple[str, ...]
    holes: tuple[tuple[Shape, ...], ...] = ()

    @property
    def words(self) -> bool:
        """Whether it says anything of its own."""
        return any(re.search(r"[^\W\d_]{2}", piece) for piece in self.pieces)

    def filled(self) -> Iterator[Shape]:
        """With one of its holes filled by one of its fillings, or by nothing where it has one."""
        for at, known in enumerate(self.holes):
            fillings = [*known, Shape(("",))] if any(filling.words for filling in known) else []
            before = Shape(self.pieces[: at + 1], self.holes[:at])
            behind = Shape(self.pieces[at + 1 :], self.holes[at + 1 :])
            yield from (before + filling + behind for filling in fillings)

    def __add__(self, other: Shape) -> Shape:
        middle = self.pieces[-1] + other.pieces[0]
        return Shape((*self.pieces[:-1], middle, *other.pieces[1:]), self.holes + other.holes)


@dataclass(frozen=True)
class Found:
    shape: Shape
    where: str


class Module:
    """One file: its tree, its functions by name, and which function each node stands in."""

    def __init__(self, path: Path) -> None:
        self.name = str(path.relative_to(ROOT))
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.parent = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.functions: dict[str, list[ast.FunctionDef]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                self.functions.setdefault(node.name, []).append(node)

    def around(self, node: ast.AST) -> ast.AST:
        """The function that a node stands in, else the module."""
        at = self.parent.get(node, self.tree)
        while not isinstance(at, ast.FunctionDef | ast.Module):
            at = self.parent[at]
        return at


@cache
def modules() -> tuple[Module, ...]:
    return tuple(Module(path) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))


@cache
def errors() -> frozenset[str]:
    """The names of WorkbenchError and of all classes below it."""
    bases = {
        node.name: {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)
    }  # fmt: skip
    known = {"WorkbenchError"}
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return frozenset(known)


def found() -> list[Found]:
    """Every sentence that the source makes, with where."""
    every = []
    for module in modules():
        for node in ast.walk(module.tree):
            for made in _sentences(module, node):
                shapes = Reader(module).read(made)
                where = f"{module.name}:{made.lineno}"
                every += [Found(shape, where) for shape in shapes if shape.words and "$" not in shape.pieces[-1]]
    return every


def written() -> set[tuple[str, ...]]:
    """The pieces of every string and f-string that the source holds, sentence or not, also those filled by `format`."""
    every: set[tuple[str, ...]] = set()
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant | ast.JoinedStr):
                every |= {shape.pieces for shape in Reader(module).read(node)}
    return every


def _sentences(module: Module, node: ast.AST) -> Iterator[ast.expr]:
    if module.name.startswith("app/"):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Verdict":
            yield node.args[PLACES["Verdict"]]
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        place = 0 if name in errors() else PLACES.get(name)
        if place is not None and len(node.args) > place:
            yield node.args[place]
        yield from (word.value for word in node.keywords if word.arg in WORDS)
    elif isinstance(node, ast.Dict):
        yield from (v for k, v in zip(node.keys, node.values, strict=True)
                    if isinstance(k, ast.Constant) and k.value in WORDS)  # fmt: skip
    elif isinstance(node, ast.Assign | ast.AugAssign):
        yield from _tallied(node)
    elif isinstance(node, ast.Return) and node.value is not None:
        name = getattr(module.around(node), "name", "")
        if name in ("ready", "_reason") or name.endswith("_missing") or (module.name, name) in MAKERS:
            yield node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " AS reason" in node.value:
        for text in re.findall(r"'([^'{}]+)'(?=[^,\n]* AS reason)", node.value):
            yield ast.copy_location(ast.Constant(text), node)


def _tallied(node: ast.Assign | ast.AugAssign) -> Iterator[ast.expr]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Subscript) and getattr(target.value, "id", "") in TALLIES:
            yield from (target.slice, node.value)
        elif getattr(target, "id", "") in TALLIES:
            yield from (key for one in ast.walk(node.value) if isinstance(one, ast.Dict) for key in one.keys if key)


class Reader:
    """Reads an expression as the texts that it can have, as far as the source of its module says it."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def read(self, node: ast.AST | None, deep: int = DEEP) -> tuple[Shape, ...]:
        if node is None or deep == 0:
            return ()
        if isinstance(node, ast.Constant):
            return _constant(node.value)
        made = getattr(self, f"_{type(node).__name__}", None)
        return tuple(dict.fromkeys(made(node, deep))) if made else ()

    def _JoinedStr(self, node: ast.JoinedStr, deep: int) -> list[Shape]:  # noqa: N802 - ast's own names
        whole = Shape(("",))
        for value in node.values:
            if isinstance(value, ast.Constant):
                whole += Shape((value.value,))
            elif isinstance(value, ast.FormattedValue):
                whole += _dated(value) or Shape(("", ""), (self.read(value.value, deep - 1),))
        return [whole]

    def _IfExp(self, node: ast.IfExp, deep: int) -> list[Shape]:  # noqa: N802
        return [*self.read(node.body, deep), *self.read(node.orelse, deep)]

    def _BoolOp(self, node: ast.BoolOp, deep: int) -> list[Shape]:  # noqa: N802
        return [shape for value in node.values for shape in self.read(value, deep)]

    def _BinOp(self, node: ast.BinOp, deep: int) -> list[Shape]:  # noqa: N802
        if not isinstance(node.op, ast.Add):
            return []
        unknown = (Shape(("", ""), ((),)),)
        left, right = self.read(node.left, deep), self.read(node.right, deep)
        return [a + b for a in left or unknown for b in right or unknown] if left or right else []

    def _Call(self, node: ast.Call, deep: int) -> list[Shape]:  # noqa: N802
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "join" and node.args:
            return list(self.read(node.args[0], deep - 1))
        if isinstance(func, ast.Attribute) and func.attr in ("get", "format", "strip"):
            return [*self.read(func.value, deep - 1), *(s for arg in node.args[1:] for s in self.read(arg, deep - 1))]
        name = getattr(func, "id", getattr(func, "attr", ""))
        return [
            shape
            for home in self._homes(name) for one in home.functions[name]
            for node in ast.walk(one) if isinstance(node, ast.Return)
            for shape in Reader(home).read(node.value, deep - 1)
        ]  # fmt: skip

    def _homes(self, name: str) -> list[Module]:
        """Where a function of this name is: here, else in the module that it is imported from."""
        if name in self.module.functions:
            return [self.module]
        sources = [
            f"{node.module.replace('.', '/')}.py" for node in ast.walk(self.module.tree)
            if isinstance(node, ast.ImportFrom) and node.module and any(a.name == name for a in node.names)
        ]  # fmt: skip
        return [module for module in modules() if module.name in sources and name in module.functions]

    def _Subscript(self, node: ast.Subscript, deep: int) -> list[Shape]:  # noqa: N802
        return list(self.read(node.value, deep - 1)) if isinstance(node.value, ast.Name) else []

    def _Dict(self, node: ast.Dict, deep: int) -> list[Shape]:  # noqa: N802
        return [shape for value in node.values for shape in self.read(value, deep)]

    def _Tuple(self, node: ast.Tuple | ast.List, deep: int) -> list[Shape]:  # noqa: N802
        return [shape for one in node.elts for shape in self.read(one, deep)]

    _List = _Tuple

    def _Name(self, node: ast.Name, deep: int) -> list[Shape]:  # noqa: N802
        scope = self.module.around(node)
        found = self._assigned(scope, node.id, deep)
        if node.id in [arg.arg for arg in _arguments(scope)]:
            return found + self._given(scope, node.id, deep)
        return found or self._assigned(self.module.tree, node.id, deep)

    def _assigned(self, scope: ast.AST, name: str, deep: int) -> list[Shape]:
        values: list[ast.expr | None] = []
        for one in ast.walk(scope):
            if self.module.around(one) is not scope:
                continue
            if isinstance(one, ast.Assign | ast.AnnAssign | ast.NamedExpr):
                targets = one.targets if isinstance(one, ast.Assign) else [one.target]
                values += [one.value] if any(getattr(target, "id", "") == name for target in targets) else []
            elif isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "append":
                values += one.args if getattr(getattr(one.func, "value", None), "id", "") == name else []
        return [shape for value in values for shape in self.read(value, deep - 1)]

    def _given(self, function: ast.AST, name: str, deep: int) -> list[Shape]:
        """What the callers in this module, and the default, give a parameter."""
        if not isinstance(function, ast.FunctionDef):
            return []
        names = [arg.arg for arg in _arguments(function)]
        names = names[1:] if names[:1] == ["self"] else names
        positional = [arg.arg for arg in function.args.args]
        defaults = dict(zip(reversed(positional), reversed(function.args.defaults), strict=False))
        given: list[ast.expr | None] = [defaults.get(name)]
        for call in ast.walk(self.module.tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) == function.name:
                given += [word.value for word in call.keywords if word.arg == name]
                given += call.args[names.index(name) : names.index(name) + 1] if name in names else []
        return [shape for value in given for shape in self.read(value, deep - 1)]


def _arguments(function: ast.AST) -> list[ast.arg]:
    return [*function.args.args, *function.args.kwonlyargs] if isinstance(function, ast.FunctionDef) else []


def _constant(value: object) -> tuple[Shape, ...]:
    """A text as it is, and where it has {placeholders} for `format` (one a line of a table) as what that gives."""
    if not isinstance(value, str) or not value.strip():
        return ()
    parts = re.split(r"\{[a-z_]+(?::[^{}]*)?\}", value)
    return (Shape(tuple(parts), ((),) * (len(parts) - 1)),)


def _dated(value: ast.FormattedValue) -> Shape | None:
    """A moment written by a pattern with words in it, such as %Y-%m-%d at %H:%M: the words are part of the sentence."""
    spec = value.format_spec
    text = "".join(str(one.value) for one in spec.values if isinstance(one, ast.Constant)) \
        if isinstance(spec, ast.JoinedStr) else ""  # fmt: skip
    pieces = re.split(r"%[-:/%a-zA-Z]*[a-zA-Z]", text) if "%" in text else []
    return Shape(tuple(pieces), ((),) * (len(pieces) - 1)) if len(pieces) > 2 else None
