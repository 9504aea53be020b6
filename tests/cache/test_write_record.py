from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ls_tools.cache import write_record
from ls_tools.cache.write_record import WriteRecord

writes = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 9), st.binary(max_size=6)),
        st.tuples(st.integers(0, 9), st.none()),
    ),
    max_size=12,
)


def reader_of(file: bytearray) -> Callable[[int, int], bytes]:
    return lambda size_bytes, offset: bytes(file[offset : offset + size_bytes])


def unread(_size_bytes: int, _offset: int) -> bytes:
    pytest.fail("nothing needs to be read again")


@given(steps=writes)
@example(steps=[(0, b"ab"), (1, None)])
@example(steps=[(0, b"ab"), (1, None), (1, b"c")])
@example(steps=[(0, b"ab"), (0, b"cd")])
@example(steps=[(1, b"b"), (0, b"a")])
@example(steps=[(0, b"a"), (3, b"d"), (3, b"e"), (1, b"bc")])
def test_the_record_agrees_with_the_file(steps: list[tuple[int, bytes | None]]) -> None:
    """A tuple is a write at an offset, or a cut at it where there are no bytes."""
    file, written = bytearray(), set[int]()
    record = WriteRecord(reader_of(file))
    for offset, chunk in steps:
        if chunk is None:
            size = min(offset, len(file))
            record.truncate(size)
            del file[size:]
            written = {at for at in written if at < size}
        elif chunk:
            file.extend(bytes(max(0, offset - len(file))))
            file[offset : offset + len(chunk)] = chunk
            written |= set(range(offset, offset + len(chunk)))
            record.add(offset, chunk)
        else:
            record.add(offset, chunk)
    assert record.size_bytes == len(file)
    assert record.covers(len(file)) == (written == set(range(len(file))))
    if record.covers(len(file)) and record.sha256() is not None:
        assert record.sha256() == hashlib.sha256(file).hexdigest()


@given(chunks=st.lists(st.binary(max_size=20)))
def test_bytes_in_order_need_no_second_reading(chunks: list[bytes]) -> None:
    record, offset = WriteRecord(unread), 0
    for chunk in chunks:
        record.add(offset, chunk)
        offset += len(chunk)
    assert record.sha256() == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert record.covers(offset)


@given(order=st.permutations(range(12)))
def test_parts_in_any_order_have_the_digest_of_the_whole(order: list[int]) -> None:
    body = random.Random(1).randbytes(12 * 7)
    file = bytearray(len(body))
    record = WriteRecord(reader_of(file))
    for part in order:
        piece = body[part * 7 : part * 7 + 7]
        file[part * 7 : part * 7 + 7] = piece
        record.add(part * 7, piece)
    assert record.sha256() == hashlib.sha256(body).hexdigest()


def test_what_was_written_twice_has_to_be_read_whole() -> None:
    file = bytearray(b"abcd")
    record = WriteRecord(reader_of(file))
    record.add(0, b"abcd")
    record.add(1, b"b")
    try:
        found = record.sha256()
    except OSError:
        found = None
    assert found is None
    record.truncate(0)
    record.add(0, b"ab")
    assert record.sha256() == hashlib.sha256(b"ab").hexdigest()


@pytest.mark.parametrize("seed", range(5))
def test_threads_that_write_parts_at_once_agree_on_the_digest(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(write_record, "_STRIDE_BYTES", 20_000)
    body = random.Random(seed).randbytes(1_000_003)
    file = bytearray(len(body))
    record = WriteRecord(reader_of(file))
    starts = list(range(0, len(body), 5000))
    random.Random(seed).shuffle(starts)

    def write(start: int) -> None:
        piece = body[start : start + 5000]
        file[start : start + len(piece)] = piece
        record.add(start, piece)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, starts))
    assert record.covers(len(body))
    assert record.sha256() == hashlib.sha256(body).hexdigest()


def test_a_file_that_was_cut_behind_ones_back_has_no_digest() -> None:
    record = WriteRecord(lambda _size_bytes, _offset: b"")
    record.add(2, b"cd")
    record.add(0, b"ab")
    try:
        found = record.sha256()
    except OSError:
        found = None
    assert found is None


@given(
    cuts=st.lists(st.integers(1, 19), max_size=30),
    restart_at=st.none() | st.integers(0, 20),
)
def test_a_large_file_is_digested_behind_those_who_write(
    cuts: list[int], restart_at: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_record, "FOLLOWED_BYTES", 10)
        body = random.Random(2).randbytes(sum(cuts))
        file = bytearray(len(body))
        record, offset = WriteRecord(reader_of(file)), 0
        for number, cut in enumerate(cuts):
            if number == restart_at:
                record.truncate(0)
                record.add(0, body[:offset])
            piece = body[offset : offset + cut]
            file[offset : offset + cut] = piece
            record.add(offset, piece)
            offset += cut
        assert record.sha256() == hashlib.sha256(body).hexdigest()


def test_a_closed_record_leaves_no_thread_that_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file may be closed then, and its number be another file's."""
    monkeypatch.setattr(write_record, "FOLLOWED_BYTES", 1)
    file = b"abcdef"
    record = WriteRecord(reader_of(bytearray(file)))
    before = set(threading.enumerate())
    for offset in range(4):
        record.add(offset, file[offset : offset + 1])
    assert len(set(threading.enumerate()) - before) == 1
    record.close()
    assert set(threading.enumerate()) <= before


def test_a_file_that_cannot_be_read_back_has_no_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_record, "FOLLOWED_BYTES", 1)

    def read(_size_bytes: int, _offset: int) -> bytes:
        raise OSError

    record = WriteRecord(read)
    record.add(0, b"ab")
    record.add(2, b"cd")
    try:
        found = record.sha256()
    except OSError:
        found = None
    assert found is None
