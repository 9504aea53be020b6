"""Labelled segments of audio: when they are, and what is said of them.

Pure; knows no format, no config and no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.regions import Region, fields_of, number_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ls_tools.models import Annotation

NO_TIMES = "malformed value: a segment needs start and end"
"""The reason of a segment with half of its times, or with times out of range."""

NO_LENGTH = "segment without length"
"""The reason of a segment that ends where it starts, or before."""

OUTSIDE = "outside the audio"
"""The reason of a segment of which nothing is on the recording."""

CLIPPED = "clipped to the audio"
"""What is lost of a segment that is on the recording in part."""

TEXT_TYPE, CHOICES_TYPE = "textarea", "choices"

_LARGEST_S = 1e9
_SHORTEST_S = 1e-5
_TOLERANCE_S = 1e-3


class Segment(msgspec.Struct, frozen=True):
    """A region on audio.

    Attributes:
        region: The region.
        start_s: Seconds from the start of the recording, below ``end_s``; None
            where the region is about the whole of it.
        end_s: Likewise.
        channel: The channel it was drawn on, from 0; None where that is unknown.
        labels: Its labels, each once, in file order.
        texts: What was written about it, by the control that it was written in.
        choices: What was chosen for it, likewise.
    """

    region: Region
    start_s: float | None
    end_s: float | None
    channel: int | None
    labels: list[str]
    texts: Mapping[str, list[str]]
    choices: Mapping[str, list[str]]


def read_segment(region: Region) -> Segment | str:
    """Read a region that was made on audio.

    Returns:
        The segment, or where it cannot be read, the reason in a few words.
    """
    texts: dict[str, list[str]] = {}
    choices: dict[str, list[str]] = {}
    values = [(result, fields_of(result)) for result in region.results]
    times = _find_times([fields for _, fields in values])
    if isinstance(times, str):
        return times
    labels: dict[str, None] = {}
    for result, fields in values:
        labels.update(dict.fromkeys(_labels(fields)))
        if result.type == TEXT_TYPE:
            texts.setdefault(result.from_name, []).extend(_strings(fields.get("text")))
        elif result.type == CHOICES_TYPE:
            chosen = _strings(fields.get("choices"))
            choices.setdefault(result.from_name, []).extend(chosen)
    start_s, end_s = times or (None, None)
    return Segment(
        region=region,
        start_s=start_s,
        end_s=end_s,
        channel=_find_channel([fields for _, fields in values]),
        labels=list(labels),
        texts=texts,
        choices=choices,
    )


def clip_segment(
    start_s: float, end_s: float, length_s: float | None
) -> tuple[float, float] | str:
    """The part of a segment that is on its recording.

    Args:
        start_s: Seconds.
        end_s: Seconds.
        length_s: Length of the recording in seconds; None where it is unknown.

    Returns:
        Start and end, or the reason why nothing is left.

    Example:
        >>> clip_segment(-0.5, 2.0, 1.5)
        (0.0, 1.5)
    """
    clipped_end_s = end_s if length_s is None else min(end_s, length_s)
    clipped_start_s = max(start_s, 0.0)
    if clipped_end_s - clipped_start_s < min(_TOLERANCE_S, end_s - start_s):
        return OUTSIDE
    return clipped_start_s, clipped_end_s


def was_clipped(before_s: tuple[float, float], after_s: tuple[float, float]) -> bool:
    """Whether clipping took away more than rounding does."""
    (start_s, end_s), (clipped_start_s, clipped_end_s) = before_s, after_s
    return max(clipped_start_s - start_s, end_s - clipped_end_s) > _TOLERANCE_S


def recorded_length_s(annotation: Annotation, to_name: str) -> float | None:
    """The length of a recording in seconds, by the first result that tells it.

    Args:
        annotation: Any annotation.
        to_name: The object tag that plays the recording.
    """
    for result in annotation.result:
        if result.to_name == to_name and is_length(result.original_length):
            return float(result.original_length or 0.0)
    return None


def is_length(length_s: float | None) -> bool:
    """Whether this is the length of anything: finite, and 10 microseconds or more."""
    return length_s is not None and _SHORTEST_S <= length_s < _LARGEST_S


def _find_times(values: list[dict[str, Any]]) -> tuple[float, float] | str | None:
    """Start and end as the first result with both has them; None without any."""
    reason: str | None = None
    for fields in values:
        if fields.get("start") is None and fields.get("end") is None:
            continue
        start_s, end_s = _number(fields.get("start")), _number(fields.get("end"))
        if start_s is None or end_s is None:
            reason = reason or NO_TIMES
        elif end_s - start_s < _SHORTEST_S:
            reason = NO_LENGTH
        else:
            return start_s, end_s
    return reason


def _find_channel(values: list[dict[str, Any]]) -> int | None:
    for fields in values:
        channel = _number(fields.get("channel"))
        if channel is not None and channel >= 0 and channel == int(channel):
            return int(channel)
    return None


def _number(value: Any) -> float | None:
    """Seconds that a recording may have; None where there is no such number."""
    number = number_in(value)
    return number if number is not None and abs(number) < _LARGEST_S else None


def _labels(fields: Mapping[str, Any]) -> Iterator[str]:
    for key, found in fields.items():
        if key.endswith("labels"):
            yield from _strings(found)


def _strings(value: Any) -> Iterator[str]:
    """Texts that may be a bare string, or hold numbers and nulls."""
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, (str, int, float)) and not isinstance(one, bool):
            yield str(one)
