"""Temporary files for input that cannot be mapped: pipes, gzip, zip, UTF-16."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from ls_tools.errors import LsToolsError, OutputError, RefusedError
from ls_tools.reading.mapping import MappedFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

CHUNK_BYTES = 2**20


@contextmanager
def disk_faults(name: str, done: str) -> Iterator[None]:
    """Map the errors of the disk that holds temporary files.

    Args:
        name: The input.
        done: What was done with it: ``"unpacked"``.
    """
    try:
        yield
    except LsToolsError:
        raise
    except OSError as exc:
        folder = tempfile.gettempdir()
        msg = f"{name} cannot be {done} to {folder}: {exc.strerror}."
        hint = "Set TMPDIR to a folder with more room."
        raise OutputError(msg, hint=hint) from exc


class Spool:
    """An unnamed temporary file, written once and then mapped.

    There is none before the first byte is written.

    Args:
        name: The input, for errors.
        limit_bytes: Most bytes that may be written.
    """

    def __init__(self, name: str, limit_bytes: int) -> None:
        self._name = name
        self._limit = limit_bytes
        self._file: IO[bytes] | None = None
        self.size_bytes: int = 0

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``.

        Raises:
            RefusedError: That would be more than the limit.
            OutputError: The disk is full.
        """
        self.size_bytes += len(chunk)
        if self.size_bytes > self._limit:
            msg = f"{self._name} expands to more than {self._limit} bytes."
            hint = "If it is genuine, raise Bounds.expanded_bytes."
            raise RefusedError(msg, hint=hint, limit_bytes=self._limit)
        with disk_faults(self._name, "unpacked"):
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="ls-tools-")  # noqa: SIM115 -- closed by close()
            self._file.write(chunk)

    def map(self) -> memoryview:
        """What was written, mapped into memory."""
        if self._file is None or not self.size_bytes:
            return memoryview(b"")
        with disk_faults(self._name, "unpacked"):
            self._file.flush()
            return memoryview(MappedFile(self._file.fileno(), self.size_bytes))

    def close(self) -> None:
        """Close the file; what was mapped stays readable."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk left in the buffer
                self._file.close()

    def __enter__(self) -> Self:
        """The spool, to be closed on leaving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()
