"""Masks as PNG files.

Their rows are not filtered, and zlib is told to look for runs: of those masks are
made, and so a file takes a quarter of the time and is smaller.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from ls_tools.raster.patches import bands_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from ls_tools.raster.patches import Patch

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3


def encode_png(pixels: NDArray[np.uint8 | np.uint16], palette: bytes = b"") -> bytes:
    """A picture of one channel as PNG.

    Args:
        pixels: (H, W), at least one of each.
        palette: (768,) red, green and blue of each value; empty for grey.

    Raises:
        MissingDependencyError: NumPy is not installed.
    """
    height, width = pixels.shape
    packed = _compress(pixels[part] for part in bands_of(height, width))
    return _assemble((width, height, 8 * pixels.itemsize), packed, palette)


def encode_patch(patch: Patch, size: tuple[int, int]) -> bytes:
    """What is inside a patch as white on black, a grey PNG of 0 and 255.

    Args:
        patch: The window on the image, and what is inside.
        size: Width and height of the image, pixels.

    Raises:
        MissingDependencyError: NumPy is not installed.
    """
    return _assemble((*size, 8), _compress(_painted_bands(patch, size)))


def _painted_bands(patch: Patch, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    from ls_tools.rle.arrays import np

    width, height = size
    for part in bands_of(height, width):
        band = np.zeros((part.stop - part.start, width), np.uint8)
        first = max(part.start, patch.rows.start)
        stop = max(min(part.stop, patch.rows.stop), first)
        inside = patch.inside[first - patch.rows.start : stop - patch.rows.start]
        rows = slice(first - part.start, stop - part.start)
        np.multiply(inside, 255, out=band[rows, patch.columns], dtype=np.uint8)
        yield band


def _compress(bands: Iterable[NDArray[np.uint8 | np.uint16]]) -> Iterator[bytes]:
    """All rows, each after a byte that says that it is not filtered."""
    from ls_tools.rle.arrays import np

    packer = zlib.compressobj(strategy=zlib.Z_RLE)
    for band in bands:
        samples = np.ascontiguousarray(band, band.dtype.newbyteorder(">"))
        rows = np.zeros((len(band), 1 + samples.strides[0]), np.uint8)
        rows[:, 1:] = samples.view(np.uint8)
        yield packer.compress(rows.data)
    yield packer.flush()


def _assemble(
    shape: tuple[int, int, int], packed: Iterable[bytes], palette: bytes = b""
) -> bytes:
    """The file of a picture by its width, height and bits of a sample."""
    colours = _PALETTE if palette else _GREY
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", *shape, colours, 0, 0, 0))]
    if palette:
        chunks.append((b"PLTE", palette))
    chunks += [(b"IDAT", part) for part in packed if part]
    chunks.append((b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(name))
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)
