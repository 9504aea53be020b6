"""The files of a YOLO data set: images and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ls_tools.formats.pictures import MERGED, NO_IMAGE
from ls_tools.formats.protocol import Writing
from ls_tools.formats.yolo.listing import write_listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ls_tools.formats.pictures import Labelled, Picture, PictureReader
    from ls_tools.formats.plain_boxes import PlainBoxes
    from ls_tools.output import Item, Output, Placed

Written: TypeAlias = "tuple[Labelled, Sequence[str] | str]"
"""A region with its lines, or with the reason why it has none."""


PlainMake: TypeAlias = "Callable[[PlainBoxes], list[str]]"
"""Makes the lines of plain boxes."""


class Maker(Protocol):
    """Makes the lines of an annotation.

    Attributes:
        data_yaml: Further lines of ``data.yaml``.
        plain_rows: Makes the lines of plain boxes; None where these need a look at
            what else is drawn, or become something else than boxes.
    """

    data_yaml: tuple[str, ...]
    plain_rows: PlainMake | None

    def rows(self, found: Iterable[Labelled]) -> Iterable[Written]:
        """Each region once; lines that several regions make stand with one."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """The label file of an image that several tasks refer to."""

    item: Item
    placed: Placed
    rows: list[str]


class DatasetWriter(Writing):
    """Writes one data set.

    Args:
        reader: Finds images and regions.
        output: Where to.
        maker: Makes the lines.
    """

    def __init__(self, reader: PictureReader, output: Output, maker: Maker) -> None:
        self._reader = reader
        self._output = output
        self._maker = maker
        self._shared: dict[str, _Shared] = {}
        self._splits: set[str] = set()

    def add(self, items: Iterable[Item]) -> None:
        """Write items."""
        pictures: list[Picture] = []
        rows: list[list[str]] = []
        for item in items:
            if item.part == 0:
                pictures = self._reader.pictures(item.task)
                rows = [[] for _ in pictures]
            if not pictures:
                self._output.tally.skip_item(NO_IMAGE, item)
                continue
            self._collect(item, pictures, rows)
            if item.part == item.parts - 1:
                for picture, labels in zip(pictures, rows, strict=True):
                    self._write_picture(picture, item, labels)

    def finish(self) -> None:
        """Write what several tasks share, and the files at the root."""
        for path, shared in self._shared.items():
            self._write_labels(path, shared.item, shared.placed, shared.rows)
        write_listing(self._output, self._splits, self._maker.data_yaml)

    def state(self) -> set[str]:
        """Which splits have images."""
        return self._splits

    def join(self, state: set[str]) -> None:
        """They have some in what comes next."""
        self._splits |= state

    def _collect(
        self, item: Item, pictures: Sequence[Picture], rows: Sequence[list[str]]
    ) -> None:
        tally, task_id = self._output.tally, item.task.id
        make_plain = self._maker.plain_rows
        plain, others = self._reader.read_apart(
            item, pictures, wants_plain=make_plain is not None
        )
        if make_plain is not None and plain is not None:
            rows[plain.picture.position].extend(make_plain(plain))
        for found, lines in self._maker.rows(others):
            region_id = found.region.id
            if isinstance(lines, str):
                tally.skip(lines, task_id=task_id, region_id=region_id)
                continue
            rows[found.picture.position].extend(lines)
            tally.regions_written += 1
            for reason in found.losses:
                tally.degrade(reason, task_id=task_id, region_id=region_id)

    def _write_picture(self, picture: Picture, item: Item, rows: list[str]) -> None:
        output = self._output
        placed = output.media.place(picture.reference, item)
        self._splits.add(output.folder("images", item).partition("/")[2])
        if item.annotation is None:
            return  # unlabeled, which an empty file would call negative
        stem = output.names.stem(picture.reference, item.task)
        path = f"{output.folder('labels', item)}/{stem}.txt"
        if not output.names.is_shared(picture.reference):
            self._write_labels(path, item, placed, rows)
        elif path in self._shared:
            self._shared[path].rows.extend(rows)
            output.tally.warn(MERGED)
        else:
            self._shared[path] = _Shared(item=item, placed=placed, rows=rows)

    def _write_labels(
        self, path: str, item: Item, placed: Placed, rows: list[str]
    ) -> None:
        data = "".join(rows).encode()
        self._output.write_bytes(path, data, item=item, reference=placed.reference)
