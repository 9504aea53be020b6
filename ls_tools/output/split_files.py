"""``splits.json``: which task is in which split, to be given back later."""

from __future__ import annotations

from array import array
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from typing import IO, TYPE_CHECKING, TypeAlias

import msgspec

from ls_tools.errors import UsageError
from ls_tools.output.fingerprints import fingerprint, repeated
from ls_tools.output.split import SPLITS, Split, check_fractions
from ls_tools.output.split_table import SplitTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ls_tools.output.tree import Tree

SPLITS_FILE = "splits.json"

_HINT = "Give the splits.json of an earlier run, or fractions: train=0.8,val=0.2."
_Scratch: TypeAlias = "Callable[[], IO[bytes]]"


_BATCH_KEYS = 1000
_encode_lines = msgspec.json.Encoder().encode_lines


class _File(msgspec.Struct):
    """The file, its keys not yet decoded."""

    fractions: dict[str, float]
    tasks: dict[str, msgspec.Raw]
    by: str | None = None
    stratify: bool = False
    schema_version: int = 1


class _Key:
    """Stands for a key that was handed on; there is only one."""


_KEY = _Key()


def settle(split: Split) -> tuple[Split, SplitTable]:
    """What a split and the file that it keeps amount to.

    Returns:
        The split, with fractions; and what the file settles.

    Raises:
        UsageError: The file cannot be used, or splits by another field.
    """
    path = split.keep
    if path is None:
        return split, SplitTable()
    file = _read(path)
    if split.by not in {None, file.by}:
        by = "no field" if file.by is None else f"the field {file.by!r}"
        msg = f"The splits file {path} splits by {by}, not by {split.by!r}."
        raise UsageError(msg, hint="Tasks are known by another key there.")
    split = replace(
        split,
        fractions=split.fractions or file.fractions,
        by=file.by,
        stratify=split.stratify or file.stratify,
    )
    return split, _read_table(path, file)


def _read(path: Path) -> _File:
    try:
        with path.open("rb") as opened:
            data = mmap(opened.fileno(), 0, access=ACCESS_READ)
        file = msgspec.json.decode(data, type=_File)
        check_fractions(file.fractions)
    except (OSError, ValueError, msgspec.DecodeError, UsageError) as exc:
        why = getattr(exc, "strerror", None) or str(exc).rstrip(".")
        msg = f"The splits file {path} cannot be used: {why}."
        raise UsageError(msg, hint=_HINT, path=str(path)) from exc
    return file


def _read_table(path: Path, file: _File) -> SplitTable:
    entries = array("Q")
    for split, raw in file.tasks.items():
        if split not in SPLITS:
            msg = f"The splits file {path} names a split {split!r}."
            raise UsageError(msg, hint=f"Splits are {', '.join(SPLITS)}.")

        def take(key: str, split: str = split) -> None:
            entries.append(SplitTable.entry(fingerprint(key), split))

        _decode_keys(path, raw, take)
    table = SplitTable(entries)
    if table.has_conflict():
        msg = f"The splits file {path} has a task in two splits."
        raise UsageError(msg, hint="Remove it from one of them.", path=str(path))
    return table


def _decode_keys(path: Path, raw: msgspec.Raw, take: Callable[[str], None]) -> None:
    """Hand on every key of a list, none of which is kept."""

    def hook(kind: type, key: object) -> _Key:
        del kind
        if not isinstance(key, str):
            msg = f"{key!r} is no key of a task"
            raise ValueError(msg)  # noqa: TRY004 -- msgspec tells where
        take(key)
        return _KEY

    try:
        msgspec.json.decode(raw, type=list[_Key], dec_hook=hook)
    except (ValueError, msgspec.DecodeError) as exc:
        msg = f"The splits file {path} cannot be used: {exc}."
        raise UsageError(msg, hint=_HINT, path=str(path)) from exc


class SplitRecord:
    """Takes down which task is in which split, on the disk.

    Args:
        scratch: Makes a nameless temporary file.
    """

    def __init__(self, scratch: _Scratch) -> None:
        self._scratch = scratch
        self._lists: dict[str, _KeyList] = {}
        self._last = ""

    def add(self, split: str, key: str, key_fingerprint: int) -> None:
        """Take down one task; keys that come again are written once."""
        if key == self._last:
            return
        self._last = key
        if split not in self._lists:
            self._lists[split] = _KeyList(self._scratch())
        self._lists[split].add(key, key_fingerprint)

    def write(self, tree: Tree, split: Split) -> None:
        """Write ``splits.json``.

        Args:
            tree: The output folder.
            split: How tasks were shared out. What the file that it keeps
                says of tasks that did not come this time is kept.

        Raises:
            OutputError: The file cannot be written.
        """
        self._add_absent(split)
        head = {
            "schema_version": 1,
            "fractions": dict(split.fractions),
            "by": split.by,
            "stratify": split.stratify,
        }
        with tree.open(SPLITS_FILE) as file:
            file.write(msgspec.json.encode(head)[:-1] + b',"tasks":{')
            for place, name in enumerate(x for x in SPLITS if x in self._lists):
                file.write(b"," * bool(place) + b'"%s":[' % name.encode())
                self._lists[name].copy_to(file)
                file.write(b"]")
            file.write(b"}}\n")

    def close(self) -> None:
        """Let go of the temporary files."""
        for one in self._lists.values():
            one.close()

    def _add_absent(self, split: Split) -> None:
        if split.keep is None:
            return
        met = SplitTable(
            SplitTable.entry(number, name)
            for name, one in self._lists.items()
            for number in one.fingerprints
        )
        for name, raw in _read(split.keep).tasks.items():

            def take(key: str, name: str = name) -> None:
                number = fingerprint(key)
                if met.find(number) is None:
                    self.add(name, key, number)

            _decode_keys(split.keep, raw, take)


class _KeyList:
    """The keys of one split, in the order in which they came."""

    def __init__(self, scratch: IO[bytes]) -> None:
        self.fingerprints = array("Q")
        self._scratch = scratch
        self._pending: list[str] = []

    def add(self, key: str, key_fingerprint: int) -> None:
        self.fingerprints.append(key_fingerprint)
        self._pending.append(key)
        if len(self._pending) == _BATCH_KEYS:
            self._flush()

    def copy_to(self, file: IO[bytes]) -> None:
        """Write the keys as the entries of a JSON list, each one once."""
        joint = b"\n"
        for line in self._once():
            file.write(joint + line[:-1])
            joint = b",\n"

    def close(self) -> None:
        self._scratch.close()

    def _flush(self) -> None:
        self._scratch.write(_encode_lines(self._pending))
        self._pending.clear()

    def _once(self) -> Iterator[bytes]:
        self._flush()
        again = repeated(self.fingerprints)
        written: set[int] = set()
        self._scratch.seek(0)
        for number, line in zip(self.fingerprints, self._scratch, strict=True):
            if number in written:
                continue
            if number in again:
                written.add(number)
            yield line
