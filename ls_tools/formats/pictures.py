"""What image formats share: which picture a region is on, its classes, its fit.

Counts what cannot be written; knows no format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import msgspec

from ls_tools.formats.fitting import is_sizeless
from ls_tools.formats.masking import with_mask_size
from ls_tools.formats.plain_boxes import (
    PLAIN_TYPE,
    PlainBoxes,
    read_plain_box,
    read_plain_boxes,
)
from ls_tools.formats.protocol import Format, option
from ls_tools.geometry import (
    Box,
    Ellipse,
    Keypoint,
    Ltwh,
    Polygon,
    Size,
)
from ls_tools.output import DROPPED
from ls_tools.output.reasons import (
    NO_LABEL,
    NOTE,
    SCORE,
    SECOND_LABEL,
    not_expressible,
)
from ls_tools.regions import NO_SIZE, Drawing, Region, image_size, read_drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Result, Task
    from ls_tools.output import Item, Output
    from ls_tools.regions import Drawn

BOX_CONTROLS = frozenset({"Rectangle", "RectangleLabels"})
OUTLINE_CONTROLS = frozenset({"Polygon", "PolygonLabels", "Ellipse", "EllipseLabels"})
SHAPE_CONTROLS = BOX_CONTROLS | OUTLINE_CONTROLS | {"Labels"}
"""Controls whose regions have an outline."""

MASK_CONTROLS = frozenset(
    {"Brush", "BrushLabels", "MagicWand", "Bitmask", "BitmaskLabels"}
)
KEYPOINT_CONTROLS = frozenset({"KeyPoint", "KeyPointLabels"})
VECTOR_CONTROLS = frozenset({"Vector", "VectorLabels"})

NO_IMAGE = "no image in the task data"
SIZES_DIFFER = (
    "Some regions state another size for their image than the one before them: they "
    "were placed by percent on the first."
)
MERGED = "Some images are in several tasks: what the tasks say of them is merged."

UNIT_SIZE = Size(100, 100)
"""A size that makes pixels of percent, for shapes that no size can change."""


Place: TypeAlias = tuple[str, int]
"""Name of an object tag, and the place in its list of images."""


class PictureFormat(Format):
    """A format of shapes on images; a subclass adds its name and ``write``."""

    controls: ClassVar[frozenset[str]] = SHAPE_CONTROLS
    objects: ClassVar[frozenset[str]] = frozenset({"Image"})
    places_media: ClassVar[bool] = True


class Picture(msgspec.Struct):
    """One image of a task.

    Attributes:
        reference: As in the task data.
        position: Its place among the images of its task.
        places: Where the task shows it: the object tag's name, and the place
            in that object's list, 0 for objects of a single image.
        size: Its size, once it is known.
        sought: Whether its file was looked at for the size.
        placed: Whether its file is in the output, or linked there.
    """

    reference: str
    position: int = 0
    places: list[Place] = msgspec.field(default_factory=list)
    size: Size | None = None
    sought: bool = False
    placed: bool = False


class Labelled(msgspec.Struct, gc=False):
    """A region that can be written, as far as the format's file allows.

    Attributes:
        region: The region.
        picture: The image that it is on.
        drawing: Its shape and labels.
        class_ids: Ids of the classes to write it as, at least one; none for a
            keypoint, whose label is no class but its name, and for a region
            without labels, where these are wanted.
        losses: What of it cannot be written, as reasons.
        plain_ltwh: Left, top, width and height of a box in pixels, where it is all
            there is to write: upright, on its image, without losses. None for
            any other region.
    """

    region: Region
    picture: Picture
    drawing: Drawing
    class_ids: list[int]
    losses: list[str]
    plain_ltwh: Ltwh | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which regions a format can write, and what it needs of them.

    Attributes:
        controls: Tags of the controls whose regions are wanted.
        shapes: Types of the shapes that are wanted, whatever control drew them.
        all_labels: Every label of a region gives a class id, not its first one
            alone.
        sizes_needed: Regions whose image's size is unknown are of no use, even
            if they are upright.
        labels_needed: Regions without a label are of no use.
        keeps_score: The score of a predicted region is written.
        expresses: Whether the format writes what a text, choice or rating of a
            drawing says, so that nothing is lost by it.
    """

    controls: Collection[str]
    shapes: Collection[type[Drawn]] = (Box, Polygon, Ellipse)
    all_labels: bool
    sizes_needed: bool
    labels_needed: bool = True
    keeps_score: bool = False
    expresses: Callable[[Drawing, Result], bool] = lambda _drawing, _result: False


class PictureReader:
    """Finds the images of tasks, and what is drawn on them.

    Args:
        config: The label config.
        output: Its tally counts the regions that are not found.
        wanted: Which regions are.
    """

    def __init__(self, config: LabelConfig, output: Output, wanted: Wanted) -> None:
        self._config = config
        self._types = frozenset(tag.lower() for tag in wanted.controls)
        self._shapes = frozenset(wanted.shapes)
        self._takes_plain_boxes = PLAIN_TYPE in self._types and Box in self._shapes
        self._images = config.objects_of("Image")
        self._output = output
        self._index_of = output.classes.index_of
        self._ids_of_label: dict[str, list[int]] = {}
        self._all_labels = wanted.all_labels
        self._sizes_needed = wanted.sizes_needed
        self._labels_needed = wanted.labels_needed
        self._keeps_score = wanted.keeps_score
        self._expresses = wanted.expresses

    def pictures(self, task: Task) -> list[Picture]:
        """The distinct images of a task, in the order of the config."""
        found: dict[str, Picture] = {}
        for shown in self._images:
            references = task.data.get(shown.data_key or "")
            if not isinstance(references, list):
                references = [references]
            for index, reference in enumerate(references):
                if isinstance(reference, str) and reference:
                    new = Picture(reference, len(found))
                    found.setdefault(reference, new).places.append((shown.name, index))
        return list(found.values())

    def read_apart(
        self, item: Item, pictures: Sequence[Picture], *, wants_plain: bool = True
    ) -> tuple[PlainBoxes | None, Iterator[Labelled]]:
        """The plain boxes that an item begins with, and what ``read`` finds after.

        The boxes count as written. In most exports they are all regions of nearly
        every item. Where they are not wanted, ``read`` finds them too.
        """
        plain = self.read_plain(item, pictures) if wants_plain else None
        first = 0 if plain is None else len(plain.boxes)
        self._output.tally.regions_written += first
        return plain, self.read(item, pictures, first=first)

    def read_plain(self, item: Item, pictures: Sequence[Picture]) -> PlainBoxes | None:
        """The plain boxes that an item begins with; None where there are none."""
        if not self._takes_plain_boxes:
            return None
        places = _by_place(pictures)
        return read_plain_boxes(item.regions, places, self._ids_of_label)

    def read(
        self, item: Item, pictures: Sequence[Picture], *, first: int = 0
    ) -> Iterator[Labelled]:
        """The regions of an item that can be written; the others are counted.

        Args:
            item: The item.
            pictures: The images of its task; their sizes are filled in.
            first: The place of the region to begin with.
        """
        regions = item.regions[first:]
        if not regions:
            return
        places = _by_place(pictures)
        read_region = self._read_region
        for region in regions:
            found = read_region(region, item, places)
            if isinstance(found, Labelled):
                yield found
            else:
                self._output.tally.skip(
                    found, task_id=item.task.id, region_id=region.id
                )

    def _read_region(
        self, region: Region, item: Item, places: Mapping[Place, Picture]
    ) -> Labelled | str:
        result = region.results[0]
        picture = places.get((result.to_name, result.item_index or 0))
        if picture is not None and picture.size is not None:
            plain = self._read_plain(region, picture, picture.size)
            if plain is not None:
                return plain
        if result.type not in self._types and not self._has_shape(region):
            return not_expressible(self._tag_of(result))
        if picture is None:
            return self._why_no_picture(result)
        drawing = read_drawing(region, picture.size)
        if not isinstance(drawing, Drawing) or drawing.size is not picture.size:
            drawing = self._settle_size(drawing, region, item, picture)
            if isinstance(drawing, str):
                return drawing
        return self._classify(drawing, region, picture)

    def _read_plain(
        self, region: Region, picture: Picture, size: Size
    ) -> Labelled | None:
        """What the rest would find of a plain box whose label was met before."""
        results = region.results
        if not self._takes_plain_boxes or len(results) != 1:
            return None
        found = read_plain_box(results[0], size)
        if found is None:
            return None
        label, ltwh = found
        class_ids = self._ids_of_label.get(label)
        if class_ids is None:
            return None
        drawing = Drawing(Box(*ltwh), size, [label], results[0])
        return Labelled(region, picture, drawing, class_ids, [], ltwh)

    def _classify(
        self, drawing: Drawing, region: Region, picture: Picture
    ) -> Labelled | str:
        kind = type(drawing.shape)
        if kind not in self._shapes:
            return not_expressible(self._tag_of(drawing.result))
        labels = drawing.labels
        # Nearly every region has one label, and there are few labels.
        class_ids = self._ids_of_label.get(labels[0]) if len(labels) == 1 else None
        if class_ids is None:
            class_ids = [] if kind is Keypoint else self._class_ids(labels)
            is_needed = bool(labels) or self._labels_needed
            if not class_ids and kind is not Keypoint and is_needed:
                return DROPPED if labels else NO_LABEL
        return Labelled(region, picture, drawing, class_ids, self._losses(drawing))

    def _settle_size(
        self, drawing: Drawing | str, region: Region, item: Item, picture: Picture
    ) -> Drawing | str:
        """The drawing in the frame of its picture, whose size it may tell."""
        if isinstance(drawing, str):
            is_sized = drawing != NO_SIZE
            return drawing if is_sized else self._read_unsized(region, item, picture)
        if picture.size is None:
            picture.size = drawing.size
            return drawing
        self._output.tally.warn(SIZES_DIFFER)
        return read_drawing(_with_size(region, picture.size))

    def _has_shape(self, region: Region) -> bool:
        return any(result.type in self._types for result in region.results)

    def _tag_of(self, result: Result) -> str:
        control = self._config.control(result.from_name)
        return control.tag if control else result.type or "unknown"

    def _why_no_picture(self, result: Result) -> str:
        shown = self._config.objects.get(result.to_name)
        if shown and shown not in self._images:
            return not_expressible(f"{self._tag_of(result)} on {shown.tag}")
        return NO_IMAGE

    def _read_unsized(
        self, region: Region, item: Item, picture: Picture
    ) -> Drawing | str:
        """Read a region whose results do not tell the size of the image."""
        if item.annotation is not None:
            picture.size = image_size(item.annotation, *picture.places[0])
        if picture.size is None and not self._sizes_needed:
            drawing = read_drawing(region, UNIT_SIZE)
            if isinstance(drawing, str) or is_sizeless(drawing.shape):
                return drawing
        if picture.size is None:
            drawing = read_drawing(with_mask_size(region))
            if isinstance(drawing, Drawing):
                picture.size = drawing.size
                return drawing
        size = self.size_of(picture, item)
        return NO_SIZE if size is None else read_drawing(region, size)

    def settle_size(self, picture: Picture, item: Item) -> Size | None:
        """The size of an image whose regions were read, without fetching it.

        Args:
            picture: The image; its size is filled in.
            item: The last item of its task.
        """
        if picture.size is None and item.annotation is not None:
            picture.size = image_size(item.annotation, *picture.places[0])
        return self.size_of(picture, item) if picture.placed else picture.size

    def size_of(self, picture: Picture, item: Item) -> Size | None:
        """The size of an image: as a region told it, else from the file."""
        if picture.size is None and not picture.sought:
            picture.sought = True
            found = self._output.media.picture_size(picture.reference, item)
            picture.size = Size(*found) if found else None
        return picture.size

    def _class_ids(self, labels: list[str]) -> list[int]:
        found: list[int] = []
        for label in labels:
            class_id = self._index_of(label)
            if class_id is not None and class_id not in found:
                found.append(class_id)
                if not self._all_labels:
                    break
        if found and len(labels) == 1:
            self._ids_of_label[labels[0]] = found
        return found

    def _losses(self, drawing: Drawing) -> list[str]:
        losses: list[str] = []
        is_point = type(drawing.shape) is Keypoint  # a column has neither
        if len(drawing.labels) > 1 and (is_point or not self._all_labels):
            losses.append(SECOND_LABEL)
        if drawing.result.meta:
            losses.append(NOTE)
        if drawing.result.score is not None and (is_point or not self._keeps_score):
            losses.append(SCORE)
        if drawing.extras:
            losses.extend(
                not_expressible(self._tag_of(result))
                for result in drawing.extras
                if not self._expresses(drawing, result)
            )
        return losses


def _by_place(pictures: Sequence[Picture]) -> dict[Place, Picture]:
    places = {place: picture for picture in pictures for place in picture.places}
    if len(pictures) == 1:
        places["", 0] = pictures[0]  # as in old data
    return places


def _with_size(region: Region, size: Size) -> Region:
    """A region whose results state another size of their image."""
    width, height = size.width_px, size.height_px
    replace = msgspec.structs.replace
    return Region(
        region.id,
        tuple(
            replace(result, original_width=width, original_height=height)
            for result in region.results
        ),
    )


def labels_option(default: str) -> Any:
    """The option ``labels``: what becomes of a region with several labels."""
    text = (
        "Of a region with several labels, write the first one or all of them, each "
        "on its own (coco: first; yolo: all)."
    )
    return option(default, text, choices=("first", "all"))
