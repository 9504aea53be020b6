"""ASR manifest: a line of JSON per segment of audio with its text, as NeMo reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from ls_tools.formats.protocol import DivisibleFormat, Writing, option
from ls_tools.formats.recordings import (
    NO_AUDIO,
    Heard,
    Recording,
    RecordingFormat,
    RecordingReader,
    rounded_s,
)
from ls_tools.output import DROPPED, Layout, RecordFiles
from ls_tools.output.reasons import not_expressible
from ls_tools.output.records import annotator_of
from ls_tools.regions import labels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Output
    from ls_tools.sounds import Segment

NO_TEXT = "no text"
NO_LINE = not_expressible("Choices")
"""The reason of an answer about a recording of which no line is written."""

NO_DURATION = "duration unknown"
OTHER_TEXT = "text of another control dropped"
TIMES_DROPPED = "times and labels dropped: one line per file"
BESIDE_WHOLE = "text of a segment beside the text of its file"

_NO_DURATION_WARNING = (
    "Some lines have no duration, which NeMo refuses. Copy the media to have their "
    "lengths read."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsrManifestOptions:
    """Options of the ASR manifest."""

    lines: str = option(
        "segment",
        "A line per segment, or one per file with its texts in the order of time.",
        choices=("segment", "file"),
    )
    untranscribed: str = option(
        "skip",
        "What becomes of segments without a text: they are left out and reported, or "
        "written without text.",
        choices=("skip", "write"),
    )
    text_control: str = option(
        "",
        "Name of the TextArea that holds the transcript; the first one in the label "
        "config that has a text where empty.",
    )
    speaker_control: str = option(
        "",
        "Name of the Labels or Choices whose first label is the speaker; none where "
        "empty.",
    )


class AsrManifestFormat(RecordingFormat, DivisibleFormat):
    """NVIDIA NeMo's manifest: ``manifest.json``, JSON lines, and ``audio/``."""

    name: ClassVar[str] = "asr_manifest"
    aliases: ClassVar[tuple[str, ...]] = ("ASR_MANIFEST",)
    summary: ClassVar[str] = "NeMo manifest: transcribed segments of audio"
    controls: ClassVar[frozenset[str]] = frozenset({"Labels", "TextArea", "Choices"})
    options_type: ClassVar[type[Any]] = AsrManifestOptions

    def begin(
        self,
        config: LabelConfig,
        output: Output,
        options: AsrManifestOptions,
        survey: None,
    ) -> Writing:
        """Begin ``manifest.json``, or a file per split, and ``audio/``."""
        del survey
        reader = RecordingReader(config, output, self.controls)
        return _Writer(reader, output, _TextFinder(config, options))


class _TextFinder:
    """Which text of a segment is its transcript, and who speaks it."""

    def __init__(self, config: LabelConfig, options: AsrManifestOptions) -> None:
        self.options = options
        named = [control.name for control in config.controls_of("TextArea")]
        self._order = {name: index for index, name in enumerate(named)}

    def text(self, segment: Segment, losses: list[str]) -> str | None:
        """The transcript; None where there is none. Other texts are lost."""
        texts = {
            control: " ".join(lines)
            for control, lines in segment.texts.items()
            if any(line.strip() for line in lines)
        }
        chosen = self.options.text_control
        if not chosen and texts:
            chosen = min(texts, key=lambda name: self._order.get(name, len(texts)))
        text = texts.pop(chosen, None)
        if texts:
            losses.append(OTHER_TEXT)
        return text

    def speaker(self, segment: Segment) -> str | None:
        """The first label or choice of the control that names speakers."""
        name = self.options.speaker_control
        if not name:
            return None
        for result in segment.region.results:
            if result.from_name == name:
                for label in labels_of(result):
                    return label
        return next(iter(segment.choices.get(name, ())), None)


class _Spoken(msgspec.Struct):
    """A segment with what its line says."""

    heard: Heard
    text: str | None
    labels: list[str]


class _Writer(Writing):
    """Lines being written."""

    def __init__(
        self, reader: RecordingReader, output: Output, texts: _TextFinder
    ) -> None:
        self._reader = reader
        self._output = output
        self._texts = texts
        self._files = RecordFiles(output, "json", Layout(), base="manifest")
        self._encode = msgspec.json.Encoder().encode_lines
        self._by_file = texts.options.lines == "file"

    def add(self, items: Iterable[Item]) -> None:
        """Write the lines of each recording."""
        for item in items:
            recordings = self._reader.recordings(item.task)
            if not recordings:
                self._output.tally.skip_item(NO_AUDIO, item)
                continue
            heard = self._reader.read(item, recordings)
            for recording in recordings:
                mine = [one for one in heard if one.recording is recording]
                lines = list(self._lines(recording, item, mine))
                self._files.write(self._encode(lines), item)

    def finish(self) -> None:
        """Complete the files."""
        self._files.finish()

    def _lines(
        self, recording: Recording, item: Item, heard: Sequence[Heard]
    ) -> Iterator[dict[str, Any]]:
        if not item.regions:  # nobody was asked, or nothing is said on it
            silent = None if item.annotation is None else ""
            yield self._line(recording, item, silent)
            return
        whole, spoken = self._sort(item, heard)
        if self._by_file:
            spoken = self._said_of_file(spoken, item)
        if not spoken:
            for answer in whole:
                self._skip(NO_LINE, answer, item)
            return
        write = self._line_of_file if self._by_file else self._lines_of_segments
        yield from write(recording, item, whole, spoken)
        for answer in whole:
            self._wrote(answer, item)

    def _sort(
        self, item: Item, heard: Sequence[Heard]
    ) -> tuple[list[Heard], list[_Spoken]]:
        """Answers about a whole recording, and what gets a line."""
        whole: list[Heard] = []
        spoken: list[_Spoken] = []
        for one in heard:
            segment = one.segment
            text = self._texts.text(segment, one.losses)
            names = map(self._output.classes.name_of, segment.labels)
            labels = list(dict.fromkeys(name for name in names if name is not None))
            if segment.labels and not labels:
                self._skip(DROPPED, one, item)
            elif segment.start_s is None and text is None and segment.choices:
                whole.append(one)
            elif text is None and self._texts.options.untranscribed == "skip":
                self._skip(NO_TEXT, one, item)
            else:
                spoken.append(_Spoken(one, text, labels))
        if whole and not spoken and self._texts.options.untranscribed == "write":
            spoken.append(_Spoken(whole.pop(0), None, []))
        return whole, spoken

    def _lines_of_segments(
        self,
        recording: Recording,
        item: Item,
        whole: Sequence[Heard],
        spoken: Sequence[_Spoken],
    ) -> Iterator[dict[str, Any]]:
        for one in spoken:
            segment = one.heard.segment
            line = self._line(recording, item, one.text, segment)
            speaker = self._texts.speaker(segment)
            name = self._output.classes.name_of(speaker) if speaker else None
            if name is not None:
                line["speaker"] = name
            if one.labels:
                line["labels"] = one.labels
            choices = _choices((*whole, one.heard))
            if choices:
                line["choices"] = choices
            if segment.channel is not None:
                line["channel"] = segment.channel
            yield line
            self._wrote(one.heard, item, line)

    def _said_of_file(self, spoken: Sequence[_Spoken], item: Item) -> list[_Spoken]:
        """What the line of a file is made of: its own text, else those of segments.

        The others are counted.
        """
        has_own = any(one.heard.segment.start_s is None for one in spoken)
        said: list[_Spoken] = []
        for one in spoken:
            is_own = one.heard.segment.start_s is None
            if is_own if has_own else one.text is not None:
                said.append(one)
            else:
                reason = NO_TEXT if one.text is None else BESIDE_WHOLE
                self._skip(reason, one.heard, item)
        return said

    def _line_of_file(
        self,
        recording: Recording,
        item: Item,
        whole: Sequence[Heard],
        spoken: Sequence[_Spoken],
    ) -> Iterator[dict[str, Any]]:
        words = [one.text for one in spoken if one.text is not None]
        line = self._line(recording, item, " ".join(words) if words else None)
        choices = _choices([*whole, *(one.heard for one in spoken if not one.text)])
        if choices:
            line["choices"] = choices
        yield line
        for one in spoken:
            if one.heard.segment.start_s is not None:
                one.heard.losses.append(TIMES_DROPPED)
            self._wrote(one.heard, item, line)

    def _line(
        self,
        recording: Recording,
        item: Item,
        text: str | None,
        segment: Segment | None = None,
    ) -> dict[str, Any]:
        """What all lines say."""
        placed = self._reader.place(recording, item)
        is_here = placed.path is not None
        line: dict[str, Any] = {
            "audio_filepath": placed.relative if is_here else placed.reference
        }
        if segment and segment.start_s is not None and segment.end_s is not None:
            line["offset"] = rounded_s(segment.start_s)
            line["duration"] = rounded_s(segment.end_s - segment.start_s)
        elif (length_s := self._reader.length_s(recording, item)) is not None:
            line["duration"] = rounded_s(length_s)
        else:
            self._output.tally.warn(_NO_DURATION_WARNING)
        if text is not None:
            line["text"] = text
        annotator = annotator_of(item.annotation)
        if annotator is not None:
            line["annotator"] = str(annotator)
        return line

    def _skip(self, reason: str, heard: Heard, item: Item) -> None:
        region_id = heard.segment.region.id
        self._output.tally.skip(reason, task_id=item.task.id, region_id=region_id)

    def _wrote(
        self, heard: Heard, item: Item, line: Mapping[str, Any] | None = None
    ) -> None:
        tally, region_id = self._output.tally, heard.segment.region.id
        tally.wrote()
        if line is not None and "duration" not in line:
            heard.losses.append(NO_DURATION)
        for reason in heard.losses:
            tally.degrade(reason, task_id=item.task.id, region_id=region_id)


def _choices(heard: Sequence[Heard]) -> dict[str, list[str]]:
    """What was chosen, by control; for a segment itself last."""
    found: dict[str, list[str]] = {}
    for one in heard:
        found.update(one.segment.choices)
    return found
