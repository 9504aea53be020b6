"""Tokens as text."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.auth import redact, token_kind
from ls_tools.auth.tokens import clean_token, read_claims, usable_s
from ls_tools.errors import SettingsError


def jwt(claims: Any, *, parts: int = 3) -> str:
    coded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    ]
    return ".".join([*coded, "c2lnbmF0dXJl"][:parts])


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("0123456789abcdef0123456789abcdef01234567", "legacy"),
        ("", "legacy"),
        ("a.b.c", "legacy"),
        ("eyJhbGciOiJIUzI1NiJ9", "legacy"),
        (jwt({"token_type": "refresh", "exp": 1}), "personal"),
        (jwt({"token_type": "refresh"}, parts=2), "personal"),
        (jwt({"token_type": "access"}), "access"),
        (jwt({}), "access"),
        (jwt([]), "legacy"),
        (jwt("text"), "legacy"),
        (jwt({"token_type": "refresh", "pad": "x" * 20_000}), "legacy"),
        ("e30.e30.", "access"),
        (f" {jwt({'token_type': 'refresh'})}\n", "personal"),
    ],
)
def test_the_kind_of_a_token_shows_in_its_form(token: str, kind: str) -> None:
    """G7: each kind is known by itself."""
    assert token_kind(token) == kind


@given(st.text())
def test_every_text_has_a_kind(text: str) -> None:
    assert token_kind(text) in {"legacy", "personal", "access"}


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_claims_are_read_from_anything_or_are_none(head: bytes, body: bytes) -> None:
    parts = [base64.urlsafe_b64encode(part).decode() for part in (head, body)]
    claims = read_claims(".".join([*parts, "x"]))
    assert claims is None or isinstance(claims, dict)


def test_deeply_nested_claims_are_none() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 10_000).decode()
    assert read_claims(f"e30.{deep}.x") is None


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iat": 1000, "exp": 1300}, 270),
        ({"iat": 1000, "exp": 1040}, 20),
        ({"exp": 5300}, 270),
        ({"exp": 10}, 0),
        ({}, 30),
        ({"exp": "soon"}, 30),
        ({"iat": 0, "exp": 6e9}, 86_370),
    ],
)
def test_an_access_token_is_used_until_shortly_before_its_end(
    claims: dict[str, Any], expected: float
) -> None:
    """E6: the skew is 30 s, at most half of the lifetime."""
    assert usable_s(jwt(claims), now_s=5000) == expected


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_an_empty_token_is_none(text: str | None) -> None:
    assert clean_token(text) is None


def test_space_around_a_token_is_dropped() -> None:
    assert clean_token(" abc\n") == "abc"


@pytest.mark.parametrize(
    "token", ["Token abc", "Bearer abc", "a\nb", "a\tb", "ä", "a\x00", "a\u2028b"]
)
def test_a_token_that_no_header_can_hold_is_refused_unseen(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        clean_token(token)
    assert token not in str(caught.value)


@given(st.text(), st.text(min_size=1))
def test_redacted_text_does_not_hold_the_secret(text: str, secret: str) -> None:
    assert secret not in redact(f"{text}{secret}", secret) or secret == "…"
