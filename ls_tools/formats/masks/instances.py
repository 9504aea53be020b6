"""One mask per region, and a table that says what each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ls_tools.formats.indexes import REGION_COLUMNS, region_cells
from ls_tools.formats.masks.pixels import binary_png, paint
from ls_tools.formats.masks.writing import MaskWriter, Sheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.formats.pictures import Labelled
    from ls_tools.geometry import Size
    from ls_tools.output import Item


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
        del size  # that of each region
        number = 0
        for item, found in sheet.regions:
            mask = paint(found, self.output.bounds)
            if isinstance(mask, str):
                self.count(item, found, mask)
                continue
            number += 1
            self._write_mask(sheet, item, found, mask, number)
            self.count(item, found)
        if not number:
            empty = [None] * (len(self.columns) - 2)
            self.index.add(sheet.item, (None, sheet.placed.relative, *empty))

    def _write_mask(
        self,
        sheet: Sheet,
        item: Item,
        found: Labelled,
        mask: NDArray[np.bool_],
        number: int,
    ) -> None:
        folder = self.output.folder("masks", sheet.item)
        path = f"{folder}/{sheet.stem}/{number}.png"
        self.output.write_bytes(
            path, binary_png(mask), item=item, reference=sheet.placed.reference
        )
        rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
        names = dict(self.output.classes.entries())
        self.index.add(
            sheet.item,
            (
                path,
                sheet.placed.relative,
                *region_cells(found, item),
                found.class_ids[0] + 1,
                "|".join(names[class_id] for class_id in found.class_ids),
                mask.shape[1],
                mask.shape[0],
                int(columns[0]),
                int(rows[0]),
                int(columns[-1]) + 1,
                int(rows[-1]) + 1,
                int(mask.sum()),
            ),
        )
