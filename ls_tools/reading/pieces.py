"""The files that an input consists of, wherever they lie; knows nothing of JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

from ls_tools.reading.foreign import not_an_export
from ls_tools.reading.packed import is_packed, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ls_tools.settings import Bounds

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_OWN_FILES = frozenset({"report.json", "manifest.jsonl", "splits.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of an input.

    Attributes:
        name: For messages: a path, or a path in a folder, bucket or zip.
        load: Gives its bytes, unpacked and in UTF-8.
        is_only: The input is this one file.
        is_guess: Only looking inside tells whether it is meant: a file of a
            folder whose name has no ending.
    """

    name: str
    load: Callable[[], memoryview]
    is_only: bool = True
    is_guess: bool = False


class Pieces(Protocol):
    """The files of an input; each pass over them gives the same."""

    def __iter__(self) -> Iterator[Piece]:
        """The files, in a fixed order."""
        raise NotImplementedError

    @property
    def only(self) -> Piece | None:
        """The one file that the input is; None for a folder and its like."""

    def prefetch(self) -> None:
        """Bring here what is still elsewhere.

        Raises:
            LsToolsError: It cannot be had.
        """

    def close(self) -> None:
        """Let go of what the files need; bytes that were loaded stay valid."""


@final
class LocalPieces:
    """Files on this machine.

    Args:
        pieces: The files, in order.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[Piece]:
        return iter(self._pieces)

    @property
    def only(self) -> Piece | None:
        """The one file that the input is."""
        first = self._pieces[0] if self._pieces else None
        is_alone = first is not None and first.is_only and len(self._pieces) == 1
        return first if is_alone else None

    def prefetch(self) -> None:
        """Do nothing: they are here."""

    def close(self) -> None:
        """Let go of the files."""
        self._pieces = ()


def open_file(data: memoryview, name: str, bounds: Bounds) -> LocalPieces:
    """The pieces of one file: itself, or what is packed in it.

    Raises:
        NotAnExportError: It is a broken archive, or one without JSON.
        RefusedError: It expands to more than ``bounds`` allow.
    """
    if not is_packed(data):
        return LocalPieces([Piece(name=name, load=lambda: data)])
    unpacked = unpack(data, name, bounds.expanded_bytes)
    is_only = len(unpacked) == 1
    return LocalPieces(
        [
            Piece(name=part, load=_constant(body), is_only=is_only)
            for part, body in unpacked
        ]
    )


def unpack_member(data: memoryview, name: str, bounds: Bounds) -> memoryview:
    """The bytes of one file of a folder, unpacked.

    Raises:
        NotAnExportError: It is a broken archive, or one of several files.
        RefusedError: It expands to more than ``bounds`` allow.
    """
    if not is_packed(data):
        return data
    unpacked = unpack(data, name, bounds.expanded_bytes)
    if len(unpacked) > 1:
        what = "it is a zip inside a folder"
        raise not_an_export(name, what, offset=0, hint="Unpack it first.")
    return unpacked[0][1]


def may_hold_tasks(name: str) -> bool:
    """Whether a file of this name, without folders, is looked at."""
    plain = name.lower().removesuffix(".gz")
    return plain.endswith(_SUFFIXES) or is_guess(name)


def is_guess(name: str) -> bool:
    """Whether a name, without folders, has no ending."""
    return "." not in name


def is_left_out(name: str, *, is_top: bool) -> bool:
    """Whether a file or folder of this name is hidden, or our own.

    Args:
        name: The name, without the folders that it is in.
        is_top: It is not in a folder of the input.
    """
    return name.startswith(".") or (is_top and name in _OWN_FILES)


def _constant(data: memoryview) -> Callable[[], memoryview]:
    return lambda: data
