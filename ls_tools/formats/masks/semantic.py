"""One mask of classes per image; regions cover those before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ls_tools.formats.masks.pixels import class_png, paint
from ls_tools.formats.masks.writing import MaskWriter, Sheet
from ls_tools.output.records import annotator_of
from ls_tools.raster import whole_size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.formats.pictures import Labelled
    from ls_tools.geometry import Size
    from ls_tools.output import Item

COVERED = "covered by later regions of other classes"
PARTLY_COVERED = "partly covered by later regions of other classes"
TOO_MANY_CLASSES = "class beyond the 65535 that a mask can hold"

_MOST_VALUES = 2**16


class SemanticWriter(MaskWriter):
    """Writes ``masks/<image>.png``."""

    columns: ClassVar[tuple[str, ...]] = (
        "mask",
        "image",
        "task_id",
        "annotation_id",
        "annotator",
        "width",
        "height",
        "values",
    )

    def write_sheet(self, sheet: Sheet, size: Size) -> None:
        """Write the mask of an image, and count its regions."""
        canvas = _Canvas(size)
        for item, found in sheet.regions:
            mask = paint(found, self.output.bounds)
            value = found.class_ids[0] + 1
            if isinstance(mask, str):
                self.count(item, found, mask)
            elif value >= _MOST_VALUES:
                self.count(item, found, TOO_MANY_CLASSES)
            else:
                canvas.add(mask, value, (item, found))
        for item, found, reason in canvas.counted():
            self.count(item, found, reason)
        self._write_mask(sheet, canvas.values())

    def _write_mask(self, sheet: Sheet, values: NDArray[np.uint16]) -> None:
        from ls_tools.rle.arrays import np

        item = sheet.item
        path = f"{self.output.folder('masks', item)}/{sheet.stem}.png"
        self.output.write_bytes(
            path, class_png(values), item=item, reference=sheet.placed.reference
        )
        height, width = values.shape
        present = np.unique(values)
        cells = "|".join(str(value) for value in present[present > 0].tolist())
        whose = item.annotation.id if item.annotation else None
        self.index.add(
            item,
            (
                path,
                sheet.placed.relative,
                item.task.id,
                whose,
                annotator_of(item.annotation),
                width,
                height,
                cells,
            ),
        )


class _Canvas:
    """Which region shows at each pixel, and how much of each is covered."""

    def __init__(self, size: Size) -> None:
        from ls_tools.rle.arrays import np

        width, height = whole_size(size)
        self._np = np
        self._shown = np.zeros((height, width), np.uint16)
        self._values = [0]
        self._areas = [0]
        self._covered = np.zeros(1, np.int64)
        self._regions: list[tuple[Item, Labelled]] = []

    def add(
        self, mask: NDArray[np.bool_], value: int, region: tuple[Item, Labelled]
    ) -> None:
        """Paint a region of a class over what is there."""
        np = self._np
        below = self._shown[mask]
        is_other = np.array(self._values)[below] != value
        hidden = np.bincount(below[is_other], minlength=len(self._values))
        self._covered = np.append(self._covered + hidden, 0)
        self._values.append(value)
        self._areas.append(len(below))
        self._regions.append(region)
        if len(self._regions) == _MOST_VALUES:
            self._shown = self._shown.astype(np.uint32)
        self._shown[mask] = len(self._regions)

    def counted(self) -> Any:
        """Each region with the reason why it is not to be seen, or none."""
        measures = zip(self._areas[1:], self._covered[1:].tolist(), strict=True)
        for (item, found), (area, covered) in zip(self._regions, measures, strict=True):
            if 0 < covered < area:
                found.losses.append(PARTLY_COVERED)
            yield item, found, COVERED if covered >= area else ""

    def values(self) -> NDArray[np.uint16]:
        """The value of each pixel."""
        return self._np.array(self._values, self._np.uint16)[self._shown]
