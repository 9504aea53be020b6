"""One mask per region, and a table that says what each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ls_tools.formats.indexes import REGION_COLUMNS, region_cells
from ls_tools.formats.masks.pixels import paint
from ls_tools.formats.masks.writing import MaskWriter, Sheet
from ls_tools.raster import encode_patch, whole_size

if TYPE_CHECKING:
    from ls_tools.formats.pictures import Labelled
    from ls_tools.geometry import Size
    from ls_tools.output import Item
    from ls_tools.raster import Patch


class InstanceWriter(MaskWriter):
    """Writes ``masks/<image>/<number>.png``."""

    columns: ClassVar[tuple[str, ...]] = (
        "mask",
        "image",
        *REGION_COLUMNS,
        "value",
        "labels",
        "width",
        "height",
        "left",
        "top",
        "right",
        "bottom",
        "pixels",
    )

    def write_sheet(self, sheet: Sheet, size: Size) -> None:
        """Write the masks of an image, and count its regions."""
        number = 0
        for item, found in sheet.regions:
            reason = self._write_mask(sheet, (item, found), size, number + 1)
            number += not reason
            self.count(item, found, reason)
        if not number:
            empty = [None] * (len(self.columns) - 2)
            self.index.add(sheet.item, (None, sheet.placed.relative, *empty))

    def _write_mask(
        self, sheet: Sheet, region: tuple[Item, Labelled], size: Size, number: int
    ) -> str:
        """Write a region; returns the reason why it cannot be, or nothing."""
        item, found = region
        patch = paint(found, self.output.bounds)
        if isinstance(patch, str):
            return patch
        folder = self.output.folder("masks", sheet.item)
        path = f"{folder}/{sheet.stem}/{number}.png"
        self.output.write_bytes(
            path,
            encode_patch(patch, whole_size(size)),
            item=item,
            reference=sheet.placed.reference,
        )
        row = (
            path,
            sheet.placed.relative,
            *region_cells(found, item),
            found.class_ids[0] + 1,
            "|".join(map(self.output.classes.name_by_id, found.class_ids)),
            *whole_size(size),
            *_measure(patch.trim()),
        )
        self.index.add(sheet.item, row)
        return ""


def _measure(patch: Patch) -> tuple[int, int, int, int, int]:
    """Left, top, right, bottom and pixels of what is inside a trimmed patch."""
    rows, columns, inside = patch
    return columns.start, rows.start, columns.stop, rows.stop, int(inside.sum())
