"""One conversion to COCO: tasks to image rows and annotation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import UNSET

from ls_tools.formats.coco.document import AnnotationRow, Category, Document, ImageRow
from ls_tools.formats.coco.extents import plain_extent
from ls_tools.formats.pictures import MERGED, NO_IMAGE
from ls_tools.formats.protocol import Writing
from ls_tools.output.records import annotator_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.formats.coco.extents import Extents
    from ls_tools.formats.coco.people import People
    from ls_tools.formats.pictures import Picture, PictureReader
    from ls_tools.formats.plain_boxes import PlainBoxes
    from ls_tools.formats.protocol import Numbers
    from ls_tools.output import Item, Output


_State: TypeAlias = tuple[list[str], "Numbers", str, int]
"""Names of files, the ids used up, the date of the newest annotation, and how many
images are of unknown size."""


class CocoWriter(Writing):
    """Writes ``result.json``, or a file per split.

    Args:
        reader: Finds images and regions.
        output: Where to.
        maker: Makes the columns of annotations.
    """

    def __init__(
        self, reader: PictureReader, output: Output, maker: Extents | People
    ) -> None:
        self._reader = reader
        self._output = output
        self._maker = maker
        self._documents: dict[str, Document] = {}
        self._newest = ""
        self._unsized_count = 0

    def add(self, items: Iterable[Item]) -> None:
        """Write items."""
        pictures: list[Picture] = []
        rows: list[ImageRow] = []
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

    def finish(self) -> None:
        """Write categories, and what a file says of itself."""
        entries = self._output.classes.entries()
        categories = [Category(class_id, name) for class_id, name in entries]
        for category in categories:
            self._maker.finish(category)
        if not self._documents:
            self._document_of(None)
        for document in self._documents.values():
            document.finish(categories, document_info(self._newest))
        if self._unsized_count:
            self._output.tally.warn(
                f"The size of {self._unsized_count} images is unknown: their width "
                "and height are null. Copy the media to have them measured."
            )

    def numbers(self) -> Numbers:
        """The ids of images and annotations that were used up, by file."""
        return {
            name: count
            for document in self._documents.values()
            for name, count in document.numbers.items()
        }

    def begin_numbers(self, used: Numbers) -> None:
        """Of a part that is complete: count ids from what was used before it."""
        for document in self._documents.values():
            document.begin_numbers(used)

    def state(self) -> _State:
        """What the end must know."""
        files = list(self._documents)
        return files, self.numbers(), self._newest, self._unsized_count

    def join(self, state: _State) -> None:
        """Take it over from a part."""
        files, numbers, newest, unsized_count = state
        for name in files:
            self._document(name).skip_numbers(numbers)
        self._newest = max(self._newest, newest)
        self._unsized_count += unsized_count

    def _document_of(self, item: Item | None) -> Document:
        return self._document(self._output.file_name("result", "json", item))

    def _document(self, name: str) -> Document:
        document = self._documents.get(name)
        if document is None:
            document = self._documents[name] = Document(self._output, name)
        return document

    def _image_row(self, picture: Picture, item: Item, document: Document) -> ImageRow:
        """The row of an image; one and the same for all tasks that share it."""
        placed = self._output.media.place(picture.reference, item)
        picture.placed, name = placed.path is not None, placed.relative
        is_shared = self._output.names.is_shared(picture.reference)
        row = document.shared_images.get(name) if is_shared else None
        if row is not None:
            self._output.tally.warn(MERGED)
            return row
        row = ImageRow(document.new_image_id(), None, None, name)
        if is_shared:
            document.shared_images[name] = row
        return row

    def _write_regions(
        self,
        item: Item,
        pictures: Sequence[Picture],
        rows: Sequence[ImageRow],
        document: Document,
    ) -> None:
        tally, task_id = self._output.tally, item.task.id
        written: list[AnnotationRow] = []
        plain, others = self._reader.read_apart(
            item, pictures, wants_plain=self._maker.takes_plain_boxes
        )
        if plain is not None:
            written += _plain_rows(plain, rows[plain.picture.position].id)
        for found, columns in self._maker.rows(others):
            if isinstance(columns, str):
                tally.skip(columns, task_id=task_id, region_id=found.region.id)
                continue
            if columns is not None:
                image_id = rows[found.picture.position].id
                for class_id in found.class_ids:
                    row = AnnotationRow(0, image_id, class_id, *columns)
                    written.append(row)
            tally.regions_written += 1
            for reason in found.losses:
                tally.degrade(reason, task_id=task_id, region_id=found.region.id)
        if item.parts > 1:
            _sign(written, annotator_of(item.annotation))
        document.add_annotations(written)

    def _write_images(
        self,
        item: Item,
        pictures: Sequence[Picture],
        rows: Sequence[ImageRow],
        document: Document,
    ) -> None:
        if item.annotation is not None:
            newest = item.annotation.updated_at or item.annotation.created_at
            self._newest = max(self._newest, newest or "")
        for picture, row in zip(pictures, rows, strict=True):
            size = picture.size or self._reader.settle_size(picture, item)
            if size is not None:
                row.width, row.height = (
                    whole_px(size.width_px),
                    whole_px(size.height_px),
                )
            else:
                self._unsized_count += 1
            document.add_image(row)


def _plain_rows(plain: PlainBoxes, image_id: int) -> list[AnnotationRow]:
    return [
        AnnotationRow(0, image_id, class_id, *plain_extent(ltwh))
        for class_ids, ltwh in plain.boxes
        for class_id in class_ids
    ]


def _sign(rows: Sequence[AnnotationRow], annotator: int | str | None) -> None:
    """Say who drew what, of an image that several annotations are written for."""
    if annotator is None:
        return
    for row in rows:
        told = {} if row.attributes is UNSET else row.attributes
        row.attributes = {**told, "annotator": annotator}


def document_info(newest: str) -> dict[str, Any]:
    """What a file says of itself; its date is that of the newest annotation."""
    info: dict[str, Any] = {
        "description": "Exported from Label Studio by ls_tools",
        "version": "1.0",
        "contributor": "Label Studio",
        "url": "",
    }
    if newest[:4].isdecimal():
        info |= {"year": int(newest[:4]), "date_created": newest}
    return info


def whole_px(number_px: float) -> float:
    """A size in pixels, without a fraction where there is none."""
    return int(number_px) if number_px == int(number_px) else number_px
