"""Pascal VOC: an XML file per image with boxes, and outlines where there are some.

The layout is that of Label Studio's own converter, byte for byte where it is right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final
from xml.sax.saxutils import escape

from ls_tools.errors import UsageError
from ls_tools.formats.pictures import (
    MERGED,
    NO_IMAGE,
    VECTOR_CONTROLS,
    Labelled,
    Picture,
    PictureFormat,
    PictureReader,
    Wanted,
    check_tolerance,
    fit_ltwh,
    fit_outline,
    is_upright,
    labels_option,
    tolerance_option,
)
from ls_tools.formats.protocol import ClassIds, option
from ls_tools.geometry import Box, Ellipse, Point, Polygon, hull, points_hull
from ls_tools.output.records import annotator_of
from ls_tools.regions import choices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.geometry import Ltwh, Size
    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Result
    from ls_tools.output import ClassMap, Item, Items, Output, Placed
    from ls_tools.regions import Drawing

ROTATION_DROPPED = "rotation dropped"

FLAGS: Final = ("truncated", "difficult", "occluded")
"""Per-region choices, in any case, that are written as elements of an object."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LABEL_MAP = "# label:color_rgb:parts:actions\n"
_DEPTH = 3

_HEAD = """\
<?xml version="1.0" encoding="utf-8"?>
<annotation>
<folder>{folder}</folder>
<filename>{name}</filename>
<source>
<database>MyDatabase</database>
<annotation>COCO2017</annotation>
<image>flickr</image>
<flickrid>NULL</flickrid>
{annotator}</source>
<owner>
<flickrid>NULL</flickrid>
<name>Label Studio</name>
</owner>
<size>
<width>{width}</width>
<height>{height}</height>
<depth>{depth}</depth>
</size>
<segmented>{segmented}</segmented>
"""
_TAIL = "</annotation>\n"
_POLYGON = "<polygon>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class VocOptions:
    """Options of the VOC format."""

    labels: str = labels_option("first")
    ellipse_tolerance_px: float = tolerance_option()
    first_pixel: int = option(
        0,
        "The number of the first pixel: 0 as Label Studio counts, or 1 as the "
        "VOC development kit does, by which xmin, ymin and polygons are one more.",
    )

    def __post_init__(self) -> None:
        check_tolerance(self.ellipse_tolerance_px)
        if self.first_pixel not in {0, 1}:
            msg = f"The first pixel of a VOC image is 0 or 1, not {self.first_pixel}."
            raise UsageError(msg, hint="Leave first_pixel out, or give it 1.")


class VocFormat(PictureFormat):
    """Pascal VOC; readable by supervision, torchvision, datumaro, CVAT."""

    name: ClassVar[str] = "voc"
    aliases: ClassVar[tuple[str, ...]] = ("VOC", "VOC_WITH_IMAGES")
    summary: ClassVar[str] = "Pascal VOC XML: boxes, and polygons beside them"
    controls: ClassVar[frozenset[str]] = PictureFormat.controls | VECTOR_CONTROLS
    options_type: ClassVar[type[Any]] = VocOptions
    class_ids: ClassVar[ClassIds] = "contiguous"

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: VocOptions
    ) -> None:
        """Write ``Annotations/``, ``images/`` and the lists of ``ImageSets/``."""
        wanted = Wanted(
            controls=self.controls,
            all_labels=options.labels == "all",
            sizes_needed=True,
            expresses=_is_flag,
        )
        reader = PictureReader(config, output, wanted)
        _Writer(reader, output, _ObjectMaker(options, output)).write(items)


def _is_flag(drawing: Drawing, result: Result) -> bool:
    """Whether a result is nothing but choices that an object has elements for."""
    del drawing  # whatever it is
    choices = choices_of(result)
    return bool(choices) and all(choice.casefold() in FLAGS for choice in choices)


class _ClassNames:
    """Class names as they can stand in XML and on a line of ``labelmap.txt``."""

    def __init__(self, classes: ClassMap, output: Output) -> None:
        self._classes = classes
        self._tally = output.tally
        self._names: dict[int, str] = {}
        self._taken: set[str] = set()

    def name_of(self, class_id: int) -> str:
        """The name of a class, which no other class has."""
        name = self._names.get(class_id)
        if name is None:
            self._learn()
            name = self._names[class_id]
        return name

    def label_map(self) -> str:
        """The lines of ``labelmap.txt``, one for each class that fits on one."""
        self._learn()
        lines = [_LABEL_MAP]
        for _, name in sorted(self._names.items()):
            if ":" in name or name.startswith("#"):
                self._tally.warn(f"The class {name!r} has no line in labelmap.txt.")
            else:
                lines.append(f"{name}:::\n")
        return "".join(lines)

    def _learn(self) -> None:
        """Name the classes that came since; those named before keep theirs."""
        lines = self._classes.line_names()
        for (class_id, _), line in zip(self._classes.entries(), lines, strict=True):
            if class_id not in self._names:
                self._names[class_id] = self._distinct(_NOT_XML.sub("\ufffd", line))

    def _distinct(self, name: str) -> str:
        number, free = 2, name
        while free in self._taken:
            free, number = f"{name} ({number})", number + 1
        self._taken.add(free)
        return free


class _ObjectMaker:
    """Regions to ``object`` elements."""

    def __init__(self, options: VocOptions, output: Output) -> None:
        self.names = _ClassNames(output.classes, output)
        self._tolerance_px = options.ellipse_tolerance_px
        self._first = options.first_pixel
        self._clip = output.clip
        self._heads: dict[int, str] = {}

    def objects(self, found: Labelled) -> list[str] | str:
        """An element per class of a region, or the reason why there is none."""
        fitted = self._fit(found)
        if isinstance(fitted, str):
            return fitted
        ltwh, points = fitted
        body = self._box(ltwh, found.drawing.size) + self._polygon(points)
        flags = _flags(found.drawing.extras) if found.drawing.extras else _NO_FLAGS
        return [
            f"{self._head(class_id)}{flags}{body}</object>\n"
            for class_id in found.class_ids
        ]

    def _fit(self, found: Labelled) -> tuple[Ltwh, Sequence[Point]] | str:
        """The box of a region, and its outline where that is another."""
        shape, size = found.drawing.shape, found.drawing.size
        if isinstance(shape, (Polygon, Ellipse)):
            points = fit_outline(
                shape,
                size,
                found.losses,
                tolerance_px=self._tolerance_px,
                clip=self._clip,
            )
            return points if isinstance(points, str) else (points_hull(points), points)
        assert isinstance(shape, Box)  # noqa: S101 -- of Wanted.shapes, the last one
        if not is_upright(shape):
            found.losses.append(ROTATION_DROPPED)
        ltwh = fit_ltwh(hull(shape), size, found.losses, clip=self._clip)
        return ltwh if isinstance(ltwh, str) else (ltwh, ())

    def _head(self, class_id: int) -> str:
        head = self._heads.get(class_id)
        if head is None:
            name = escape(self.names.name_of(class_id))
            head = f"<object>\n<name>{name}</name>\n<pose>Unspecified</pose>\n"
            self._heads[class_id] = head
        return head

    def _box(self, ltwh: Ltwh, size: Size) -> str:
        left, top, width, height = ltwh
        x_min, x_max = _whole_side(left, left + width, size.width_px)
        y_min, y_max = _whole_side(top, top + height, size.height_px)
        first = self._first
        return (
            f"<bndbox>\n<xmin>{x_min + first}</xmin>\n<ymin>{y_min + first}</ymin>\n"
            f"<xmax>{x_max}</xmax>\n<ymax>{y_max}</ymax>\n</bndbox>\n"
        )

    def _polygon(self, points: Sequence[Point]) -> str:
        if not points:
            return ""
        first = self._first
        corners = "".join(
            f"<x{i}>{round(x) + first}</x{i}>\n<y{i}>{round(y) + first}</y{i}>\n"
            for i, (x, y) in enumerate(points, 1)
        )
        return f"{_POLYGON}{corners}</polygon>\n"


_NO_FLAGS = "<truncated>0</truncated>\n<difficult>0</difficult>\n"


def _flags(extras: Iterable[Result]) -> str:
    chosen = {choice.casefold() for result in extras for choice in choices_of(result)}
    truncated, difficult, occluded = (int(flag in chosen) for flag in FLAGS)
    flags = f"<truncated>{truncated}</truncated>\n<difficult>{difficult}</difficult>\n"
    return flags + ("<occluded>1</occluded>\n" if occluded else "")


def _whole_side(low: float, high: float, limit_px: float) -> tuple[int, int]:
    """Both ends of a side as whole pixels, at least one pixel apart."""
    first, last = round(low), round(high)
    if first == last:
        last = first + 1
        if last > limit_px >= high:
            first, last = first - 1, last - 1
    return first, last


@dataclass(slots=True, kw_only=True)
class _Page:
    """The file of one image.

    Attributes:
        item: An item of its task, for the manifest.
        picture: The image.
        placed: Where the image is.
        objects: Its elements, as text.
        annotators: Who drew them, each once.
    """

    item: Item
    picture: Picture
    placed: Placed
    objects: list[str] = field(default_factory=list)
    annotators: dict[str, None] = field(default_factory=dict)


class _Writer:
    """One conversion."""

    def __init__(
        self, reader: PictureReader, output: Output, maker: _ObjectMaker
    ) -> None:
        self._reader = reader
        self._output = output
        self._maker = maker
        self._shared: dict[str, _Page] = {}
        self._listed: dict[str, list[str]] = {}
        self._unsized_count = 0

    def write(self, items: Items) -> None:
        """Write all items, and what comes after them."""
        pictures: list[Picture] = []
        pages: list[_Page] = []
        for item in items:
            if item.part == 0:
                pictures = self._reader.pictures(item.task)
                pages = [self._open_page(picture, item) for picture in pictures]
            if not pictures:
                self._output.tally.skip_item(NO_IMAGE, item)
                continue
            self._collect(item, pictures, pages)
            if item.part == item.parts - 1 and item.annotation is not None:
                for page in pages:
                    self._finish_page(page)
        for path, page in self._shared.items():
            self._write_page(path, page)
        self._write_lists()

    def _open_page(self, picture: Picture, item: Item) -> _Page:
        placed = self._output.media.place(picture.reference, item)
        picture.placed = placed.path is not None
        return _Page(item=item, picture=picture, placed=placed)

    def _collect(
        self, item: Item, pictures: Sequence[Picture], pages: Sequence[_Page]
    ) -> None:
        tally, task_id = self._output.tally, item.task.id
        who = annotator_of(item.annotation)
        if who is not None:
            for page in pages:
                page.annotators[str(who)] = None
        for found in self._reader.read(item, pictures):
            made = self._maker.objects(found)
            if isinstance(made, str):
                tally.skip(made, task_id=task_id, region_id=found.region.id)
                continue
            pages[found.picture.position].objects += made
            tally.regions_written += 1
            for reason in found.losses:
                tally.degrade(reason, task_id=task_id, region_id=found.region.id)

    def _finish_page(self, page: _Page) -> None:
        """Write the file of an image, unless other tasks may have more for it."""
        output, picture = self._output, page.picture
        if picture.size is None:
            self._reader.settle_size(picture, page.item)
        split = output.split_of(page.item)
        stem = output.names.stem(picture.reference, page.item.task)
        path = f"{output.folder('Annotations', page.item)}/{stem}.xml"
        listed = self._listed.setdefault(split, [])
        first = self._shared.get(path)
        if first is None:
            listed.append(f"{split}/{stem}\n" if split else f"{stem}\n")
        if not output.names.is_shared(picture.reference):
            self._write_page(path, page)
        elif first is None:
            self._shared[path] = page
        else:
            output.tally.warn(MERGED)
            first.objects += page.objects
            first.annotators |= page.annotators
            first.picture.size = first.picture.size or picture.size

    def _write_page(self, path: str, page: _Page) -> None:
        folder, _, name = page.placed.relative.rpartition("/")
        size = page.picture.size
        if size is None:
            self._unsized_count += 1
        objects = "".join(page.objects)
        head = _HEAD.format(
            folder=folder,
            name=_text(name),
            annotator=_annotator(page.annotators),
            width=round(size.width_px) if size else 0,
            height=round(size.height_px) if size else 0,
            depth=_DEPTH,
            segmented=int(_POLYGON in objects),
        )
        data = (head + objects + _TAIL).encode()
        reference = page.placed.reference
        self._output.write_bytes(path, data, item=page.item, reference=reference)

    def _write_lists(self) -> None:
        output = self._output
        for split, lines in self._listed.items() or [("", [])]:
            path = f"ImageSets/Main/{split or 'trainval'}.txt"
            output.write_bytes(path, "".join(lines).encode())
        output.write_bytes("labelmap.txt", self._maker.names.label_map().encode())
        if self._unsized_count:
            output.tally.warn(
                f"The size of {self._unsized_count} images is unknown: their width "
                "and height are 0. Copy the media to have them measured."
            )


def _annotator(names: Iterable[str]) -> str:
    joined = ", ".join(names)
    return f"<annotator>{_text(joined)}</annotator>\n" if joined else ""


def _text(value: str) -> str:
    """``value`` as the text of an element; what XML cannot hold is replaced."""
    return escape(_NOT_XML.sub("\ufffd", value))
