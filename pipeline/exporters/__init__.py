"""The formats in which records and versions leave, one file each."""

from pipeline.exporters.base import Contents, Exporter, exporters

__all__ = ["Contents", "Exporter", "exporters"]
