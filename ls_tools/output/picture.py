"""The size of a picture as it is displayed, from its file."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ls_tools.errors import MissingDependencyError, UnreadableMediaError

if TYPE_CHECKING:
    from pathlib import Path

_ORIENTATION = 0x0112
_TRANSPOSING = frozenset({5, 6, 7, 8})
"""Values of the EXIF orientation that exchange width and height."""


def image_size(path: Path, *, max_pixels: int) -> tuple[int, int]:
    """Width and height in pixels, the EXIF orientation applied.

    Only the head of the file is decoded.

    Args:
        path: A picture of any kind that Pillow reads.
        max_pixels: Most pixels that a picture may have. Pillow's own limit,
            some 179 million unless the program changed it, holds as well.

    Raises:
        MissingDependencyError: Pillow is not installed.
        UnreadableMediaError: It is no picture, or has too many pixels.
    """
    try:
        from PIL import Image
    except ImportError as exc:
        msg = "Reading the size of a picture needs Pillow."
        hint = "Run: pip install 'ls-tools[vision]'"
        raise MissingDependencyError(msg, hint=hint) from exc
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                width, height = picture.size
                orientation = picture.getexif().get(_ORIENTATION)
    except Image.DecompressionBombError as exc:
        raise _unreadable(path, "has too many pixels") from exc
    except (OSError, ValueError, SyntaxError, TypeError, ArithmeticError) as exc:
        raise _unreadable(path, "is not a picture that can be read") from exc
    if width * height > max_pixels or not (width and height):
        raise _unreadable(path, f"has {width} times {height} pixels")
    return (height, width) if orientation in _TRANSPOSING else (width, height)


def _unreadable(path: Path, why: str) -> UnreadableMediaError:
    return UnreadableMediaError(f"The file {path.name!r} {why}.", path=str(path))
