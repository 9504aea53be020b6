"""What the answers of stores that speak HTTP mean, and the errors they become.

Nothing that a store or an SDK says is quoted but codes of a strict pattern: the
rest may hold signed URLs.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ls_tools.digests import can_check
from ls_tools.errors import (
    AccessError,
    CredentialsRejectedError,
    IntegrityError,
    LsToolsError,
    MissingCredentialsError,
    NotFoundError,
    ServerError,
)
from ls_tools.transport.bodies import CutError, read_wire
from ls_tools.transport.failures import network_failure
from ls_tools.transport.retrying import (
    RETRY_STATUSES,
    TransientError,
    parse_retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    from ls_tools.sources.buckets.protocol import ObjectName
    from ls_tools.transfer import Validator

Meaning = Literal[
    "no-bucket",
    "no-object",
    "no-version",
    "changed",
    "past-end",
    "no-credentials",
    "rejected",
    "archived",
    "requester-pays",
    "throttled",
    "passing",
    "other",
]
"""What a refusal means, whatever the store."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,59}")
_BY_STATUS: Mapping[int, Meaning] = {
    401: "rejected",
    403: "rejected",
    404: "no-object",
    407: "rejected",
    412: "changed",
    416: "past-end",
    429: "throttled",
    503: "throttled",
}
_DIGEST_BYTES = {"md5": 16, "crc32c": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not what was asked for.

    Attributes:
        store: Name of the store, for messages.
        status: The HTTP status.
        code: The store's own word for it, ``""`` if it has none.
        meaning: What it means.
        retry_after_s: Seconds the store asks to wait.
        hint: What to do about missing or rejected credentials.
    """

    store: str
    status: int
    code: str = ""
    meaning: Meaning
    retry_after_s: float | None = None
    hint: str = ""


def read_code(text: object) -> str:
    """``text`` if it looks like an error code, else nothing."""
    return text if isinstance(text, str) and _CODE.fullmatch(text) else ""


def judge(status: int, code: str, meanings: Mapping[str, Meaning]) -> Meaning:
    """What a refusal means: by its code if the store's table has it, or status."""
    if code in meanings:
        return meanings[code]
    by_status: Meaning = "passing" if status in RETRY_STATUSES else "other"
    return _BY_STATUS.get(status, by_status)


def missing_meaning(name: ObjectName, match: Validator | None) -> Meaning:
    """What it means that a store knows no such object."""
    if match:
        return "changed"
    return "no-version" if name.version else "no-object"


def read_retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait."""
    return parse_retry_after(headers.get("Retry-After"), now_s=time.time())


def failure_of(refusal: Refusal, name: ObjectName) -> LsToolsError | TransientError:
    """The error for a refusal.

    Args:
        refusal: The answer.
        name: What was asked for.

    Returns:
        A TransientError where the same request may succeed.
    """
    data = {"status": refusal.status, "code": refusal.code}
    said = f"{refusal.status} {refusal.code}".rstrip()
    if refusal.meaning in {"throttled", "passing", "other"}:
        return _server_failure(refusal, name, said)
    kind, what, hint = _WORDS[refusal.meaning]
    msg = what.format(name=name, store=refusal.store, said=said)
    return kind(msg, hint=hint or refusal.hint, **data)


def _server_failure(
    refusal: Refusal, name: ObjectName, said: str
) -> ServerError | TransientError:
    is_throttled = refusal.meaning == "throttled"
    what = "is asked too much" if is_throttled else "could not answer"
    msg = f"{refusal.store} {what} for {name.canonical}: {said}."
    hint = "Try again later."
    error = ServerError(msg, hint=hint, status=refusal.status, code=refusal.code)
    if refusal.meaning == "other":
        return error
    return TransientError(
        error, retry_after_s=refusal.retry_after_s, is_throttled=is_throttled
    )


_WORDS: Mapping[str, tuple[type[LsToolsError], str, str]] = {
    "no-bucket": (
        NotFoundError,
        "{store} knows no bucket or container {name.bucket!r}.",
        "Check its name, and the endpoint or account that is configured.",
    ),
    "no-object": (
        NotFoundError,
        "There is no {name.canonical}.",
        "Check its name, upper and lower case included.",
    ),
    "no-version": (
        NotFoundError,
        "There is no version {name.version!r} of {name.canonical}.",
        "Leave the version off for the current one.",
    ),
    "changed": (
        IntegrityError,
        "{name.canonical} was replaced or removed under way.",
        "Try again.",
    ),
    "past-end": (
        IntegrityError,
        "{name.canonical} is shorter than it was.",
        "Try again.",
    ),
    "no-credentials": (
        MissingCredentialsError,
        "{store} gives {name.canonical} only to whoever has credentials ({said}).",
        "",
    ),
    "rejected": (
        CredentialsRejectedError,
        "{store} refused {name.canonical} with {said}.",
        "",
    ),
    "archived": (
        AccessError,
        "{name.canonical} is archived, hence cannot be read ({said}).",
        "Move it to an online tier first.",
    ),
    "requester-pays": (
        AccessError,
        "Of {name.bucket!r} the requester pays, and no project to bill is set.",
        "Set the project of GcsSettings.",
    ),
}


def read_body(response: requests.Response) -> Iterator[bytes]:
    """The bytes of an answer as sent; the connection is let go of at their end.

    Raises:
        TransientError: The connection failed under way.
        LsToolsError: It failed for a lasting reason.
    """
    failure: LsToolsError | TransientError | None = None
    try:
        yield from read_wire(response)
    except CutError as exc:
        failure = network_failure(exc.cause, str(response.url))
    finally:
        response.close()
    # Outside of the handler: what was caught holds the signed URL.
    if failure is not None:
        raise failure


def read_digests(found: Mapping[str, str | None]) -> dict[str, str]:
    """The digests that can be checked here, from their base64 by algorithm."""
    digests = {}
    for algorithm, text in found.items():
        try:
            digest = base64.b64decode(text or "", validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(digest) == _DIGEST_BYTES[algorithm] and can_check(algorithm):
            digests[algorithm] = digest.hex()
    return digests


def is_version(found: Validator, wanted: Validator) -> bool | None:
    """Whether an answer belongs to a version; None where nothing tells."""
    for name in ("version", "etag", "last_modified"):
        ours, theirs = getattr(wanted, name), getattr(found, name)
        if ours and theirs:
            return bool(ours == theirs)
    return None
