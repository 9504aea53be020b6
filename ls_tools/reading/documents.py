"""One file of an input, split into its elements: a list, an object, or lines."""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from ls_tools.reading.excerpts import excerpt
from ls_tools.reading.foreign import not_an_export, recognise_bytes
from ls_tools.reading.scanner import SEPARATOR, Spans, scan_elements
from ls_tools.reading.wire import UNDECODABLE

Elements: TypeAlias = Spans | list[memoryview]

UTF8_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"\s*")
_FIRST_ENTRY = re.compile(rb"\[\s*(?:\{|\])")
_LINE = re.compile(rb"\S[^\n]*")
_HEAD_BYTES = 1024

_split_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_check = msgspec.json.Decoder(msgspec.Raw).decode


def split(data: memoryview, name: str) -> Elements:
    """Split a file into the JSON texts that should each be one task.

    Args:
        data: The whole file, UTF-8, with or without a byte order mark.
        name: Its name, for errors.

    Returns:
        The elements, undecoded. What is wrong inside one of them is not looked
        at.

    Raises:
        NotAnExportError: The file is empty, no JSON, or cut off.
    """
    start = find_start(data, name)
    if data[start] == ord("["):
        return _split_array(data, name, start)
    return _split_objects(data, name, start)


def find_start(data: memoryview, name: str) -> int:
    """Where the JSON begins.

    Raises:
        NotAnExportError: The file is empty or no JSON.
    """
    start = len(UTF8_BOM) if data[: len(UTF8_BOM)] == UTF8_BOM else 0
    found = _SPACE.match(data, start)
    start = found.end() if found else start
    if start >= len(data):
        what = "it is empty" if not len(data) else "it holds nothing but white space"
        hint = "Did the download complete? Export the project again."
        raise not_an_export(name, what, offset=0, hint=hint)
    if data[start] not in b"[{":
        head = bytes(data[:_HEAD_BYTES])
        like = recognise_bytes(head)
        raise not_an_export(
            name,
            f"it is {like.name}",
            offset=start,
            found=excerpt(data[start : start + 61]),
            hint=like.hint,
        )
    return start


def _split_array(data: memoryview, name: str, start: int) -> Elements:
    """Split a list, in one go unless its entries are none or no valid JSON."""
    # A list of scalars would cost a Raw for every two bytes.
    if _FIRST_ENTRY.match(data, start):
        try:
            return _bounds_of(_split_list(data[start:]), data, start)
        except UNDECODABLE:
            pass
    return scan_elements(data, name, start)


def _bounds_of(entries: list[msgspec.Raw], data: memoryview, start: int) -> Spans:
    """Where the entries of the list at ``start`` stand."""
    spans, find_end = Spans(data), SEPARATOR.match
    pos = start + 1
    for entry in entries:
        begin = find_end(data, pos).end()  # type: ignore[union-attr]  # always matches
        pos = begin + len(entry)
        spans.append(begin, pos)
    return spans


def _split_objects(data: memoryview, name: str, start: int) -> Elements:
    """Split what begins with an object: one task, or one on each line."""
    first = _LINE.match(data, start)
    end = first.end() if first else len(data)
    if _is_json(data[start:end]):
        return _split_lines(data, name, start)
    whole = data[start:]
    return [whole] if _is_json(whole) else scan_elements(data, name, start)


def _split_lines(data: memoryview, name: str, start: int) -> Elements:
    spans = Spans(data)
    for line in _LINE.finditer(data, start):
        spans.append(*line.span())
    last = len(spans) - 1
    if not _is_json(spans[last]):
        # Raises if the last line was cut off; else the fault is within it.
        scan_elements(data, name, spans.start_of(last), count=last)
    return spans


def _is_json(text: memoryview) -> bool:
    try:
        _check(text)
    except UNDECODABLE:
        return False
    return True
