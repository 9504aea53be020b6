"""One version of an object on its way into a sink; asks for nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ls_tools.errors import RefusedError

if TYPE_CHECKING:
    from ls_tools.progress import Progress
    from ls_tools.sources.buckets.protocol import ObjectInfo, ObjectName
    from ls_tools.transfer import Sink, Validator


class ChangedError(Exception):
    """An answer belongs to another version than the one begun."""


@dataclass(slots=True, kw_only=True)
class Stretch:
    """Bytes that come one after the other, and how far they have come.

    Attributes:
        position: Where the next byte goes.
        stop: One past the last byte; None for the end of the object.
    """

    position: int = 0
    stop: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether all of it has come."""
        return self.stop is not None and self.position >= self.stop


@dataclass(slots=True, kw_only=True)
class ObjectCopy:
    """The version that is copied, and where it goes. Safe for threads.

    Attributes:
        name: The object.
        sink: Where its bytes go.
        bound_bytes: Largest size taken.
        progress: Told of every write.
        info: What the first answer said; None before it.
    """

    name: ObjectName
    sink: Sink
    bound_bytes: int
    progress: Progress
    info: ObjectInfo | None = field(default=None, init=False)

    @property
    def validator(self) -> Validator | None:
        """Identity of the version begun; None where there is none."""
        return (self.info.validator or None) if self.info else None

    def adopt(self, info: ObjectInfo) -> None:
        """Take what an answer says of the version.

        Raises:
            ChangedError: It is another version than before.
            RefusedError: It is too large.
        """
        if self.info is None:
            self._check_size(info)
            self.info = info
        elif self.info is not info and not _is_same(self.info, info):
            raise ChangedError

    def write(self, stretch: Stretch, chunk: bytes) -> None:
        """Put what comes next in its place; what is beyond the stretch is dropped."""
        if stretch.stop is not None and stretch.position + len(chunk) > stretch.stop:
            chunk = chunk[: stretch.stop - stretch.position]
        self.sink.write_at(stretch.position, chunk)
        stretch.position += len(chunk)
        self.progress.advance(0, size_bytes=len(chunk))

    def _check_size(self, info: ObjectInfo) -> None:
        if info.size_bytes > self.bound_bytes:
            size_bytes = info.size_bytes
            msg = (
                f"{self.name.canonical} has {size_bytes} bytes, more than the"
                f" {self.bound_bytes} that are taken."
            )
            hint = "Raise Bounds.download_bytes if it may be."
            raise RefusedError(msg, hint=hint, size_bytes=size_bytes)


def _is_same(first: ObjectInfo, other: ObjectInfo) -> bool:
    """Whether two answers can belong to one version."""
    if first.size_bytes != other.size_bytes:
        return False
    for part in ("version", "etag", "last_modified"):
        ours, theirs = getattr(first.validator, part), getattr(other.validator, part)
        if ours and theirs:
            return bool(ours == theirs)
    return True
