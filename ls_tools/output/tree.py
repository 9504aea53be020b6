"""The folder being built: contained files, each written once, and their manifest.

Knows no format and nothing of how the folder is published.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from ls_tools.disk import NEW_FILE, write_all
from ls_tools.errors import OutputError
from ls_tools.output.disk_errors import mapped_to_output, output_error
from ls_tools.output.manifest import ManifestWriter
from ls_tools.output.ownership import MANIFEST, OWN_PREFIX, REPORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Buffer, Self

    from ls_tools.output.items import Item
    from ls_tools.output.splits import Splitter

_STREAM_BUFFER_BYTES = 2**18
_RESERVED = frozenset({MANIFEST, REPORT})


class Tree:
    """Writes files below one folder. Not thread-safe.

    Args:
        root: The folder; empty.
        inputs: Names of the inputs where there are several, for the manifest.

    Attributes:
        root: The folder.
        files_written: Files written, without the manifest and the report.
        splitter: Tells the split of every task; None where there is no split.
    """

    def __init__(self, root: Path, *, inputs: Sequence[str] = ()) -> None:
        self.root = root
        self.files_written: int = 0
        self.splitter: Splitter | None = None
        self._start = f"{root}{os.sep}"
        self._folders = {""}
        with mapped_to_output(root):
            self._manifest = ManifestWriter(
                os.open(root / MANIFEST, NEW_FILE, 0o666), inputs
            )

    def __enter__(self) -> Self:
        """The tree, to be let go of on leaving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the files that are still open; what is in them stays."""
        self._manifest.close()
        if self.splitter is not None:
            self.splitter.close()

    def split_of(self, item: Item | None) -> str:
        """The split of an item; see ``Output.split_of``."""
        if self.splitter is None or item is None:
            return ""
        return self.splitter.split_of(item.task)

    def folder(self, base: str, item: Item | None = None) -> str:
        """The folder for files of a kind; see ``Output.folder``."""
        split = self.split_of(item)
        return f"{base}/{split}" if split else base

    def write_bytes(
        self,
        relative: str,
        data: bytes,
        *,
        item: Item | None = None,
        reference: str | None = None,
    ) -> None:
        """Write a file at once; see ``Output.write_bytes``."""
        path = self.reserve(relative)
        try:
            descriptor = os.open(path, NEW_FILE, 0o666)
            try:
                write_all(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise output_error(exc, relative) from exc
        digest = hashlib.sha256(data).hexdigest()
        self.record(relative, digest, len(data), item=item, reference=reference)

    @contextmanager
    def open(
        self,
        relative: str,
        *,
        item: Item | None = None,
        reference: str | None = None,
    ) -> Iterator[IO[bytes]]:
        """Open a file for streaming into; see ``Output.open``."""
        path = self.reserve(relative)
        with mapped_to_output(relative):
            raw = _DigestingFile(os.open(path, NEW_FILE, 0o666), relative)
        file = io.BufferedWriter(raw, _STREAM_BUFFER_BYTES)
        try:
            yield file
            file.close()
        except BaseException:
            with suppress(OSError):
                file.close()
            raise
        self.record(
            relative, raw.sha256, raw.size_bytes, item=item, reference=reference
        )

    @contextmanager
    def open_text(self, relative: str, *, newline: str) -> Iterator[IO[str]]:
        """Likewise as UTF-8 text; see ``Output.open_text``."""
        with self.open(relative) as file:
            # Lone surrogates are all that UTF-8 cannot hold.
            text = io.TextIOWrapper(file, "utf-8", errors="replace", newline=newline)
            try:
                yield text
                text.flush()
            finally:
                with suppress(OSError):
                    text.detach()

    def scratch(self) -> IO[bytes]:
        """A nameless temporary file on the same disk, gone when closed."""
        with mapped_to_output(self.root):
            return tempfile.TemporaryFile(dir=self.root, prefix=OWN_PREFIX)

    def reserve(self, relative: str) -> str:
        """The absolute path for a new file; makes its folders.

        Raises:
            OutputError: ``relative`` leads out of the root or is taken by the
                manifest or the report, or a folder cannot be made.
        """
        folder, _, name = relative.rpartition("/")
        if folder not in self._folders:
            self._make_folders(folder)
        is_odd = name in _SPECIAL or "\0" in name or "\\" in name
        if is_odd or relative[0] == "/" or relative in _RESERVED:
            raise _escape(relative)
        return self._start + relative

    def record(
        self,
        relative: str,
        sha256: str,
        size_bytes: int,
        *,
        item: Item | None = None,
        reference: str | None = None,
    ) -> None:
        """Count a file that stands in the tree, and put it into the manifest.

        Raises:
            OutputError: The manifest cannot be written.
        """
        self.files_written += 1
        try:
            self._manifest.add(
                relative, sha256, size_bytes, item=item, reference=reference
            )
        except OSError as exc:
            raise output_error(exc, MANIFEST) from exc

    def finish(self, report_json: bytes) -> None:
        """Complete the manifest and write ``report.json``: nothing comes after.

        Raises:
            OutputError: They cannot be written.
        """
        with mapped_to_output(self.root):
            self._manifest.finish()
            descriptor = os.open(self.root / REPORT, NEW_FILE, 0o666)
            try:
                write_all(descriptor, report_json)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _make_folders(self, folder: str) -> None:
        parts = folder.split("/")
        if "\0" in folder or "\\" in folder or any(p in _SPECIAL for p in parts):
            raise _escape(folder)
        with mapped_to_output(folder):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self._folders.add(folder)


class _DigestingFile(io.RawIOBase):
    """A raw file that digests what passes through it."""

    def __init__(self, descriptor: int, relative: str) -> None:
        self.size_bytes: int = 0
        self._descriptor = descriptor
        self._relative = relative
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        try:
            written = os.write(self._descriptor, data)
        except OSError as exc:
            raise output_error(exc, self._relative) from exc
        self._digest.update(memoryview(data)[:written])
        self.size_bytes += written
        return written

    def close(self) -> None:
        if not self.closed:  # pragma: no branch -- its end closes it again
            super().close()
            os.close(self._descriptor)


_SPECIAL = frozenset({"", ".", ".."})


def _escape(relative: str) -> OutputError:
    return OutputError(
        f"{relative!r} is no file name that an output may have.",
        hint="This is a bug in the format.",
        path=relative,
    )
