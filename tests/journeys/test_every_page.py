"""Every page on a workbench without projects, with an empty one, and with hostile text in one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pipeline.store import open_store, projects
from tests.conftest import add_records
from tests.journeys.conftest import Workbench
from tests.journeys.pages import LONG, settle

PAGES = (
    "", "records", "import", "clean", "duplicates", "leaks", "augment", "label", "task", "versions", "train", "errors",
)  # fmt: skip
HOSTILE = [
    "<script>document.title='hit'</script>",
    "**bold** [x](javascript:alert(1)) `code` $x^2$ :red[y]",
    "普通的中文",
]

pytestmark = pytest.mark.timeout(420)


@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(None, id="no project"),
        pytest.param([], id="no records"),
        pytest.param(HOSTILE, id="hostile", marks=pytest.mark.slow),  # test_injection has more of it
    ],
)
def test_every_page_says_something_and_shows_no_trace(
    workbench: Workbench, open_page: Callable[..., Page], texts: list[str] | None, language: str
) -> None:
    store = open_store(workbench.database)
    if texts is not None:
        add_records(store, projects.create(store, "one"), texts)
    store.close()
    workbench.start()
    page = open_page()
    for url in PAGES:
        page.goto(f"{workbench.url}/{url}?lang={language}{'' if texts is None else '&project=one'}")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
        settle(page)
        assert len(page.get_by_test_id("stMain").inner_text()) > 40, url
        assert page.title() != "hit"
        assert page.locator("[data-testid=stMain] a[href^=javascript]").count() == 0
    assert "libtorch" not in workbench.mapped()
