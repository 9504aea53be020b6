"""Which query parameters sign a URL, and which only look like it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.origin import identity_query, redact_url, strip_secrets


@pytest.mark.parametrize(
    "query",
    [
        "sv=1&se=2&sp=3&st=4&sr=5&ss=6",
        "expires=1&policy=2",
        "signature=1&name=x",
        "si=1&sip=2",
        "b=2&a=1&b=1",
        "q=a%20b+c&empty=&bare",
        "token=1",
        "",
    ],
)
def test_a_parameter_counts_as_signature_only_within_its_scheme(query: str) -> None:
    assert identity_query(query) == query


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("b=2&sig=x&sv=1&a=1", "b=2&a=1"),
        ("B=2&SIG=x&Sv=1", "B=2"),
        ("z=%7e&X-Amz-Signature=1&X-Amz-Date=2&a=b+c", "z=%7e&a=b+c"),
        ("%53ig=x&se=1&id=4", "id=4"),
        ("api_key=k&id=4", "id=4"),
    ],
)
def test_what_is_no_signature_keeps_its_order_and_spelling(
    query: str, kept: str
) -> None:
    assert identity_query(query) == kept


@pytest.mark.parametrize(
    "query",
    [
        "sig=SECRET",
        "signature=SECRET",
        "token=SECRET",
        "access_token=SECRET",
        "X-Amz-Security-Token=SECRET",
        "X-Goog-Credential=SECRET",
        "password=SECRET",
        "url=https%3A%2F%2Fh%2Fa%3FX-Amz-Signature%3DSECRET",
    ],
)
def test_secrets_are_not_shown_even_outside_their_scheme(query: str) -> None:
    url = f"https://user:SECRET@h.example/a.png?id=1&{query}&z=2#SECRET"
    assert redact_url(url) == "https://h.example/a.png?id=1&z=2"
    assert redact_url(f"/a.png?id=1&{query}") == "/a.png?id=1"


def test_a_url_without_secrets_stays_as_it_is() -> None:
    url = "https://h.example/a%20b.png?se=1&q=a+b"
    assert strip_secrets(urlsplit(url)).geturl() == url


@given(st.text())
def test_redaction_never_fails(text: str) -> None:
    assert len(redact_url(text)) <= 300
    assert redact_url(f"https://{text}").isprintable()
