"""Tokens: their kinds, where they may go, and how a personal one is renewed."""

from ls_tools.auth.flow import (
    Attempt,
    AuthRequest,
    AuthResponse,
    Purpose,
    Refresh,
    TokenAuth,
    auth_for,
)
from ls_tools.auth.tokens import TokenKind, redact, token_kind

__all__ = [
    "Attempt",
    "AuthRequest",
    "AuthResponse",
    "Purpose",
    "Refresh",
    "TokenAuth",
    "TokenKind",
    "auth_for",
    "redact",
    "token_kind",
]
