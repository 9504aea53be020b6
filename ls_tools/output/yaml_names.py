"""The ``names`` of a data.yaml, without a YAML library.

Reads the subset that data.yaml files are written in: ``names`` at the top level,
as a list or as a mapping from ids, in block or flow style, with plain or quoted
scalars. Anchors, tags and multi-line scalars are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTED = r"\"(?:[^\"\\\n]|\\[^\n])*\"|'(?:[^'\n]|'')*'"
_PLAIN = r"[^\s\"'\[\]{},&*!|>%@`#:](?:[^,\[\]{}#:\n]|(?<!\s)#|:(?!\s|$))*"
_FLOW_SCALAR = re.compile(f"{_QUOTED}|{_PLAIN}")
_BLOCK_QUOTED = re.compile(rf"({_QUOTED})\s*(?:\s#.*)?$")
_BLANK = re.compile(r"(?:\s|(?<=\s)#[^\n]*)*")
_INDICATORS = (*"\"'[]{},&*!|>%@`#", "- ", "? ")


def read_yaml_names(text: str) -> list[tuple[int, str]]:
    """The class names of a data.yaml with their ids.

    Raises:
        ValueError: There is no ``names``, or it is not in the subset.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    for number, line in enumerate(lines):
        match = re.match(r"""(?:names|"names"|'names')\s*:(?:\s+(.*))?$""", line)
        if match:
            rest = _uncommented(match.group(1) or "")
            following = lines[number + 1 :]
            if rest.startswith(("[", "{")):
                return _read_flow("\n".join([rest, *following]))
            if rest:
                break
            return _read_block(following)
    msg = "it has no list or mapping called names"
    raise ValueError(msg)


def _read_block(lines: list[str]) -> list[tuple[int, str]]:
    entries: list[tuple[int, str]] = []
    for line in _block_lines(lines):
        if line.startswith("- "):
            entries.append((len(entries), _scalar(line[2:])))
            continue
        match = re.match(r"""(?:(\d+)|"(\d+)"|'(\d+)')\s*:\s+(.*)$""", line)
        if match is None:
            msg = f"cannot read the line {line!r} below names"
            raise ValueError(msg)
        entries.append((int(match[1] or match[2] or match[3]), _scalar(match[4])))
    return entries


def _block_lines(lines: list[str]) -> Iterator[str]:
    """The lines of the block, which ends where the next key starts."""
    for line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if line[0] not in " -" or line == "---":
            return
        yield stripped


def _scalar(text: str) -> str:
    text = text.strip()
    quoted = _BLOCK_QUOTED.match(text)
    if quoted is not None:
        return _unquote(quoted[1])
    comment = re.search(r"\s#", text)
    plain = text[: comment.start()].rstrip() if comment else text
    if not plain or plain.startswith(_INDICATORS) or re.search(r":(\s|$)", plain):
        msg = f"cannot read the name {text!r}"
        raise ValueError(msg)
    return plain


def _unquote(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        try:
            return msgspec.json.decode(text, type=str)
        except msgspec.DecodeError as exc:
            msg = f"cannot read the name {text}"
            raise ValueError(msg) from exc
    return text.strip()


def _read_flow(text: str) -> list[tuple[int, str]]:
    is_list = text.startswith("[")
    entries: list[tuple[int, str]] = []
    position = 1
    while True:
        position = _skip_blank(text, position)
        if text[position : position + 1] == ("]" if is_list else "}"):
            return entries
        number = len(entries)
        if not is_list:
            key, position = _flow_scalar(text, position)
            position = _expect(text, position, ":")
            number = _class_id(key)
        name, position = _flow_scalar(text, position)
        entries.append((number, name))
        position = _skip_blank(text, position)
        if text[position : position + 1] not in ("]", "}"):
            position = _expect(text, position, ",")


def _class_id(text: str) -> int:
    if not text.isdecimal():
        msg = f"{text!r} in names is no class id"
        raise ValueError(msg)
    return int(text)


def _flow_scalar(text: str, position: int) -> tuple[str, int]:
    position = _skip_blank(text, position)
    match = _FLOW_SCALAR.match(text, position)
    if match is None:
        msg = f"cannot read names at {text[position : position + 20]!r}"
        raise ValueError(msg)
    return _unquote(match.group()), match.end()


def _expect(text: str, position: int, character: str) -> int:
    position = _skip_blank(text, position)
    if text[position : position + 1] != character:
        found = text[position : position + 20]
        msg = f"expected {character!r} in names, found {found!r}"
        raise ValueError(msg)
    return position + 1


def _skip_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return position if match is None else match.end()


def _uncommented(text: str) -> str:
    return "" if text.startswith("#") else text
