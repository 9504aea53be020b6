"""One COCO file: its rows, and how they come into it without being held."""

from __future__ import annotations

import shutil
from itertools import count
from typing import IO, TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from ls_tools.geometry import Ltwh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


class Document:
    """One COCO file being written.

    Images go straight into it. Annotations wait in a scratch file, since JSON
    has one array after the other.

    Args:
        target: The file.
        scratch: The scratch file.

    Attributes:
        annotations: Where annotations go.
        image_ids: The next id of an image.
        annotation_ids: The next id of an annotation.
        shared_images: Rows of images that are in several tasks, by file name.
    """

    def __init__(self, target: IO[bytes], scratch: IO[bytes]) -> None:
        self._target = target
        self._scratch = scratch
        self._images = Rows(target)
        self.annotations: Rows = Rows(scratch)
        self.image_ids: Iterator[int] = count(1)
        self.annotation_ids: Iterator[int] = count(1)
        self.shared_images: dict[str, ImageRow] = {}
        self._last_image_id = 0
        target.write(b'{"images":[')

    def add_image(self, row: ImageRow) -> None:
        """Write an image, unless it is there already for another task."""
        if row.id > self._last_image_id:
            self._images.extend((row,))
            self._last_image_id = row.id

    def finish(self, categories: Sequence[Category], info: dict[str, Any]) -> None:
        """Write what comes after the images."""
        self._images.flush()
        self.annotations.flush()
        self._scratch.seek(0)
        self._target.write(b'\n],\n"annotations":[')
        shutil.copyfileobj(self._scratch, self._target, _COPY_BYTES)
        encode = msgspec.json.encode
        self._target.write(b'\n],\n"categories":' + encode(categories))
        self._target.write(b',\n"licenses":[],\n"info":' + encode(info) + b"}\n")


class Rows:
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
