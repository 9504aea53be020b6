"""References found in task data by their form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import BadReferenceError
from ls_tools.locator import iter_references, looks_like_reference


@pytest.mark.parametrize(
    "value",
    [
        "upload/1/a.png",
        "/upload/1/a.png",
        "/data/upload/1/a b.png",
        "/ls/data/upload/1/a.png",
        "/data/local-files/?d=a/b%20c.png",
        "/storage-data/uploaded/?filepath=upload/1/a.png",
        "/tasks/3/resolve/?fileuri=czM6Ly9i",
        "/ls/projects/3/presign/?fileuri=czM6Ly9i",
        "/static/samples/sample.jpg",
        "http://h/data/local-files/?d=a.png",
        "https://h.example/a b.png",
        "https://h.example/?file=1",
        "s3://b/set/a b.png",
        "S3://b/k",
        "azure-blob://c/a.png",
        "azure-spi://c/a.png",
        "gs://b/a.png",
    ],
)
def test_references_are_recognised(value: str) -> None:
    assert looks_like_reference(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a sentence",
        "upload/download speeds are low",
        "uploads/x.png",
        "/uploadings/a.jpg",
        "https://h.example is a nice place to read",
        "See https://h.example/a.png",
        "https://h.example/a.png\nhttps://h.example/b.png",
        "https://h.example",
        "s3 buckets",
        "s3://bucket",
        "/etc/passwd",
        "image.png",
        "/data/",
        "data:image/png;base64,AAAA",
        "https://h.example/" + "x" * 20_000,
    ],
)
def test_prose_is_left_alone(value: str) -> None:
    assert not looks_like_reference(value)


def test_nested_values_are_searched_in_order() -> None:
    value = {
        "images": ["/data/upload/1/a.png", {"url": "s3://b/k.png"}, "caption"],
        "series": {"t": "https://h.example/t.csv", "n": 3},
        "again": ("/data/upload/1/a.png",),
        "none": None,
    }
    assert list(iter_references(value)) == [
        "/data/upload/1/a.png",
        "s3://b/k.png",
        "https://h.example/t.csv",
        "/data/upload/1/a.png",
    ]


def test_too_many_references_are_an_error() -> None:
    found = iter_references(["s3://b/k.png"] * 11, limit=10)
    with pytest.raises(BadReferenceError, match="10 references"):
        list(found)


def test_endless_nesting_is_an_error() -> None:
    value: Any = "s3://b/k.png"
    for _ in range(5000):
        value = [value]
    with pytest.raises(BadReferenceError, match="nesting"):
        list(iter_references(value))


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.just("s3://b/k.png"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_can_be_searched(value: Any) -> None:
    assert all(looks_like_reference(item) for item in iter_references(value))
