"""MOTChallenge: a line per box and frame, with the track that it belongs to."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, ClassVar

from ls_tools.formats.footage import FrameWriter
from ls_tools.formats.placings import Placer, Placing
from ls_tools.formats.videos import VideoFormat, VideoOptions, VideoReader

if TYPE_CHECKING:
    from ls_tools.formats.protocol import ClassIds
    from ls_tools.formats.videos import Footage
    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Items, Output

_DECIMALS = 3


class MotFormat(VideoFormat):
    """``sequences/NAME/gt/gt.txt`` per video, and with media its frames."""

    name: ClassVar[str] = "mot"
    aliases: ClassVar[tuple[str, ...]] = ("MOT",)
    summary: ClassVar[str] = "MOTChallenge: boxes of tracks on video, frame by frame"
    options_type: ClassVar[type[Any]] = VideoOptions
    class_ids: ClassVar[ClassIds] = "contiguous"

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: VideoOptions
    ) -> None:
        """Write a folder per video, and ``labels.txt``."""
        reader = VideoReader(config, output, options)
        with output.scratch() as folders:
            _Writer(reader, output, folders).write(items)


class _Writer:
    """One conversion.

    Args:
        reader: Finds the videos.
        output: Where to.
        folders: Holds the folders of ground truth until all classes are known.
    """

    def __init__(self, reader: VideoReader, output: Output, folders: IO[bytes]) -> None:
        self._reader = reader
        self._output = output
        self._folders = folders
        placer = Placer(reader, output, sizes_needed=True)
        self._frames = FrameWriter(reader, placer, output)

    def write(self, items: Items) -> None:
        """Write all items, and the classes after them."""
        for footage in self._reader.footage(items):
            folder = self._output.folder("sequences", footage.item)
            self._write_sequence(f"{folder}/{footage.stem}", footage)
        lines = "".join(f"{name}\n" for name in self._output.classes.line_names())
        self._output.write_bytes("labels.txt", lines.encode())
        self._folders.seek(0)
        for folder_line in self._folders:
            path = f"{folder_line[:-1].decode()}/labels.txt"
            self._output.write_bytes(path, lines.encode())

    def _write_sequence(self, folder: str, footage: Footage) -> None:
        output, last = self._output, 0
        with output.open(
            f"{folder}/gt/gt.txt", item=footage.item, reference=footage.reference
        ) as file:
            frames = self._frames.frames(
                footage,
                lambda frame: f"{folder}/img1/{frame:06}.jpg",
                empty=self._frames.has_pictures,
            )
            for frame, placings in frames:
                last = frame
                file.write("".join(map(_lines, placings)).encode())
        self._folders.write(f"{folder}/gt\n".encode())
        length = last if self._frames.has_pictures else 0
        length = length or self._reader.frames_count(footage) or last
        output.write_bytes(
            f"{folder}/seqinfo.ini",
            self._sequence_info(footage, length).encode(),
            item=footage.item,
            reference=footage.reference,
        )

    def _sequence_info(self, footage: Footage, length: int) -> str:
        """``seqinfo.ini``: what is known of the video."""
        size = footage.video.size
        rate = self._reader.frame_rate(footage)
        facts = {
            "name": footage.stem,
            "imDir": "img1",
            "frameRate": None if rate is None else _plain(rate),
            "seqLength": length,
            "imWidth": None if size is None else _plain(size.width_px),
            "imHeight": None if size is None else _plain(size.height_px),
            "imExt": ".jpg",
        }
        known = (
            f"{key}={value}\n" for key, value in facts.items() if value is not None
        )
        return "[Sequence]\n" + "".join(known)


def _lines(placing: Placing) -> str:
    """A line per class: frame, track, box, then 1 for it counts, class from 1.

    That is why a score cannot stand in the same place: evaluators take it for a
    box to be ignored. The last number is how much of it is visible, which nobody
    was asked.
    """
    numbers = ",".join(_plain(number) for number in placing.ltwh)
    return "".join(
        f"{placing.frame},{placing.number},{numbers},1,{class_id + 1},1\n"
        for class_id in placing.tracked.class_ids
    )


def _plain(number: float) -> str:
    """A number without an exponent and without zeros that say nothing."""
    text = f"{number:.{_DECIMALS}f}".rstrip("0").removesuffix(".")
    return "0" if text == "-0" else text
