from __future__ import annotations

import itertools
import random
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rle import brush_code
from rle.brush_code import head, literal, pack, run

from ls_tools.errors import BadRleError
from ls_tools.rle import brush_mask, brush_value_count, decode_brush, encode_brush

np = pytest.importorskip("numpy")


def test_the_sample_of_a_real_server_is_its_mask(real_brush: dict[str, Any]) -> None:
    mask = brush_mask(real_brush["rle"], (200, 100))
    assert mask.shape == (100, 200)
    assert mask.dtype == np.uint8
    assert (mask > 0).sum() == 3150
    assert mask[5:40, 100:190].min() == 255


def test_bytes_and_numbers_are_read_alike(real_brush: dict[str, Any]) -> None:
    numbers = real_brush["rle"]
    assert (decode_brush(bytes(numbers)) == decode_brush(numbers)).all()


@given(data=st.data())
def test_every_word_size_and_every_size_is_read(data: st.DataObject) -> None:
    word_bits = data.draw(st.integers(1, 32))
    sizes = data.draw(st.tuples(*[st.integers(1, 16)] * 4))
    words = st.integers(0, 2**word_bits - 1)
    lengths = st.integers(0, 3).flatmap(
        lambda size: st.tuples(
            st.just(size), st.integers(1, min(2 ** sizes[size], 400))
        )
    )
    bits, count = [""], 0
    for (size, length), repeats in data.draw(
        st.lists(st.tuples(lengths, st.booleans()), max_size=12)
    ):
        count += length
        if repeats:
            bits.append(run(size, length, data.draw(words), word_bits, sizes))
        else:
            seed = data.draw(st.integers(0, 99))
            rng = random.Random(seed)
            chosen = [rng.randrange(2**word_bits) for _ in range(length)]
            bits.append(literal(size, chosen, word_bits, sizes))
    code = pack(head(count, word_bits, sizes) + "".join(bits))
    values = decode_brush(code)
    assert values.tolist() == brush_code.read(code)
    assert values.dtype.itemsize * 8 >= word_bits
    assert brush_value_count(code) == count


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(1, 40)), max_size=40),
    st.integers(1, 60),
)
def test_codes_that_repeat_themselves_are_read(
    runs: list[tuple[int, int]], times: int
) -> None:
    values = [value for value, length in runs * times for _ in range(length)]
    values += [7] * (-len(values) % 4)
    code = brush_code.as_browsers_do(values)
    assert decode_brush(code).tolist() == values
    mask = brush_mask(code, (len(values) // 4, 1)) if values else None
    if mask is not None:
        assert mask[0].tolist() == values[3::4]


@pytest.mark.parametrize("period", [1, 2, 7, 30])
@pytest.mark.parametrize("channels", [(9,), (9, 8), (1, 2, 3, 4), (5, 5, 6, 255)])
def test_flat_colours_are_read(period: int, channels: tuple[int, ...]) -> None:
    stroke = list(channels) * 200
    values = ([0] * 4 * period + stroke) * 7
    for code in (
        brush_code.as_browsers_do(values),
        pack(head(len(values)) + "".join(literal(0, [value]) for value in values)),
    ):
        assert decode_brush(code).tolist() == values
        assert brush_mask(code, (len(values) // 4, 1))[0].tolist() == values[3::4]


def test_noise_in_every_channel_is_read() -> None:
    rng = np.random.default_rng(5)
    values = rng.integers(0, 3, 64 * 64 * 4).astype(np.uint8) * 80
    code = brush_code.as_browsers_do(values.tolist())
    assert (decode_brush(code) == values).all()
    assert (brush_mask(code, (64, 64)).ravel() == values[3::4]).all()


def test_long_literals_are_read() -> None:
    values = [(37 * n) % 251 for n in range(3 * 65536)]
    code = brush_code.as_browsers_do(values)
    assert decode_brush(code).tolist() == values
    assert brush_mask(code, (256, 192)).ravel().tolist() == values[3::4]


def test_a_last_record_beyond_the_end_is_cut_off_as_browsers_do() -> None:
    code = pack(head(8) + run(1, 5, 3) + run(2, 200, 7))
    assert decode_brush(code).tolist() == [3] * 5 + [7] * 3
    code = pack(head(4) + literal(0, [1, 2, 3, 4, 5, 6]))
    assert decode_brush(code).tolist() == [1, 2, 3, 4]


def test_words_of_many_bits_are_masks_cut_to_255() -> None:
    words = [0, 0, 0, 700, 0, 0, 0, 5]
    code = pack(head(8, 16) + literal(0, words, 16))
    assert brush_mask(code, (2, 1)).tolist() == [[255, 5]]
    assert decode_brush(code).dtype == np.uint16


def test_a_mask_without_pixels_is_read() -> None:
    assert decode_brush(pack(head(0))).tolist() == []


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"\0\0\0",
        [],
        [256],
        [-1],
        ["a"],
        "text",
        12,
        None,
        [1.5] * 9,
        pack(head(4)),
        pack(head(4) + run(0, 3, 1)),
        pack(head(4) + literal(0, [1, 2, 3, 4]))[:-1],
        pack(head(2**32 - 1) + run(3, 65536, 1) * 40),
    ],
)
def test_what_is_no_code_is_a_clear_error(code: object) -> None:
    with pytest.raises(BadRleError) as caught:
        decode_brush(code)  # type: ignore[arg-type]
    assert caught.value.hint


@given(st.binary(max_size=200))
def test_no_bytes_make_it_crash(code: bytes) -> None:
    with suppress(BadRleError):
        assert len(decode_brush(code, max_values=100_000)) <= 100_000


@given(st.data())
def test_a_code_with_a_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[3:9, 4:20] = 200
    code = bytearray(encode_brush(mask))
    code[data.draw(st.integers(0, len(code) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BadRleError):
        assert brush_mask(bytes(code), (30, 20)).shape == (20, 30)


def test_more_values_than_allowed_are_refused_before_there_is_memory_for_them() -> None:
    code = pack(head(2**31) + run(3, 65536, 1) * 9)
    tracemalloc.start()
    with pytest.raises(BadRleError, match="more than the 1000 allowed"):
        decode_brush(code, max_values=1000)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_a_mask_of_another_size_is_refused() -> None:
    code = encode_brush(np.ones((4, 5), bool))
    with pytest.raises(BadRleError, match="80 values instead of 4 x 4 x 4"):
        brush_mask(code, (4, 4))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1, 70_000), (300, 300)])
def test_what_is_encoded_is_decoded(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    for mask in (
        np.zeros(shape, bool),
        np.ones(shape, bool),
        rng.random(shape) < 0.5,
        rng.integers(0, 256, shape).astype(np.uint8),
    ):
        alpha = mask * 255 if mask.dtype == bool else mask
        code = encode_brush(mask)
        assert (brush_mask(code, (shape[1], shape[0])) == alpha).all()
        assert (decode_brush(code).reshape(-1, 4) == alpha.reshape(-1, 1)).all()


@given(st.data())
def test_every_mask_survives_the_way_there_and_back(data: st.DataObject) -> None:
    height, width = data.draw(st.tuples(st.integers(0, 12), st.integers(0, 12)))
    values = data.draw(st.binary(min_size=height * width, max_size=height * width))
    mask = np.frombuffer(values, np.uint8).reshape(height, width)
    assert (brush_mask(encode_brush(mask), (width, height)) == mask).all()


def test_codes_are_as_short_as_runs_of_the_editor() -> None:
    mask = np.zeros((100, 200), bool)
    mask[5:40, 100:190] = True
    code = encode_brush(mask)
    assert all(type(number) is int for number in code)
    assert 0 <= min(code) <= max(code) < 256
    runs = [len(list(g)) * 4 for _, g in itertools.groupby(mask.ravel().tolist())]
    bits = sum(
        11 + next(size for size in brush_code.SIZES if length <= 2**size)
        for length in runs
    )
    assert len(code) == (53 + bits) // 8 + 1


def test_masks_of_other_shapes_are_refused() -> None:
    with pytest.raises(BadRleError, match="shape"):
        encode_brush(np.zeros((2, 2, 4), np.uint8))


def test_a_code_made_to_be_slow_takes_no_longer_than_its_length() -> None:
    code = pack(head(2**30, 1, (1, 1, 1, 1)) + run(0, 2, 1, 1, (1,) * 4) * 50_000)
    start = time.perf_counter()
    with pytest.raises(BadRleError, match="ends after"):
        decode_brush(code)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("word_bits", [1, 7, 8, 32])
@pytest.mark.parametrize("count", [1, 5, 20, 21, 22, 23, 37, 300])
def test_records_that_start_alike_are_read(word_bits: int, count: int) -> None:
    rng = random.Random(count)
    largest = 2**word_bits - 1
    words = [rng.randint(0, largest) for _ in range(count)]
    singles = "".join(literal(0, [word], word_bits) for word in words)
    runs = "".join(run(1, rng.randint(1, 16), word, word_bits) for word in words)
    for bits in (singles, runs, singles + runs + singles, runs + "0" * 90):
        total = _count(bits, word_bits)
        code = pack(head(total, word_bits) + bits)
        assert decode_brush(code).tolist() == brush_code.read(code)


def _count(bits: str, word_bits: int) -> int:
    at = total = 0
    while at + 3 + word_bits < len(bits):
        size = brush_code.SIZES[int(bits[at + 1 : at + 3], 2)]
        length = int(bits[at + 3 : at + 3 + size], 2) + 1
        words = 1 if bits[at] == "1" else length
        at += 3 + size + words * word_bits
        if at > len(bits):
            break
        total += length
    return total


def test_memory_does_not_grow_with_the_records() -> None:
    count = 600_000
    bits = np.zeros((count, 14), np.uint8)
    bits[:, 6:] = np.random.default_rng(6).integers(0, 2, (count, 8))
    start = np.frombuffer(head(count).encode(), np.uint8) - ord("0")
    code = np.packbits(np.concatenate((start, bits.ravel()))).tobytes()
    tracemalloc.start()
    values = decode_brush(code)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (values == np.packbits(bits[:, 6:])).all()
    assert peak_bytes < 60_000_000


def test_a_code_goes_on_after_its_last_record() -> None:
    """Label Studio's own reader fails where a code ends with its last record."""
    head, record = 53, 1 + 2 + 8 + 8
    assert (head + record) % 8 == 0
    code = encode_brush(np.ones((1, 10), bool))
    assert len(code) == (head + record) // 8 + 1
    assert code[-1] == 0
