"""Labels as lines of text: what is written is read again, indentation is hierarchy, nothing is lost in silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.label_text import from_text, to_text

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)


def test_deeper_lines_stand_under_the_line_above() -> None:
    labels, parents = from_text("animal\n  dog\n    poodle\n  cat\nplant")
    assert labels == ["animal", "dog", "poodle", "cat", "plant"]
    assert parents == {"dog": "animal", "poodle": "dog", "cat": "animal"}


def test_a_line_with_a_colon_over_deeper_lines_is_a_heading() -> None:
    for heading in ("People:", "People："):
        assert from_text(f"{heading}\n\tanna\n\tben") == (["anna", "ben"], {"anna": "People", "ben": "People"})
    assert from_text("note:\nother") == (["note:", "other"], {})


@given(st.lists(NAMES, unique=True, max_size=12))
def test_flat_labels_come_back(labels: list[str]) -> None:
    assert from_text(to_text(labels, {})) == (labels, {})


@given(
    st.lists(NAMES.filter(lambda name: not name.endswith((":", "："))), unique=True, min_size=1, max_size=12), st.data()
)
def test_a_tree_comes_back(labels: list[str], data: st.DataObject) -> None:
    parents = {}
    for at, label in enumerate(labels):
        above = data.draw(st.sampled_from([None, *labels[:at], "a group of them"]))
        if above is not None:
            parents[label] = above
    read, above = from_text(to_text(labels, parents))
    assert sorted(read) == sorted(labels)
    assert above == parents
