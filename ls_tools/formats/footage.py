"""The frames of a video as pictures in the output, in step with their boxes.

Knows no format.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from ls_tools.errors import UnreadableMediaError
from ls_tools.geometry import Size
from ls_tools.output.video import VideoPictures, check_video_reader, open_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ls_tools.formats.placings import Placer, Placing
    from ls_tools.formats.videos import Footage, VideoReader
    from ls_tools.output import Output

AFTER_END = "after the end of the video"
NO_BOXES = "a video has no box on any frame that is written"


class FrameWriter:
    """Writes the pictures of frames, where media are wanted.

    Args:
        reader: Found the boxes.
        placer: Puts them on frames.
        output: Where to.

    Raises:
        MissingDependencyError: Pictures are wanted, and PyAV is not installed.
    """

    def __init__(self, reader: VideoReader, placer: Placer, output: Output) -> None:
        self._reader = reader
        self._placer = placer
        self._output = output
        self.has_pictures: bool = output.media.policy != "none"
        if self.has_pictures:
            check_video_reader()

    def frames(
        self, footage: Footage, path_of: Callable[[int], str], *, empty: bool
    ) -> Iterator[tuple[int, list[Placing]]]:
        """The frames that are written, with the boxes on each; counts the regions.

        Args:
            footage: The video.
            path_of: Where the picture of a frame goes.
            empty: Frames without a box as well.
        """
        count = 0
        with ExitStack() as stack:
            pictures = self._open(footage, stack)
            for frame, placings in self._placer.frames(footage, empty=empty):
                if pictures is not None:
                    try:
                        data = pictures.jpeg(frame)
                    except UnreadableMediaError as exc:
                        self._fail(footage, exc)
                        pictures = None
                    else:
                        if data is None:
                            self._placer.drop(placings, AFTER_END)
                            continue
                        self._write(path_of(frame), data, footage)
                count += 1
                yield frame, placings
        if not count:
            self._output.tally.note(NO_BOXES, task_id=footage.item.task.id)
        self._placer.finish(footage)

    def _open(self, footage: Footage, stack: ExitStack) -> VideoPictures | None:
        """The pictures of a video; its frame rate is known from here on."""
        media, video = self._output.media, footage.video
        path = media.source(video.reference, footage.item)
        if path is None:
            return None
        facts = self._reader.facts(footage)
        if facts is None:
            self._fail(footage, "It is no video that can be read.")
            return None
        video.size = Size(facts.width_px, facts.height_px)
        rate = self._reader.frame_rate(footage)
        try:
            return stack.enter_context(open_pictures(path, rate))
        except UnreadableMediaError as exc:
            self._fail(footage, exc)
            return None

    def _fail(self, footage: Footage, cause: UnreadableMediaError | str) -> None:
        self._output.media.fail(footage.reference, cause, footage.item)

    def _write(self, relative: str, data: bytes, footage: Footage) -> None:
        self._output.write_bytes(
            relative, data, item=footage.item, reference=footage.reference
        )
