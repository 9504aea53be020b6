from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools.geometry import Box, Ellipse, Polygon, Size, hull
from ls_tools.models import Annotation, Result
from ls_tools.regions import (
    NO_SIZE,
    NOT_DRAWN,
    Drawing,
    Drawn,
    Region,
    image_size,
    read_drawing,
)

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BOX = {"x": 50, "y": 10, "width": 20, "height": 40, "rotation": 45}
POLYGON = {"points": [[60, 20], [90, 30], [75, 90]], "closed": True}
ELLIPSE = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0}


def result(kind: str, value: Any, **fields: Any) -> Result:
    size: dict[str, Any] = {"original_width": 200, "original_height": 100}
    raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
    fields = {"id": "r", "to_name": "img", **size, **fields}
    return Result(type=kind, value=msgspec.Raw(raw), **fields)


def region(*results: Result) -> Region:
    return Region("r", results)


def shape_of(found: Region, size: Size | None = None) -> Drawn | str:
    drawing = read_drawing(found, size)
    return drawing if isinstance(drawing, str) else drawing.shape


def drawing_of(*results: Result) -> Drawing:
    found = read_drawing(region(*results))
    assert isinstance(found, Drawing)
    return found


def test_a_box_is_measured_in_pixels() -> None:
    """F1: the rotation applies to pixels, not to percent."""
    found = drawing_of(result("rectanglelabels", {**BOX, "rectanglelabels": ["Car"]}))
    assert found.shape == Box(100, 10, 40, 40, 45)
    assert hull(found.shape) == pytest.approx((71.72, 10, 56.57, 56.57), abs=5e-3)
    assert found.size == Size(200, 100)
    assert found.labels == ["Car"]
    assert found.extras == ()


def test_a_polygon_is_measured_in_pixels() -> None:
    found = drawing_of(result("polygonlabels", {**POLYGON, "polygonlabels": ["Roof"]}))
    assert found.shape == Polygon(((120, 20), (180, 30), (150, 90)))
    assert found.labels == ["Roof"]


def test_an_open_polygon_is_told_from_a_closed_one() -> None:
    found = drawing_of(result("polygonlabels", {**POLYGON, "closed": False}))
    assert isinstance(found.shape, Polygon)
    assert not found.shape.closed


def test_an_ellipse_has_its_radii_by_width_and_by_height() -> None:
    found = drawing_of(result("ellipselabels", {**ELLIPSE, "ellipselabels": ["Eye"]}))
    assert found.shape == Ellipse(100, 50, 20, 20, 0)


@pytest.mark.parametrize("image_rotation", [0, 90, 180, 270])
def test_turning_the_image_in_the_editor_moves_no_region(image_rotation: int) -> None:
    found = shape_of(region(result("rectangle", BOX, image_rotation=image_rotation)))
    assert found == Box(100, 10, 40, 40, 45)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("rectangle", BOX, Box),
        ("polygon", POLYGON, Polygon),
        ("ellipse", ELLIPSE, Ellipse),
    ],
)
def test_plain_labels_and_a_plain_shape_are_one_drawing(
    kind: str, value: dict[str, Any], expected: type[Any]
) -> None:
    """F9."""
    shape, label = result(kind, value), result("labels", {**value, "labels": ["Car"]})
    for results in ((shape, label), (label, shape), (label,)):
        found = drawing_of(*results)
        assert isinstance(found.shape, expected)
        assert found.labels == ["Car"]
        assert found.extras == ()


def test_what_is_neither_shape_nor_label_is_an_extra() -> None:
    text = result("textarea", {**BOX, "text": ["ab"]})
    choice = result("choices", {"choices": ["sharp"]})
    found = drawing_of(text, result("rectangle", BOX), choice)
    assert found.result.type == "rectangle"
    assert found.extras == (text, choice)


def test_a_plain_label_with_coordinates_tells_the_shape_beside_a_text() -> None:
    text = result("textarea", {"text": ["ab"]})
    label = result("labels", {**BOX, "labels": ["Car"]})
    found = drawing_of(text, label)
    assert (found.shape, found.labels) == (Box(100, 10, 40, 40, 45), ["Car"])
    assert found.extras == (text,)


def test_a_region_of_answers_alone_is_no_drawing() -> None:
    text = result("textarea", {"text": ["ab"]})
    assert shape_of(region(text, result("choices", {"choices": ["a"]}))) == NOT_DRAWN


def test_numbers_may_be_strings() -> None:
    value = {"x": "50", "y": "10.0", "width": "20", "height": "40", "rotation": "45"}
    assert shape_of(region(result("rectangle", value))) == Box(100, 10, 40, 40, 45)


def test_labels_may_be_a_bare_string_or_hold_nulls() -> None:
    for labels in ("Car", ["Car", None], ["Car"]):
        found = drawing_of(
            result("rectanglelabels", {**BOX, "rectanglelabels": labels})
        )
        assert found.labels == ["Car"]


def test_a_rotation_that_is_missing_or_null_is_none() -> None:
    for rotation in ({}, {"rotation": None}, {"rotation": 0}, {"rotation": 360}):
        value = {"x": 50, "y": 10, "width": 20, "height": 40, **rotation}
        assert shape_of(region(result("rectangle", value))) == Box(100, 10, 40, 40)


def test_a_box_drawn_backwards_is_the_same_box() -> None:
    """F16: negative sizes."""
    backwards = {"x": 70, "y": 50, "width": -20, "height": -40, "rotation": 0}
    assert shape_of(region(result("rectangle", backwards))) == Box(100, 10, 40, 40)


@calm
@given(angle=st.floats(0, 359), width=st.floats(-50, 50), height=st.floats(-50, 50))
def test_a_turned_box_drawn_backwards_covers_the_same_place(
    angle: float, width: float, height: float
) -> None:
    value = {"x": 50, "y": 50, "width": width, "height": height, "rotation": angle}
    found = shape_of(region(result("rectangle", value)))
    assert isinstance(found, Box)
    assert found.width_px >= 0 <= found.height_px
    as_drawn = Box(100, 50, width * 2, height, angle)
    assert hull(found) == pytest.approx(hull(as_drawn), abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("rectangle", {**BOX, "x": None}, "a box needs x, y, width and height"),
        ("rectangle", {"points": []}, "a box needs x, y, width and height"),
        ("rectangle", {**BOX, "x": "left"}, "x"),
        ("rectangle", {**BOX, "width": [1]}, "width"),
        ("rectangle", b'{"x": 1e400, "y": 1, "width": 1, "height": 1}', ""),
        ("rectangle", {**BOX, "x": "nan"}, "number out of range"),
        ("rectangle", {**BOX, "height": "inf"}, "number out of range"),
        ("rectangle", {**BOX, "x": 1e300}, "number out of range"),
        ("rectangle", [1, 2], ""),
        ("rectangle", None, ""),
        ("rectangle", "x", ""),
        ("polygon", {"points": []}, "a polygon needs points"),
        ("polygon", {"points": [[1, 2], [3]]}, "points"),
        ("polygon", {"points": [{"x": 1, "y": 2}]}, "points"),
        ("polygon", {"points": [[1, 2], ["nan", 3], [4, 5]]}, "number out of range"),
        ("ellipse", BOX, "an ellipse needs x, y, radiusX and radiusY"),
        ("ellipse", {**ELLIPSE, "radiusY": "inf"}, "number out of range"),
    ],
)
def test_a_malformed_value_is_a_reason_and_no_exception(
    kind: str, value: Any, reason: str
) -> None:
    found = shape_of(region(result(kind, value)))
    assert found == ("malformed value: " + reason if reason else "malformed value")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("choices", {"choices": ["a"]}),
        ("relation", {}),
        ("labels", {"start": 1, "end": 2, "labels": ["PER"]}),
        ("", {}),
    ],
)
def test_what_was_not_drawn_on_an_image_is_a_reason(
    kind: str, value: dict[str, Any]
) -> None:
    assert shape_of(region(result(kind, value))) == NOT_DRAWN


@pytest.mark.parametrize("width", [None, 0, -5, float("nan"), float("inf"), 1e300])
def test_without_a_size_of_the_image_the_callers_counts(width: float | None) -> None:
    lone = region(result("rectangle", BOX, original_width=width))
    assert shape_of(lone) == NO_SIZE
    assert shape_of(lone, Size(400, 200)) == Box(200, 20, 80, 80, 45)


def test_what_a_result_states_of_the_size_counts_before_the_callers() -> None:
    lone = region(result("rectangle", BOX))
    for size in (Size(200, 300), Size(400, 100), Size(200, 100)):
        assert shape_of(lone, size) == Box(100, 10, 40, 40, 45)


def test_another_result_of_the_region_may_tell_the_size() -> None:
    sized = result("labels", {"labels": ["a"]})
    unsized = result("rectangle", BOX, original_width=None)
    assert shape_of(region(unsized, sized)) == Box(100, 10, 40, 40, 45)


def test_the_size_of_an_image_is_that_of_its_own_results() -> None:
    annotation = Annotation(
        result=[
            result("rectangle", BOX, item_index=1, original_width=300),
            result("rectangle", BOX, item_index=0, original_width=None),
            result("rectangle", BOX, to_name="other", original_width=500),
            result("rectangle", BOX),
        ]
    )
    assert image_size(annotation, "img", 1) == Size(300, 100)
    assert image_size(annotation, "img") == Size(200, 100)
    assert image_size(annotation) == Size(500, 100)
    assert image_size(annotation, "third") is None


@calm
@given(
    value=st.dictionaries(
        st.sampled_from(["x", "y", "width", "height", "rotation", "points", "labels"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=6,
        ),
    ),
    kind=st.sampled_from(["rectangle", "polygon", "ellipse", "labels", "choices"]),
)
def test_whatever_the_value_holds_the_answer_is_a_shape_or_a_reason(
    value: dict[str, Any], kind: str
) -> None:
    found = shape_of(region(result(kind, value)))
    assert isinstance(found, (str, Box, Polygon, Ellipse))
    if not isinstance(found, str):
        assert all(abs(number) < float("inf") for number in hull(found))
