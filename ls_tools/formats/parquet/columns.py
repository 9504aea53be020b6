"""The columns of the tables: names, types and meanings. Knows no row.

A type is spelled as Arrow prints it, in terms of the structs of ``STRUCTS``, so
that this page reads as the schema that it makes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

ROWS = ("region", "task", "result")
"""What a row can stand for."""


class Column(NamedTuple):
    """A column, or a field of a struct.

    Attributes:
        name: Its name.
        type: ``int64``, ``list<string>``, ``shape``, …; ``json`` is a string
            that holds JSON, ``time`` a UTC timestamp of microseconds.
        meaning: One line for its reader; kept in the file.
    """

    name: str
    type: str
    meaning: str


TASK = (
    Column("task_id", "int64", "id of the task"),
    Column("task_index", "int64", "place of the task in the input, from 0"),
    Column("data", "json", "the task data as in the export"),
)

ANNOTATION = (
    Column("annotation_id", "int64", "id of the annotation or prediction"),
    Column("annotation_unique_id", "string", "UUID that survives import and export"),
    Column("annotator", "string", "email where the export has it, else the id"),
    Column("annotator_id", "int64", "id of the user"),
    Column("ground_truth", "bool", "marked as ground truth"),
    Column("created_at", "time", "when it was made"),
    Column("updated_at", "time", "when it was last changed"),
    Column("lead_time_s", "double", "seconds spent"),
    Column("model_version", "string", "of a prediction"),
    Column("annotation_score", "double", "of a prediction"),
    Column("history", "json", "the annotation's history as in the export"),
)

REGION = (
    Column("region_index", "int64", "place in the annotation, from 0"),
    Column("region_id", "string", "id of the region; null of relations"),
    Column("parent_id", "string", "id of the region that this one belongs to"),
    Column("object", "string", "name of the object tag that was labeled"),
    Column("item_index", "int64", "which image of a task with several, from 0"),
    Column("score", "double", "confidence of a predicted region"),
    Column("labels", "list<string>", "its labels, renamed as `--rename` says"),
    Column("choices", "list<string>", "of Choices"),
    Column("texts", "list<string>", "of TextArea"),
    Column("taxonomy", "list<list<string>>", "of Taxonomy: paths from the top"),
    Column("number", "double", "of Number and Rating"),
    Column("datetime", "string", "of DateTime, as it was entered"),
    Column("selected", "string", "of Pairwise: left or right"),
    Column("image", "image", "the image that was drawn on"),
    Column("shape_px", "shape", "what was drawn, in pixels of the image"),
    Column("shape_percent", "shape", "the same in percent, as in the export"),
    Column("span", "span", "a span of text"),
    Column("segment", "segment", "a segment of audio or of a time series"),
    Column("track", "track", "an object of a video"),
    Column("relation", "relation", "from one region to another"),
    Column("results", "list<result>", "everything above as it is in the export"),
)

UNREAD = Column("unread", "json", "values that do not fit their column, by column")

STRUCTS: dict[str, tuple[Column, ...]] = {
    "image": (
        Column("width_px", "double", "natural width"),
        Column("height_px", "double", "natural height"),
        Column("rotation_deg", "double", "as turned in the editor, clockwise"),
    ),
    "shape": (
        Column("kind", "string", "box, polygon, line, ellipse, keypoint or mask"),
        Column("x", "double", "left of a box; centre of an ellipse; the keypoint"),
        Column("y", "double", "top of a box; centre of an ellipse; the keypoint"),
        Column("width", "double", "before the rotation"),
        Column("height", "double", "before the rotation"),
        Column("radius_x", "double", "of an ellipse, before the rotation"),
        Column("radius_y", "double", "of an ellipse, before the rotation"),
        Column("rotation_deg", "double", "clockwise; a box about its top left"),
        Column("points", "list<point>", "corners of a polygon or line"),
    ),
    "point": (Column("x", "double", ""), Column("y", "double", "")),
    "span": (
        Column("start", "int64", "offset: code points of a Text, else UTF-16 units"),
        Column("end", "int64", "likewise, after the last one"),
        Column("text", "string", "the text as the editor quoted it"),
        Column("start_path", "string", "XPath or paragraph where it starts"),
        Column("end_path", "string", "XPath or paragraph where it ends"),
        Column("global_start", "int64", "code points of the whole page before it"),
        Column("global_end", "int64", "likewise of the end"),
    ),
    "segment": (
        Column("start", "double", "seconds of audio; in the unit of a time series"),
        Column("end", "double", "likewise"),
        Column("channel", "int64", "channel of the audio, from 0"),
        Column("instant", "bool", "a moment of a time series, no duration"),
    ),
    "track": (
        Column("frame_count", "int64", "frames of the video"),
        Column("duration_s", "double", "length of the video"),
        Column("key_frames", "list<key_frame>", "where the object was placed"),
        Column("ranges", "list<frame_range>", "of TimelineLabels"),
    ),
    "key_frame": (
        Column("frame", "int64", "from 1"),
        Column("time_s", "double", "seconds from the start"),
        Column("enabled", "bool", "whether the object goes on from here"),
        Column("x", "double", "left, percent"),
        Column("y", "double", "top, percent"),
        Column("width", "double", "percent"),
        Column("height", "double", "percent"),
        Column("rotation_deg", "double", "clockwise, about the top left"),
    ),
    "frame_range": (
        Column("start", "int64", "first frame"),
        Column("end", "int64", "last frame"),
    ),
    "relation": (
        Column("from_id", "string", "a region"),
        Column("to_id", "string", "another"),
        Column("direction", "string", "left, right or bi"),
        Column("labels", "list<string>", "labels of the relation"),
    ),
    "result": (
        Column("control", "string", "name of the control tag"),
        Column("type", "string", "kind of result: rectanglelabels, choices, …"),
        Column("value", "json", "the value as in the export"),
        Column("score", "double", "confidence of a predicted result"),
        Column("meta", "json", "notes on the region"),
        Column("length_s", "double", "length of the audio, where the export tells"),
    ),
    "region": REGION,
    "annotation": (
        *ANNOTATION,
        UNREAD,
        Column("regions", "list<region>", "its regions"),
    ),
}

_TASK_ROWS = (
    *TASK,
    UNREAD,
    Column("annotations", "list<annotation>", "those selected, with their regions"),
    Column("task", "json", "the whole task as in the export"),
)
_FLAT_ROWS = (*TASK, *ANNOTATION, *REGION, UNREAD)


def columns_of(rows: str) -> tuple[Column, ...]:
    """The columns of a table, by what its rows stand for."""
    return _TASK_ROWS if rows == "task" else _FLAT_ROWS


def build_schema(rows: str, arrow: Any) -> Any:
    """The Arrow schema of a table.

    Args:
        rows: What a row stands for.
        arrow: The module ``pyarrow``.
    """
    return arrow.schema([_field(column, arrow) for column in columns_of(rows)])


def _field(column: Column, arrow: Any) -> Any:
    metadata = {"description": column.meaning} if column.meaning else None
    return arrow.field(column.name, _type(column.type, arrow), metadata=metadata)


def _type(spelled: str, arrow: Any) -> Any:
    if spelled.startswith("list<"):
        return arrow.list_(_type(spelled[len("list<") : -1], arrow))
    if spelled in STRUCTS:
        return arrow.struct([_field(column, arrow) for column in STRUCTS[spelled]])
    if spelled == "time":
        return arrow.timestamp("us", "UTC")
    names = {"double": "float64", "bool": "bool_", "json": "string"}
    return getattr(arrow, names.get(spelled, spelled))()
