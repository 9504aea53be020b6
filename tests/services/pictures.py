"""Real PNG files of any size, without an imaging library."""

from __future__ import annotations

import random
import struct
import zlib


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


def _file(width: int, height: int, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
