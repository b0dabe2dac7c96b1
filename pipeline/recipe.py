"""A cleaning recipe: an ordered list of steps and their settings, as a small YAML file.

    steps:
      - html
      - length: {min: 3, unit: words}

Settings that a file leaves out take their defaults when it is read, so that a stored recipe means the same for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.domain import WorkbenchError
from pipeline.knobs import build, values_of
from pipeline.steps.base import Step, steps
from pipeline.store import Store
from pipeline.store import recipes as own

SHIPPED = Path(__file__).parent / "recipes"
MOST_BYTES = 64 * 1024
MOST_STEPS = 50
DEPTH = 5  # a file, its list, a step, its settings, a setting's list


class BadRecipe(WorkbenchError):
    """A recipe that cannot be read: the sentence names the line and the field."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Checked steps in their order: each a name and all its settings."""

    steps: tuple[tuple[str, Mapping[str, Any]], ...]

    @classmethod
    def of(cls, plain: Iterable[Any]) -> Recipe:
        """From plain data, [[name, settings], …]. Raises a WorkbenchError for an unknown step or setting."""
        checked = []
        for name, settings in plain:
            checked.append((name, values_of(build(steps.get(name), settings))))
        if not checked:
            raise BadRecipe("The recipe has no steps. Add at least one.")
        return cls(tuple(checked))

    def plain(self) -> list[list[Any]]:
        """As plain data, which `of` takes back: what a job stores."""
        return [[name, dict(settings)] for name, settings in self.steps]

    def built(self) -> list[Step]:
        """The steps, ready to work."""
        return [build(steps.get(name), settings) for name, settings in self.steps]


def dump(recipe: Recipe) -> str:
    """The recipe as YAML that `load` takes back."""
    listed = [{name: dict(settings)} if settings else name for name, settings in recipe.steps]
    return yaml.safe_dump({"steps": listed}, allow_unicode=True, sort_keys=False, width=1000)


def shipped() -> list[str]:
    """The names of the recipes that come with Winnow."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def named(name: str) -> Recipe:
    """A recipe that comes with Winnow."""
    if name not in shipped():
        raise BadRecipe(f"There is no recipe named '{name}'. Recipes: {', '.join(shipped())}.")
    return read(SHIPPED / f"{name}.yaml")


def find(name_or_file: str) -> Recipe:
    """The recipe of this name that comes with Winnow, else the one in the file of this name."""
    return named(name_or_file) if name_or_file in shipped() else read(name_or_file)


def of_project(store: Store, project_id: int, name_or_file: str, revision: int | None = None) -> tuple[Recipe, int]:
    """The project's own recipe of this name, as it stands or in one revision, with that revision; else what `find`
    finds, with 0. Raises a WorkbenchError."""
    if revision is None and all(one.name != name_or_file for one in own.all_of(store, project_id)):
        return find(name_or_file), 0
    stored = own.get(store, project_id, name_or_file, revision)
    return Recipe.of(stored.steps or ()), stored.revision


def read(path: str | Path) -> Recipe:
    """The recipe in a YAML file."""
    path = Path(path)
    if not path.is_file():
        raise BadRecipe(f"There is no recipe file {path}. Ready recipes: {', '.join(shipped())}.")
    with path.open("rb") as file:
        return load(file.read(MOST_BYTES + 1), path.name)


def load(content: str | bytes, file: str = "the recipe") -> Recipe:
    """Read YAML. Raises BadRecipe with the line and the field."""
    text = _decoded(content, file)
    try:
        _refuse_tricks(text, file)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise BadRecipe(_sentence(error, file)) from None
    checked: list[tuple[str, Mapping[str, Any]]] = []
    for node in _steps_node(root, file):
        name, settings = _step(node, file)
        try:
            checked += Recipe.of([(name, settings)]).steps
        except WorkbenchError as error:
            raise BadRecipe(f"{_where(node, file)}: {error}") from None
    return Recipe(tuple(checked))


def _decoded(content: str | bytes, file: str) -> str:
    if len(content) > MOST_BYTES:
        raise BadRecipe(f"{_start(file)} is larger than {MOST_BYTES // 1024} KiB; a recipe is a short list of steps.")
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRecipe(f"{_start(file)} is not UTF-8 text. Save it as UTF-8.") from None


def _refuse_tricks(text: str, file: str) -> None:
    """Composing nodes recurses and follows aliases: neither depth nor aliases have a place in a recipe."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BadRecipe(f"{_where(event, file)} uses a YAML alias (*); write the value out.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise BadRecipe(f"{_where(event, file)} is nested too deep for a recipe.")


def _steps_node(root: yaml.Node | None, file: str) -> list[yaml.Node]:
    if not isinstance(root, yaml.MappingNode):
        raise BadRecipe(f"{_start(file)} must begin with 'steps:' and a list of steps.")
    fields = _fields(root, file)
    for name, node in fields.items():
        if name != "steps":
            raise BadRecipe(f"{_where(node, file)}: '{name}' is not part of a recipe; only 'steps' is.")
    listed = fields.get("steps")
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise BadRecipe(f"{_start(file)} must hold a list of steps under 'steps:', one '- name' a line.")
    if len(listed.value) > MOST_STEPS:
        raise BadRecipe(f"{_start(file)} has {len(listed.value)} steps; the most is {MOST_STEPS}.")
    return list(listed.value)


def _step(node: yaml.Node, file: str) -> tuple[str, dict[str, Any]]:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value), {}
    fields = _fields(node, file) if isinstance(node, yaml.MappingNode) else {}
    if len(fields) != 1:
        raise BadRecipe(f"{_where(node, file)}: a step is '- name' or '- name: {{setting: value}}', one step a dash.")
    name, settings = next(iter(fields.items()))
    if isinstance(settings, yaml.ScalarNode) and settings.value in ("", "~", "null"):
        return name, {}
    if not isinstance(settings, yaml.MappingNode):
        raise BadRecipe(f"{_where(settings, file)}: the settings of {name} must be written as {{setting: value}}.")
    return name, {key: _value(value, key, file) for key, value in _fields(settings, file).items()}


def _value(node: yaml.Node, key: str, file: str) -> str | list[str]:
    """Words as they are written: the step's own settings say what type they are, so `no` can be a language."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(one, yaml.ScalarNode) for one in node.value):
        return [str(one.value) for one in node.value]
    raise BadRecipe(f"{_where(node, file)}: the setting '{key}' must be one value or a list of values.")


def _fields(node: yaml.MappingNode, file: str) -> dict[str, yaml.Node]:
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise BadRecipe(f"{_where(key, file)}: a name must be a word.")
        if key.value in found:
            raise BadRecipe(f"{_where(key, file)}: '{key.value}' is there twice.")
        found[key.value] = value
    return found


def _sentence(error: yaml.YAMLError, file: str) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f"line {mark.line + 1} of {file}" if mark is not None else file
    problem = getattr(error, "problem", None) or "it holds a character that YAML forbids"
    return f"{_start(line)} is not valid YAML: {problem}."


def _where(node: yaml.Node | yaml.Event, file: str) -> str:
    line = node.start_mark.line if node.start_mark is not None else 0
    return f"Line {line + 1} of {file}"


def _start(words: str) -> str:
    return words[:1].upper() + words[1:] if words.startswith(("the ", "line ")) else words
