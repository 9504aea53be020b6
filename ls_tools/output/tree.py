"""The folder being built: contained files, each written once, and their manifest.

Knows no format and nothing of how the folder is published.
"""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from ls_tools.disk import NEW_FILE, write_all
from ls_tools.errors import OutputError
from ls_tools.output.disk_errors import mapped_to_output, output_error
from ls_tools.output.manifest import ManifestWriter, listed_files
from ls_tools.output.ownership import MANIFEST, OWN_PREFIX, REPORT
from ls_tools.output.parts import Part, PartStream
from ls_tools.output.streams import RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Buffer, Self

    from ls_tools.output.items import Item
    from ls_tools.output.splits import Splitter
    from ls_tools.output.streams import Layout

_STREAM_BUFFER_BYTES = 2**18
_RESERVED = frozenset({MANIFEST, REPORT})


class Tree:
    """Writes files below one folder. Not thread-safe.

    Args:
        root: The folder; empty, unless other processes write into it too.
        inputs: Names of the inputs where there are several, for the manifest.
        part_folder: Where this process leaves what another one joins: its part of
            the manifest and of the files of records. None for the one that
            joins them.

    Attributes:
        root: The folder.
        files_written: Files written, without the manifest and the report.
        splitter: Tells the split of every task; None where there is no split.
    """

    def __init__(
        self,
        root: Path,
        *,
        inputs: Sequence[str] = (),
        part_folder: Path | None = None,
    ) -> None:
        self.root = root
        self._base = part_folder or root
        self._records: dict[str, _Records] = {}
        self._files = ExitStack()
        self.files_written: int = 0
        self.splitter: Splitter | None = None
        self._start = f"{root}{os.sep}"
        self._folders = {""}
        with mapped_to_output(root):
            self._manifest = ManifestWriter(
                os.open(self._base / MANIFEST, NEW_FILE, 0o666), inputs
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
        with suppress(OSError, OutputError):  # what could not be flushed
            self._files.__exit__(kind, error, trace)
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

    def records(
        self, relative: str, layout: Layout, *, is_aside: bool = False
    ) -> RecordStream:
        """A file of records, opened when first asked for; see ``Output.records``."""
        opened = self._records.get(relative)
        if opened is None:
            opened = self._open_records(relative, layout, is_aside=is_aside)
            self._records[relative] = opened
        return opened.stream

    @property
    def is_part(self) -> bool:
        """Whether another process joins what is written; see ``Output.is_part``."""
        return self._base != self.root

    @property
    def has_records(self) -> bool:
        """Whether there is a file of records."""
        return bool(self._records)

    def close_records(self) -> None:
        """Complete the files of records; the last one comes first in the manifest.

        Raises:
            OutputError: They cannot be written.
        """
        for opened in self._records.values():
            opened.stream.finish()
        self._files.close()

    def part(self) -> Part:
        """What this process wrote, complete.

        Raises:
            OutputError: It cannot be written.
        """
        self.close_records()
        with mapped_to_output(MANIFEST):
            self._manifest.flush()
        return Part(
            streams=tuple(
                PartStream(
                    name=name,
                    layout=opened.stream.layout,
                    is_aside=opened.is_aside,
                    path=opened.path,
                )
                for name, opened in self._records.items()
                if opened.path is not None and not opened.stream.is_empty
            ),
            manifest=self._base / MANIFEST,
            files_written=self.files_written,
        )

    def adopt(self, part: Part) -> None:
        """Join what another process wrote; comes next in order.

        Raises:
            OutputError: It cannot be written.
        """
        for one in part.streams:
            stream = self.records(one.name, one.layout, is_aside=one.is_aside)
            with mapped_to_output(one.name):
                stream.append(one.path)
        with mapped_to_output(MANIFEST):
            self._manifest.append(part.manifest)
        self.files_written += part.files_written

    def discard(self, part: Part) -> None:
        """Take away the files of a part that is not joined.

        Raises:
            OutputError: They cannot be deleted.
        """
        with mapped_to_output(self.root):
            for relative in listed_files(part.manifest):
                os.unlink(self._start + relative)  # noqa: PTH108 -- many of them

    def _open_records(
        self, relative: str, layout: Layout, *, is_aside: bool
    ) -> _Records:
        path = self._base / str(len(self._records)) if self.is_part else None
        if path is not None:
            with mapped_to_output(relative):
                file: IO[bytes] = self._files.enter_context(path.open("xb"))
        else:
            opening = self.scratch() if is_aside else self.open(relative)
            file = self._files.enter_context(opening)
        stream = RecordStream(file, layout, is_part=self.is_part)
        return _Records(stream=stream, is_aside=is_aside, path=path)

    def scratch(self) -> IO[bytes]:
        """A nameless temporary file on the same disk, gone when closed."""
        import tempfile  # for the few that write aside

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    """A file of records that is being written; ``path`` is that of a part."""

    stream: RecordStream
    is_aside: bool
    path: Path | None


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
