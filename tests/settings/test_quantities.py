"""Sizes and durations are read as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.settings.quantities import parse_duration_s, parse_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("2000", 2000),
        ("50GB", 50 * 10**9),
        ("50 gb", 50 * 10**9),
        ("1.5GiB", 3 * 2**29),
        ("10k", 10_000),
        ("4Mi", 4 * 2**20),
        (".5TB", 5 * 10**11),
        (" 7B ", 7),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("30d", 30 * 86_400),
        ("1.5h", 5400),
        ("10 min", 600),
        ("5m", 300),
        ("2W", 1_209_600),
        ("0", 0),
    ],
)
def test_a_duration_is_read_with_its_unit(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "GB", "-1", "1e9", "nan", "inf", "5 apples", "1.2.3", "٣", "9" * 19]
)
def test_what_is_no_quantity_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_size(text)
    with pytest.raises(ValueError, match="is not a"):
        parse_duration_s(text)


def test_what_no_disk_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        parse_size("99999999PB")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_size, parse_duration_s):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert value >= 0
