"""The browser of the journeys, without a server: what is tested here is the widget alone."""

from __future__ import annotations

from tests.journeys.conftest import browser, open_page

__all__ = ["browser", "open_page"]
