"""What is held in memory at first comes to the same as what is written at once."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from cache.rig import request_for
from hypothesis import example, given
from hypothesis import strategies as st

from ls_tools.cache import content
from ls_tools.cache.layout import Layout
from ls_tools.cache.writing import Content, Draft
from ls_tools.errors import IntegrityError
from ls_tools.transfer import Fetched

Steps = list[tuple[int, bytes | None]]

steps = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 9), st.binary(max_size=6)),
        st.tuples(st.integers(0, 9), st.none()),
    ),
    max_size=6,
)


def outcome_of(steps: Steps, size_bytes: int, held_bytes: int) -> Content | str:
    """What a draft has after these steps, or why it is not whole."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as root:
        patch.setattr(content, "HELD_BYTES", held_bytes)
        with Draft(Layout(Path(root)), request_for()) as draft:
            for offset, chunk in steps:
                if chunk is None:
                    draft.truncate(offset)
                else:
                    draft.write_at(offset, chunk)
            try:
                return draft.finish(Fetched(size_bytes=size_bytes))
            except IntegrityError as exc:
                return exc.message


@given(steps=steps, size_bytes=st.integers(0, 12))
@example(steps=[(0, b"ab"), (2, b"cd")], size_bytes=4)
@example(steps=[(0, b"abcd"), (4, b"ef")], size_bytes=6)
@example(steps=[(0, b"abcd"), (4, b"efgh"), (8, b"i")], size_bytes=9)
@example(steps=[(0, b"abcd"), (2, b"xy")], size_bytes=4)
@example(steps=[(0, b"abcd"), (2, None)], size_bytes=2)
@example(steps=[(0, b"abcd"), (0, None), (0, b"x")], size_bytes=1)
@example(steps=[(4, b"ef"), (0, b"abcd")], size_bytes=6)
@example(steps=[], size_bytes=0)
def test_whether_bytes_are_held_changes_nothing(steps: Steps, size_bytes: int) -> None:
    assert outcome_of(steps, size_bytes, 5) == outcome_of(steps, size_bytes, -1)


def test_no_more_is_held_than_comes_at_once() -> None:
    held = content.Held()
    assert held.add(0, bytes(content.HELD_BYTES - 1))
    assert not held.add(content.HELD_BYTES - 1, b"ab")
    assert not held.add(0, b"a")
    assert held.add(content.HELD_BYTES - 1, b"a")
    assert held.size_bytes == content.HELD_BYTES
