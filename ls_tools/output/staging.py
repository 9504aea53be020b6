"""Publishing a folder at once: staged aside, locked, swapped in when complete.

Knows nothing of what is in the folder but the two files that mark it as ours.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def stage(out: Path) -> Iterator[Path]:
    """Build a folder aside and put it at ``out`` when the block succeeds.

    Yields:
        An empty folder on the same file system as ``out``. When the block ends
        without an exception it takes the place of ``out`` and what was there
        is deleted; with one, ``out`` is left as it was.

    Raises:
        OutputError: ``out`` is neither empty nor an output of ls_tools, another
            run is writing it, or it cannot be written.
    """
    raise NotImplementedError
    yield out  # type: ignore[unreachable]  # the shape of the generator
