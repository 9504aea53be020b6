"""The files of a VOC data set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ls_tools.formats.pictures import MERGED, NO_IMAGE
from ls_tools.formats.protocol import Writing
from ls_tools.formats.voc.names import is_xml, xml_text
from ls_tools.formats.voc.objects import POLYGON
from ls_tools.output import Layout
from ls_tools.output.records import annotator_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.formats.pictures import Picture, PictureReader
    from ls_tools.formats.voc.objects import ObjectMaker
    from ls_tools.output import Item, Output, Placed, RecordStream

NAME_CHANGED = "Characters of annotators that XML cannot hold were replaced."

_DEPTH = 3
_LIST = Layout()
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


class VocWriter(Writing):
    """Writes one data set.

    Args:
        reader: Finds images and regions.
        output: Where to.
        maker: Makes the elements of regions.
    """

    def __init__(
        self, reader: PictureReader, output: Output, maker: ObjectMaker
    ) -> None:
        self._reader = reader
        self._output = output
        self._maker = maker
        self._shared: dict[str, _Page] = {}
        self._unsized_count = 0

    def add(self, items: Iterable[Item]) -> None:
        """Write items."""
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

    def finish(self) -> None:
        """Write what several tasks share, and what tells the classes."""
        output = self._output
        for path, page in self._shared.items():
            self._write_page(path, page)
        if not output.has_records:
            self._list_of("")
        output.write_bytes("labelmap.txt", self._maker.names.label_map().encode())
        if self._unsized_count:
            output.tally.warn(
                f"The size of {self._unsized_count} images is unknown: their width "
                "and height are 0. Copy the media to have them measured."
            )

    def state(self) -> int:
        """How many images are of unknown size."""
        return self._unsized_count

    def join(self, state: int) -> None:
        """Of what comes next, so many more are."""
        self._unsized_count += state

    def names(self) -> Sequence[tuple[int, str]]:
        """The names given to classes."""
        return self._maker.names.given

    def learn(self, names: Sequence[tuple[int, str]]) -> None:
        """Give classes these names."""
        self._maker.names.give(names)

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
        plain, others = self._reader.read_apart(item, pictures)
        if plain is not None:
            pages[plain.picture.position].objects += self._maker.plain_objects(plain)
        for found in others:
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
        first = self._shared.get(path)
        if first is None:
            line = f"{split}/{stem}\n" if split else f"{stem}\n"
            self._list_of(split).write(line.encode())
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
        who = ", ".join(page.annotators)
        if not is_xml(who):
            self._output.tally.warn(NAME_CHANGED)
        objects = "".join(page.objects)
        head = _HEAD.format(
            folder=folder,
            name=xml_text(name),
            annotator=_annotator(who),
            width=round(size.width_px) if size else 0,
            height=round(size.height_px) if size else 0,
            depth=_DEPTH,
            segmented=int(POLYGON in objects),
        )
        data = (head + objects + _TAIL).encode()
        reference = page.placed.reference
        self._output.write_bytes(path, data, item=page.item, reference=reference)

    def _list_of(self, split: str) -> RecordStream:
        """The file that lists the images of a split."""
        path = f"ImageSets/Main/{split or 'trainval'}.txt"
        return self._output.records(path, _LIST)


def _annotator(joined: str) -> str:
    return f"<annotator>{xml_text(joined)}</annotator>\n" if joined else ""
