"""Parquet: a table of everything labeled, typed where types hold."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, ClassVar

from ls_tools.errors import UsageError
from ls_tools.formats.parquet.columns import ROWS, build_schema
from ls_tools.formats.parquet.rows import RowMaker
from ls_tools.formats.protocol import Format, option

if TYPE_CHECKING:
    from ls_tools.formats.parquet.values import Cells
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output

GROUP_ROWS = 8192
GROUP_BYTES = 2**22
"""A row group ends at either; ``GROUP_BYTES`` counts the JSON in its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetOptions:
    """Options of the Parquet format."""

    rows: str = option(
        "region",
        help="What a row stands for; a task holds its annotations and regions.",
        choices=ROWS,
    )

    def __post_init__(self) -> None:
        if self.rows not in ROWS:
            msg = f"Rows cannot be {self.rows!r}."
            raise UsageError(msg, hint=f"Use one of: {', '.join(ROWS)}.")


class ParquetFormat(Format):
    """``result.parquet``, or a file per split."""

    name: ClassVar[str] = "parquet"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "one typed row per region, task or result"
    controls: ClassVar[frozenset[str]] = frozenset(
        {
            "BitmaskLabels",
            "BrushLabels",
            "EllipseLabels",
            "HyperTextLabels",
            "KeyPointLabels",
            "Labels",
            "ParagraphLabels",
            "PolygonLabels",
            "RectangleLabels",
            "TimelineLabels",
            "TimeSeriesLabels",
            "VectorLabels",
        }
    )
    extra: ClassVar[str] = "parquet"
    requires: ClassVar[tuple[str, ...]] = ("pyarrow",)
    options_type: ClassVar[type[Any]] = ParquetOptions
    default_selection: ClassVar[str] = "all"
    keeps_unlabeled: ClassVar[bool] = True

    def write(
        self,
        items: Items,
        config: LabelConfig,
        output: Output,
        options: ParquetOptions,
    ) -> None:
        """Write ``result.parquet``, or a file per split."""
        arrow = _load_arrow()
        maker = RowMaker(options.rows, config, output)
        with ExitStack() as stack:
            tables = _Tables(build_schema(options.rows, arrow), output, stack)
            for item, rows in maker.make(items):
                tables.of(item).extend(rows, item)
            tables.finish()


class _Tables:
    """The files of one conversion, by name."""

    def __init__(self, schema: Any, output: Output, stack: ExitStack) -> None:
        self._schema = schema
        self._output = output
        self._stack = stack
        self._tables: dict[str, _Table] = {}

    def of(self, item: Item | None) -> _Table:
        """The table that an item belongs to."""
        name = self._output.file_name("result", "parquet", item)
        if name not in self._tables:
            stream = self._stack.enter_context(self._output.open(name))
            self._tables[name] = _Table(stream, self._schema)
        return self._tables[name]

    def finish(self) -> None:
        """Write what is pending, and the ends of the files."""
        for table in [*self._tables.values()] or [self.of(None)]:
            table.finish()


class _Table:
    """One file: rows gathered to groups, in bounded memory."""

    def __init__(self, stream: IO[bytes], schema: Any) -> None:
        arrow = _load_arrow()
        self._batch = arrow.RecordBatch.from_pylist
        self._schema = schema
        self._writer = arrow.parquet.ParquetWriter(
            stream, schema, compression="zstd", version="2.6"
        )
        self._rows: list[Cells] = []
        self._size_bytes = 0

    def extend(self, rows: list[Cells], item: Item) -> None:
        """Append the rows of an item."""
        own_bytes = len(item.task.raw) // len(rows)
        for row in rows:
            self._rows.append(row)
            self._size_bytes += own_bytes + len(row["data"])
            if len(self._rows) >= GROUP_ROWS or self._size_bytes >= GROUP_BYTES:
                self._flush()

    def finish(self) -> None:
        """Write what is pending, and the end of the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_batch(self._batch(self._rows, schema=self._schema))
        self._rows = []
        self._size_bytes = 0


def _load_arrow() -> Any:
    import pyarrow as pa
    import pyarrow.parquet

    return pa
