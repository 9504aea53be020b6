"""One version of an object on its way into a sink; asks for nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ls_tools.digests import find_difference, new_digest
from ls_tools.errors import IntegrityError, RefusedError
from ls_tools.sources.buckets.answers import is_version
from ls_tools.transfer import Fetched
from ls_tools.transport.bodies import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.progress import Progress
    from ls_tools.sources.buckets.protocol import ObjectInfo, ObjectName
    from ls_tools.transfer import Sink, Validator

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class ChangedError(Exception):
    """An answer belongs to another version than the one begun."""


class DamagedError(Exception):
    """What came is not what the store vouches for.

    Attributes:
        error: What is raised when it comes so again.
    """

    def __init__(self, error: IntegrityError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(slots=True, kw_only=True)
class Stretch:
    """Bytes that come one after the other, and how far they have come.

    Attributes:
        position: Where the next byte is in the object.
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
    _unpacking: _Unpacking | None = field(default=None, init=False)

    @property
    def validator(self) -> Validator | None:
        """Identity of the version begun; None where there is none."""
        return (self.info.validator or None) if self.info else None

    @property
    def is_packed(self) -> bool:
        """Whether it is unpacked on the way, hence has to come in order."""
        return self._unpacking is not None

    def adopt(self, info: ObjectInfo) -> None:
        """Take what an answer says of the version.

        Raises:
            ChangedError: It is another version than before.
            RefusedError: It is too large.
        """
        if self.info is None:
            self._check_size(info.size_bytes)
            self.info = info
            if info.encoding in _PACKED:
                self._unpacking = _Unpacking(info)
        elif self.info is not info and not _is_same(self.info, info):
            raise ChangedError

    def write(self, stretch: Stretch, chunk: bytes) -> None:
        """Put what comes next in its place; what is beyond the stretch is dropped.

        Raises:
            RefusedError: It gets too large.
            DamagedError: It is not packed as announced.
        """
        if stretch.stop is not None and stretch.position + len(chunk) > stretch.stop:
            chunk = chunk[: stretch.stop - stretch.position]
        if self._unpacking is None:
            self.sink.write_at(stretch.position, chunk)
        else:
            self._unpack(self._unpacking, chunk)
        stretch.position += len(chunk)
        self.progress.advance(0, size_bytes=len(chunk))

    def finish(self) -> Fetched:
        """What was written, once all has come.

        Raises:
            ChangedError: Nothing has come.
            DamagedError: What was unpacked is not whole.
        """
        info = self.info
        if info is None:
            raise ChangedError
        packed = self._unpacking
        if packed is not None and (fault := packed.find_fault()):
            raise self._damage(fault)
        return Fetched(
            size_bytes=packed.size_bytes if packed else info.size_bytes,
            validator=info.validator,
            checksums={} if packed else info.checksums,
            content_type=info.content_type,
        )

    def _unpack(self, unpacking: _Unpacking, chunk: bytes) -> None:
        try:
            for piece in unpacking.feed(chunk):
                self._check_size(unpacking.size_bytes + len(piece))
                self.sink.write_at(unpacking.size_bytes, piece)
                unpacking.size_bytes += len(piece)
        except IntegrityError as exc:
            fault = exc.message
        else:
            return
        raise self._damage(fault)

    def _damage(self, fault: str) -> DamagedError:
        msg = f"{self.name.canonical} came damaged. {fault}"
        return DamagedError(IntegrityError(msg, hint="Try again."))

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self.bound_bytes:
            msg = f"{self.name.canonical} is larger than {self.bound_bytes} bytes."
            hint = "Raise Bounds.download_bytes if it may be."
            raise RefusedError(msg, hint=hint, size_bytes=size_bytes)


class _Unpacking:
    """An object whose store says that its bytes are packed.

    The digests of the store are those of the packed bytes, which nobody sees after
    this, hence they are checked here.
    """

    def __init__(self, info: ObjectInfo) -> None:
        self.size_bytes = 0
        self._decoder = Decoder(info.encoding)
        self._expected = info.checksums
        self._digests = {name: new_digest(name) for name in info.checksums}

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what ``chunk`` unpacks to.

        Raises:
            IntegrityError: It is not packed as announced.
        """
        for digest in self._digests.values():
            digest.update(chunk)
        yield from self._decoder.feed(chunk)

    def find_fault(self) -> str | None:
        """What is wrong with all that came; None if nothing is."""
        try:
            self._decoder.finish()
        except IntegrityError as exc:
            return exc.message
        found = {name: digest.hexdigest() for name, digest in self._digests.items()}
        difference = find_difference(self._expected, found)
        return difference and f"{difference.capitalize()}."


def _is_same(first: ObjectInfo, other: ObjectInfo) -> bool:
    """Whether two answers can belong to one version."""
    if (first.size_bytes, first.encoding) != (other.size_bytes, other.encoding):
        return False
    return is_version(other.validator, first.validator) is not False
