"""Brushes and bitmasks as they were painted: the alpha of each, a file per region.

Files are named as Label Studio's own converter names them.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, ClassVar

from ls_tools.formats.indexes import REGION_COLUMNS, IndexFiles, region_cells
from ls_tools.formats.masking import BAD_MASK, read_alpha, with_mask_sizes
from ls_tools.formats.pictures import (
    MASK_CONTROLS,
    NO_IMAGE,
    Labelled,
    PictureFormat,
    PictureReader,
    Wanted,
)
from ls_tools.formats.protocol import DivisibleFormat, NoOptions, Writing
from ls_tools.geometry import EncodedMask
from ls_tools.locator import safe_file_name
from ls_tools.output.records import annotator_of
from ls_tools.raster import encode_png

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.formats.protocol import ClassIds
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output

_COLUMNS = ("file", "image", *REGION_COLUMNS, "labels", "width", "height", "pixels")
_LONGEST_STEM_BYTES = 180
_UNLABELLED = "no_label"
_UNKNOWN = "unknown"


class BrushNumpyFormat(PictureFormat, DivisibleFormat):
    """The alpha of each brush as a NumPy file."""

    name: ClassVar[str] = "brush_numpy"
    aliases: ClassVar[tuple[str, ...]] = ("BRUSH_TO_NUMPY",)
    summary: ClassVar[str] = "A NumPy array per brush or bitmask: its alpha"
    controls: ClassVar[frozenset[str]] = MASK_CONTROLS | {"Labels"}
    extra: ClassVar[str] = "vision"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL")
    places_media: ClassVar[bool] = False
    class_ids: ClassVar[ClassIds] = "contiguous"
    extension: ClassVar[str] = "npy"

    def begin(
        self, config: LabelConfig, output: Output, options: NoOptions, survey: None
    ) -> Writing:
        """Begin to write a file per region, and ``index.csv``."""
        del options, survey
        return self._writer(config, output, set())

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: NoOptions
    ) -> None:
        """Write every item in this process, which finds on the disk what it wrote."""
        del options
        writer = self._writer(config, output, _PathsOnDisk(output.root))
        writer.add(items)
        writer.finish()

    def _writer(
        self, config: LabelConfig, output: Output, taken: set[str] | _PathsOnDisk
    ) -> _Writer:
        wanted = Wanted(
            controls=self.controls,
            shapes=(EncodedMask,),
            all_labels=True,
            sizes_needed=True,
            labels_needed=False,
        )
        return _Writer(self, PictureReader(config, output, wanted), output, taken)

    def encode(self, alpha: NDArray[np.uint8]) -> bytes:
        """The content of a file, of (H, W) alpha."""
        import numpy as np

        stream = io.BytesIO()
        np.save(stream, alpha, allow_pickle=False)
        return stream.getvalue()


class BrushPngFormat(BrushNumpyFormat):
    """The alpha of each brush as a grey picture."""

    name: ClassVar[str] = "brush_png"
    aliases: ClassVar[tuple[str, ...]] = ("BRUSH_TO_PNG",)
    summary: ClassVar[str] = "A grey PNG per brush or bitmask: its alpha"
    extension: ClassVar[str] = "png"

    def encode(self, alpha: NDArray[np.uint8]) -> bytes:
        """The content of a file, of (H, W) alpha."""
        return encode_png(alpha)


class _Writer(Writing):
    """Files being written.

    Args:
        kind: How they are written.
        reader: Finds images and regions.
        output: Where to.
        taken: The paths that are not free. Where several processes write, each knows
            its own: two that want the same one cannot know which of them comes
            first, and the second fails.
    """

    def __init__(
        self,
        kind: BrushNumpyFormat,
        reader: PictureReader,
        output: Output,
        taken: set[str] | _PathsOnDisk,
    ) -> None:
        self._kind = kind
        self._reader = reader
        self._output = output
        self._index = IndexFiles(output, _COLUMNS)
        self._taken = taken
        self._beyond: dict[str, int] = {}

    def add(self, items: Iterable[Item]) -> None:
        """Write a file for each region."""
        tally = self._output.tally
        for item in items:
            pictures = self._reader.pictures(item.task)
            if not pictures:
                tally.skip_item(NO_IMAGE, item)
                continue
            numbers: dict[str, int] = {}
            for found in self._reader.read(with_mask_sizes(item), pictures):
                reason = self._write_region(found, item, numbers)
                region_id = found.region.id
                if reason:
                    tally.skip(reason, task_id=item.task.id, region_id=region_id)
                    continue
                tally.wrote()
                for loss in found.losses:
                    tally.degrade(loss, task_id=item.task.id, region_id=region_id)

    def finish(self) -> None:
        """Complete the table."""
        self._index.finish()

    def _write_region(
        self, found: Labelled, item: Item, numbers: dict[str, int]
    ) -> str:
        """Write a region; returns the reason why it cannot be, or nothing."""
        shape = found.drawing.shape
        if not isinstance(shape, EncodedMask):  # pragma: no cover -- none was wanted
            return BAD_MASK
        alpha = read_alpha(shape, found.drawing.size, self._output.bounds)
        if isinstance(alpha, str):
            return alpha
        labels = self._labels(found)
        path = self._free_path(_stem(found, item, labels), item, numbers)
        self._output.write_bytes(
            path,
            self._kind.encode(alpha),
            item=item,
            reference=found.picture.reference,
        )
        self._index.add(item, self._row(path, found, item, labels, alpha))
        return ""

    def _row(
        self,
        path: str,
        found: Labelled,
        item: Item,
        labels: Sequence[str],
        alpha: NDArray[np.uint8],
    ) -> tuple[Any, ...]:
        from ls_tools.rle.arrays import np

        height, width = alpha.shape
        image = self._output.names.name(found.picture.reference, item.task)
        cells = region_cells(found, item)
        pixels = int(np.count_nonzero(alpha))
        return path, image, *cells, "|".join(labels), width, height, pixels

    def _labels(self, found: Labelled) -> list[str]:
        names = [self._output.classes.name_of(label) for label in found.drawing.labels]
        return [name for name in dict.fromkeys(names) if name is not None]

    def _free_path(self, stem: str, item: Item, numbers: dict[str, int]) -> str:
        """The path of the next file of a stem; one that no file has yet."""
        split = self._output.split_of(item)
        start = f"{split}/{stem}" if split else stem
        key = start.casefold()
        number = max(numbers.get(key, 0), self._beyond.get(key, 0))
        while True:
            path = f"{start}-{number}.{self._kind.extension}"
            number += 1
            if path not in self._taken:
                self._taken.add(path)
                numbers[key] = number
                return path
            self._beyond[key] = number  # its ids came before


class _PathsOnDisk:
    """The paths of files in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __contains__(self, path: str) -> bool:
        return (self._root / path).exists()

    def add(self, path: str) -> None:
        """It is about to be one of them."""


def _stem(found: Labelled, item: Item, labels: Sequence[str]) -> str:
    """``task-1-annotation-2-by-ann@x.org-brush-Sky``, safe on every file system."""
    annotator = annotator_of(item.annotation)
    who = "".join(c for c in str(annotator or "") if c.isalnum() or c in "@.")
    annotation_id = item.annotation.id if item.annotation else None
    named = "-".join(labels) or _UNLABELLED
    control = f"{found.drawing.result.from_name}-{named}"
    stem = (
        f"task-{item.task.id}-annotation-{annotation_id}-by-{who or _UNKNOWN}-"
        + control.replace("/", "-").replace("\\", "-")
    )
    # An extension is what a name keeps when it is cut, and a label has none.
    clean = safe_file_name(stem + ".npy", limit_bytes=_LONGEST_STEM_BYTES)
    return clean.removesuffix(".npy")
