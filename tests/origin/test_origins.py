"""Which URLs belong to the configured server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import SettingsError
from ls_tools.origin import Origin, normalise_path


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://Labels.Example.com:443/", "https://labels.example.com"),
        ("http://h:80/ls/", "http://h/ls"),
        ("  http://h:8080//ls/./x  ", "http://h:8080/ls/x"),
        ("http://user:password@h", "http://h"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_a_server_has_one_spelling(url: str, normal: str) -> None:
    origin = Origin.parse(url)
    assert str(origin) == normal
    assert Origin.parse(str(origin)) == origin
    assert origin.url("/api/") == f"{normal}/api/"


@pytest.mark.parametrize(
    "url", ["", "h.example", "ftp://h", "http://", "http://h:port", "http://[::1"]
)
def test_what_is_no_server_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="not an http"):
        Origin.parse(url)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h.example/ls/data/a.png", "/data/a.png"),
        ("HTTPS://H.Example:443/ls/data/a.png?x=1", "/data/a.png"),
        ("https://h.example/ls", "/"),
        ("https://h.example/ls/x/..%2fapi", "/api"),
        ("https://h.example/ls/../api", None),
        ("https://h.example/lsx/data/a.png", None),
        ("https://h.example/data/a.png", None),
        ("http://h.example/ls/data/a.png", None),
        ("https://h.example:8443/ls/data/a.png", None),
        ("https://h.example.evil.example/ls/data/a.png", None),
        ("https://h.example@evil.example/ls/data/a.png", None),
        ("https://h.example:port/ls", None),
        ("https://[::1/ls", None),
    ],
)
def test_only_urls_below_the_prefix_belong_to_the_server(
    url: str, path: str | None
) -> None:
    assert Origin.parse("https://h.example/ls").relative_path(url) == path


def test_without_prefix_every_path_belongs_to_the_server() -> None:
    origin = Origin.parse("https://h.example")
    assert origin.relative_path("https://h.example") == "/"
    assert origin.relative_path("https://h.example/a//b") == "/a/b"


@given(st.text())
def test_a_normal_path_has_no_way_up(path: str) -> None:
    normal = normalise_path(f"/{path}")
    assert ".." not in normal.split("/") or "%" in path
    assert normal.startswith("/")
