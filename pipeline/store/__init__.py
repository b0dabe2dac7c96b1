"""Everything that is written down. All SQL of the project is in this package."""

from pipeline.store.database import Store, StoreBusy, StoreTooNew, StoreUnreadable, open_store

__all__ = ["Store", "StoreBusy", "StoreTooNew", "StoreUnreadable", "open_store"]
