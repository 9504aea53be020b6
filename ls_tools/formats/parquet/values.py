"""What was labeled in one region, as the structs of the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ls_tools.formats.parquet.cells import (
    as_bool,
    as_double,
    as_int,
    as_json,
    as_paths,
    as_text,
    as_texts,
)
from ls_tools.geometry import Box, Ellipse, Keypoint, Polygon
from ls_tools.output.records import read_json
from ls_tools.regions import NO_SIZE, Drawing, image_size, read_drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ls_tools.geometry import Size
    from ls_tools.models import Annotation, Result
    from ls_tools.regions import Drawn, Region

Cells = dict[str, Any]

_TEXT_TAGS = frozenset({"text", "hypertext", "paragraphs"})
_TIME_TAGS = frozenset({"audio", "audioplus", "timeseries"})
_ANSWERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "choices": ("choices", as_texts),
    "text": ("texts", as_texts),
    "taxonomy": ("taxonomy", as_paths),
    "number": ("number", as_double),
    "rating": ("number", as_double),
    "datetime": ("datetime", as_text),
    "selected": ("selected", as_text),
}
_SHAPE_KEYS = {
    "x": "x",
    "y": "y",
    "width": "width",
    "height": "height",
    "radius_x": "radiusX",
    "radius_y": "radiusY",
    "rotation_deg": "rotation",
}


def region_cells(
    region: Region, annotation: Annotation, tags: Mapping[str, str]
) -> Cells:
    """The typed columns of a region, but for its place and labels.

    Args:
        region: Any region.
        annotation: Whose it is; tells the image's size where the region does not.
        tags: Tags of the objects, in lower case, by name.
    """
    first = region.results[0]
    values = [read_json(result.value) for result in region.results]
    found = [value for value in values if isinstance(value, dict)]
    cells: Cells = {
        "region_id": region.id,
        "parent_id": first.parent_id,
        "object": first.to_name or None,
        "item_index": as_int(first.item_index),
        "score": _first(as_double(r.score) for r in region.results),
        "results": [_result_cells(result) for result in region.results],
    }
    cells |= _answers(found)
    cells |= _drawn(_drawing(region, annotation), found)
    cells |= _placed(found, tags.get(first.to_name, ""))
    if first.type == "relation":
        cells["relation"] = _relation(first)
    return {name: cell for name, cell in cells.items() if cell is not None}


def _result_cells(result: Result) -> Cells:
    return {
        "control": result.from_name or None,
        "type": result.type or None,
        "value": bytes(result.value).decode(),
        "score": as_double(result.score),
        "meta": None if result.meta is None else as_json(result.meta),
        "length_s": as_double(result.original_length),
    }


def _relation(result: Result) -> Cells:
    return {
        "from_id": result.from_id,
        "to_id": result.to_id,
        "direction": result.direction,
        "labels": as_texts(result.labels),
    }


def _answers(values: list[Cells]) -> Cells:
    """What was answered in words, numbers and choices; of each kind the first."""
    cells: Cells = {}
    for value in values:
        for key in value.keys() & _ANSWERS.keys():
            column, read = _ANSWERS[key]
            answer = read(value[key]) if key != "text" or _is_typed(value) else None
            if answer is not None:
                cells.setdefault(column, answer)
    return cells


def _is_typed(value: Cells) -> bool:
    """Whether its text was typed, and is not what a span covers."""
    return isinstance(value["text"], list) or "end" not in value


def _drawing(region: Region, annotation: Annotation) -> Drawing | str:
    drawing = read_drawing(region)
    if drawing != NO_SIZE:
        return drawing
    first = region.results[0]
    size = image_size(annotation, first.to_name, first.item_index or 0)
    return NO_SIZE if size is None else read_drawing(region, size)


def _drawn(drawing: Drawing | str, values: list[Cells]) -> Cells:
    """What was drawn on an image, and the image."""
    if isinstance(drawing, Drawing):
        value = read_json(drawing.result.value)
        kind = _kind(drawing.shape)
        return {
            "image": _image(drawing.result, drawing.size),
            "shape_px": {"kind": kind, **_pixels(drawing.shape)},
            "shape_percent": {"kind": kind, **_percent(value)},
        }
    percent = _first(_percent(v) or None for v in values if "start" not in v)
    return {"shape_percent": percent}


def _image(result: Result, size: Size) -> Cells:
    return {
        "width_px": float(size.width_px),
        "height_px": float(size.height_px),
        "rotation_deg": as_double(result.image_rotation),
    }


def _kind(shape: Drawn) -> str:
    if isinstance(shape, Polygon):
        return "polygon" if shape.closed else "line"
    names = {Box: "box", Ellipse: "ellipse", Keypoint: "keypoint"}
    return names.get(type(shape), "mask")


def _pixels(shape: Drawn) -> Cells:
    if isinstance(shape, Polygon):
        return {"points": [{"x": x, "y": y} for x, y in shape.points_px]}
    if isinstance(shape, Box):
        return {
            "x": shape.left_px,
            "y": shape.top_px,
            "width": shape.width_px,
            "height": shape.height_px,
            "rotation_deg": shape.rotation_deg,
        }
    if isinstance(shape, Ellipse):
        return {
            "x": shape.x_px,
            "y": shape.y_px,
            "radius_x": shape.radius_x_px,
            "radius_y": shape.radius_y_px,
            "rotation_deg": shape.rotation_deg,
        }
    if isinstance(shape, Keypoint):
        return {"x": shape.x_px, "y": shape.y_px, "width": shape.width_px}
    return {}


def _percent(value: Any) -> Cells:
    cells = {name: as_double(value.get(key)) for name, key in _SHAPE_KEYS.items()}
    corners = value.get("points") or value.get("vertices")
    if isinstance(corners, list):
        points = [point for point in map(_point, corners) if point is not None]
        return {**cells, "points": points}
    known = any(cell is not None for cell in cells.values())
    return cells if known else {}


def _point(corner: Any) -> Cells | None:
    if isinstance(corner, dict):
        corner = [corner.get("x"), corner.get("y")]
    if not isinstance(corner, list) or len(corner) != 2:  # noqa: PLR2004 -- x and y
        return None
    return {"x": as_double(corner[0]), "y": as_double(corner[1])}


def _placed(values: Iterable[Cells], tag: str) -> Cells:
    """Where it is in a text, a sound, a time series or a video."""
    for value in values:
        if "sequence" in value or "ranges" in value:
            return {"track": _track(value)}
        if "start" not in value:
            continue
        is_text = tag in _TEXT_TAGS or (
            tag not in _TIME_TAGS
            and ("startOffset" in value or isinstance(value.get("text"), str))
        )
        return {"span": _span(value)} if is_text else {"segment": _segment(value)}
    return {}


def _span(value: Cells) -> Cells:
    offsets = value.get("globalOffsets")
    offsets = offsets if isinstance(offsets, dict) else {}
    has_paths = "startOffset" in value
    text = value.get("text")
    return {
        "start": as_int(value.get("startOffset" if has_paths else "start")),
        "end": as_int(value.get("endOffset" if has_paths else "end")),
        "text": as_text(text),
        "start_path": as_text(value.get("start")) if has_paths else None,
        "end_path": as_text(value.get("end")) if has_paths else None,
        "global_start": as_int(offsets.get("start")),
        "global_end": as_int(offsets.get("end")),
    }


def _segment(value: Cells) -> Cells:
    return {
        "start": as_double(value.get("start")),
        "end": as_double(value.get("end")),
        "channel": as_int(value.get("channel")),
        "instant": as_bool(value.get("instant")),
    }


def _track(value: Cells) -> Cells:
    return {
        "frame_count": as_int(value.get("framesCount")),
        "duration_s": as_double(value.get("duration")),
        "key_frames": [_key_frame(v) for v in _objects(value.get("sequence"))],
        "ranges": [
            {"start": as_int(v.get("start")), "end": as_int(v.get("end"))}
            for v in _objects(value.get("ranges"))
        ],
    }


def _key_frame(value: Cells) -> Cells:
    return {
        "frame": as_int(value.get("frame")),
        "time_s": as_double(value.get("time")),
        "enabled": as_bool(value.get("enabled")),
        **{
            name: as_double(value.get(_SHAPE_KEYS[name]))
            for name in ("x", "y", "width", "height", "rotation_deg")
        },
    }


def _objects(value: Any) -> list[Cells]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _first(found: Iterable[Any]) -> Any:
    return next((value for value in found if value is not None), None)
