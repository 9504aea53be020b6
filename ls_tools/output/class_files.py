"""Reading the files by which a user pins classes and renames labels.

Knows what is in the files and nothing of what it is used for.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.errors import UsageError
from ls_tools.output.yaml_names import read_yaml_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

MAX_FILE_BYTES = 8 * 2**20
"""Largest file of class names that is read."""

_HEADERS = (["from", "to"], ["old", "new"], ["label", "class"])


def read_classes(path: Path) -> dict[int, str]:
    """The class names of a file by id, in the order of the ids.

    Args:
        path: ``.txt`` with a name a line, the first being class 0; ``.json``
            with a list of names, an object of name by id or id by name, or a
            ``categories`` list as in COCO and in ``notes.json``; ``.yaml`` with
            ``names`` as in ``data.yaml``.

    Raises:
        UsageError: It cannot be read as that, or holds a name or an id twice.
    """
    text = _read_text(path)
    read = _CLASS_READERS.get(path.suffix.lower(), _read_lines)
    try:
        pairs = list(read(text))
        return _unique(pairs)
    except (ValueError, msgspec.DecodeError) as exc:
        msg = f"The classes file {path} cannot be used: {exc}."
        hint = "Give one name a line (.txt), a list or object (.json), or a data.yaml."
        raise UsageError(msg, hint=hint, path=str(path)) from exc


def read_renames(path: Path) -> dict[str, str | None]:
    """What each label is renamed to; None where it is dropped.

    Args:
        path: ``.json`` with an object of new name by old name, null or ``""``
            to drop; ``.csv`` with the columns old and new, an empty new name
            to drop. A first row ``from,to``, ``old,new`` or ``label,class`` is
            taken for a header.

    Raises:
        UsageError: It cannot be read as that, or renames a label twice.
    """
    text = _read_text(path)
    read = _rename_rows if path.suffix.lower() == ".csv" else _rename_object
    renames: dict[str, str | None] = {}
    try:
        for old, new in read(text):
            if renames.setdefault(old, new or None) != (new or None):
                msg = f"it renames {old!r} twice"
                raise ValueError(msg)  # noqa: TRY301 -- one message for all causes
    except (ValueError, csv.Error, msgspec.DecodeError) as exc:
        msg = f"The rename file {path} cannot be used: {exc}."
        hint = 'Give {"old": "new", "unwanted": null} (.json) or old,new rows (.csv).'
        raise UsageError(msg, hint=hint, path=str(path)) from exc
    return renames


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            msg = f"The file {path} is larger than {MAX_FILE_BYTES} bytes."
            raise UsageError(msg, hint="Is it the right file?", path=str(path))
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        why = getattr(exc, "strerror", None) or "it is not UTF-8 text"
        msg = f"The file {path} cannot be read: {why}."
        hint = "Check its path, permissions and encoding."
        raise UsageError(msg, hint=hint, path=str(path)) from exc


def _unique(pairs: list[tuple[int, str]]) -> dict[int, str]:
    if not pairs:
        msg = "it names no class"
        raise ValueError(msg)
    names: dict[int, str] = {}
    seen: set[str] = set()
    for number, name in sorted(pairs, key=lambda pair: pair[0]):
        if number in names or name in seen or number < 0:
            msg = f"class {number} ({name!r}) is there twice or negative"
            raise ValueError(msg)
        names[number] = name
        seen.add(name)
    return names


def _read_lines(text: str) -> Iterable[tuple[int, str]]:
    lines = text.rstrip().split("\n") if text.strip() else []
    names = [line.removesuffix("\r") for line in lines]
    if "" in names:
        msg = f"line {names.index('') + 1} is empty"
        raise ValueError(msg)
    return enumerate(names)


def _read_json(text: str) -> Iterable[tuple[int, str]]:
    found = msgspec.json.decode(text)
    if isinstance(found, dict) and isinstance(found.get("categories"), list):
        found = found["categories"]
    if isinstance(found, list):
        return [_from_list(index, entry) for index, entry in enumerate(found)]
    if isinstance(found, dict):
        return [_from_pair(key, value) for key, value in found.items()]
    msg = "it holds neither a list nor an object"
    raise ValueError(msg)


def _from_list(index: int, entry: Any) -> tuple[int, str]:
    if isinstance(entry, str):
        return index, entry
    if isinstance(entry, dict):
        number, name = entry.get("id"), entry.get("name")
        if isinstance(number, int) and isinstance(name, str):
            return number, name
    msg = f"entry {index} is not a name"
    raise ValueError(msg)


def _from_pair(key: str, value: Any) -> tuple[int, str]:
    if isinstance(value, str) and key.isdecimal():
        return int(key), value
    if isinstance(value, int) and not isinstance(value, bool):
        return value, key
    msg = f"{key!r} is neither the id nor the name of a class"
    raise ValueError(msg)


def _rename_object(text: str) -> Iterable[tuple[str, str | None]]:
    return msgspec.json.decode(text, type=dict[str, str | None]).items()


def _rename_rows(text: str) -> Iterable[tuple[str, str]]:
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if any(row)]
    if rows and [cell.strip().lower() for cell in rows[0]] in _HEADERS:
        rows = rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) not in {1, 2}:
            msg = f"row {number} has {len(row)} columns instead of 2"
            raise ValueError(msg)
    return [(row[0], row[1] if len(row) > 1 else "") for row in rows]


_CLASS_READERS: Mapping[str, Callable[[str], Iterable[tuple[int, str]]]] = {
    ".json": _read_json,
    ".yaml": read_yaml_names,
    ".yml": read_yaml_names,
}
