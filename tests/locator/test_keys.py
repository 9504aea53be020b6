"""Which references share a cache key, and which must not."""

from __future__ import annotations

import base64

import pytest

from ls_tools.locator import cache_key, parse_reference
from ls_tools.origin import Origin

ORIGIN = Origin.parse("https://labels.example.com")
ALIAS = Origin.parse("http://10.0.0.1:8080")
OTHER = Origin.parse("https://other.example.com")


def key(reference: str, origin: Origin | None = ORIGIN, *, namespace: str = "") -> str:
    locator = parse_reference(reference, origin=origin, aliases=(ALIAS,))
    return cache_key(locator, origin, namespace=namespace)


def resolve(uri: str, room: str = "tasks/1/resolve") -> str:
    return f"/{room}/?fileuri={base64.urlsafe_b64encode(uri.encode()).decode()}"


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "/data/upload/1/a%20b.png",
            "upload/1/a b.png",
            "/upload/1/a b.png",
            "https://labels.example.com/data/upload/1/a%20b.png",
            "https://LABELS.example.com:443/data/upload/1/a b.png",
            "http://10.0.0.1:8080/data/upload/1/a%20b.png",
            "/storage-data/uploaded/?filepath=upload%2F1%2Fa%20b.png",
        ],
        [
            "/data/local-files/?d=ds/%C3%A9.png",
            "/data/local-files?d=ds%2Fé.png",
            "http://10.0.0.1:8080/data/local-files/?x=1&d=/ds//%c3%a9.png",
        ],
        [
            "s3://b/a b.png",
            "S3://b/a b.png",
            resolve("s3://b/a b.png"),
            resolve("s3://b/a b.png", "projects/9/presign"),
            f"https://labels.example.com{resolve('s3://b/a b.png', 'tasks/2/resolve')}",
        ],
        [
            "https://x.example/a%20b.png?q=1",
            "HTTPS://X.example:443/a b.png?q=1#top",
            "https://user:password@x.example/a%20b.png?q=1",
            "https://x.example/%61%20b.png?q=1",
        ],
    ],
    ids=["upload", "local-file", "bucket", "web"],
)
def test_spellings_of_one_file_share_a_key(spellings: list[str]) -> None:
    assert len({key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "references",
    [
        ["/data/upload/1/a.png", "/data/upload/2/a.png", "/data/upload/1/A.png"],
        ["/data/upload/1/a.png", "/data/local-files/?d=upload/1/a.png"],
        ["s3://b/a.png", "gs://b/a.png", "s3://b/a.png?versionId=1", "s3://c/a.png"],
        ["https://x.example/a.png", "http://x.example/a.png"],
        ["https://x.example/a.png?id=1", "https://x.example/a.png?id=2"],
        ["https://x.example/get?token=1", "https://x.example/get?token=2"],
        ["https://x.example/a%2Fb.png", "https://x.example/a/b.png"],
        ["/data/other/a.png?v=1", "/data/other/a.png?v=2"],
    ],
)
def test_different_files_have_different_keys(references: list[str]) -> None:
    assert len({key(reference) for reference in references}) == len(references)


@pytest.mark.parametrize("reference", ["/data/upload/1/a.png", "s3://b/a.png"])
def test_two_servers_never_share_an_entry(reference: str) -> None:
    assert key(reference, ORIGIN) != key(reference, OTHER)


def test_the_web_is_the_same_for_every_server() -> None:
    url = "https://x.example/a.png"
    assert key(url, ORIGIN) == key(url, OTHER) == key(url, None)


def test_a_path_prefix_is_part_of_the_server() -> None:
    below = Origin.parse("https://labels.example.com/ls")
    assert key("/data/upload/1/a.png", below) != key("/data/upload/1/a.png")


def test_namespaces_keep_principals_apart() -> None:
    assert key("s3://b/a.png", namespace="ann") != key("s3://b/a.png", namespace="bob")


def test_a_key_has_at_least_128_bits() -> None:
    """G13."""
    assert len(key("/data/upload/1/a.png")) * 4 >= 128


def test_equal_names_do_not_share_keys() -> None:
    """G13: a 32-bit key met its first collision before this many."""
    urls = (f"https://x.example/{number}/a.png" for number in range(80_000))
    locators = [parse_reference(url, origin=None) for url in urls]
    assert len({cache_key(item, None) for item in locators}) == len(locators)


SIGNED = [
    "X-Amz-Algorithm=A&X-Amz-Credential=c&X-Amz-Signature={}&X-Amz-Date={}",
    "X-Amz-Expires=9&X-Amz-SignedHeaders=h&X-Amz-Signature={}&X-Amz-Security-Token={}",
    "AWSAccessKeyId=k&Signature={}&Expires={}",
    "X-Goog-Algorithm=a&X-Goog-Date={}&X-Goog-Expires=9&X-Goog-Signature={}",
    "GoogleAccessId=g&Expires={}&Signature={}",
    "sv=2024&ss=b&srt=o&sp=r&se={}&st=x&spr=https&sig={}",
    "Policy={}&Signature={}&Key-Pair-Id=k",
    "OSSAccessKeyId=k&Expires={}&Signature={}",
    "access_token={}{}",
]


@pytest.mark.parametrize("query", SIGNED)
def test_a_new_signature_is_not_a_new_file(query: str) -> None:
    """G4."""
    url = "https://x.example/a.png?id=7&{}&part=2"
    first, second = (url.format(query.format(n, n)) for n in ("one", "two"))
    assert key(first) == key(second) == key("https://x.example/a.png?id=7&part=2")
