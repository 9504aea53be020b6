"""What the headers of a download say: which bytes, of which version. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ls_tools.digests import decode_digest
from ls_tools.transfer import Validator

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTENT_RANGE = re.compile(
    r"bytes\s+(?:(?P<first>[0-9]{1,19})-(?P<last>[0-9]{1,19})|\*)"
    r"/(?:(?P<total>[0-9]{1,19})|\*)",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"[0-9]{1,19}")
_GOOG_MD5 = re.compile(r"(?:^|,)\s*md5=([A-Za-z0-9+/=]+)")
_OK, _PARTIAL, _PAST_END = 200, 206, 416


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The status and headers of one answer to a download.

    Attributes:
        status: The HTTP status.
        start: First byte sent, as ``Content-Range`` says; None without one.
        end: One past the last byte sent.
        total: Size of the whole object, None where unknown.
        has_length: Whether a cut can be seen: a length is announced, or the
            body is chunked.
        encoding: ``Content-Encoding`` in lower case, ``""`` for none.
        validator: Which version this is.
        checksums: Digests of the whole object that the store vouches for.
        content_type: As sent.
    """

    status: int
    start: int | None = None
    end: int | None = None
    total: int | None = None
    has_length: bool = False
    encoding: str = ""
    validator: Validator = field(default_factory=Validator)
    checksums: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None

    @property
    def is_html(self) -> bool:
        """Whether the body is a web page."""
        kind = (self.content_type or "").partition(";")[0].strip().lower()
        return kind in {"text/html", "application/xhtml+xml"}


Action = Literal["whole", "append", "complete", "changed", "plain", "nonsense"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """How far a download is.

    Attributes:
        position: Bytes of the object received, as sent.
        first: The head of the first answer with this version; None before it.
        total: Size of the object, None where unknown.
        ranged: Whether the answer to judge was asked for with ``Range``.
    """

    position: int
    first: Head | None
    total: int | None
    ranged: bool


def decide(head: Head, so_far: SoFar) -> Action:
    """Decide what an answer is good for.

    Returns:
        ``whole``: the body is the object from its first byte. ``append``: it
        goes on where the download stands. ``complete``: nothing is left to
        come. ``changed``: it belongs to another version, start again. ``plain``:
        ranges do not work there, start again without. ``nonsense``: no answer
        to what was asked.
    """
    if head.status == _OK:
        return "whole"
    if not so_far.ranged:
        return "nonsense"
    if head.status == _PARTIAL:
        return _decide_part(head, so_far)
    if head.status == _PAST_END:
        return _decide_past_end(head, so_far)
    return "plain"


def _decide_part(head: Head, so_far: SoFar) -> Action:
    if head.start is None or head.start != so_far.position:
        return "plain"
    if so_far.first is None:
        return "changed" if head.encoding and so_far.position else "append"
    return "append" if is_same_version(so_far.first, head) else "changed"


def _decide_past_end(head: Head, so_far: SoFar) -> Action:
    if head.total == so_far.position and so_far.total in {None, head.total}:
        return "complete"
    if head.total is None or so_far.position == 0:
        return "plain"
    return "changed"


def is_same_version(first: Head, other: Head) -> bool:
    """Whether two answers can belong to one version of an object."""
    if first.encoding != other.encoding:
        return False
    if None not in {first.total, other.total} and first.total != other.total:
        return False
    ours, theirs = first.validator, other.validator
    if ours.etag and theirs.etag:
        return _strip_weak(ours.etag) == _strip_weak(theirs.etag)
    if ours.last_modified and theirs.last_modified:
        return ours.last_modified == theirs.last_modified
    return True


def strong_etag(validator: Validator) -> str | None:
    """The ETag if equal ones mean equal bytes."""
    etag = validator.etag
    return etag if etag and not etag.startswith("W/") else None


def _strip_weak(etag: str) -> str:
    return etag.removeprefix("W/")


def read_head(status: int, headers: Mapping[str, str]) -> Head:
    """Read what matters of an answer; ``headers`` ignore case."""
    start, end, total = parse_content_range(headers.get("Content-Range"))
    length = parse_length(headers.get("Content-Length"))
    chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    if status == _OK:
        start, end, total = None, None, None if chunked else length
    encoding = headers.get("Content-Encoding", "").strip().lower()
    encoding = "" if encoding == "identity" else encoding
    return Head(
        status=status,
        start=start,
        end=end,
        total=total,
        has_length=chunked or length is not None,
        encoding=encoding,
        validator=read_validator(headers),
        checksums={} if encoding else _read_checksums(status, headers),
        content_type=headers.get("Content-Type"),
    )


def parse_content_range(
    value: str | None,
) -> tuple[int | None, int | None, int | None]:
    """Parse a ``Content-Range`` into first byte, end and total.

    The end is one past the last byte. What is not said, or makes no sense, is
    None.
    """
    found = _CONTENT_RANGE.fullmatch((value or "").strip())
    if found is None:
        return None, None, None
    total = int(found["total"]) if found["total"] else None
    if found["first"] is None:
        return None, None, total
    start, end = int(found["first"]), int(found["last"]) + 1
    if end <= start or (total is not None and end > total):
        return None, None, None
    return start, end, total


def read_validator(headers: Mapping[str, str]) -> Validator:
    """Which version the headers say this is."""
    versions = ("x-amz-version-id", "x-goog-generation", "x-ms-version-id")
    return Validator(
        etag=headers.get("ETag"),
        last_modified=headers.get("Last-Modified"),
        version=next((headers[name] for name in versions if name in headers), None),
    )


def parse_length(value: str | None) -> int | None:
    """The number in a ``Content-Length``; None where it is none."""
    text = (value or "").strip()
    return int(text) if _LENGTH.fullmatch(text) else None


def _read_checksums(status: int, headers: Mapping[str, str]) -> dict[str, str]:
    """The digests that a store documents as those of the whole object.

    An S3 ETag is none: it is a digest only sometimes.
    """
    candidates = [headers.get("x-ms-blob-content-md5")]
    if status == _OK:
        candidates.append(headers.get("Content-MD5"))
    stored = headers.get("x-goog-stored-content-encoding", "identity")
    found = _GOOG_MD5.search(headers.get("x-goog-hash", ""))
    if found and stored == "identity":
        candidates.append(found[1])
    digests = [digest for text in candidates if (digest := decode_digest("md5", text))]
    return {"md5": digests[0]} if digests else {}
