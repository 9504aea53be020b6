"""RTTM: who speaks when, a line per labelled segment of audio."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from unicodedata import category

import msgspec

from ls_tools.formats.protocol import DivisibleFormat, Writing, option
from ls_tools.formats.recordings import (
    NO_AUDIO,
    Heard,
    Recording,
    RecordingFormat,
    RecordingReader,
    rounded_s,
    score_of,
)
from ls_tools.output import DROPPED, Layout, RecordFiles
from ls_tools.output.distinct import DistinctNames
from ls_tools.output.items import Item
from ls_tools.output.reasons import NO_LABEL, SECOND_LABEL
from ls_tools.regions import labels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Output, Tally

NO_TIMES = "not a segment: no start and end"
OTHER_LABEL = "label of another control dropped"
NAME_CHANGED = "a file name was changed to stand in RTTM"

_NOTHING = "<NA>"
_SUFFIX_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RttmOptions:
    """Options of RTTM."""

    speaker_control: str = option(
        "", "Name of the Labels whose labels are speakers; all of them where empty."
    )
    labels: str = option(
        "all",
        "Of a segment with several labels, write the first one or all of them, each "
        "on its own line.",
        choices=("first", "all"),
    )
    per_file: bool = option(
        default=False, help="Write rttm/NAME.rttm for every recording as well."
    )


class RttmFormat(RecordingFormat, DivisibleFormat):
    """Rich Transcription Time Marked: ``result.rttm``, and ``audio/``."""

    name: ClassVar[str] = "rttm"
    aliases: ClassVar[tuple[str, ...]] = ("RTTM",)
    summary: ClassVar[str] = "RTTM: speakers' segments of audio"
    controls: ClassVar[frozenset[str]] = frozenset({"Labels"})
    options_type: ClassVar[type[Any]] = RttmOptions

    def begin(
        self, config: LabelConfig, output: Output, options: RttmOptions, survey: None
    ) -> Writing:
        """Begin ``result.rttm``, or a file per split, and ``audio/``."""
        del survey
        reader = RecordingReader(config, output, self.controls, keeps_score=True)
        writer = _Writer(reader, output, options)
        for control in config.controls_of("Labels"):
            writer.keep(label.name for label in control.labels)
        return writer


class _Turn(NamedTuple):
    """A line without the name of its file; sorts by time."""

    start_s: float
    end_s: float
    channel: int
    speaker: str
    confidence: str

    def line(self, file_token: str) -> str:
        duration_s = max(self.end_s - self.start_s, 0.0)
        times = f"{_plain(self.start_s)} {_plain(duration_s)}"
        return (
            f"SPEAKER {file_token} {self.channel} {times} {_NOTHING} {_NOTHING} "
            f"{self.speaker} {self.confidence} {_NOTHING}\n"
        )


class _Shared(msgspec.Struct):
    """The turns of a recording that several tasks refer to."""

    item: Item
    reference: str
    turns: list[_Turn]


class _Writer(Writing):
    """Turns being written."""

    def __init__(
        self, reader: RecordingReader, output: Output, options: RttmOptions
    ) -> None:
        self._reader = reader
        self._output = output
        self._options = options
        self._files = RecordFiles(output, "rttm", Layout())
        self._shared: dict[tuple[str, str], _Shared] = {}
        self._speakers = _Tokens(output.tally)

    def keep(self, labels: Iterable[str]) -> None:
        """Keep the words that are names of speakers as they stand for these."""
        for label in labels:
            name = self._output.classes.name_of(label)
            if name and one_word(name) == name:
                self._speakers.of(name)

    def add(self, items: Iterable[Item]) -> None:
        """Write the turns of each recording."""
        recordings: list[Recording] = []
        turns: list[list[_Turn]] = []
        for item in items:
            if item.part == 0:
                recordings = self._reader.recordings(item.task)
                turns = [[] for _ in recordings]
            if not recordings:
                self._output.tally.skip_item(NO_AUDIO, item)
                continue
            self._collect(item, recordings, turns)

    def finish(self) -> None:
        """Write what several tasks share, and complete the files."""
        for (_, stem), shared in self._shared.items():
            self._write_recording(stem, shared)
        self._files.finish()

    def names(self) -> Sequence[str]:
        """The speakers who were given a word."""
        return self._speakers.asked

    def learn(self, names: Sequence[str]) -> None:
        """Give these speakers their words."""
        self._speakers.give(names)

    def _collect(
        self, item: Item, recordings: Sequence[Recording], turns: Sequence[list[_Turn]]
    ) -> None:
        for heard in self._reader.read(item, recordings):
            turns[heard.recording.position].extend(self._turns(heard, item))
        if item.part == item.parts - 1:
            for recording, found in zip(recordings, turns, strict=True):
                self._settle(recording, item, found)

    def _turns(self, heard: Heard, item: Item) -> list[_Turn]:
        """The lines of a region; the region is counted."""
        tally, region_id = self._output.tally, heard.segment.region.id
        speakers = self._speakers_of(heard)
        if isinstance(speakers, str):
            tally.skip(speakers, task_id=item.task.id, region_id=region_id)
            return []
        tally.wrote()
        for reason in heard.losses:
            tally.degrade(reason, task_id=item.task.id, region_id=region_id)
        segment = heard.segment
        start_s = rounded_s(segment.start_s or 0.0)
        end_s = rounded_s(segment.end_s or 0.0)
        channel = (segment.channel or 0) + 1
        score = score_of(segment.region)
        confidence = _NOTHING if score is None else _plain(score)
        return [
            _Turn(start_s, end_s, channel, speaker, confidence) for speaker in speakers
        ]

    def _speakers_of(self, heard: Heard) -> list[str] | str:
        segment, control = heard.segment, self._options.speaker_control
        if segment.start_s is None:
            return NO_TIMES
        labels = _labels_by(control, heard) if control else segment.labels
        if len(labels) < len(segment.labels):
            heard.losses.append(OTHER_LABEL)
        if not labels:
            return NO_LABEL
        names = dict.fromkeys(map(self._output.classes.name_of, labels))
        speakers = [self._speakers.of(name) for name in names if name is not None]
        if self._options.labels == "first" and len(speakers) > 1:
            heard.losses.append(SECOND_LABEL)
            speakers = speakers[:1]
        return speakers or DROPPED

    def _settle(self, recording: Recording, item: Item, turns: list[_Turn]) -> None:
        """Write a recording's turns, unless other tasks may have more of them."""
        names = self._output.names
        stem = names.stem(recording.reference, item.task)
        placed = self._reader.place(recording, item)
        shared = _Shared(item, placed.reference, turns)
        if not names.is_shared(recording.reference):
            self._write_recording(stem, shared)
            return
        split = self._output.split_of(item)
        known = self._shared.setdefault((split, stem), shared)
        if known is not shared:
            known.turns += turns

    def _write_recording(self, stem: str, shared: _Shared) -> None:
        token = file_token(stem)
        if token != stem:
            self._output.tally.note(NAME_CHANGED, task_id=shared.item.task.id)
        lines = "".join(turn.line(token) for turn in sorted(shared.turns)).encode()
        self._files.write(lines, shared.item)
        if self._options.per_file and shared.item.annotation is not None:
            folder = self._output.folder("rttm", shared.item)
            self._output.write_bytes(
                f"{folder}/{stem}.rttm",
                lines,
                item=shared.item,
                reference=shared.reference,
            )


def _labels_by(control: str, heard: Heard) -> list[str]:
    """The labels that one control gave to a region, each once."""
    found: dict[str, None] = {}
    for result in heard.segment.region.results:
        if result.from_name == control:
            found.update(dict.fromkeys(labels_of(result)))
    return list(found)


class _Tokens:
    """Names of speakers as RTTM can hold them: one word each, all distinct.

    Attributes:
        asked: The names that were given a word, in order; that is what words depend
            on.
    """

    def __init__(self, tally: Tally) -> None:
        self.asked: list[str] = []
        self._tally = tally
        self._of: dict[str, str] = {}
        self._distinct = DistinctNames([_NOTHING])

    def of(self, name: str) -> str:
        """The word for a name; always the same one, and what it changes is told."""
        token = self._of.get(name)
        if token is None:
            token = self._make(name)
            if token != name:
                self._tally.warn(f"The speaker {name[:80]!r} is written as {token!r}.")
        return token

    def give(self, names: Iterable[str]) -> None:
        """Give names their words, in this order, without a word in the Report."""
        for name in names:
            if name not in self._of:
                self._make(name)

    def _make(self, name: str) -> str:
        token = self._of[name] = self._distinct.give(one_word(name) or "_")
        self.asked.append(name)
        return token


def one_word(text: str) -> str:
    """``text`` with ``_`` for all that a reader may take for the end of a word.

    Example:
        >>> one_word("Ann Lee")
        'Ann_Lee'
    """
    return "".join("_" if c.isspace() or category(c) == "Cc" else c for c in text)


def file_token(stem: str) -> str:
    """A file's name as one word; what had to be changed ends in a digest of it.

    Example:
        >>> file_token("take 1"), file_token("take_1")
        ('take_1_e6cb1c47', 'take_1')
    """
    token = one_word(stem)
    if token == stem:
        return token
    digest = hashlib.blake2b(stem.encode(), digest_size=_SUFFIX_BYTES)
    return f"{token}_{digest.hexdigest()}"


def _plain(number: float) -> str:
    """A number without an exponent, which some readers do not know."""
    return f"{number:.6f}".rstrip("0").removesuffix(".")
