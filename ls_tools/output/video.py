"""The size of a video, its frame rate, and its pictures, from its file."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.errors import MissingDependencyError, UnreadableMediaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SAFE_OPENING = {
    "protocol_whitelist": "file",
    "format_whitelist": (
        "3gp,asf,avi,flv,gif,h264,hevc,ivf,matroska,mov,mp4,mpeg,mpegts,mpegvideo,ogg,"
        "webm"
    ),
}
"""Playlists are refused: they can name files and addresses that FFmpeg opens."""

_QUALITY = 95
_US = 1e6


class VideoFacts(msgspec.Struct, frozen=True):
    """What the head of a video's file tells.

    Attributes:
        width_px: As it is displayed, rotation applied.
        height_px: Likewise.
        frame_rate: Frames per second on average; None where unknown.
        frames_count: Number of frames; None where unknown.
    """

    width_px: int
    height_px: int
    frame_rate: float | None
    frames_count: int | None


def check_video_reader() -> None:
    """Refuse to go on without what reads videos.

    Raises:
        MissingDependencyError: PyAV or Pillow is not installed.
    """
    try:
        import av  # noqa: F401 -- whether it is there
        import PIL.Image  # noqa: F401 -- likewise
    except ImportError as exc:
        msg = "Reading videos needs PyAV and Pillow."
        hint = "Run: pip install 'ls-tools[video]'"
        raise MissingDependencyError(msg, hint=hint) from exc


def read_video_facts(path: Path, *, max_pixels: int) -> VideoFacts:
    """The size and frame rate of a video; only its head is decoded.

    Args:
        path: Anything that FFmpeg reads and that is no playlist.
        max_pixels: Most pixels that a frame may have.

    Raises:
        MissingDependencyError: PyAV or Pillow is not installed.
        UnreadableMediaError: It is no video, or has too many pixels.
    """
    check_video_reader()
    with _opened(path) as container:
        stream = _video_stream(container, path)
        width, height = stream.codec_context.width, stream.codec_context.height
        if not 0 < width * height <= max_pixels:
            msg = f"The file {path.name!r} has {width} times {height} pixels."
            raise UnreadableMediaError(msg, path=str(path))
        frame = next(_decode(container, stream, path), None)
        if frame is None:
            raise _unreadable(path)
        if _rotation_deg(frame) % 180:
            width, height = height, width
        rate = stream.average_rate
        frames_count = _count_frames(stream, container.duration)
        return VideoFacts(width, height, float(rate) if rate else None, frames_count)


class VideoPictures:
    """The pictures of a video, in order, one after the other.

    Use it in a ``with`` statement of ``open_pictures``.

    Args:
        frames: Decoded frames, in the order of time.
        frame_rate: Frames per second that are counted by; None to count those of
            the file.
    """

    def __init__(self, frames: Iterator[Any], frame_rate: float | None) -> None:
        self._frames = frames
        self._rate = frame_rate
        self._current: Any = next(frames, None)
        self._next: Any = next(frames, None)
        self._start_s = self._current.time if self._current is not None else None
        self._index = 1

    def jpeg(self, frame: int) -> bytes | None:
        """The picture that is on the screen at a frame; None after the end.

        Args:
            frame: From 1; not below that of the last call.
        """
        while self._next is not None and self._comes_by(frame):
            self._current, self._next = self._next, next(self._frames, None)
            self._index += 1
        if self._current is None or self._has_ended(frame):
            return None
        picture = self._current.to_image()
        rotation_deg = _rotation_deg(self._current)
        if rotation_deg:
            picture = picture.rotate(rotation_deg, expand=True)
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=_QUALITY)
        return stream.getvalue()

    def _comes_by(self, frame: int) -> bool:
        """Whether the next picture is on the screen by the middle of a frame."""
        shown_s = self._shown_s(self._next)
        if shown_s is None or self._rate is None:
            return self._index < frame
        return shown_s <= (frame - 0.5) / self._rate

    def _has_ended(self, frame: int) -> bool:
        if self._next is not None:
            return False
        shown_s = self._shown_s(self._current)
        if shown_s is None or self._rate is None:
            return self._index < frame
        duration = getattr(self._current, "duration", None) or 0  # since PyAV 14
        lasts_s = duration * self._current.time_base
        ends_s = shown_s + max(float(lasts_s), 1 / self._rate)
        return (frame - 0.5) / self._rate > ends_s

    def _shown_s(self, frame: Any) -> float | None:
        """Seconds from the first picture to this one; None where unknown."""
        if frame.time is None or self._start_s is None:
            return None
        return float(frame.time - self._start_s)


@contextmanager
def open_pictures(path: Path, frame_rate: float | None) -> Iterator[VideoPictures]:
    """Open a video to read its pictures.

    Args:
        path: As for ``read_video_facts``.
        frame_rate: As for ``VideoPictures``.

    Raises:
        UnreadableMediaError: It is no video, also later on while it is read.
    """
    check_video_reader()
    with _opened(path) as container:
        stream = _video_stream(container, path)
        yield VideoPictures(_decode(container, stream, path), frame_rate)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import av
    from av.error import FFmpegError

    try:
        container = av.open(str(path), options=dict(_SAFE_OPENING))
    except (FFmpegError, OSError, ValueError) as exc:
        raise _unreadable(path) from exc
    with container:
        yield container


def _decode(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    from av.error import FFmpegError

    try:
        yield from container.decode(stream)
    except (FFmpegError, OSError, ValueError) as exc:
        raise _unreadable(path) from exc


def _video_stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise _unreadable(path)
    return container.streams.video[0]


def _count_frames(stream: Any, length_us: int | None) -> int | None:
    """As the file states, else by the length of the stream or of the file."""
    if stream.frames > 0:
        return int(stream.frames)
    if not stream.average_rate:
        return None
    if stream.duration and stream.time_base:
        return round(float(stream.duration * stream.time_base * stream.average_rate))
    return round(length_us / _US * float(stream.average_rate)) if length_us else None


def _rotation_deg(frame: Any) -> int:
    """How far a frame is to be turned before it is shown, counter-clockwise."""
    return int(getattr(frame, "rotation", 0) or 0)


def _unreadable(path: Path) -> UnreadableMediaError:
    msg = f"The file {path.name!r} is not a video that can be read."
    return UnreadableMediaError(msg, path=str(path))
