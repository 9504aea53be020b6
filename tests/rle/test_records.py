from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rle import brush_code
from rle.brush_code import head, literal, pack, run

from ls_tools.rle import brush_mask, decode_brush

np = pytest.importorskip("numpy")
records = pytest.importorskip("ls_tools.rle.records")
values = pytest.importorskip("ls_tools.rle.values")

SIZES = st.one_of(st.just(brush_code.SIZES), st.tuples(*[st.integers(1, 16)] * 4))


def _bits(data: st.DataObject, word_bits: int, sizes: tuple[int, ...]) -> list[str]:
    """Records that repeat themselves, so that they are joined."""
    words = st.integers(0, 2**word_bits - 1)
    bits = []
    for _ in range(data.draw(st.integers(1, 4))):
        size = data.draw(st.integers(0, 3))
        length = data.draw(st.integers(1, min(2 ** sizes[size], 40)))
        if data.draw(st.booleans()):
            one = run(size, length, data.draw(words), word_bits, sizes)
        else:
            chosen = [data.draw(words) for _ in range(length)]
            one = literal(size, chosen, word_bits, sizes)
        bits += [one] * data.draw(st.sampled_from([1, 2, 30]))
    return bits * data.draw(st.integers(1, 3))


@pytest.mark.parametrize("block_bytes", [1, 2, 5, 64, 2**16])
@given(data=st.data())
def test_blocks_and_joined_steps_change_nothing(
    block_bytes: int, data: st.DataObject
) -> None:
    word_bits, sizes = data.draw(st.integers(1, 32)), data.draw(SIZES)
    bits = "".join(_bits(data, word_bits, sizes))
    total = _count(bits, word_bits, sizes)
    total -= total % 4
    code = pack(head(total, word_bits, sizes) + bits)
    expected = brush_code.read(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_BLOCK_BYTES", block_bytes)
        patch.setattr(records, "_PROBE", data.draw(st.sampled_from([4, 128])))
        patch.setattr(records, "_COMMON", 2)
        patch.setattr(values, "_BATCH_VALUES", data.draw(st.sampled_from([1, 2**18])))
        assert decode_brush(code).tolist() == expected
        if total:
            mask = brush_mask(code, (total // 4, 1))
            assert mask[0].tolist() == [min(value, 255) for value in expected[3::4]]


def _count(bits: str, word_bits: int, sizes: tuple[int, ...]) -> int:
    at = total = 0
    while at < len(bits):
        size = sizes[int(bits[at + 1 : at + 3], 2)]
        length = int(bits[at + 3 : at + 3 + size], 2) + 1
        at += 3 + size + (1 if bits[at] == "1" else length) * word_bits
        total += length
    return total


def test_most_steps_of_a_regular_code_are_joined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a code of 260,000 records takes twice as long."""
    bits = (run(1, 12, 5) + run(1, 12, 9)) * 2000
    assert _steps_taken(monkeypatch, pack(head(48_000) + bits)) < 4000 / 6


def _steps_taken(monkeypatch: pytest.MonkeyPatch, code: bytes) -> int:
    follow, taken = records.Code._follow, list[int]()

    def watched(self: Any, *arguments: Any) -> Any:
        found, place = follow(self, *arguments)
        taken.append(len(found))
        return found, place

    with monkeypatch.context() as patch:
        patch.setattr(records.Code, "_follow", watched)
        decode_brush(code)
    return sum(taken)
