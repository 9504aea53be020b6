"""Real PNG files of any size, without an imaging library."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Mapping

Patch = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


def png(width: int, height: int, *, seed: int = 0) -> bytes:
    """A valid grey PNG picture, different for each seed."""
    shade = random.Random(seed).randbytes(width)
    turns = (row % width for row in range(height))
    rows = b"".join(b"\0" + shade[turn:] + shade[:turn] for turn in turns)
    return _file(width, height, zlib.compress(rows))


def noise_png(size_bytes: int, *, seed: int = 0) -> bytes:
    """A valid PNG picture of noise, of about ``size_bytes``."""
    width = 1024
    height = max(size_bytes // (width + 1), 1)
    rows = b"".join(
        b"\0" + random.Random(seed * 1_000_003 + row).randbytes(width)
        for row in range(height)
    )
    return _file(width, height, zlib.compress(rows, 0))


def painted_png(
    width: int, height: int, patches: Mapping[Patch, tuple[int, int, int]]
) -> bytes:
    """A valid PNG picture, black with patches of colour."""
    rows = [bytearray(3 * width) for _ in range(height)]
    for (left, top, right, bottom), colour in patches.items():
        for row in rows[top:bottom]:
            row[3 * left : 3 * right] = bytes(colour) * (right - left)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return _file(width, height, pixels, colour_type=2)


def clear_png(width: int, height: int, alphas: Mapping[Patch, int]) -> bytes:
    """A valid PNG picture, black and clear but for patches of less clarity."""
    rows = [bytearray(4 * width) for _ in range(height)]
    for (left, top, right, bottom), alpha in alphas.items():
        for row in rows[top:bottom]:
            row[4 * left : 4 * right] = bytes((0, 0, 0, alpha)) * (right - left)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return _file(width, height, pixels, colour_type=6)


def _file(width: int, height: int, pixels: bytes, *, colour_type: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
