"""Brush codes written and read bit by bit: the plainest way, to compare with."""

from __future__ import annotations

from collections.abc import Sequence

SIZES = (3, 4, 8, 16)


def pack(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:]


def head(count: int, word_bits: int = 8, sizes: Sequence[int] = SIZES) -> str:
    return f"{count:032b}{word_bits - 1:05b}" + "".join(f"{s - 1:04b}" for s in sizes)


def run(
    size: int, length: int, word: int, word_bits: int = 8, sizes: Sequence[int] = SIZES
) -> str:
    return f"1{size:02b}{length - 1:0{sizes[size]}b}{word:0{word_bits}b}"


def literal(
    size: int, words: Sequence[int], word_bits: int = 8, sizes: Sequence[int] = SIZES
) -> str:
    bits = f"0{size:02b}{len(words) - 1:0{sizes[size]}b}"
    return bits + "".join(f"{word:0{word_bits}b}" for word in words)


def as_browsers_do(
    values: Sequence[int], word_bits: int = 8, sizes: Sequence[int] = SIZES
) -> bytes:
    """Runs of two and more as runs; what is between them as literals."""
    limits = [1 << size for size in sizes]
    bits, chunk = [head(len(values), word_bits, sizes)], list[int]()

    def choose(length: int) -> int:
        return next(i for i, limit in enumerate(limits) if length <= limit)

    def flush() -> None:
        if chunk:
            bits.append(literal(choose(len(chunk)), chunk, word_bits, sizes))
            chunk.clear()

    at = 0
    while at < len(values):
        end = at + 1
        while (
            end < len(values) and values[end] == values[at] and end - at < max(limits)
        ):
            end += 1
        if end - at > 1:
            flush()
            bits.append(run(choose(end - at), end - at, values[at], word_bits, sizes))
        else:
            chunk.append(values[at])
            if len(chunk) == max(limits):
                flush()
        at = end
    flush()
    return pack("".join(bits))


def read(code: bytes) -> list[int]:
    """The values of a code that is right."""
    bits = "".join(f"{byte:08b}" for byte in code)
    at = 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return int(bits[at - count : at], 2)

    count, word_bits = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < count:
        repeats = take(1)
        length = take(sizes[take(2)]) + 1
        if repeats:
            values += [take(word_bits)] * length
        else:
            values += [take(word_bits) for _ in range(length)]
    return values[:count]
