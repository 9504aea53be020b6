"""The bytes of one version of a file, on their way into a sink.

Knows positions and digests; asks for nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ls_tools.errors import IntegrityError, RefusedError
from ls_tools.transport.bodies import Decoder

if TYPE_CHECKING:
    from ls_tools.progress import Progress
    from ls_tools.transfer import Sink
    from ls_tools.transport.ranges import Head


class Copy:
    """The bytes of one version, as far as they have come.

    Attributes:
        position: Bytes of the object received, as sent.
        size_bytes: Bytes written; another number where the object came encoded.
        first: The head of the first answer with this version; None before it.
        total: Size of the object as sent, None where unknown.

    Args:
        sink: Where they go.
        start: Bytes that it holds already.
        bound_bytes: Largest size taken.
        progress: Told of every write.
    """

    def __init__(
        self, sink: Sink, *, start: int, bound_bytes: int, progress: Progress
    ) -> None:
        self._sink = sink
        self._bound_bytes = bound_bytes
        self._progress = progress
        self.position: int = start
        self.size_bytes: int = start
        self.first: Head | None = None
        self.total: int | None = None
        self._decoder = Decoder("")
        self._md5 = None if start else hashlib.md5(usedforsecurity=False)

    @property
    def md5(self) -> str | None:
        """The digest of what was written, None where a part was there before."""
        return self._md5.hexdigest() if self._md5 else None

    def adopt(self, head: Head) -> None:
        """Take what ``head`` says about the version.

        Raises:
            RefusedError: It is too large.
            ServerError: Its encoding is unknown.
        """
        if self.first is None:
            self.first = head
            self._decoder = Decoder(head.encoding)
        if head.total is not None:
            self.total = head.total
            self._check_size(head.total)

    def restart(self) -> None:
        """Drop everything."""
        if self.position or self.size_bytes:
            self._sink.truncate(0)
        self.position = self.size_bytes = 0
        self.first = self.total = None
        self._md5 = hashlib.md5(usedforsecurity=False)

    def write(self, chunk: bytes) -> None:
        """Add what comes next, as sent.

        Raises:
            RefusedError: It gets too large.
            IntegrityError: It is not encoded as announced.
        """
        for piece in self._decoder.feed(chunk):
            self._check_size(self.size_bytes + len(piece))
            self._sink.write_at(self.size_bytes, piece)
            self.size_bytes += len(piece)
            if self._md5:
                self._md5.update(piece)
            self._progress.advance(0, size_bytes=len(piece))
        self.position += len(chunk)

    def finish(self) -> None:
        """Check that nothing is missing.

        Raises:
            IntegrityError: Something is.
        """
        self._decoder.finish()
        if self.total is not None and self.position != self.total:
            msg = f"{self.position} bytes came where {self.total} were announced."
            raise IntegrityError(msg, hint="Try again.")

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._bound_bytes:
            msg = f"The file is larger than {self._bound_bytes} bytes."
            hint = "Raise Bounds.download_bytes if it may be."
            raise RefusedError(msg, hint=hint, size_bytes=size_bytes)
