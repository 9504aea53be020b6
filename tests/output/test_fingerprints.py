"""Fingerprints never change, and those that occur again are found."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.output import fingerprints
from ls_tools.output.fingerprints import (
    digest_of,
    fingerprint,
    from_digests,
    in_order,
    repeated,
)

NUMBERS = st.lists(
    st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**63, 2**64 - 1])
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0xE4A6A0577479B2B4),
        ("s3://b/cat.jpg", 0x32188142D409DD82),
        ("\ud800\N{LATIN SMALL LETTER E WITH ACUTE}", 0x4BFEF33A3118C6E7),
    ],
)
def test_a_fingerprint_is_the_same_in_every_version(text: str, expected: int) -> None:
    assert fingerprint(text) == expected


@given(st.lists(st.text()))
def test_digests_are_fingerprints_in_bytes(texts: list[str]) -> None:
    digests = b"".join(map(digest_of, texts))
    assert list(from_digests(digests)) == [fingerprint(text) for text in texts]


@given(numbers=NUMBERS, few=st.sampled_from([0, 2**16]))
def test_what_occurs_again_is_found_among_few_and_many(
    numbers: list[int], few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "_FEW", few)
        found = repeated(numbers)
    assert found == {number for number, n in Counter(numbers).items() if n > 1}


@given(NUMBERS)
def test_fingerprints_are_put_in_order(numbers: list[int]) -> None:
    assert list(in_order(numbers)) == sorted(numbers)
