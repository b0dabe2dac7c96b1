"""The way from page to page of a list."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def list_of(pages: int, at: int) -> AppTest:
    return AppTest.from_function(_list, kwargs={"pages": pages, "at": at}).run()


def _list(pages: int, at: int) -> None:
    import streamlit as st

    from app.widgets.pager import pager

    pager(at, pages, "list", lambda page: st.session_state.update(gone=page))


def gone(test: AppTest) -> Any:
    assert not test.exception
    return test.session_state["gone"]


def test_each_button_and_the_field_open_their_page() -> None:
    for word, target in (("first", 1), ("previous", 3), ("next", 5), ("last", 9)):
        test = list_of(9, 4)
        test.button(key=f"list.{word}").click().run()
        assert gone(test) == target
    test = list_of(9, 4)
    test.number_input(key="list.page.4").set_value(7).run()
    assert gone(test) == 7


def test_there_is_no_way_beyond_the_ends() -> None:
    ways = ("first", "previous", "next", "last")
    assert [list_of(3, 1).button(key=f"list.{word}").disabled for word in ways] == [True, True, False, False]
    assert [list_of(3, 3).button(key=f"list.{word}").disabled for word in ways] == [False, False, True, True]


def test_one_page_needs_no_way() -> None:
    test = list_of(1, 1)
    assert not test.exception
    assert len(test.button) + len(test.number_input) == 0
