"""Percent-encoding is that of the standard library, however it is found."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.locator.encoding import (
    PATH_SAFE,
    QUERY_SAFE,
    encode_path,
    normal_quoting,
)

ODD = st.sampled_from([" ", "%", "[", "]", "^", "-", "~", "é", "\udce9", "\n", "\\"])


@pytest.mark.parametrize("safe", [PATH_SAFE, QUERY_SAFE, "/~"])
@given(text=st.lists(st.text(max_size=3) | ODD).map("".join))
def test_a_path_is_encoded_as_by_the_standard_library(text: str, safe: str) -> None:
    assert encode_path(text, safe) == quote(text, safe, errors="surrogateescape")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "a%20b"),
        ("a%20b", "a%20b"),
        ("%7e%c3%bc ü%", "~%C3%BC%20%C3%BC%25"),
        ("a&b=[1]", "a&b=%5B1%5D"),
    ],
)
def test_escapes_that_are_there_stay(text: str, expected: str) -> None:
    assert normal_quoting(text, PATH_SAFE) == expected
