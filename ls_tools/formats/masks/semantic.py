"""One mask of classes per image; regions cover those before them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ls_tools.formats.masks.pixels import class_png, paint
from ls_tools.formats.masks.writing import MaskWriter, Sheet
from ls_tools.output.records import annotator_of
from ls_tools.raster import bands_of, whole_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from ls_tools.formats.pictures import Labelled
    from ls_tools.geometry import Size
    from ls_tools.output import Item
    from ls_tools.raster import Patch

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
        canvas = _Canvas(size, [_value_of(found) for _, found in sheet.regions])
        for item, found in sheet.regions:
            reason = self._paint(canvas, item, found)
            if reason:
                self.count(item, found, reason)
        for item, found, reason in canvas.counted():
            self.count(item, found, reason)
        self._write_mask(sheet, canvas)

    def _paint(self, canvas: _Canvas, item: Item, found: Labelled) -> str:
        """Paint a region; returns the reason why it cannot be, or nothing."""
        patch = paint(found, self.output.bounds)
        if isinstance(patch, str):
            return patch
        value = _value_of(found)
        if value >= _MOST_VALUES:
            return TOO_MANY_CLASSES
        canvas.add(patch, value, (item, found))
        return ""

    def _write_mask(self, sheet: Sheet, canvas: _Canvas) -> None:
        item = sheet.item
        path = f"{self.output.folder('masks', item)}/{sheet.stem}.png"
        values = canvas.values()
        self.output.write_bytes(
            path, class_png(values), item=item, reference=sheet.placed.reference
        )
        height, width = values.shape
        cells = "|".join(map(str, canvas.present()))
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


def _value_of(found: Labelled) -> int:
    return found.class_ids[0] + 1


class _Canvas:
    """Which region shows at each pixel, and how much of each is covered.

    A pixel takes as many bytes as the count of regions or the largest of their
    values does.

    Args:
        size: That of the image.
        wanted: The value of each region that may be added, in any order.
    """

    def __init__(self, size: Size, wanted: Sequence[int]) -> None:
        from ls_tools.rle.arrays import np

        width, height = whole_size(size)
        most = min(max(wanted, default=0), _MOST_VALUES - 1)
        kind = np.min_scalar_type(max(most, len(wanted)))
        self._numbers: NDArray[Any] = np.zeros((height, width), kind)
        self._values = np.zeros(len(wanted) + 1, kind)
        self._covered = np.zeros(len(wanted) + 1, np.int64)
        self._regions: list[_Painted] = []

    def add(self, patch: Patch, value: int, region: tuple[Item, Labelled]) -> None:
        """Paint a region of a class over what is there."""
        number = len(self._regions) + 1
        self._values[number] = value
        gained = sum(self._paint(band, value, number) for band in patch.bands())
        area = int(patch.inside.sum())
        self._regions.append(_Painted(*region, value, area, gained))

    def _paint(self, patch: Patch, value: int, number: int) -> int:
        """Paint a part of it; returns how many pixels were of other classes."""
        from ls_tools.rle.arrays import np

        numbers = self._numbers[patch.rows, patch.columns]
        gained = patch.inside & (self._values.take(numbers) != value)
        below = numbers[gained]
        np.add.at(self._covered, below[below > 0], 1)
        numbers[patch.inside] = number
        return len(below)

    def values(self) -> NDArray[Any]:
        """(H, W) the value of each pixel; after that, no region can be added."""
        for part in bands_of(*self._numbers.shape):
            self._numbers[part] = self._values.take(self._numbers[part])
        return self._numbers

    def counted(self) -> Iterator[tuple[Item, Labelled, str]]:
        """Each region with the reason why it is not to be seen, or none."""
        for painted, covered in self._measured():
            if 0 < covered < painted.area:
                painted.found.losses.append(PARTLY_COVERED)
            reason = COVERED if covered >= painted.area else ""
            yield painted.item, painted.found, reason

    def present(self) -> list[int]:
        """The values that are to be seen, in order."""
        counts: Counter[int] = Counter()
        for painted, covered in self._measured():
            counts[painted.value] += painted.gained - covered
        return sorted(value for value, count in counts.items() if count)

    def _measured(self) -> Iterator[tuple[_Painted, int]]:
        """Each region with how many of its pixels another class has taken."""
        return zip(self._regions, self._covered[1:].tolist(), strict=False)


class _Painted(NamedTuple):
    """A region on a canvas.

    Attributes:
        item: Who drew it.
        found: What it is.
        value: That of its class.
        area: How many pixels it has.
        gained: How many of them were of other classes.
    """

    item: Item
    found: Labelled
    value: int
    area: int
    gained: int
