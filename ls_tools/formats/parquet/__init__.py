"""Parquet: a table of everything labeled, typed where types hold."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, ClassVar

from ls_tools.errors import UsageError
from ls_tools.formats.parquet.arrow import load_arrow
from ls_tools.formats.parquet.columns import ROWS, build_schema
from ls_tools.formats.parquet.groups import (
    Gathering,
    pack,
    regroup,
    unpack,
    with_sizes,
)
from ls_tools.formats.parquet.rows import RowMaker
from ls_tools.formats.protocol import DivisibleFormat, Writing, option
from ls_tools.output import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output, RecordStream


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


class ParquetFormat(DivisibleFormat):
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
    is_heavy: ClassVar[bool] = True  # pyarrow takes 85 MB
    requires: ClassVar[tuple[str, ...]] = ("pyarrow",)
    options_type: ClassVar[type[Any]] = ParquetOptions
    default_selection: ClassVar[str] = "all"
    keeps_unlabeled: ClassVar[bool] = True

    def begin(
        self, config: LabelConfig, output: Output, options: ParquetOptions, survey: None
    ) -> Writing:
        """Begin ``result.parquet``, or a file per split."""
        del survey
        schema = build_schema(options.rows, load_arrow())
        return _Waiting(RowMaker(options.rows, config, output), schema, output)

    def write(
        self,
        items: Items,
        config: LabelConfig,
        output: Output,
        options: ParquetOptions,
    ) -> None:
        """Write every item in this process, where no row has to wait."""
        schema = build_schema(options.rows, load_arrow())
        maker = RowMaker(options.rows, config, output)
        with ExitStack() as stack:
            tables = _Tables(schema, output, stack)
            for item, rows in maker.make(items):
                tables.of(item).extend(rows, item)
            tables.finish()


class _Tables:
    """The files of one conversion, by name; each is written as its rows come."""

    def __init__(self, schema: Any, output: Output, stack: ExitStack) -> None:
        self._schema = schema
        self._output = output
        self._stack = stack
        self._open: dict[str, tuple[Gathering, Any]] = {}

    def of(self, item: Item | None) -> Gathering:
        """Where the rows of an item go."""
        name = _file_name(self._output, item)
        if name not in self._open:
            stream = self._stack.enter_context(self._output.open(name))
            writer = _open_writer(stream, self._schema)
            self._open[name] = Gathering(self._schema, writer.write_batch), writer
        return self._open[name][0]

    def finish(self) -> None:
        """Write what is pending, and the ends of the files."""
        if not self._open:
            self.of(None)
        for rows, writer in self._open.values():
            rows.flush()
            writer.close()


class _Waiting(Writing):
    """Rows that wait until those of all processes are there.

    Where a row group ends depends on the rows before it.
    """

    def __init__(self, maker: RowMaker, schema: Any, output: Output) -> None:
        self._maker = maker
        self._schema = schema
        self._output = output
        self._waiting: dict[str, Gathering] = {}

    def add(self, items: Iterable[Item]) -> None:
        """Write down the rows of each item."""
        for item, rows in self._maker.make(items):
            self._of(_file_name(self._output, item)).extend(rows, item)
        for gathering in self._waiting.values():
            gathering.flush()

    def finish(self) -> None:
        """Write the files."""
        with ExitStack() as stack:
            opened = {
                name: stack.enter_context(self._output.open(name))
                for name in self._waiting or [_file_name(self._output)]
            }
            for name, stream in opened.items():
                with _open_writer(stream, self._schema) as writer:
                    for group in regroup(unpack(self._records(name).finish())):
                        writer.write_table(group)

    def state(self) -> list[str]:
        """The names of the files."""
        return list(self._waiting)

    def join(self, state: list[str]) -> None:
        """There are these, too."""
        for name in state:
            self._of(name)

    def _of(self, name: str) -> Gathering:
        found = self._waiting.get(name)
        if found is None:
            records = self._records(name)
            found = self._waiting[name] = Gathering(
                with_sizes(self._schema), lambda batch: records.write(pack(batch))
            )
        return found

    def _records(self, name: str) -> RecordStream:
        return self._output.records(f"{name}:rows", Layout(), is_aside=True)


def _file_name(output: Output, item: Item | None = None) -> str:
    return output.file_name("result", "parquet", item)


def _open_writer(stream: IO[bytes], schema: Any) -> Any:
    writer = load_arrow().parquet.ParquetWriter
    return writer(stream, schema, compression="zstd", version="2.6")
