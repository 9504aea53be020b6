"""The model: where a picture has colour, and whose colour it is.

Deterministic, and small enough to read. Knows no Label Studio, no file and no HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from ls_tools.geometry import Ltwh, Size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""

FAINTEST_CHROMA = 40.0
"""Largest minus smallest channel, below which a pixel counts as grey."""
_FARTHEST = float(np.sqrt(3 * 255.0**2))


@dataclass(frozen=True, slots=True)
class Found:
    """The coloured part of a picture.

    Attributes:
        ltwh_px: Left, top, width and height of its box.
        colour: The median of its coloured pixels.
        fill: How much of the box is coloured, 0 to 1.
    """

    ltwh_px: Ltwh
    colour: Colour
    fill: float


class Picture:
    """The pixels of an image file, turned the way that the editor shows it.

    Raises:
        OSError: The file is no image that Pillow can read.
    """

    def __init__(self, path: Path) -> None:
        upright = _read(path)
        self._rgb: NDArray[np.float32] = np.asarray(upright, dtype=np.float32)
        self.size = Size(*upright.size)

    def find(self) -> Found | None:
        """The box around what is coloured; None in a grey picture."""
        chroma = np.ptp(self._rgb, axis=2)
        coloured = chroma >= max(FAINTEST_CHROMA, float(chroma.max()) / 2)
        if not coloured.any():
            return None
        left, right = _ends(coloured.any(axis=0))
        top, bottom = _ends(coloured.any(axis=1))
        box = (float(left), float(top), float(right - left), float(bottom - top))
        fill = float(coloured[top:bottom, left:right].mean())
        return Found(box, _median(self._rgb[coloured]), fill)

    def colour_in(self, ltwh_px: Ltwh) -> Colour | None:
        """The median colour inside a box; None where the box holds no pixel."""
        left, top = (max(round(edge), 0) for edge in ltwh_px[:2])
        right, bottom = round(ltwh_px[0] + ltwh_px[2]), round(ltwh_px[1] + ltwh_px[3])
        inside = self._rgb[top : max(bottom, 0), left : max(right, 0)]
        return _median(inside.reshape(-1, 3)) if inside.size else None


def mean(colours: Iterable[Colour]) -> Colour:
    """The mean of one or more colours."""
    red, green, blue = np.asarray(list(colours)).mean(axis=0)
    return float(red), float(green), float(blue)


def nearest(colour: Colour, known: Mapping[str, Colour]) -> tuple[str, float]:
    """The label of ``known`` with the nearest colour, and how near, 0 to 1."""
    distances = {
        name: float(np.linalg.norm(np.subtract(colour, other)))
        for name, other in known.items()
    }
    best = min(distances, key=lambda name: distances[name])
    return best, 1.0 - distances[best] / _FARTHEST


def _read(path: Path) -> Image.Image:
    """The picture in a file; an OSError, whatever is wrong with it."""
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (Image.DecompressionBombError, SyntaxError, ValueError) as error:
        msg = f"{path.name} is no picture to look at: {error}"
        raise OSError(msg) from error


def _ends(line: NDArray[np.bool_]) -> tuple[int, int]:
    """First true index and the one after the last."""
    (where,) = np.nonzero(line)
    return int(where[0]), int(where[-1]) + 1


def _median(pixels: NDArray[np.float32]) -> Colour:
    red, green, blue = np.median(pixels, axis=0)
    return float(red), float(green), float(blue)
