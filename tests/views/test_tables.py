"""What the pages' tables must not offer."""

from __future__ import annotations

import tomllib
from pathlib import Path

from streamlit import config

CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"


def test_no_table_has_a_csv_download_of_its_own() -> None:
    """Streamlit's would write a cell that begins like a formula as it is; the exporters and the lists escape it."""
    said = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["client"]
    assert said["disableDataExport"] is True
    assert config.get_option("client.disableDataExport") in (True, False)  # an option of that name is known
