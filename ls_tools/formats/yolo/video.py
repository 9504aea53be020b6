"""YOLO of video: a text file of normalised boxes per frame, as Ultralytics reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ls_tools.formats.footage import FrameWriter
from ls_tools.formats.placings import Placer, Placing
from ls_tools.formats.videos import FrameOptions, VideoFormat, VideoReader
from ls_tools.formats.yolo.listing import write_listing

if TYPE_CHECKING:
    from ls_tools.formats.protocol import ClassIds
    from ls_tools.formats.videos import Footage
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Items, Output

_DECIMALS = 9


class VideoYoloFormat(VideoFormat):
    """A label file and, with media, a picture per frame that has a box."""

    name: ClassVar[str] = "video_yolo"
    summary: ClassVar[str] = "YOLO text files of the boxes on the frames of videos"
    options_type: ClassVar[type[Any]] = FrameOptions
    class_ids: ClassVar[ClassIds] = "contiguous"

    def write(
        self,
        items: Items,
        config: LabelConfig,
        output: Output,
        options: FrameOptions,
    ) -> None:
        """Write ``images/``, ``labels/`` and the files that list the classes."""
        reader = VideoReader(config, output, options)
        placer = Placer(reader, output, sizes_needed=False)
        writer = FrameWriter(reader, placer, output)
        splits: set[str] = set()
        for footage in reader.footage(items):
            splits.add(output.split_of(footage.item))
            _write_labels(writer, footage, output, empty=options.empty_frames)
        write_listing(output, splits)


def _write_labels(
    writer: FrameWriter, footage: Footage, output: Output, *, empty: bool
) -> None:
    item, stem = footage.item, footage.stem
    images, labels = (output.folder(base, item) for base in ("images", "labels"))
    frames = writer.frames(
        footage, lambda frame: f"{images}/{stem}_{frame:06}.jpg", empty=empty
    )
    for frame, placings in frames:
        output.write_bytes(
            f"{labels}/{stem}_{frame:06}.txt",
            "".join(_lines(placing) for placing in placings).encode(),
            item=item,
            reference=footage.reference,
        )


def _lines(placing: Placing) -> str:
    """A line per class: its id, then centre and size as shares of the frame."""
    left, top, width, height = placing.ltwh
    size = placing.size
    numbers = (
        (left + width / 2) / size.width_px,
        (top + height / 2) / size.height_px,
        width / size.width_px,
        height / size.height_px,
    )
    rounded = " ".join(repr(round(number, _DECIMALS)) for number in numbers)
    return "".join(f"{class_id} {rounded}\n" for class_id in placing.tracked.class_ids)
