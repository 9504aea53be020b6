"""COCO object detection: one ``result.json`` with boxes, polygons, ellipses.

Upright boxes have a ``bbox`` alone; what is turned or has an outline has a
``segmentation`` too.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from ls_tools.formats.pictures import (
    CLIPPED,
    MERGED,
    NO_IMAGE,
    Labelled,
    Picture,
    PictureFormat,
    PictureReader,
    Wanted,
    check_tolerance,
    fit_ltwh,
    fit_outline,
    labels_option,
    tolerance_option,
)
from ls_tools.geometry import (
    Box,
    EncodedMask,
    Keypoint,
    Ltwh,
    Polygon,
    area,
    hull,
    points_hull,
    polygon_area,
)
from ls_tools.regions import NOT_DRAWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.formats.protocol import ClassIds
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output

_BATCH_ROWS = 2000
_COPY_BYTES = 2**20
_NO_RINGS: list[list[float]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoOptions:
    """Options of the COCO format."""

    labels: str = labels_option("first")
    ellipse_tolerance_px: float = tolerance_option()

    def __post_init__(self) -> None:
        check_tolerance(self.ellipse_tolerance_px)


class CocoFormat(PictureFormat):
    """COCO; readable by pycocotools."""

    name: ClassVar[str] = "coco"
    aliases: ClassVar[tuple[str, ...]] = ("COCO", "COCO_WITH_IMAGES")
    summary: ClassVar[str] = "COCO JSON: boxes, polygons and ellipses on images"
    options_type: ClassVar[type[Any]] = CocoOptions
    class_ids: ClassVar[ClassIds] = "category"

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: CocoOptions
    ) -> None:
        """Write ``result.json``, or a file per split, and ``images/``."""
        wanted = Wanted(
            controls=self.controls,
            all_labels=options.labels == "all",
            sizes_needed=True,
        )
        reader = PictureReader(config, output, wanted)
        with ExitStack() as stack:
            _Writer(reader, output, options, stack).write(items)


class _ImageRow(msgspec.Struct):
    id: int
    width: float | None
    height: float | None
    file_name: str


class _AnnotationRow(msgspec.Struct, gc=False):
    id: int
    image_id: int
    category_id: int
    bbox: Ltwh
    area: float
    segmentation: list[list[float]]
    attributes: dict[str, float] | UnsetType = UNSET
    score: float | UnsetType = UNSET
    iscrowd: int = 0


_Extent: TypeAlias = tuple[
    Ltwh, float, list[list[float]], "dict[str, float] | UnsetType", "float | UnsetType"
]
"""The columns of an annotation that its region alone decides, in their order."""


class _Category(msgspec.Struct):
    id: int
    name: str
    supercategory: str = ""


class _Rows:
    """The rows of one JSON array, encoded in batches as they come."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._separator = b"\n"
        self._pending: list[msgspec.Struct] = []
        self._encode = msgspec.json.Encoder().encode_lines

    def extend(self, rows: Sequence[msgspec.Struct]) -> None:
        """Append rows."""
        self._pending += rows
        if len(self._pending) >= _BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        if self._pending:
            # A line break is escaped in JSON's strings, so these are all separators.
            lines = self._encode(self._pending)[:-1].replace(b"\n", b",\n")
            self._stream.write(self._separator + lines)
            self._separator = b",\n"
            self._pending.clear()


class _Document:
    """One COCO file being written.

    Images go straight into it. Annotations wait in a scratch file, since JSON
    has one array after the other.
    """

    def __init__(self, target: IO[bytes], scratch: IO[bytes]) -> None:
        self._target = target
        self._scratch = scratch
        self._images = _Rows(target)
        self.annotations = _Rows(scratch)
        self.image_ids = count(1)
        self.annotation_ids = count(1)
        self.shared_images: dict[str, _ImageRow] = {}
        self._last_image_id = 0
        target.write(b'{"images":[')

    def add_image(self, row: _ImageRow) -> None:
        """Write an image, unless it is there already for another task."""
        if row.id > self._last_image_id:
            self._images.extend((row,))
            self._last_image_id = row.id

    def finish(self, categories: list[_Category], info: dict[str, Any]) -> None:
        """Write what comes after the images."""
        self._images.flush()
        self.annotations.flush()
        self._scratch.seek(0)
        self._target.write(b'\n],\n"annotations":[')
        shutil.copyfileobj(self._scratch, self._target, _COPY_BYTES)
        encode = msgspec.json.encode
        self._target.write(b'\n],\n"categories":' + encode(categories))
        self._target.write(b',\n"licenses":[],\n"info":' + encode(info) + b"}\n")


class _Writer:
    """One conversion."""

    def __init__(
        self,
        reader: PictureReader,
        output: Output,
        options: CocoOptions,
        stack: ExitStack,
    ) -> None:
        self._reader = reader
        self._output = output
        self._options = options
        self._stack = stack
        self._documents: dict[str, _Document] = {}
        self._newest = ""
        self._unsized_count = 0

    def write(self, items: Items) -> None:
        """Write all items, and what comes after them."""
        pictures: list[Picture] = []
        rows: list[_ImageRow] = []
        for item in items:
            document = self._document_of(item)
            if item.part == 0:
                pictures = self._reader.pictures(item.task)
                rows = [self._image_row(p, item, document) for p in pictures]
            if not pictures:
                self._output.tally.skip_item(NO_IMAGE, item)
                continue
            self._write_regions(item, pictures, rows, document)
            if item.part == item.parts - 1:
                self._write_images(item, pictures, rows, document)
        self._finish()

    def _document_of(self, item: Item | None) -> _Document:
        folder = self._output.folder("images", item)
        document = self._documents.get(folder)
        if document is None:
            split = folder.partition("/")[2]
            target = self._output.open(f"{split or 'result'}.json")
            document = _Document(
                self._stack.enter_context(target),
                self._stack.enter_context(self._output.scratch()),
            )
            self._documents[folder] = document
        return document

    def _image_row(
        self, picture: Picture, item: Item, document: _Document
    ) -> _ImageRow:
        """The row of an image; one and the same for all tasks that share it."""
        placed = self._output.media.place(picture.reference, item)
        picture.placed, name = placed.path is not None, placed.relative
        is_shared = self._output.names.is_shared(picture.reference)
        row = document.shared_images.get(name) if is_shared else None
        if row is not None:
            self._output.tally.warn(MERGED)
            return row
        row = _ImageRow(next(document.image_ids), None, None, name)
        if is_shared:
            document.shared_images[name] = row
        return row

    def _write_regions(
        self,
        item: Item,
        pictures: Sequence[Picture],
        rows: Sequence[_ImageRow],
        document: _Document,
    ) -> None:
        tally, task_id = self._output.tally, item.task.id
        written: list[_AnnotationRow] = []
        for found in self._reader.read(item, pictures):
            extent = self._extent(found)
            if isinstance(extent, str):
                tally.skip(extent, task_id=task_id, region_id=found.region.id)
                continue
            image_id = rows[found.picture.position].id
            for class_id in found.class_ids:
                row_id = next(document.annotation_ids)
                written.append(_AnnotationRow(row_id, image_id, class_id, *extent))
            tally.regions_written += 1
            for reason in found.losses:
                tally.degrade(reason, task_id=task_id, region_id=found.region.id)
        document.annotations.extend(written)

    def _extent(self, found: Labelled) -> _Extent | str:
        shape, score = found.drawing.shape, found.drawing.result.score
        if isinstance(shape, Box) and not shape.rotation_deg:
            extent = self._box_extent(shape, found)
        else:
            extent = self._outline_extent(found)
        if score is None or isinstance(extent, str):
            return extent
        return *extent[:4], score

    def _box_extent(self, box: Box, found: Labelled) -> _Extent | str:
        ltwh = box.left_px, box.top_px, box.width_px, box.height_px
        size, losses = found.drawing.size, found.losses
        fitted = fit_ltwh(ltwh, size, losses, clip=self._output.clip)
        if isinstance(fitted, str):
            return fitted
        return fitted, fitted[2] * fitted[3], _NO_RINGS, UNSET, UNSET

    def _outline_extent(self, found: Labelled) -> _Extent | str:
        shape = found.drawing.shape
        if isinstance(shape, (Keypoint, EncodedMask)):
            return NOT_DRAWN
        points = fit_outline(
            shape,
            found.drawing.size,
            found.losses,
            tolerance_px=self._options.ellipse_tolerance_px,
            clip=self._output.clip,
        )
        if isinstance(points, str):
            return points
        rings = [[number for point in points for number in point]]
        if CLIPPED in found.losses or isinstance(shape, Polygon):
            return points_hull(points), polygon_area(points), rings, UNSET, UNSET
        rotation = {"rotation": shape.rotation_deg} if isinstance(shape, Box) else UNSET
        return hull(shape), area(shape), rings, rotation, UNSET

    def _write_images(
        self,
        item: Item,
        pictures: Sequence[Picture],
        rows: Sequence[_ImageRow],
        document: _Document,
    ) -> None:
        if item.annotation is not None:
            newest = item.annotation.updated_at or item.annotation.created_at
            self._newest = max(self._newest, newest or "")
        for picture, row in zip(pictures, rows, strict=True):
            size = picture.size
            if size is None and picture.placed:  # fetching it for that is too dear
                size = self._reader.size_of(picture, item)
            if size is not None:
                row.width, row.height = _whole(size.width_px), _whole(size.height_px)
            else:
                self._unsized_count += 1
            document.add_image(row)

    def _finish(self) -> None:
        categories = [
            _Category(class_id, name)
            for class_id, name in self._output.classes.entries()
        ]
        if not self._documents:
            self._document_of(None)
        for document in self._documents.values():
            document.finish(categories, _info(self._newest))
        if self._unsized_count:
            self._output.tally.warn(
                f"The size of {self._unsized_count} images is unknown: their width "
                "and height are null. Copy the media to have them measured."
            )


def _info(newest: str) -> dict[str, Any]:
    info: dict[str, Any] = {
        "description": "Exported from Label Studio by ls_tools",
        "version": "1.0",
        "contributor": "Label Studio",
        "url": "",
    }
    if newest[:4].isdecimal():
        info |= {"year": int(newest[:4]), "date_created": newest}
    return info


def _whole(number_px: float) -> float:
    return int(number_px) if number_px == int(number_px) else number_px
