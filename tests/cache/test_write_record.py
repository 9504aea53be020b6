from __future__ import annotations

import hashlib

from hypothesis import example, given
from hypothesis import strategies as st

from ls_tools.cache.write_record import WriteRecord

writes = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 4), st.binary(max_size=4)),
        st.tuples(st.integers(0, 4), st.none()),
    ),
    max_size=8,
)


@given(steps=writes)
@example(steps=[(0, b"ab"), (1, None)])
@example(steps=[(0, b"ab"), (1, None), (1, b"c")])
@example(steps=[(0, b"ab"), (0, b"cd")])
@example(steps=[(1, b"b"), (0, b"a")])
def test_the_record_agrees_with_the_file(steps: list[tuple[int, bytes | None]]) -> None:
    """A tuple is a write at an offset, or a cut at it where there are no bytes."""
    record, file, written = WriteRecord(), bytearray(), set[int]()
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
    assert record.covers(len(file)) == (written == set(range(len(file))))
    if record.covers(len(file)) and record.sha256() is not None:
        assert record.sha256() == hashlib.sha256(file).hexdigest()


@given(chunks=st.lists(st.binary(max_size=20)))
def test_bytes_in_order_need_no_second_reading(chunks: list[bytes]) -> None:
    record, offset = WriteRecord(), 0
    for chunk in chunks:
        record.add(offset, chunk)
        offset += len(chunk)
    assert record.sha256() == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert record.covers(offset)
