"""YOLO: a text file of normalised coordinates per image, as Ultralytics reads it.

One geometry per dataset: boxes (``detect``) or outlines (``segment``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from ls_tools.formats.pictures import (
    MERGED,
    NO_IMAGE,
    OUTLINE_CONTROLS,
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
from ls_tools.geometry import Box, EncodedMask, Keypoint, hull
from ls_tools.regions import NOT_DRAWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output, Placed

ROTATION_DROPPED = "rotation dropped"
OUTLINE_DROPPED = "outline reduced to its box"

_DECIMALS = 9
_SPLITS = ("train", "val", "test")
_YAML_RISKY = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloOptions:
    """Options of the YOLO format."""

    task: str = option(
        "auto",
        "The geometry of every row: boxes (detect) or outlines (segment); auto "
        "takes outlines where the label config has a polygon or ellipse control.",
        choices=("auto", "detect", "segment"),
    )
    labels: str = labels_option("all")
    ellipse_tolerance_px: float = tolerance_option()

    def __post_init__(self) -> None:
        check_tolerance(self.ellipse_tolerance_px)


class YoloFormat(PictureFormat):
    """YOLO; readable by Ultralytics."""

    name: ClassVar[str] = "yolo"
    aliases: ClassVar[tuple[str, ...]] = ("YOLO", "YOLO_WITH_IMAGES")
    summary: ClassVar[str] = "YOLO text files with data.yaml: boxes or outlines"
    options_type: ClassVar[type[Any]] = YoloOptions
    class_ids: ClassVar[ClassIds] = "contiguous"

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: YoloOptions
    ) -> None:
        """Write ``images/``, ``labels/`` and the files that list the classes."""
        wanted = Wanted(
            controls=self.controls,
            all_labels=options.labels == "all",
            sizes_needed=False,
        )
        reader = PictureReader(config, output, wanted)
        task = _choose_task(config) if options.task == "auto" else options.task
        _Writer(reader, output, _RowMaker(task, options, output)).write(items)


def _choose_task(config: LabelConfig) -> str:
    return "segment" if config.controls_of(*OUTLINE_CONTROLS) else "detect"


class _RowMaker:
    """Regions to the coordinates of their row, all of one geometry."""

    def __init__(self, task: str, options: YoloOptions, output: Output) -> None:
        self._make = {"detect": self._make_box, "segment": self._make_outline}[task]
        self._tolerance_px = options.ellipse_tolerance_px
        self._clip = output.clip

    def rows(self, found: Labelled) -> list[str] | str:
        """A line per class of a region, or the reason why there is none."""
        numbers = self._make(found)
        if isinstance(numbers, str):
            return numbers
        rounded = " ".join([repr(round(number, _DECIMALS)) for number in numbers])
        return [f"{class_id} {rounded}\n" for class_id in found.class_ids]

    def _make_box(self, found: Labelled) -> list[float] | str:
        shape, size = found.drawing.shape, found.drawing.size
        if isinstance(shape, (Keypoint, EncodedMask)):
            return NOT_DRAWN
        if not is_upright(shape):
            found.losses.append(ROTATION_DROPPED)
        if not isinstance(shape, Box):
            found.losses.append(OUTLINE_DROPPED)
        ltwh = fit_ltwh(hull(shape), size, found.losses, clip=self._clip)
        if isinstance(ltwh, str):
            return ltwh
        left, top, width, height = ltwh
        return [
            (left + width / 2) / size.width_px,
            (top + height / 2) / size.height_px,
            width / size.width_px,
            height / size.height_px,
        ]

    def _make_outline(self, found: Labelled) -> list[float] | str:
        shape, size = found.drawing.shape, found.drawing.size
        if isinstance(shape, (Keypoint, EncodedMask)):
            return NOT_DRAWN
        points = fit_outline(
            shape,
            size,
            found.losses,
            tolerance_px=self._tolerance_px,
            clip=self._clip,
        )
        if isinstance(points, str):
            return points
        return [
            number
            for x, y in points
            for number in (x / size.width_px, y / size.height_px)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """The label file of an image that several tasks refer to."""

    item: Item
    placed: Placed
    rows: list[str]


class _Writer:
    """One conversion."""

    def __init__(self, reader: PictureReader, output: Output, maker: _RowMaker) -> None:
        self._reader = reader
        self._output = output
        self._maker = maker
        self._shared: dict[str, _Shared] = {}
        self._splits: set[str] = set()

    def write(self, items: Items) -> None:
        """Write all items, and what comes after them."""
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
        for path, shared in self._shared.items():
            self._write_labels(path, shared.item, shared.placed, shared.rows)
        self._write_classes()

    def _collect(
        self, item: Item, pictures: Sequence[Picture], rows: Sequence[list[str]]
    ) -> None:
        tally, task_id = self._output.tally, item.task.id
        for found in self._reader.read(item, pictures):
            made = self._maker.rows(found)
            if isinstance(made, str):
                tally.skip(made, task_id=task_id, region_id=found.region.id)
                continue
            rows[found.picture.position].extend(made)
            tally.regions_written += 1
            for reason in found.losses:
                tally.degrade(reason, task_id=task_id, region_id=found.region.id)

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

    def _write_classes(self) -> None:
        classes, output = self._output.classes, self._output
        lines = "".join(f"{name}\n" for name in classes.line_names())
        output.write_bytes("classes.txt", lines.encode())
        output.write_bytes("notes.json", _notes_json(classes.entries()))
        if "val" not in self._splits:
            output.tally.warn(
                "Nothing was set apart for validation: in data.yaml val equals train."
            )
        output.write_bytes("data.yaml", _data_yaml(classes.entries(), self._splits))


def _data_yaml(entries: Sequence[tuple[int, str]], splits: set[str]) -> bytes:
    """``data.yaml``, without ``path``: it is found beside the images."""
    folders = {split: f"images/{split}" for split in _SPLITS if split in splits}
    train = folders.setdefault("train", "images")
    folders.setdefault("val", train)
    lines = [f"{split}: {folders[split]}" for split in _SPLITS if split in folders]
    lines += [f"nc: {len(entries)}", "names:" if entries else "names: {}"]
    lines += [f"  {class_id}: {_yaml_string(name)}" for class_id, name in entries]
    return "".join(f"{line}\n" for line in lines).encode()


def _yaml_string(text: str) -> str:
    """``text`` in YAML's double quotes, of which JSON's are nearly a subset."""
    quoted = msgspec.json.encode(text).decode()
    return _YAML_RISKY.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _notes_json(entries: Sequence[tuple[int, str]]) -> bytes:
    notes = {
        "categories": [{"id": class_id, "name": name} for class_id, name in entries],
        "info": {"version": "1.0", "contributor": "Label Studio"},
    }
    return msgspec.json.format(msgspec.json.encode(notes), indent=2) + b"\n"
