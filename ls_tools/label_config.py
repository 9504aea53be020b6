"""Labeling configurations: the XML that says what is labeled, and how.

Pure: text in, values out. Source of the grammar: Label Studio's tag reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.errors import LabelConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from xml.etree.ElementTree import Element

    from ls_tools.models import Result, Task

MAX_XML_BYTES = 8 * 2**20
"""Largest configuration that is parsed, unless the caller says otherwise."""

_NOT_CONTROLS = frozenset({"Filter"})
_FILE_TAGS = frozenset(
    {"image", "audio", "audioplus", "video", "pdf", "timeseries", "bitmask"}
)
_LABEL_TAGS = frozenset({"Label", "Choice"})
_LABELS_DECODER = msgspec.json.Decoder()
_REPEATER = re.compile(r"\{\{\s*\w+\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label or choice of a control.

    Attributes:
        name: What results carry: the alias where there is one.
        value: What the annotator sees.
        category: The integer ``category`` attribute, None where there is none
            or it is not an integer.
        attributes: All attributes of the tag.
    """

    name: str
    value: str
    category: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A tag that makes results: ``RectangleLabels``, ``Choices``, ``TextArea``.

    Attributes:
        name: The ``from_name`` of its results.
        tag: The tag as written in the configuration.
        to_names: Names of the objects it labels.
        labels: Its labels in document order.
        attributes: All attributes of the tag.
    """

    name: str
    tag: str
    to_names: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def result_type(self) -> str:
        """The ``type`` of its results: the tag in lower case."""
        return self.tag.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaObject:
    """A tag that shows data: ``Image``, ``Text``, ``Audio``.

    Attributes:
        name: The ``to_name`` of results on it.
        tag: The tag as written in the configuration.
        value: Key of the task data that it shows, without the leading ``$``;
            None where it has none.
        value_list: Likewise, of a list of references (multi-image).
        attributes: All attributes of the tag.
    """

    name: str
    tag: str
    value: str | None = None
    value_list: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_key(self) -> str | None:
        """The task data key it shows, a list of references or a single one."""
        return self.value_list or self.value

    @property
    def shows_files(self) -> bool:
        """Whether its data are references to files, by ``valueType`` or by tag."""
        kinds = [v for k, v in self.attributes.items() if k.lower() == "valuetype"]
        kind = kinds[0].lower() if kinds else ""
        return kind == "url" or (not kind and self.tag.lower() in _FILE_TAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelConfig:
    """A labeling configuration.

    Attributes:
        controls: Controls by name, in document order.
        objects: Objects by name, in document order.
        xml: The text it was parsed from; empty where it was inferred.
        inferred: Made up from results, since no configuration was given.
    """

    controls: Mapping[str, Control] = field(default_factory=dict)
    objects: Mapping[str, MediaObject] = field(default_factory=dict)
    xml: str = field(default="", repr=False)
    inferred: bool = False

    def control(self, from_name: str) -> Control | None:
        """The control that made results named ``from_name``.

        Names inside a ``Repeater`` hold ``{{idx}}``, which stands for a number;
        where several match, the longest name wins.
        """
        exact = self.controls.get(from_name)
        if exact is not None:
            return exact
        matches = [
            control
            for name, control in self.controls.items()
            if "{{" in name and _repeater_pattern(name).fullmatch(from_name)
        ]
        return max(matches, key=lambda control: len(control.name), default=None)

    def controls_of(self, *tags: str) -> tuple[Control, ...]:
        """The controls with one of these tags (in any case), in order."""
        wanted = {tag.lower() for tag in tags}
        return tuple(c for c in self.controls.values() if c.result_type in wanted)

    def objects_of(self, *tags: str) -> tuple[MediaObject, ...]:
        """The objects with one of these tags (in any case), in order."""
        wanted = {tag.lower() for tag in tags}
        return tuple(o for o in self.objects.values() if o.tag.lower() in wanted)


def parse_label_config(
    xml: str | bytes, *, max_bytes: int = MAX_XML_BYTES
) -> LabelConfig:
    """Parse a labeling configuration.

    Entities, DTDs and external references are refused.

    Raises:
        LabelConfigError: It is too large, unsafe, or not well-formed XML.
    """
    # What gets a config that was parsed elsewhere needs no parser.
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    text = xml.decode("utf-8-sig", "replace") if isinstance(xml, bytes) else xml
    if len(text) > max_bytes:
        msg = f"The label config has {len(text)} characters, more than {max_bytes}."
        raise LabelConfigError(msg, hint="Is it really a labeling configuration?")
    try:
        root = fromstring(
            text.strip(), forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
    except DefusedXmlException as exc:
        msg = "The label config holds a DTD or an entity, which are refused."
        raise LabelConfigError(msg, hint="Remove the DOCTYPE.") from exc
    except (ParseError, ValueError) as exc:
        msg = f"The label config is not well-formed XML: {exc}."
        hint = "Copy it again from the project's Settings, Labeling Interface, Code."
        raise LabelConfigError(msg, hint=hint) from exc
    return _build(root, text)


def infer_label_config(tasks: Iterable[Task]) -> LabelConfig:
    """Guess a configuration from results, for exports that came without one.

    Labels are in alphabetical order, so that the guess does not depend on the
    order of the tasks.
    """
    found: dict[str, _Inferred] = {}
    objects: dict[str, MediaObject] = {}
    for task in tasks:
        for result in _results(task):
            if not result.from_name:
                continue
            control = found.setdefault(
                result.from_name, _Inferred(result.type, result.to_name)
            )
            control.add(result.value)
            if result.to_name and result.to_name not in objects:
                objects[result.to_name] = _infer_object(result, task.data)
    controls = {name: found[name].control(name) for name in sorted(found)}
    return LabelConfig(controls=controls, objects=objects, inferred=True)


def _build(root: Element, xml: str) -> LabelConfig:
    controls: dict[str, Control] = {}
    objects: dict[str, MediaObject] = {}
    for element, labels in _named_elements(root):
        name, attributes = element.attrib["name"], dict(element.attrib)
        if "toName" in attributes:
            if element.tag not in _NOT_CONTROLS and name not in controls:
                controls[name] = Control(
                    name=name,
                    tag=element.tag,
                    to_names=_split_names(attributes["toName"]),
                    labels=tuple(_read_label(label) for label in labels),
                    attributes=attributes,
                )
        elif "value" in attributes or "valueList" in attributes:
            objects.setdefault(
                name,
                MediaObject(
                    name=name,
                    tag=element.tag,
                    value=_data_key(attributes.get("value")),
                    value_list=_data_key(attributes.get("valueList")),
                    attributes=attributes,
                ),
            )
    return LabelConfig(controls=controls, objects=objects, xml=xml)


def _named_elements(root: Element) -> Iterator[tuple[Element, list[Element]]]:
    """Every tag with a name, with the labels whose nearest named tag it is."""
    labels: dict[int, list[Element]] = {}
    named: list[Element] = []
    stack: list[tuple[Element, list[Element]]] = [(root, [])]
    while stack:
        element, owner = stack.pop()
        if element.tag in _LABEL_TAGS:
            owner.append(element)
        elif "name" in element.attrib:
            owner = labels.setdefault(id(element), [])
            named.append(element)
        stack.extend((child, owner) for child in reversed(element))
    for element in named:
        yield element, labels[id(element)]


def _read_label(element: Element) -> Label:
    attributes = dict(element.attrib)
    value = attributes.get("value", attributes.get("alias", ""))
    return Label(
        name=attributes.get("alias") or value,
        value=value,
        category=_integer(attributes.get("category")),
        attributes=attributes,
    )


def _integer(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def _split_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _data_key(text: str | None) -> str | None:
    return text.removeprefix("$") if text else None


def _repeater_pattern(name: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in _REPEATER.split(name)]
    return re.compile(r"\d+".join(parts))


_TAGS = {
    tag.lower(): tag
    for tag in (
        "RectangleLabels",
        "PolygonLabels",
        "EllipseLabels",
        "KeyPointLabels",
        "BrushLabels",
        "VectorLabels",
        "BitmaskLabels",
        "Rectangle",
        "Polygon",
        "Ellipse",
        "KeyPoint",
        "Brush",
        "Vector",
        "Bitmask",
        "Labels",
        "HyperTextLabels",
        "ParagraphLabels",
        "TimeSeriesLabels",
        "VideoRectangle",
        "TimelineLabels",
        "Choices",
        "TextArea",
        "Taxonomy",
        "Rating",
        "Number",
        "DateTime",
        "Pairwise",
        "Ranker",
    )
}
_TEXT_KEYS = ("text", "html", "paragraphs", "dialogue")
_TEXT_TYPES = {"hypertextlabels": "HyperText", "paragraphlabels": "Paragraphs"}
_VIDEO_TYPES = frozenset({"videorectangle", "timelinelabels"})
_AUDIO_NAME = re.compile(
    r"\.(?:aac|aiff?|amr|au|flac|m4a|mp3|oga|ogg|opus|wav|wma)\b", re.IGNORECASE
)
_VIDEO_NAME = re.compile(r"\.(?:avi|m4v|mkv|mov|mp4|mpe?g|webm)\b", re.IGNORECASE)


class _Inferred:
    """What is known of one control from its results."""

    def __init__(self, result_type: str, to_name: str) -> None:
        self._type = result_type
        self._to_names = {to_name} - {""}
        self._labels: set[str] = set()

    def add(self, value: msgspec.Raw) -> None:
        """Take in the labels of one result's undecoded value."""
        try:
            found = _LABELS_DECODER.decode(value)
        except msgspec.DecodeError:
            return
        key = "labels" if self._type == "videorectangle" else self._type
        labels = found.get(key) if isinstance(found, dict) else None
        if isinstance(labels, list):
            self._labels.update(x for x in labels if isinstance(x, str))

    def control(self, name: str) -> Control:
        """The control as far as its results tell."""
        return Control(
            name=name,
            tag=_TAGS.get(self._type, self._type),
            to_names=tuple(sorted(self._to_names)),
            labels=tuple(Label(name=x, value=x) for x in sorted(self._labels)),
        )


def _results(task: Task) -> Iterator[Result]:
    for annotation in (*task.annotations, *task.predictions, *task.drafts):
        yield from annotation.result


def _infer_object(result: Result, data: Mapping[str, Any]) -> MediaObject:
    """The object of a result, on the data key that most likely feeds it."""
    name = result.to_name
    keys = [key for key, value in data.items() if isinstance(value, (str, list))]
    key = name if name in data else (keys[0] if keys else None)
    is_list = key is not None and isinstance(data[key], list)
    return MediaObject(
        name=name,
        tag=_infer_tag(result, key, data),
        value=None if is_list else key,
        value_list=key if is_list else None,
    )


def _infer_tag(result: Result, key: str | None, data: Mapping[str, Any]) -> str:
    """The object tag that a result was most likely made on."""
    if result.type in _TEXT_TYPES:
        return _TEXT_TYPES[result.type]
    reference = str(data.get(key, "")) if key else ""
    if key in _TEXT_KEYS or (" " in reference and "/" not in reference):
        return "Text"
    if result.type in _VIDEO_TYPES or _VIDEO_NAME.search(reference):
        return "Video"
    if result.original_length is not None or _AUDIO_NAME.search(reference):
        return "Audio"
    return "Image"
