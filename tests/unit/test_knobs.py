"""Knobs and registry: one declaration makes the form, the option and the validation; one file makes a plug-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from pipeline.domain import WorkbenchError
from pipeline.knobs import build, knob, knobs_of, values_of
from pipeline.registry import Registry


@dataclass(frozen=True, slots=True)
class Cut:
    """Cut texts."""

    name: ClassVar[str] = "cut"
    least: int = knob(3, "The least length.", low=0, high=10)
    share: float = knob(0.5, "A share.", low=0, high=1)
    unit: str = knob("words", "What is counted.", choices=("words", "characters"))
    loud: bool = knob(False, "Say so.")
    tongues: tuple[str, ...] = knob(("en",), "Languages.")


def test_knobs_are_read_from_the_declaration():
    found = knobs_of(Cut)
    assert [(k.name, k.type) for k in found] == [
        ("least", int), ("share", float), ("unit", str), ("loud", bool), ("tongues", tuple),
    ]  # fmt: skip
    assert (found[0].low, found[0].high, found[0].help) == (0, 10, "The least length.")


def test_values_go_out_and_come_back():
    made = build(Cut, {"least": "4", "share": "0.25", "loud": "yes", "tongues": "en, zh"})
    assert made == Cut(4, 0.25, "words", True, ("en", "zh"))
    assert build(Cut, values_of(made)) == made


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"least": 11}, "the most it takes is 10"),
        ({"least": -1}, "the least it takes is 0"),
        ({"least": 2.5}, "must be a whole number"),
        ({"least": True}, "must be a whole number"),
        ({"least": "many"}, "must be a whole number"),
        ({"share": float("nan")}, "must be a number"),
        ({"unit": "miles"}, "choose one of: words, characters"),
        ({"unit": 3}, "must be text"),
        ({"loud": "perhaps"}, "write true or false"),
        ({"lest": 1}, "has no setting 'lest'; it has: least"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(values, words):
    with pytest.raises(WorkbenchError, match=words):
        build(Cut, values)


def test_a_registry_finds_files_refuses_doubles_and_names_what_it_knows(tmp_path, monkeypatch):
    package = tmp_path / "plugs"
    package.mkdir()
    (package / "__init__.py").write_text("from pipeline.registry import Registry\nplugs = Registry('plug', 'plugs')\n")
    body = "from plugs import plugs\n@plugs.register\nclass {0}:\n    '''Help.'''\n    name = '{1}'\n"
    (package / "one.py").write_text(body.format("One", "one"))
    monkeypatch.syspath_prepend(str(tmp_path))
    import plugs  # made above

    assert plugs.plugs.names() == ["one"]
    (package / "two.py").write_text(body.format("Two", "two"))
    assert plugs.plugs.names() == ["one", "two"]
    with pytest.raises(WorkbenchError, match="no plug named 'three'; there are: one, two"):
        plugs.plugs.get("three")
    (package / "twin.py").write_text(body.format("Twin", "one"))
    with pytest.raises(TypeError, match="Two plugs are named 'one'"):
        plugs.plugs.names()
    (package / "twin.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(ModuleNotFoundError):
        plugs.plugs.names()


def test_a_plugin_without_words_is_refused():
    with pytest.raises(TypeError, match="needs a `name` and a docstring"):
        Registry("plug", "pipeline").register(type("Bare", (), {"name": "bare"}))
