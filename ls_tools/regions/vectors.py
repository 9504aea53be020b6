"""Vectors: corners joined by straight lines and cubic Bézier curves. Percent.

Source of the curves: ``VectorShape.tsx`` of HumanSignal/label-studio's editor,
which draws from a corner's second control point and the next one's first. Where
one of the two is missing, a point 0.3 of the way along the chord stands for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ls_tools.geometry import Point
    from ls_tools.regions.values import Vertex

BRANCHES = "vector with branches is no outline"
"""The reason of a vector that is a skeleton."""

_STEPS = 16
"""Straight lines for a curve. A curve as wide as it is long is left by less than
0.3 % of its length."""

_LOOSE = 0.3


def flatten(vertices: Sequence[Vertex], *, closed: bool) -> list[Point] | str:
    """The corners of a vector, curves replaced by straight lines.

    Args:
        vertices: In drawing order.
        closed: The last corner is joined to the first.

    Returns:
        The corners, or the reason why they make no outline.
    """
    predecessors = [vertex.prev_id for vertex in vertices if vertex.prev_id]
    if len(set(predecessors)) != len(predecessors):
        return BRANCHES
    first = vertices[0]
    points: list[Point] = [(first.x, first.y)]
    ends = [*vertices[1:], first] if closed else vertices[1:]
    for start, end in zip(vertices, ends, strict=False):
        points.extend(_line(start, end))
    return points[:-1] if closed else points


def is_curved(vertices: Sequence[Vertex]) -> bool:
    """Whether a line of a vector is not straight."""
    return any(_leaving(vertex) or _arriving(vertex) for vertex in vertices)


def _line(start: Vertex, end: Vertex) -> Iterator[Point]:
    """The points after ``start`` on the way to ``end``."""
    leaving, arriving = _leaving(start), _arriving(end)
    if leaving or arriving:
        first = leaving or _along(start, end)
        second = arriving or _along(end, start)
        for step in range(1, _STEPS):
            yield _on_curve(start, first, second, end, step / _STEPS)
    yield end.x, end.y


def _leaving(vertex: Vertex) -> Point | None:
    return _point(vertex.control_2) if vertex.is_bezier else None


def _arriving(vertex: Vertex) -> Point | None:
    return _point(vertex.control_1) if vertex.is_bezier else None


def _point(control: dict[str, float] | None) -> Point | None:
    if not control or "x" not in control or "y" not in control:
        return None
    return control["x"], control["y"]


def _along(start: Vertex, end: Vertex) -> Point:
    return start.x + (end.x - start.x) * _LOOSE, start.y + (end.y - start.y) * _LOOSE


def _on_curve(
    start: Vertex, first: Point, second: Point, end: Vertex, share: float
) -> Point:
    """A point of the cubic curve; ``share`` runs from 0 to 1."""
    rest = 1.0 - share
    weights = rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3
    xs = start.x, first[0], second[0], end.x
    ys = start.y, first[1], second[1], end.y
    return (
        sum(weight * x for weight, x in zip(weights, xs, strict=True)),
        sum(weight * y for weight, y in zip(weights, ys, strict=True)),
    )
