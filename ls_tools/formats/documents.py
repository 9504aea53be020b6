"""What text formats share: the texts of a task, and the spans labelled on them.

Counts what cannot be written; knows no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import msgspec

from ls_tools.formats.protocol import ClassIds, Format
from ls_tools.models import Result
from ls_tools.output import DROPPED
from ls_tools.output.reasons import NO_LABEL, NOTE, SCORE, not_expressible
from ls_tools.regions import Region
from ls_tools.texts import (
    MOVED,
    SPAN_TYPES,
    Body,
    open_body,
    read_span_value,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ls_tools.label_config import LabelConfig, MediaObject
    from ls_tools.output import Item, Output
    from ls_tools.texts import Place, SpanValue

SPAN_CONTROLS = frozenset({"Labels", "HyperTextLabels", "ParagraphLabels"})
TEXT_OBJECTS = frozenset({"Text", "HyperText", "Paragraphs"})

NO_TEXT = "no text in the task data"
UNREAD = "text behind a reference not read"
NO_TOKEN = "no token in the span"  # noqa: S105 -- a word of a text
OVERLAP = "overlaps a longer span"


class TextFormat(Format):
    """A format of labelled texts; a subclass adds its name and ``write``."""

    controls: ClassVar[frozenset[str]] = SPAN_CONTROLS
    objects: ClassVar[frozenset[str]] = TEXT_OBJECTS
    reads_media: ClassVar[bool] = True
    class_ids: ClassVar[ClassIds] = "contiguous"


class Span(msgspec.Struct, gc=False):
    """A region that labels a part of a text.

    Attributes:
        region: The region.
        result: Its result that tells where it is.
        start: Code points of the text before it.
        end: Code points up to its end, exclusive.
        labels: The names of its classes, at least one.
        losses: What of it cannot be written, as reasons.
    """

    region: Region
    result: Result
    start: int
    end: int
    labels: list[str]
    losses: list[str]


class Document(msgspec.Struct):
    """A text of a task, with what was labelled on it.

    Attributes:
        name: Name of the object tag that shows it.
        body: The text.
        spans: Its labelled spans, in file order.
    """

    name: str
    body: Body
    spans: list[Span]


_Labelled: TypeAlias = tuple[Region, Result]
"""A region, and its result that tells where it is."""


class Reading(msgspec.Struct):
    """What an item says of texts.

    Attributes:
        documents: Its texts, in the order of the label config.
        others: Regions that are no spans, of the types that were asked for.
    """

    documents: list[Document]
    others: list[Region]


class DocumentReader:
    """Finds the texts of tasks, and what is labelled on them.

    Args:
        config: The label config.
        output: Its tally counts the regions that are not found.
        others: Types of results without a span that the format can express.
        keeps_notes: Whether the format has a place for notes on regions, and for
            scores.
    """

    def __init__(
        self,
        config: LabelConfig,
        output: Output,
        others: frozenset[str] = frozenset(),
        *,
        keeps_notes: bool = False,
    ) -> None:
        self._config = config
        self._output = output
        self._others = others
        self._keeps_notes = keeps_notes
        self._texts = config.objects_of(*TEXT_OBJECTS)
        self._names: dict[str, str | None] = {}
        self._single_names: dict[str, list[str]] = {}

    def read(self, item: Item) -> Reading:
        """The texts of an item; what of it is on none of them is counted.

        An item without any text is counted as skipped.
        """
        bodies = {shown.name: self._open(shown, item) for shown in self._texts}
        texts = {n: body for n, body in bodies.items() if not isinstance(body, str)}
        reading = Reading([], [])
        if not texts:
            reasons = [reason for reason in bodies.values() if isinstance(reason, str)]
            self._output.tally.skip_item(min(reasons, default=NO_TEXT), item)
            return reading
        found: dict[str, list[_Labelled]] = {name: [] for name in texts}
        for region in item.regions:
            name = region.results[0].to_name or self._only(bodies)
            result = _span_result(region) if name in found else None
            if result is not None:
                found[name].append((region, result))
            elif self._is_other(region, found):
                reading.others.append(region)
            else:
                self._skip(self._why_not(region, bodies.get(name)), item, region)
        for name, body in texts.items():
            spans = list(self._spans(found[name], body, item))
            reading.documents.append(Document(name, body, spans))
        return reading

    def _is_other(self, region: Region, names: Collection[str]) -> bool:
        """Whether it is no span, but of a type that was asked for."""
        result = region.results[0]
        if result.type not in self._others or result.type == "relation":
            return result.type in self._others
        value = read_span_value(result)
        is_on_part = not isinstance(value, str) and value.start is not None
        return (result.to_name or self._only(names)) in names and not is_on_part

    def _open(self, shown: MediaObject, item: Item) -> Body | str:
        """The text of an object, or the reason why there is none."""
        value: Any = item.task.data.get(shown.data_key or "")
        if shown.shows_files and isinstance(value, str) and value:
            value = self._output.media.text_of(value, item)
            if value is None:
                return UNREAD
            if shown.tag.lower() == "paragraphs":
                value = _read_json(value)
        return open_body(shown.tag, value, shown.attributes) or NO_TEXT

    def _only(self, names: Collection[str]) -> str:
        """The text of results that name none, as in old data."""
        return next(iter(names)) if len(names) == 1 else ""

    def _why_not(self, region: Region, body: Body | str | None) -> str:
        result = region.results[0]
        shown = self._config.objects.get(result.to_name)
        tag = self._tag_of(result)
        if result.type not in SPAN_TYPES | self._others:
            return not_expressible(tag)
        if shown is not None and shown not in self._texts:
            return not_expressible(f"{tag} on {shown.tag}")
        if body is None or isinstance(body, str):
            return body or NO_TEXT
        return NO_LABEL  # an answer about a part of the text that has none

    def _tag_of(self, result: Result) -> str:
        control = self._config.control(result.from_name)
        return control.tag if control else result.type or "unknown"

    def _spans(
        self, labelled: Sequence[_Labelled], body: Body, item: Item
    ) -> Iterator[Span]:
        values: list[SpanValue] = []
        readable: list[_Labelled] = []
        for one in labelled:
            value = read_span_value(one[1])
            if isinstance(value, str):
                self._skip(value, item, one[0])
            else:
                values.append(value)
                readable.append(one)
        places = body.locate(values) if values else ()
        for one, value, place in zip(readable, values, places, strict=True):
            names = place if isinstance(place, str) else self._class_names(one, value)
            if isinstance(place, str) or isinstance(names, str):
                self._skip(str(names), item, one[0])
            else:
                region, result = one
                is_plain = result.score is None and not (
                    result.meta or place.moved or len(region.results) > 1
                )
                losses = [] if is_plain else self._losses(region, result, place)
                yield Span(region, result, place.start, place.end, names, losses)

    def _class_names(self, labelled: _Labelled, value: SpanValue) -> list[str] | str:
        """The names of a region's classes, or the reason why it has none."""
        region = labelled[0]
        labels = value.own_labels() if len(region.results) == 1 else []
        if len(labels) == 1:
            names = self._single_names.get(labels[0])
            if names is not None:
                return names
        labels = labels or region.labels()
        names = [name for label in labels if (name := self._name(label)) is not None]
        if not names:
            return DROPPED if labels else NO_LABEL
        if len(labels) == 1:
            self._single_names[labels[0]] = names
        return list(dict.fromkeys(names)) if len(names) > 1 else names

    def _losses(self, region: Region, result: Result, place: Place) -> list[str]:
        losses = [MOVED] if place.moved else []
        is_kept = self._keeps_notes and region.id is not None
        if result.meta and not is_kept:
            losses.append(NOTE)
        if result.score is not None and not is_kept:
            losses.append(SCORE)
        if len(region.results) > 1:
            losses.extend(
                not_expressible(self._tag_of(other))
                for other in region.results
                if other.type not in SPAN_TYPES
            )
        return losses

    def _name(self, label: str) -> str | None:
        """The class name of a label, None where the user drops it."""
        if label not in self._names:
            classes = self._output.classes
            is_kept = classes.index_of(label) is not None
            self._names[label] = classes.name_of(label) if is_kept else None
        return self._names[label]

    def _skip(self, reason: str, item: Item, region: Region) -> None:
        self._output.tally.skip(reason, task_id=item.task.id, region_id=region.id)


def _span_result(region: Region) -> Result | None:
    """The result of a region that labels a span, if any does."""
    for result in region.results:
        if result.type in SPAN_TYPES:
            return result
    return None


def _read_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
