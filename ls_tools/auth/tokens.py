"""Tokens as text: their kinds, their claims, and keeping them out of messages.

Pure; knows neither servers nor requests.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, Literal

from ls_tools.errors import SettingsError

TokenKind = Literal["legacy", "personal", "access"]

SKEW_S = 30.0
"""Seconds by which an access token is renewed ahead of its end, at most half of
its lifetime."""

_UNKNOWN_LIFETIME_S = 60.0
_LONGEST_LIFETIME_S = 86_400.0
_LONGEST_JWT = 16_384
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?", re.ASCII)
_CREDENTIAL = re.compile(r"\b(Token|Bearer|Basic)(\s+)[^\s'\",;]{16,}", re.IGNORECASE)


def token_kind(token: str) -> TokenKind:
    """Tell the kind of a token by its form; no signature is checked.

    Returns:
        ``personal`` for a JWT of type refresh, ``access`` for any other JWT,
        ``legacy`` for everything else.
    """
    claims = read_claims(token)
    if claims is None:
        return "legacy"
    return "personal" if claims.get("token_type") == "refresh" else "access"


def redact(text: str, *secrets: str) -> str:
    """``text`` without ``secrets`` and without anything formed like a token."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "…")
    return _CREDENTIAL.sub(r"\1\2…", _JWT.sub("…", text))


def clean_token(token: str | None) -> str | None:
    """The token without surrounding space; None where nothing is left.

    Raises:
        SettingsError: It has characters that no token has.
    """
    text = (token or "").strip()
    if not text:
        return None
    if not is_sendable(text):
        msg = "The token holds a space or another character that no token has."
        raise SettingsError(msg, hint="Give it alone, without 'Token' or 'Bearer'.")
    return text


def is_sendable(token: str) -> bool:
    """Whether ``token`` can stand in a header as it is."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def read_claims(token: str) -> dict[str, Any] | None:
    """The claims of a JWT, None where ``token`` is not formed like one."""
    parts = token.strip().split(".")
    if len(token) > _LONGEST_JWT or len(parts) not in {2, 3}:
        return None
    if _read_segment(parts[0]) is None:
        return None
    return _read_segment(parts[1])


def usable_s(access: str, now_s: float) -> float:
    """Seconds for which an access token is used before it is renewed.

    Args:
        access: The access token, just issued.
        now_s: Seconds since the epoch, for tokens that do not say when they
            were issued.
    """
    claims = read_claims(access) or {}
    end, begin = claims.get("exp"), claims.get("iat")
    lifetime_s = _UNKNOWN_LIFETIME_S
    if isinstance(end, (int, float)):
        # Both times are the server's: its clock may differ from ours.
        start = begin if isinstance(begin, (int, float)) else now_s
        lifetime_s = min(max(end - start, 0.0), _LONGEST_LIFETIME_S)
    return lifetime_s - min(SKEW_S, lifetime_s / 2)


def read_json_object(data: bytes) -> dict[str, Any] | None:
    """The JSON object in ``data``, None where it is something else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _read_segment(segment: str) -> dict[str, Any] | None:
    padded = segment + "=" * (-len(segment) % 4)
    try:
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return read_json_object(data)
