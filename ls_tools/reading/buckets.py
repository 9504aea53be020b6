"""Input that lies in a bucket: one object, or all below a prefix.

Objects are fetched once, into a temporary file, however often they are read: all
passes see the same bytes, and nothing of what annotators keep changing is cached.
"""

from __future__ import annotations

from array import array
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, final

from ls_tools.errors import AccessError, IntegrityError, NotFoundError
from ls_tools.locator import parse_reference
from ls_tools.locator.places import parse_place
from ls_tools.pacing import Pace
from ls_tools.progress import NullProgress, StagePart
from ls_tools.reading.ahead import ReadAhead
from ls_tools.reading.foreign import not_an_export
from ls_tools.reading.object_spool import Extent, ObjectSpool, OutgrownError
from ls_tools.reading.pieces import (
    Piece,
    is_guess,
    is_left_out,
    may_hold_tasks,
    open_file,
    unpack_member,
)
from ls_tools.settings import Settings
from ls_tools.sources.buckets import prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.locator import Locator
    from ls_tools.locator.places import BucketPlace
    from ls_tools.progress import Progress
    from ls_tools.reading.pieces import Pieces
    from ls_tools.settings import Bounds
    from ls_tools.sources.buckets.protocol import ObjectInfo

_AHEAD_BYTES = 2**28
_STAGE = "input"
_GONE = 2**64 - 1


def open_bucket_input(
    uri: str,
    bounds: Bounds,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Pieces:
    """Open ``s3://bucket/prefix/`` or ``s3://bucket/export.json``, and their like.

    A name without a slash at its end is an object, and where there is none of
    that name, a prefix. One object is fetched here; of a prefix only the first
    page is listed.

    Args:
        uri: What to open.
        bounds: How much there may be, packed and unpacked.
        settings: How the bucket is reached; from the environment where None.
        progress: Told of the bytes that come, and of a stage of one object, or
            of those that ``prefetch`` brings.

    Raises:
        BadReferenceError: It names no bucket.
        NotFoundError: There is no such bucket, or nothing of that name in it.
        NotAnExportError: None of the objects is JSON by its name.
        LsToolsError: They cannot be had.
    """
    settings = settings or Settings.from_env()
    place = parse_place(uri)
    progress = progress or NullProgress()
    how = _Input(
        bucket=prefixes.open_bucket(
            settings,
            place,
            progress=StagePart(progress, counts=False),
            pace=Pace(settings.jobs),
        ),
        bounds=bounds,
        progress=progress,
    )
    if place.is_folder:
        return how.open_folder(place)
    try:
        return how.open_object(uri)
    except NotFoundError as exc:
        missing = exc
    try:
        return how.open_folder(place.as_folder())
    except (NotFoundError, AccessError):
        raise missing from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """How input is had from one bucket."""

    bucket: prefixes.Bucket
    bounds: Bounds
    progress: Progress

    def open_object(self, uri: str) -> Pieces:
        """Fetch one object.

        Raises:
            NotFoundError: There is none, or one that only marks a folder.
        """
        locator = parse_reference(uri, origin=None)
        name, limit = locator.canonical, self.bounds.expanded_bytes
        with closing(ObjectSpool(name, limit)) as spool, self.stage(total=1):
            extent = self.fetch(spool, locator, limit)
            self.progress.advance()
            if not extent.size_bytes and is_guess(locator.file_name):
                msg = f"The object {name} is empty."
                raise NotFoundError(msg, hint="Check the name.", reference=name)
            return open_file(spool.read(extent), name, self.bounds)

    def open_folder(self, place: BucketPlace) -> Pieces:
        """Begin to list a prefix.

        Raises:
            NotFoundError: There is nothing below it.
            NotAnExportError: None of the objects is JSON by its name.
        """
        wanted = _Wanted(len(place.prefix))
        infos = filter(wanted, self.bucket.list(place))
        first = next(infos, None)
        name = place.canonical
        if first is not None:
            return _Folder(self, place, chain([first], infos))
        if wanted.has_seen:
            what = "no object below it is named .json or .jsonl, or without ending"
            raise not_an_export(name, what, offset=0)
        msg = f"There is no object below {name}."
        raise NotFoundError(msg, hint="Check bucket and prefix.", reference=name)

    def fetch(self, spool: ObjectSpool, locator: Locator, room_bytes: int) -> Extent:
        """Fetch an object, once more where it grew or was damaged under way."""
        try:
            return self._fetch(spool, locator, room_bytes)
        except OutgrownError as exc:
            room_bytes = max(2 * room_bytes, exc.size_bytes)
        except IntegrityError:
            return self._fetch(spool, locator, room_bytes)
        return self.fetch(spool, locator, room_bytes)

    def _fetch(self, spool: ObjectSpool, locator: Locator, room_bytes: int) -> Extent:
        room = spool.reserve(room_bytes)
        return room.finish(locator.canonical, self.bucket.fetch(locator, room))

    @contextmanager
    def stage(self, total: int | None = None) -> Iterator[None]:
        """Show the objects that are fetched."""
        self.progress.start(_STAGE, total, "objects")
        try:
            yield
        finally:
            self.progress.finish()


class _Wanted:
    """Tells which objects below a prefix are looked at, as files of a folder are."""

    def __init__(self, prefix_length: int) -> None:
        self._prefix_length = prefix_length
        self.has_seen = False

    def __call__(self, info: ObjectInfo) -> bool:
        *folders, name = info.key[self._prefix_length :].split("/")
        if not name:
            return False  # what consoles make to show a folder
        self.has_seen = True
        if is_left_out(name, is_top=not folders) or not may_hold_tasks(name):
            return False
        is_marker = not info.size_bytes and is_guess(name)
        return not (is_marker or any(folder.startswith(".") for folder in folders))


@final
class _Folder:
    """The objects below a prefix as the files of an input, fetched in passing.

    Of each object fetched, name and place in the spool are held.
    """

    only: Piece | None = None

    def __init__(
        self, how: _Input, place: BucketPlace, infos: Iterator[ObjectInfo]
    ) -> None:
        self._how = how
        self._place = place
        self._spool = ObjectSpool(place.canonical, how.bounds.expanded_bytes)
        self._names: list[str] = []
        self._extents = array("Q")
        self._ahead = ReadAhead(
            partial(_fetch_object, how, place, self._spool),
            infos,
            jobs=how.bucket.pace.most,
            weigh=_size_bytes,
            most=_AHEAD_BYTES,
        )

    def __iter__(self) -> Iterator[Piece]:
        index = 0
        while index < len(self._names) or self._take():
            name = self._names[index]
            yield Piece(
                name=name,
                load=partial(self._load, index),
                is_only=False,
                is_guess=is_guess(name.rpartition("/")[2]),
            )
            index += 1

    def prefetch(self) -> None:
        """Fetch all that no pass has come to yet.

        Raises:
            LsToolsError: It cannot be had.
        """
        with self._how.stage():
            while self._take():
                self._how.progress.advance()

    def close(self) -> None:
        """End the threads and let go of the disk space."""
        self._ahead.close()
        self._spool.close()

    def _take(self) -> bool:
        """Note the next object; False after the last."""
        taken = self._ahead.take()
        if taken is None:
            return False
        info, extent = taken
        self._extents.extend(extent)
        self._names.append(info.key[len(self._place.prefix) :])
        return True

    def _load(self, index: int) -> memoryview:
        start, size_bytes = self._extents[2 * index : 2 * index + 2]
        name = self._place.locator(self._place.prefix + self._names[index]).canonical
        if start == _GONE:
            msg = f"{name} was removed while the bucket was read."
            raise NotFoundError(msg, hint="Read it again.", reference=name)
        data = self._spool.read(Extent(start, size_bytes))
        return unpack_member(data, name, self._how.bounds)


def _size_bytes(info: ObjectInfo) -> int:
    return info.size_bytes


def _fetch_object(
    how: _Input, place: BucketPlace, spool: ObjectSpool, info: ObjectInfo
) -> Extent:
    try:
        return how.fetch(spool, place.locator(info.key), info.size_bytes)
    except NotFoundError:
        return Extent(_GONE, 0)
