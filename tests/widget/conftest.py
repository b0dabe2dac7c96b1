"""The browser of the journeys, without a server: what is tested here is the widget alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import browser

__all__ = ["browser"]

BLANK = "http://{}.test/blank"
ORIGINS = ("widget", "bare")
OWN = "Object.getOwnPropertyNames(window).length"


class Kept:
    """One page for the tests of a module, each of which finds it as if it were new: to start a browser's process for
    each of them takes longer than most of them do."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None
        self._own = 0
        self._scripted = False

    def page(self) -> Page:
        """The page, empty and without anything stored."""
        if self._page is None:
            context = self._browser.new_context(locale="en-US")
            for origin in ORIGINS:
                context.route(BLANK.format(origin), lambda route: route.fulfill(body="", content_type="text/html"))
            self._page, self._scripted = context.new_page(), False
            self._page.goto(BLANK.format(ORIGINS[0]))
            self._own = self._page.evaluate(OWN)
            real = self._page.add_init_script

            def add_init_script(*given: Any, **named: Any) -> Any:
                self._scripted = True  # it cannot be taken away again
                return real(*given, **named)

            self._page.add_init_script = add_init_script  # type: ignore[method-assign]
        return self._page

    def wipe(self) -> None:
        """Leave nothing of a test behind; the page itself is thrown away if there is no other way."""
        page = self._page
        if page is None:
            return
        if page.is_closed() or self._scripted:
            self.close()
            return
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.unroute_all()
        page.context.clear_permissions()
        page.context.set_offline(False)
        page.goto(
            BLANK.format("bare" if "//bare." in page.url else "widget")
        )  # of the same origin: what leaving wrote goes too
        if page.evaluate(OWN) != self._own:
            self.close()
            return
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.mouse.move(0, 0)

    def close(self) -> None:
        if self._page is not None:
            self._page.context.close()
        self._page = None


@pytest.fixture(scope="module")
def kept(browser: Browser) -> Iterator[Kept]:
    made = Kept(browser)
    yield made
    made.close()


@pytest.fixture
def open_page(browser: Browser, kept: Kept) -> Iterator[Callable[..., Page]]:
    """The module's page as if it were new; a further one is of a fresh profile. A script error in it fails the test."""
    errors: list[str] = []
    opened: list[Page] = []

    def note(error: object) -> None:
        errors.append(str(error))

    def make(width: int = 1400, height: int = 900) -> Page:
        page = browser.new_context(locale="en-US").new_page() if opened else kept.page()
        page.set_viewport_size({"width": width, "height": height})
        page.on("pageerror", note)
        opened.append(page)
        return page

    yield make
    for at, page in enumerate(opened):
        page.remove_listener("pageerror", note)
        if at:
            page.context.close()
    kept.wipe()
    assert not errors, errors
