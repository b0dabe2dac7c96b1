"""File formats that records are read from, one file each."""

from pipeline.importers.base import Batch, Importer, choose, importers
from pipeline.importers.columns import NONE, Columns
from pipeline.importers.preview import Preview, preview
from pipeline.importers.source import FileRefused, Limits, Source, open_source

__all__ = [
    "NONE", "Batch", "Columns", "FileRefused", "Importer", "Limits", "Preview", "Source", "choose", "importers",
    "open_source", "preview",
]  # fmt: skip
