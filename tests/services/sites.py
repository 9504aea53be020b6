"""What a client must know of a running Label Studio; knows no process."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PERSONAL_TOKEN_FILE = "personal-access-token.txt"
EMAIL = "admin@example.com"
PASSWORD = "secret-pass-123"
LEGACY_TOKEN = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Address, secrets and folders of a running Label Studio.

    Attributes:
        url: Where it listens, without a trailing slash.
        data_dir: Its data folder: database, ``media/upload``, ``.env``.
        document_root: Its root for local files.
        token: The legacy token of the first user.
    """

    url: str
    data_dir: Path
    document_root: Path
    token: str = LEGACY_TOKEN

    @property
    def upload_dir(self) -> Path:
        """Where uploaded files lie, one folder per project id."""
        return self.data_dir / "media" / "upload"

    @property
    def personal_token(self) -> str:
        """A personal access token of the first user, good for centuries."""
        return (self.data_dir / PERSONAL_TOKEN_FILE).read_text().strip()

    def secret_key(self) -> str:
        """The key that the server signs its tokens with."""
        for line in (self.data_dir / ".env").read_text().splitlines():
            name, _, value = line.partition("=")
            if name.strip() == "SECRET_KEY":
                return value.strip().strip("'\"")
        msg = f"there is no SECRET_KEY in {self.data_dir / '.env'}"
        raise LookupError(msg)

    def mint_access_token(self, lifetime_s: float, *, user_id: int = 1) -> str:
        """An access token for a user; expired where ``lifetime_s`` is negative."""
        issued = int(time.time())
        claims = {
            "token_type": "access",
            "exp": int(issued + lifetime_s),
            "iat": issued,
            "jti": uuid.uuid4().hex,
            "user_id": str(user_id),
        }
        return sign_jwt(claims, self.secret_key())

    def dump(self) -> dict[str, str]:
        """This site as plain strings, for another process."""
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def load(cls, dumped: dict[str, str]) -> Site:
        """The site that ``dump`` turned into strings."""
        return cls(
            url=dumped["url"],
            data_dir=Path(dumped["data_dir"]),
            document_root=Path(dumped["document_root"]),
            token=dumped["token"],
        )


def sign_jwt(claims: dict[str, Any], key: str) -> str:
    """``claims`` as a JSON web token, signed with HMAC-SHA256."""
    head = _base64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = _base64url(json.dumps(claims).encode())
    signed = hmac.new(key.encode(), f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{_base64url(signed.digest())}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
