"""Finding references among the values of task data, by their form alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ls_tools.errors import BadReferenceError

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_CHARACTERS = 16_384

_CLOUD = re.compile(r"(?:s3|gs|azure-blob|azure-spi)://[^/\s]+/\S.*", re.IGNORECASE)
_WEB = re.compile(
    r"https?://[^/?#\s]+[/?](?:\S*|[^\n\r\t]*\.[A-Za-z0-9]{1,5}(?:\?\S*)?)",
    re.IGNORECASE,
)
_SERVER = re.compile(
    r"(?:/[^/?#\s]+)*/(?:data/upload/|data/local-files/?\?|storage-data/"
    r"|(?:tasks|projects)/[0-9]+/(?:resolve|presign)/?\?)\S.*"
)
_RELATIVE = re.compile(r"(?:/?upload|/data|/static)/\S*[^/\s]")


def looks_like_reference(value: str) -> bool:
    """Whether a text has the form of a media reference rather than of prose.

    A plain file path does not: it is indistinguishable from text.
    """
    if len(value) > LIMIT_CHARACTERS or len(value) < len("s3://b/k"):
        return False
    return any(p.fullmatch(value) for p in (_WEB, _CLOUD, _SERVER, _RELATIVE))


def iter_references(
    value: Any, *, limit: int = 100_000, nesting: int = 200
) -> Iterator[str]:
    """The references in a task data value, in order, duplicates included.

    Args:
        value: Text, or lists and objects of it in any nesting.
        limit: Most references.
        nesting: Deepest nesting.

    Raises:
        BadReferenceError: A bound is passed.
    """
    count = 0
    stack = [iter([value])]
    while stack:
        for item in stack[-1]:
            if isinstance(item, str) and looks_like_reference(item):
                count += 1
                _check_bound("references", count, limit)
                yield item
            elif isinstance(item, (list, tuple, dict)):
                _check_bound("levels of nesting", len(stack), nesting)
                stack.append(iter(item.values() if isinstance(item, dict) else item))
                break
        else:
            stack.pop()


def _check_bound(noun: str, count: int, limit: int) -> None:
    if count > limit:
        msg = f"The task data holds more than {limit} {noun}."
        hint = "Raise it in Settings.bounds if this is meant."
        raise BadReferenceError(msg, hint=hint)
