"""What a person does on a page that is run without a browser."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def press(test: AppTest, key: str) -> AppTest:
    """Press a button; the page draws itself again without a trace."""
    test.button(key=key).click().run()
    assert not test.exception
    return test
