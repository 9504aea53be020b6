"""Masks as brushes paint them, and codes as the editor and older tools write them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ls_tools.rle import encode_brush

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

SizedCode: TypeAlias = "tuple[tuple[int, int], list[int]]"
"""Width and height of a mask, and its code."""

WIDTH, HEIGHT = 1024, 768
SIZES = (3, 4, 8, 16)
"""Bits of the four numbers that a code begins with."""


def paint_strokes(
    width: int, height: int, seed: int, count: int = 30
) -> NDArray[np.uint8]:
    """Wandering strokes of a round brush, with soft edges as a canvas draws them."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    scale = width / 1024
    for _ in range(count):
        radius = rng.integers(5, 40) * scale
        x, y = rng.random() * width, rng.random() * height
        for step_x, step_y in rng.normal(0, radius / 2, (12, 2)):
            x, y = x + step_x, y + step_y
            paint(mask, x, y, radius)
    return mask


def paint(mask: NDArray[np.uint8], x: float, y: float, radius: float) -> None:
    """One dab of a brush."""
    top, left = max(int(y - radius) - 1, 0), max(int(x - radius) - 1, 0)
    part = mask[top : int(y + radius) + 2, left : int(x + radius) + 2]
    if part.size:
        rows, columns = np.indices(part.shape)
        away = np.hypot(rows + top + 0.5 - y, columns + left + 0.5 - x)
        dab = np.clip(255 * (radius - away + 0.5), 0, 255).astype(np.uint8)
        np.maximum(part, dab, out=part)


def in_colour(alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA of one colour, which other tools write."""
    colour = np.array([200, 30, 77, 255], np.uint8)
    return np.where((alpha > 0)[..., None], colour, np.uint8(0)).astype(np.uint8)


def encode_values(values: list[int], *, chunks: bool) -> list[int]:
    """The code of any values.

    Args:
        values: By pixel, RGBA.
        chunks: Values that do not repeat are written together, as the editor does,
            or each on its own, as the existing tool does.
    """
    bits = [f"{len(values):032b}{7:05b}", *(f"{size - 1:04b}" for size in SIZES)]
    for is_run, words in records_of(values, chunks=chunks):
        choice = next(i for i, size in enumerate(SIZES) if len(words) <= 1 << size)
        bits.append(f"{is_run:b}{choice:02b}{len(words) - 1:0{SIZES[choice]}b}")
        bits += [f"{word:08b}" for word in (words[:1] if is_run else words)]
    text = "".join(bits)
    text += "0" * (8 - len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def records_of(values: list[int], *, chunks: bool) -> Iterator[tuple[bool, list[int]]]:
    """Runs, and what is between them."""
    chunk: list[int] = []
    longest = (1 << SIZES[-1]) if chunks else 1
    for _, run in itertools.groupby(values):
        words = list(run)
        if len(words) == 1:
            chunk += words
        if chunk and (len(words) > 1 or len(chunk) == longest):
            yield False, chunk
            chunk = []
        for at in range(0, len(words) if len(words) > 1 else 0, 1 << SIZES[-1]):
            yield True, words[at : at + (1 << SIZES[-1])]
    if chunk:
        yield False, chunk


def _grey(alpha: NDArray[np.uint8]) -> SizedCode:
    height, width = alpha.shape
    return (width, height), encode_brush(alpha)


def _coloured(*, chunks: bool) -> SizedCode:
    values = in_colour(paint_strokes(WIDTH, HEIGHT, 1, 60)).ravel().tolist()
    return (WIDTH, HEIGHT), encode_values(values, chunks=chunks)


def _checkers(side: int) -> NDArray[np.uint8]:
    rows, columns = np.indices((HEIGHT, WIDTH)) // side
    return ((rows + columns) % 2 * 255).astype(np.uint8)


def _noise() -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    return (rng.random((HEIGHT, WIDTH)) < 0.5).astype(np.uint8) * 255  # noqa: PLR2004 -- a coin


CODES: dict[str, Callable[[], SizedCode]] = {
    "strokes": lambda: _grey(paint_strokes(WIDTH, HEIGHT, 1)),
    "strokes-34M-values": lambda: _grey(paint_strokes(3400, 2500, 1)),
    "colour-by-editor": lambda: _coloured(chunks=True),
    "colour-by-sdk": lambda: _coloured(chunks=False),
    "checkers-3px": lambda: _grey(_checkers(3)),
    "noise": lambda: _grey(_noise()),
}
"""By name, what makes each code that is measured."""

SLOW = frozenset(CODES) - {"strokes", "strokes-34M-values"}
"""Those that the slowest decoder takes half a minute for."""
