"""Rows gathered to row groups in bounded memory, at once or after waiting on disk."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Any

from ls_tools.formats.parquet.arrow import load_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ls_tools.formats.parquet.values import Cells
    from ls_tools.output import Item

GROUP_ROWS = 8192
GROUP_BYTES = 2**22
"""A row group ends at either; ``GROUP_BYTES`` counts the JSON in its rows."""

_SIZE = "\0size_bytes"
_LENGTH = struct.Struct("<Q")


class Gathering:
    """Rows that become batches of the size of a row group.

    Args:
        schema: The columns; those that it does not name are left out.
        take: Called with each batch.
    """

    def __init__(self, schema: Any, take: Callable[[Any], object]) -> None:
        self._batch = load_arrow().RecordBatch.from_pylist
        self._schema = schema
        self._take = take
        self._rows: list[Cells] = []
        self._size_bytes = 0

    def extend(self, rows: list[Cells], item: Item) -> None:
        """Append the rows of an item."""
        own_bytes = len(item.task.raw) // len(rows)
        for row in rows:
            row[_SIZE] = size_bytes = own_bytes + len(row["data"])
            self._rows.append(row)
            self._size_bytes += size_bytes
            if len(self._rows) >= GROUP_ROWS or self._size_bytes >= GROUP_BYTES:
                self.flush()

    def flush(self) -> None:
        """Hand on what is pending."""
        if self._rows:
            self._take(self._batch(self._rows, schema=self._schema))
        self._rows = []
        self._size_bytes = 0


def with_sizes(schema: Any) -> Any:
    """The columns, and one of what each row counts, for ``regroup``."""
    arrow = load_arrow()
    return schema.append(arrow.field(_SIZE, arrow.int64()))


def pack(batch: Any) -> bytes:
    """A batch as a record of a file."""
    arrow = load_arrow()
    sink = arrow.BufferOutputStream()
    options = arrow.ipc.IpcWriteOptions(compression="zstd")
    with arrow.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    body = sink.getvalue()
    return _LENGTH.pack(body.size) + memoryview(body)


def unpack(file: IO[bytes]) -> Iterator[Any]:
    """The batches in a file of records, from its beginning on."""
    arrow = load_arrow()
    file.seek(0)
    while length := file.read(_LENGTH.size):
        (size_bytes,) = _LENGTH.unpack(length)
        yield from arrow.ipc.open_stream(file.read(size_bytes))


def regroup(batches: Iterable[Any]) -> Iterator[Any]:
    """The groups that one ``Gathering`` would make of the rows of several.

    Args:
        batches: Their batches, with sizes.
    """
    pieces: list[Any] = []
    count = total_bytes = 0
    for batch in batches:
        sizes = batch.column(_SIZE).to_pylist()
        rows, start = batch.select(batch.schema.names[:-1]), 0
        for end, size_bytes in enumerate(sizes, 1):
            count, total_bytes = count + 1, total_bytes + size_bytes
            if count >= GROUP_ROWS or total_bytes >= GROUP_BYTES:
                yield _joined([*pieces, rows.slice(start, end - start)])
                pieces, count, total_bytes, start = [], 0, 0, end
        if start < len(sizes):
            pieces.append(rows.slice(start))
    if pieces:
        yield _joined(pieces)


def _joined(pieces: list[Any]) -> Any:
    return load_arrow().Table.from_batches(pieces).combine_chunks()
