"""What the answers of stores that speak HTTP mean, and the errors they become.

Nothing that a store or an SDK says is quoted but codes of a strict pattern: the
rest may hold signed URLs.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ls_tools.digests import can_check, decode_digest
from ls_tools.errors import (
    AccessError,
    CredentialsRejectedError,
    DeadlineError,
    IntegrityError,
    LsToolsError,
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
    from datetime import datetime

    import requests

    from ls_tools.sources.buckets.protocol import ObjectName, Wanted
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
    "timed-out",
    "passing",
    "other",
]
"""What a refusal means, whatever the store."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,59}")
_NO_DATE = 1970
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
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


UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What parsers raise of answers that make no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRefusal:
    """An answer that is not what was asked for.

    Attributes:
        store: Name of the store, which begins sentences.
        status: The HTTP status.
        code: The store's own word for it, ``""`` if it has none.
        meaning: What it means.
        retry_after_s: Seconds the store asks to wait.
        hint: What to do, where the store knows better than the general words.
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


def may_be_empty(wanted: Wanted) -> bool:
    """Whether a refusal as past the end may be that of an empty object.

    Every range of an empty object is; the whole of it is not.
    """
    return wanted.start == 0 and not wanted.is_whole


def missing_meaning(name: ObjectName, *, is_begun: bool) -> Meaning:
    """What it means that a store knows no such object.

    Args:
        name: The object.
        is_begun: Whether more of a version was asked for, some of which came.
    """
    if is_begun:
        return "changed"
    return "no-version" if name.version else "no-object"


def read_retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait; names in lower case, or of any case."""
    return parse_retry_after(headers.get("retry-after"), now_s=time.time())


def failure_of(
    refusal: StoreRefusal, name: ObjectName
) -> LsToolsError | TransientError:
    """The error for a refusal.

    Args:
        refusal: The answer.
        name: What was asked for.

    Returns:
        A TransientError where the same request may succeed.
    """
    kind, what, hint = _WORDS[refusal.meaning]
    said = f"{refusal.status} {refusal.code}".rstrip()
    error = kind(
        what.format(name=name, store=refusal.store, said=said),
        hint=refusal.hint or hint,
        status=refusal.status,
        code=refusal.code,
    )
    if refusal.meaning not in _PASSING:
        return error
    return TransientError(
        error,
        retry_after_s=refusal.retry_after_s,
        is_throttled=refusal.meaning == "throttled",
    )


_PASSING = frozenset({"throttled", "timed-out", "passing"})
_NO_ANSWER = "{store} could not answer for {name.canonical}: {said}."
_LATER = "Try again later."
_WORDS: Mapping[Meaning, tuple[type[LsToolsError], str, str]] = {
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
        CredentialsRejectedError,
        "{store} gives {name.canonical} only to whoever has credentials ({said}).",
        "It is not public: set credentials, and unset anonymous.",
    ),
    "rejected": (
        CredentialsRejectedError,
        "{store} refused {name.canonical} with {said}.",
        "Check the credentials, and whether they may read it.",
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
    "throttled": (
        ServerError,
        "{store} is asked too much for {name.canonical}: {said}.",
        _LATER,
    ),
    "timed-out": (DeadlineError, _NO_ANSWER, _LATER),
    "passing": (ServerError, _NO_ANSWER, _LATER),
    "other": (ServerError, _NO_ANSWER, _LATER),
}


def size_told(size_bytes: int | None, name: ObjectName) -> int:
    """The size that an answer tells, without which no cut could be seen.

    Raises:
        ServerError: It tells none.
    """
    if size_bytes is not None and size_bytes >= 0:
        return size_bytes
    msg = f"The answer for {name.canonical} does not tell its size."
    hint = "See whether a proxy on the way drops or spoils Content-Length."
    raise ServerError(msg, hint=hint)


def nonsense(store: str, name: ObjectName) -> TransientError:
    """The error for an answer that cannot be read."""
    msg = f"{store} answered for {name.canonical} in a way that makes no sense."
    hint = "Check the endpoint, and proxies on the way."
    return TransientError(ServerError(msg, hint=hint))


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


def read_encoding(value: str | None) -> str:
    """The encoding of the stored bytes, in lower case; empty for none.

    ``aws-chunked`` was one of the upload.
    """
    names = [name.strip().lower() for name in (value or "").split(",")]
    return ",".join(n for n in names if n not in {"", "identity", "aws-chunked"})


def http_date(when: datetime | None) -> str | None:
    """``when``, in UTC, as HTTP writes it; None where only the epoch is given."""
    if when is None or when.year == _NO_DATE:
        return None
    day, month = _DAYS[when.weekday()], _MONTHS[when.month - 1]
    time_of_day = f"{when.hour:02}:{when.minute:02}:{when.second:02}"
    return f"{day}, {when.day:02} {month} {when.year} {time_of_day} GMT"


def read_digests(found: Mapping[str, str | None]) -> dict[str, str]:
    """The digests that can be checked here, from their base64 by algorithm."""
    digests = {name: decode_digest(name, text) for name, text in found.items() if text}
    return {name: hex_ for name, hex_ in digests.items() if hex_ and can_check(name)}


def is_version(found: Validator, wanted: Validator) -> bool | None:
    """Whether an answer belongs to a version; None where nothing tells."""
    for name in ("version", "etag", "last_modified"):
        ours, theirs = getattr(wanted, name), getattr(found, name)
        if ours and theirs:
            return bool(ours == theirs)
    return None
