"""How long calls tell how far they are; drawing it is the caller's business."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the progress of one or more consecutive stages of a call.

    All methods may be called from any thread.
    """

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        """A stage begins. ``total`` counts ``unit`` s, None where unknown."""

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """``count`` more units are done, ``size_bytes`` more bytes moved."""

    def finish(self) -> None:
        """The stage is over, whether it succeeded or not."""


class StagePart:
    """The progress of work that is a part of a stage which is open already.

    Its own stages begin and end nothing; only what moves is passed on.

    Args:
        whole: Has the open stage.
        counts: Whether the units of the part are units of that stage; only
            its bytes are passed on where not.
    """

    def __init__(self, whole: Progress, *, counts: bool) -> None:
        self._whole = whole
        self._counts = counts

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        """Begin nothing: the stage is open."""

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Pass on what was done and moved."""
        if self._counts or size_bytes:
            self._whole.advance(count if self._counts else 0, size_bytes=size_bytes)

    def finish(self) -> None:
        """End nothing: the stage goes on."""


class NullProgress:
    """A Progress that shows nothing; the default everywhere."""

    def start(self, label: str, total: int | None = None, unit: str = "") -> None:
        """Ignore the start of a stage."""

    def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
        """Ignore an advance."""

    def finish(self) -> None:
        """Ignore the end of a stage."""
