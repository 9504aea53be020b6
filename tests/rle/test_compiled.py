from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rle import brush_code
from rle.brush_code import head, literal, pack, run

from ls_tools.errors import BadRleError
from ls_tools.rle import brush_mask, decode_brush, encode_brush
from ls_tools.rle.compiled import Compiler, compile_loop, expand_by_loop

np = pytest.importorskip("numpy")
brush = pytest.importorskip("ls_tools.rle.brush")


class Interpreted(Compiler):
    """Takes the loop as it stands, as if numba had compiled it."""

    def loop_for(self, size_bytes: int) -> Any:
        del size_bytes
        return expand_by_loop


@pytest.fixture
def by_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brush, "COMPILER", Interpreted())


@pytest.mark.usefixtures("by_loop")
@pytest.mark.parametrize("word_bits", [1, 2, 5, 8, 9, 16, 24, 31, 32])
@pytest.mark.parametrize("sizes", [(3, 4, 8, 16), (1, 2, 3, 4), (16, 1, 16, 7)])
def test_the_loop_reads_every_word_size_and_every_size(
    word_bits: int, sizes: tuple[int, ...]
) -> None:
    largest = 2**word_bits - 1
    words = [n * 2_654_435_761 % (largest + 1) for n in range(1, 9)]
    bits = [
        run(3, 2, largest, word_bits, sizes),
        literal(2, words[:4], word_bits, sizes),
        run(0, 2, 0, word_bits, sizes),
        literal(0, words[5:7], word_bits, sizes),
        run(1, 2, words[7], word_bits, sizes),
    ]
    code = pack(head(12, word_bits, sizes) + "".join(bits))
    assert decode_brush(code).tolist() == brush_code.read(code)
    expected = [min(value, 255) for value in brush_code.read(code)[3::4]]
    assert brush_mask(code, (3, 1))[0].tolist() == expected


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), max_size=60),
    st.integers(0, 40),
)
def test_both_ways_read_the_same(runs: list[tuple[int, int]], cut: int) -> None:
    values = [value for value, length in runs for _ in range(length)]
    values += [7] * (-len(values) % 4)
    whole = brush_code.as_browsers_do(values)
    code = whole[: len(whole) - min(cut, len(whole) - 7)]
    found = []
    for compiler in (Compiler(), Interpreted()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(brush, "COMPILER", compiler)
            found.append(_outcome(code, len(values) // 4))
    assert found[0] == found[1]


def _outcome(code: bytes, pixels: int) -> tuple[Any, ...]:
    try:
        mask = brush_mask(code, (pixels, 1)) if pixels else np.zeros(0)
        return decode_brush(code).tolist(), mask.ravel().tolist()
    except BadRleError as exc:
        return (str(exc),)


def test_numba_compiles_it() -> None:
    pytest.importorskip("numba")
    loop = compile_loop()
    assert loop is not None
    rng = np.random.default_rng(4)
    alpha = (rng.random((50, 40)) < 0.5) * np.uint8(200)
    code = np.frombuffer(bytes(encode_brush(alpha)) + bytes(8), np.uint8)
    out = np.zeros(alpha.size, np.uint8)
    sizes = np.array([3, 4, 8, 16])
    assert loop(code, 53, 8, sizes, (4, 3, alpha.size * 4), out) == alpha.size * 4
    assert (out.reshape(alpha.shape) == alpha).all()


def test_nothing_is_compiled_before_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[int] = []

    def compile_once() -> Any:
        compiled.append(1)
        return expand_by_loop

    monkeypatch.setattr("ls_tools.rle.compiled.compile_loop", compile_once)
    compiler = Compiler(pays_from_bytes=100)
    assert compiler.loop_for(60) is None
    assert not compiled
    assert compiler.loop_for(60) is expand_by_loop
    assert compiler.loop_for(1) is expand_by_loop
    assert compiled == [1]


def test_without_numba_it_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    compiler = Compiler(pays_from_bytes=1)
    assert compiler.loop_for(9) is None
    assert compiler.loop_for(9) is None
