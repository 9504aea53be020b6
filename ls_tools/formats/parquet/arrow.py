"""Where pyarrow is loaded, which takes a while."""

from __future__ import annotations

from typing import Any


def load_arrow() -> Any:
    """Pyarrow with its module for Parquet files."""
    import pyarrow as pa
    import pyarrow.parquet

    return pa
