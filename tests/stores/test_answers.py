"""What headers of stores say, whichever store sent them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ls_tools.sources.buckets.answers import http_date, read_encoding


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", ""),
        ("identity", ""),
        ("GZIP ", "gzip"),
        ("aws-chunked", ""),
        ("aws-chunked,gzip", "gzip"),
        ("gzip, br", "gzip,br"),
    ],
)
def test_only_encodings_of_the_stored_bytes_count(
    value: str | None, expected: str
) -> None:
    assert read_encoding(value) == expected


def test_dates_are_those_of_http() -> None:
    when = datetime(2026, 11, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert http_date(when) == "Mon, 02 Nov 2026 03:04:05 GMT"


@pytest.mark.parametrize("when", [None, datetime(1970, 1, 1, tzinfo=timezone.utc)])
def test_the_epoch_stands_for_no_date(when: datetime | None) -> None:
    assert http_date(when) is None
