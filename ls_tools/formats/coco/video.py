"""COCO of video: an image per frame, and a box per track on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import UNSET

from ls_tools.formats.coco.document import (
    AnnotationRow,
    Category,
    Document,
    ImageRow,
)
from ls_tools.formats.coco.writer import document_info, whole_px
from ls_tools.formats.footage import FrameWriter
from ls_tools.formats.placings import Placer, Placing
from ls_tools.formats.videos import FrameOptions, VideoFormat, VideoReader
from ls_tools.geometry import polygon_area

if TYPE_CHECKING:
    from ls_tools.formats.protocol import ClassIds
    from ls_tools.formats.videos import Footage
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output

_NO_RINGS: list[list[float]] = []


class VideoCocoFormat(VideoFormat):
    """A COCO file whose images are frames; its boxes have a ``track_id``."""

    name: ClassVar[str] = "video_coco"
    summary: ClassVar[str] = "COCO JSON of the boxes on the frames of videos"
    options_type: ClassVar[type[Any]] = FrameOptions
    class_ids: ClassVar[ClassIds] = "category"

    def write(
        self,
        items: Items,
        config: LabelConfig,
        output: Output,
        options: FrameOptions,
    ) -> None:
        """Write ``result.json``, or a file per split, and ``images/``."""
        reader = VideoReader(config, output, options, keeps_score=True)
        placer = Placer(reader, output, sizes_needed=True, keeps_rotation=True)
        frames = FrameWriter(reader, placer, output)
        writer = _Writer(reader, output, frames)
        writer.write(items, empty=options.empty_frames)


class _FrameRow(ImageRow):
    """An image that is a frame: of which video, and which one, from 1."""

    video: str = ""
    frame: int = 0


class _Writer:
    """One conversion."""

    def __init__(
        self,
        reader: VideoReader,
        output: Output,
        frames: FrameWriter,
    ) -> None:
        self._reader = reader
        self._output = output
        self._frames = frames
        self._documents: dict[str, Document] = {}
        self._newest = ""

    def write(self, items: Items, *, empty: bool) -> None:
        """Write all items, and what comes after them."""
        for footage in self._reader.footage(items):
            annotation = footage.item.annotation
            newest = annotation and (annotation.updated_at or annotation.created_at)
            self._newest = max(self._newest, newest or "")
            self._write_frames(footage, empty=empty)
        if not self._documents:
            self._document_of(None)
        entries = self._output.classes.entries()
        categories = [Category(class_id, name) for class_id, name in entries]
        for document in self._documents.values():
            document.finish(categories, document_info(self._newest))

    def _document_of(self, item: Item | None) -> Document:
        name = self._output.file_name("result", "json", item)
        document = self._documents.get(name)
        if document is None:
            document = self._documents[name] = Document(self._output, name)
        return document

    def _write_frames(self, footage: Footage, *, empty: bool) -> None:
        document = self._document_of(footage.item)
        images, stem = self._output.folder("images", footage.item), footage.stem

        def path_of(frame: int) -> str:
            return f"{images}/{stem}_{frame:06}.jpg"

        for frame, placings in self._frames.frames(footage, path_of, empty=empty):
            size = self._reader.size(footage)
            row = _FrameRow(
                id=document.new_image_id(),
                width=whole_px(size.width_px) if size else None,
                height=whole_px(size.height_px) if size else None,
                file_name=path_of(frame),
                video=stem,
                frame=frame,
            )
            document.add_image(row)
            document.add_annotations(
                [
                    _annotation(placing, row.id, class_id)
                    for placing in placings
                    for class_id in placing.tracked.class_ids
                ]
            )


def _annotation(placing: Placing, image_id: int, class_id: int) -> AnnotationRow:
    points, score = placing.corners_px, placing.tracked.track.result.score
    attributes: dict[str, float | str] = {"track_id": placing.number}
    if points:
        attributes["rotation"] = placing.rotation_deg
    return AnnotationRow(
        id=0,
        image_id=image_id,
        category_id=class_id,
        bbox=placing.ltwh,
        area=polygon_area(points) if points else placing.ltwh[2] * placing.ltwh[3],
        segmentation=[[number for point in points for number in point]]
        if points
        else _NO_RINGS,
        attributes=attributes,
        score=UNSET if score is None else score,
    )
