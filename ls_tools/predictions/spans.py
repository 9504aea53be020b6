"""Results on texts, on audio and on series: from one place to another. Pure.

Offsets are in code points, as Python counts: so does Label Studio's editor on
``Text`` and ``HyperText`` since 1.0 (``charsToCodePoints``). On ``Paragraphs`` it
counts UTF-16 units, as JavaScript does; ``paragraph`` converts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ls_tools.errors import UsageError
from ls_tools.predictions.plain import finite, integer, length, pair
from ls_tools.predictions.results import (
    Labels,
    Mark,
    Offsets,
    Result,
    Target,
    labeled,
    make_result,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack


def span(
    target: Target,
    offsets: Offsets,
    labels: Labels,
    *,
    kind: Literal["labels", "hypertextlabels"] = "labels",
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``Labels`` on a ``Text``.

    Args:
        target: With the text.
        offsets: Start and end in it.
        labels: As the label config has them.
        kind: ``hypertextlabels`` where the control is ``HyperTextLabels``.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: The span is empty or not in the text.

    Example:
        >>> from ls_tools.predictions import Target
        >>> at = Target(from_name="ner", to_name="text", text="Ada in London")
        >>> span(at, (7, 13), "LOC")["value"]
        {'start': 7, 'end': 13, 'text': 'London', 'labels': ['LOC']}
    """
    start, end, text = _part(target.text, offsets, target)
    value = {"start": start, "end": end, "text": text}
    return _labeled(target, kind, labels, value, mark)


def hypertext(
    target: Target,
    offsets: Offsets,
    labels: Labels,
    *,
    kind: Literal["labels", "hypertextlabels"] = "hypertextlabels",
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``HyperTextLabels`` on a ``HyperText``.

    Its paths are left empty: the editor finds the place by ``globalOffsets``, and
    fills them in when the annotation is saved.

    Args:
        target: With the text of the document, as ``document_text`` has it.
        offsets: Start and end in that text.
        labels: As the label config has them.
        kind: ``labels`` where the control is ``Labels``.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: The span is empty or not in the text.
    """
    start, end, text = _part(target.text, offsets, target)
    value = {
        "start": "",
        "end": "",
        "startOffset": start,
        "endOffset": end,
        "globalOffsets": {"start": start, "end": end},
        "text": text,
    }
    return _labeled(target, kind, labels, value, mark)


def paragraph(
    target: Target,
    index: int,
    labels: Labels,
    *,
    offsets: Offsets | None = None,
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``ParagraphLabels`` on one utterance of a ``Paragraphs``.

    Args:
        target: Its text is that of the utterance.
        index: Which utterance, from 0.
        labels: As the label config has them.
        offsets: Start and end in the utterance; None for all of it.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: The span is empty or not in the utterance.
    """
    which = integer(index, "The index of a paragraph")
    if which < 0:
        msg = f"The index of a paragraph is {which}."
        raise UsageError(msg)
    whole = target.text or ""
    start, end, text = _part(target.text, offsets or (0, len(whole)), target)
    value = {
        "start": str(which),
        "end": str(which),
        "startOffset": _utf16_length(whole[:start]),
        "endOffset": _utf16_length(whole[:end]),
        "text": text,
    }
    return _labeled(target, "paragraphlabels", labels, value, mark)


def segment(
    target: Target,
    seconds: tuple[float, float],
    labels: Labels,
    *,
    channel: int = 0,
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``Labels`` on an ``Audio``.

    Args:
        target: With the duration, where it is known.
        seconds: Start and end.
        labels: As the label config has them.
        channel: From 0.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: The segment is not in the audio, or ends before it starts.
    """
    start, end = _range(seconds, target.duration_s)
    value = {"start": start, "end": end, "channel": integer(channel, "A channel")}
    fields = {}
    if target.duration_s is not None:
        fields["original_length"] = length(target.duration_s, "The duration")
    names = _names(labels)
    return make_result(target, "labels", {**value, "labels": names}, mark, **fields)


def time_range(
    target: Target, limits: tuple[float, float], labels: Labels, **mark: Unpack[Mark]
) -> Result:
    """A result of ``TimeSeriesLabels`` on a ``TimeSeries``.

    Args:
        target: Where it belongs.
        limits: Start and end, in the values of the series' time column; equal
            ones mark an instant.
        labels: As the label config has them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: A limit is no number, or the end is before the start.
    """
    start, end = (
        finite(limit, "A limit of a time range") for limit in pair(limits, "Limits")
    )
    _check_order(start, end)
    value = {"start": start, "end": end, "instant": start == end}
    return _labeled(target, "timeserieslabels", labels, value, mark)


def timeline(
    target: Target,
    frames: Iterable[tuple[int, int]],
    labels: Labels,
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``TimelineLabels`` on a ``Video``.

    Args:
        target: Where it belongs.
        frames: First and last frame of each range, from 1, inclusive.
        labels: As the label config has them.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: There is no range, or one of them is none.
    """
    ranges = []
    for found in frames:
        first, last = pair(found, "A first and a last frame")
        start, end = integer(first, "A first frame"), integer(last, "A last frame")
        _check_order(start, end)
        if start < 1:
            msg = f"A range of frames starts at {start}."
            raise UsageError(msg, hint="Label Studio counts frames from 1.")
        ranges.append({"start": start, "end": end})
    if not ranges:
        msg = "A timeline has no range of frames."
        raise UsageError(msg)
    return _labeled(target, "timelinelabels", labels, {"ranges": ranges}, mark)


def _labeled(
    target: Target, kind: str, labels: Labels, value: dict[str, Any], mark: Mark
) -> Result:
    return make_result(target, kind, {**value, kind: _names(labels)}, mark)


def _names(labels: Labels) -> list[str]:
    names: list[str] = labeled("", labels, {})[1].get("labels", [])
    if not names:
        msg = "A region without a shape needs a label."
        raise UsageError(msg)
    return names


def _part(text: str | None, offsets: Offsets, target: Target) -> tuple[int, int, str]:
    """Start, end, and the text between them."""
    if text is None:
        msg = f"The text of {target.to_name!r} is not known."
        raise UsageError(msg, hint="Give it: text=….")
    start, end = (integer(offset, "An offset") for offset in pair(offsets, "Offsets"))
    if not 0 <= start < end <= len(text):
        msg = f"There is no span from {start} to {end} in a text of {len(text)}."
        hint = "Offsets are in code points, as Python counts; the end is exclusive."
        raise UsageError(msg, hint=hint)
    return start, end, text[start:end]


def _range(
    seconds: tuple[float, float], duration_s: float | None
) -> tuple[float, float]:
    first, last = pair(seconds, "Start and end")
    start = length(first, "The start of a segment")
    end = length(last, "The end of a segment")
    _check_order(start, end)
    if duration_s is not None and end > duration_s:
        msg = f"A segment ends at {end:g} s in an audio of {duration_s:g} s."
        raise UsageError(msg, hint="Cut it: min(end, duration).")
    return start, end


def _check_order(start: float, end: float) -> None:
    if end < start:
        msg = f"A region starts at {start:g} and ends at {end:g}."
        raise UsageError(msg)


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
