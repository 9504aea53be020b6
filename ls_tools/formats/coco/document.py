"""One COCO file: its rows, and how they come into it without being held."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from ls_tools.geometry import Ltwh
from ls_tools.output import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.formats.protocol import Numbers
    from ls_tools.output import Output, RecordStream

_BATCH_ROWS = 2000
_COPY_BYTES = 2**20


class ImageRow(msgspec.Struct):
    """An image; pixels."""

    id: int
    width: float | None
    height: float | None
    file_name: str


class AnnotationRow(msgspec.Struct, gc=False):
    """What stands at one place of an image; pixels.

    ``segmentation`` is a list of rings, or a run-length code.
    """

    id: int
    image_id: int
    category_id: int
    bbox: Ltwh
    area: float
    segmentation: Any
    attributes: dict[str, float | str] | UnsetType = UNSET
    score: float | UnsetType = UNSET
    iscrowd: int = 0
    keypoints: list[float] | UnsetType = UNSET
    num_keypoints: int | UnsetType = UNSET


class Category(msgspec.Struct):
    """A class; keypoints and skeleton where it has some."""

    id: int
    name: str
    supercategory: str = ""
    keypoints: tuple[str, ...] | UnsetType = UNSET
    skeleton: tuple[tuple[int, int], ...] | UnsetType = UNSET


_IMAGES = Layout(
    begin=b'{"images":[\n',
    between=b",\n",
    end=b'\n],\n"annotations":[',
    empty=b'{"images":[\n],\n"annotations":[',
)
_ANNOTATIONS = Layout(begin=b"\n", between=b",\n")


class Document:
    """One COCO file being written.

    Images go straight into it. Annotations wait in a scratch file, since JSON
    has one array after the other.

    Args:
        output: Where to.
        name: Of the file.

    Attributes:
        name: Of the file.
        shared_images: Rows of images that are in several tasks, by file name.
    """

    def __init__(self, output: Output, name: str) -> None:
        self.name = name
        self.shared_images: dict[str, ImageRow] = {}
        self._images = Rows(output.records(name, _IMAGES))
        self._annotations = Rows(
            output.records(f"{name}:annotations", _ANNOTATIONS, is_aside=True)
        )
        self._is_held = output.is_part
        self._image_count = self._annotation_count = 0
        self._last_image_id = 0

    def new_image_id(self) -> int:
        """The id of another image."""
        self._image_count += 1
        return self._image_count

    def add_image(self, row: ImageRow) -> None:
        """Write an image, unless it is there already for another task."""
        if row.id > self._last_image_id:
            self._images.pending.append(row)
            self._last_image_id = row.id
            self._make_room()

    def add_annotations(self, rows: Sequence[AnnotationRow]) -> None:
        """Write annotations, which are numbered here."""
        for number, row in enumerate(rows, self._annotation_count + 1):
            row.id = number
        self._annotation_count += len(rows)
        self._annotations.pending += rows
        self._make_room()

    def _make_room(self) -> None:
        for rows in (self._images, self._annotations):
            if len(rows.pending) >= _BATCH_ROWS and not self._is_held:
                rows.flush()

    @property
    def numbers(self) -> Numbers:
        """How many ids of images and of annotations were used up."""
        return {
            f"{self.name} images": self._image_count,
            f"{self.name} annotations": self._annotation_count,
        }

    def begin_numbers(self, used: Numbers) -> None:
        """Of a part that is complete: count from what was used before it."""
        images, annotations = (used.get(name, 0) for name in self.numbers)
        for image in self._images.pending:
            image.id += images
        for annotation in self._annotations.pending:
            annotation.id += annotations
            annotation.image_id += images
        self._flush()

    def skip_numbers(self, used: Numbers) -> None:
        """Count on from what another part used, which comes next."""
        self._flush()  # what this process wrote itself comes before it
        images, annotations = (used.get(name, 0) for name in self.numbers)
        self._image_count += images
        self._last_image_id += images
        self._annotation_count += annotations

    def finish(self, categories: Sequence[Category], info: dict[str, Any]) -> None:
        """Write what comes after the images."""
        import shutil  # for who joins parts, not for who writes them

        self._flush()
        file, annotations = self._images.finish(), self._annotations.finish()
        annotations.seek(0)
        shutil.copyfileobj(annotations, file, _COPY_BYTES)
        encode = msgspec.json.encode
        file.write(b'\n],\n"categories":' + encode(categories))
        file.write(b',\n"licenses":[],\n"info":' + encode(info) + b"}\n")

    def _flush(self) -> None:
        self._images.flush()
        self._annotations.flush()


class Rows:
    """The rows of one JSON array, encoded in batches.

    Attributes:
        pending: Rows that are not written yet.
    """

    def __init__(self, stream: RecordStream) -> None:
        self.pending: list[Any] = []
        self._stream = stream
        self._encode = msgspec.json.Encoder().encode_lines

    def flush(self) -> None:
        """Write what is pending."""
        if self.pending:
            # A line break is escaped in JSON's strings, so these are all separators.
            self._stream.write(self._encode(self.pending)[:-1].replace(b"\n", b",\n"))
            self.pending.clear()

    def finish(self) -> IO[bytes]:
        """Write what stands after the last row; gives the file."""
        self.flush()
        return self._stream.finish()
