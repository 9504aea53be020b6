"""What both kinds of masks share: their regions by image, image by image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from ls_tools.formats.indexes import IndexFiles
from ls_tools.formats.masking import TOO_LARGE, is_too_large, with_mask_sizes
from ls_tools.formats.masks.pixels import voc_palette
from ls_tools.formats.pictures import MERGED, NO_IMAGE, SIZES_DIFFER
from ls_tools.formats.protocol import Writing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ls_tools.formats.pictures import Labelled, Picture, PictureReader
    from ls_tools.geometry import Size
    from ls_tools.output import Item, Output, Placed

BACKGROUND = "background"
OTHER_SIZE = "another task states another size of the image"


@dataclass(slots=True, kw_only=True)
class Sheet:
    """An image, and the regions on it.

    Attributes:
        item: The item that first showed it.
        placed: Where it is.
        stem: Its name without extension, which no other image has.
        size: Its size; None where nobody knows.
        regions: What is drawn on it, by whom, in file order.
    """

    item: Item
    placed: Placed
    stem: str
    size: Size | None = None
    regions: list[tuple[Item, Labelled]] = field(default_factory=list)


class MaskWriter(Writing):
    """Writes the masks of one conversion; a subclass says how an image's look.

    Args:
        reader: Finds images and regions.
        output: Where to.
    """

    columns: ClassVar[tuple[str, ...]]

    def __init__(self, reader: PictureReader, output: Output) -> None:
        self.output = output
        self.index: IndexFiles = IndexFiles(output, self.columns)
        self._reader = reader
        self._shared: dict[str, Sheet] = {}
        self._unsized_count = 0

    def write_sheet(self, sheet: Sheet, size: Size) -> None:
        """Write the masks of an image of known size, and count its regions."""
        raise NotImplementedError

    def add(self, items: Iterable[Item]) -> None:
        """Write items."""
        sheets: list[Sheet] = []
        pictures: list[Picture] = []
        for item in items:
            if item.part == 0:
                pictures = self._reader.pictures(item.task)
                sheets = [self._sheet(picture, item) for picture in pictures]
            if not pictures:
                self.output.tally.skip_item(NO_IMAGE, item)
                continue
            for found in self._reader.read(with_mask_sizes(item), pictures):
                sheets[found.picture.position].regions.append((item, found))
            if item.part == item.parts - 1 and item.annotation is not None:
                for picture, sheet in zip(pictures, sheets, strict=True):
                    self._close(picture, sheet, item)

    def finish(self) -> None:
        """Write what several tasks share, the table, and what names the values."""
        for sheet in self._shared.values():
            self._write(sheet)
        self.index.finish()
        self._warn_of_unsized()
        self._write_values()

    def state(self) -> int:
        """How many images are of unknown size."""
        return self._unsized_count

    def join(self, state: int) -> None:
        """Of what comes next, so many more are."""
        self._unsized_count += state

    def count(self, item: Item, found: Labelled, reason: str = "") -> None:
        """Count a region as written, or as skipped for a reason."""
        tally, task_id, region_id = self.output.tally, item.task.id, found.region.id
        if reason:
            tally.skip(reason, task_id=task_id, region_id=region_id)
            return
        tally.wrote()
        for loss in found.losses:
            tally.degrade(loss, task_id=task_id, region_id=region_id)

    def _sheet(self, picture: Picture, item: Item) -> Sheet:
        placed = self.output.media.place(picture.reference, item)
        picture.placed = placed.path is not None
        stem = self.output.names.stem(picture.reference, item.task)
        return Sheet(item=item, placed=placed, stem=stem)

    def _close(self, picture: Picture, sheet: Sheet, item: Item) -> None:
        """Write an image that is complete; one of several tasks has to wait."""
        if picture.size is None and picture.placed:
            picture.size = self._reader.size_of(picture, item)
        sheet.size = picture.size
        if not self.output.names.is_shared(picture.reference):
            self._write(sheet)
            return
        first = self._shared.setdefault(sheet.placed.relative, sheet)
        if first is not sheet:
            self.output.tally.warn(MERGED)
            first.regions += sheet.regions
            first.size = first.size or sheet.size

    def _write(self, sheet: Sheet) -> None:
        if sheet.size is None:
            self._unsized_count += 1
            return
        if is_too_large(sheet.size, self.output.bounds):
            self.output.tally.warn("Some images have too many pixels for a mask.")
            for item, found in sheet.regions:
                self.count(item, found, TOO_LARGE)
            return
        fitting = []
        for item, found in sheet.regions:
            if found.drawing.size == sheet.size:
                fitting.append((item, found))
            else:
                self.output.tally.warn(SIZES_DIFFER)
                self.count(item, found, OTHER_SIZE)
        sheet.regions = fitting
        self.write_sheet(sheet, sheet.size)

    def _warn_of_unsized(self) -> None:
        if self._unsized_count:
            self.output.tally.warn(
                f"The size of {self._unsized_count} images without regions is "
                "unknown: they have no mask. Copy the media to have them measured."
            )

    def _write_values(self) -> None:
        """What each value of a mask stands for, a line per value from 0 on."""
        names = [BACKGROUND, *self.output.classes.line_names()]
        colours = zip(*[iter(voc_palette(len(names)))] * 3, strict=True)
        lines = "".join(f"{name}\n" for name in names)
        self.output.write_bytes("classes.txt", lines.encode())
        rows = "".join(f"{red} {green} {blue}\n" for red, green, blue in colours)
        self.output.write_bytes("palette.txt", rows.encode())
