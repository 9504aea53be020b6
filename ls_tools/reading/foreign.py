"""Telling what a file or an entry is that is no task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ls_tools.errors import NotAnExportError
from ls_tools.reading.excerpts import excerpt, json_kind
from ls_tools.reading.wire import decode_any, decode_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    import msgspec

_EXPORT_AGAIN = "Export the project again as JSON."
_SERVER_ERROR = "an error of the server"
_TASK_KEYS = frozenset(
    {
        "agreement",
        "allow_skip",
        "annotations",
        "cancelled_annotations",
        "comment_authors",
        "comment_count",
        "completions",
        "created_at",
        "data",
        "drafts",
        "file_upload",
        "id",
        "inner_id",
        "is_labeled",
        "last_comment_updated_at",
        "meta",
        "overlap",
        "predictions",
        "project",
        "total_annotations",
        "total_predictions",
        "unresolved_comment_count",
        "updated_at",
        "updated_by",
    }
)
_PARTS = frozenset({"annotations", "completions", "predictions", "drafts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What something looks like, and what to do about it."""

    name: str
    hint: str = _EXPORT_AGAIN


_PAGE = Likeness(
    name="an HTML or XML page",
    hint="It may be a login page: check URL and token, then download it again.",
)
_MAGIC: tuple[tuple[bytes, Likeness], ...] = (
    (b"<", _PAGE),
    (b"%PDF", Likeness(name="a PDF file")),
    (b"\x89PNG", Likeness(name="a PNG picture")),
    (b"\xff\xd8\xff", Likeness(name="a JPEG picture")),
    (b"\x00\x00\xfe\xff", Likeness(name="UTF-32 text", hint="Save it as UTF-8.")),
    (b"PAR1", Likeness(name="a Parquet file")),
    (b"BZh", Likeness(name="a bzip2 file", hint="Unpack it first.")),
    (b"\xfd7zXZ", Likeness(name="an xz file", hint="Unpack it first.")),
    (b"\x28\xb5\x2f\xfd", Likeness(name="a zstd file", hint="Unpack it first.")),
    (b"7z\xbc\xaf", Likeness(name="a 7z archive", hint="Unpack it first.")),
    (b"\x1f\x8b", Likeness(name="gzip inside gzip", hint="Unpack it first.")),
    (b"PK", Likeness(name="a zip inside another", hint="Unpack it first.")),
)
_KEYS: tuple[tuple[frozenset[str], Likeness], ...] = (
    (frozenset({"images", "categories"}), Likeness(name="a COCO file")),
    (frozenset({"annotation_id", "annotator"}), Likeness(name="a JSON_MIN export")),
    (
        frozenset({"tasks"}),
        Likeness(
            name="a page of the tasks API",
            hint="Give its list of tasks, or export the project as JSON.",
        ),
    ),
    (frozenset({"tasks_in", "format"}), Likeness(name="a report of ls_tools")),
    (frozenset({"label_config"}), Likeness(name="a project, not its tasks")),
)
_TEXT = Likeness(name="no JSON")


def recognise_bytes(head: bytes) -> Likeness:
    """What a file is that begins with ``head`` and is no JSON."""
    if head[257:262] == b"ustar":
        return Likeness(name="a tar archive", hint="Unpack it first.")
    found = head.lstrip()
    return next((like for magic, like in _MAGIC if found.startswith(magic)), _TEXT)


def find_fault(raw: bytes) -> str:
    """Why a valid JSON value is no task; empty where it is one.

    Annotation objects that hold their task are no tasks here.
    """
    if json_kind(raw) != "object":
        return f"a {json_kind(raw)}"
    fields = decode_fields(raw)
    keys = fields.keys()
    for marks, like in _KEYS:
        if marks <= keys and "data" not in keys:
            return like.name
    if _is_server_error(fields):
        return f"{_SERVER_ERROR}: {_text(fields['detail'])}"
    if "data" in keys or keys & _PARTS:
        return ""
    if "id" in keys and keys <= _TASK_KEYS:
        return ""
    return f"an object with {_list_keys(keys)}" if keys else "an empty object"


def _is_server_error(fields: Mapping[str, msgspec.Raw]) -> bool:
    return "detail" in fields and not fields.keys() & {"data", "id", *_PARTS}


def _text(raw: msgspec.Raw) -> str:
    value: Any = decode_any(raw)
    return excerpt(str(value).encode("utf-8", "replace"), 100)


def _list_keys(keys: Collection[str], limit: int = 5) -> str:
    shown = ", ".join(
        excerpt(key.encode("utf-8", "replace"), 30) for key in list(keys)[:limit]
    )
    more = ", …" if len(keys) > limit else ""
    return f"the keys {shown}{more}"


def hint_for(fault: str) -> str:
    """What to do about a fault that ``find_fault`` told."""
    known = {like.name: like.hint for _, like in _KEYS}
    if fault.startswith(_SERVER_ERROR):
        return "Check URL and token, then download it again."
    if fault.startswith("an object with"):
        return "A task has the keys data and annotations. " + _EXPORT_AGAIN
    return known.get(fault, _EXPORT_AGAIN)


def not_an_export(
    name: str, what: str, *, offset: int, found: str = "", hint: str = _EXPORT_AGAIN
) -> NotAnExportError:
    """The error for an input that is no export.

    Args:
        name: The input.
        what: What it is instead, or what is wrong: ``"it is empty"``.
        offset: Where, in bytes from its beginning.
        found: What stands there.
        hint: What to do next.
    """
    there = f", found {found!r}" if found else ""
    msg = f"{name} is not a Label Studio export: {what} (at byte {offset}{there})."
    return NotAnExportError(msg, hint=hint, source=name, offset=offset, found=found)
