"""One trial: convert one hostile export, and look at what came of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz.hostile import Hostile
from fuzz.loading import check_output

from ls_tools import LsToolsError, Settings, convert
from ls_tools.errors import MissingDependencyError
from ls_tools.formats import FORMATS

LONGEST_S = 60
"""After so long a conversion hangs."""


class BrokenPromiseError(AssertionError):
    """A promise was broken."""


@dataclass(frozen=True)
class Outcome:
    """What a trial ended in.

    Attributes:
        kind: ``written``, ``refused``, or ``missing`` for a missing extra.
        regions_in: Regions that the Report counts.
        regions_written: Those written.
    """

    kind: str
    regions_in: int = 0
    regions_written: int = 0


def formats_of(number: int) -> list[str]:
    """Three formats for the export of this number, by turns."""
    names = sorted(FORMATS)
    return [names[(3 * number + turn) % len(names)] for turn in range(3)]


def attempt(export: Hostile, to: str, folder: Path) -> Outcome:
    """Convert in an empty folder.

    Raises:
        BrokenPromiseError: A file lies outside of the output, the output of a refused
            conversion is there, the Report does not add up, or what was
            written cannot be loaded.
        Exception: Whatever else a conversion must not raise.
    """
    source, out = folder / "export.json", folder / "out"
    source.write_bytes(export.body)
    config = None
    if export.config is not None:
        config = folder / "config.xml"
        config.write_bytes(export.config.encode("utf-8", "surrogatepass"))
    before = _files(folder)
    settings = Settings(cache_dir=folder / "cache", mode="offline")
    outcome = Outcome("refused")
    try:
        with _deadline():
            report = convert(
                source, to, out, config=config, settings=settings, **export.options
            )
    except MissingDependencyError:
        outcome = Outcome("missing")
    except LsToolsError as exc:
        _check_message(exc)
    else:
        report.check()
        outcome = Outcome("written", report.regions_in, report.regions_written)
    _check_tree(folder, out, before, outcome, is_dry="dry_run" in export.options)
    return outcome


def _check_message(error: LsToolsError) -> None:
    if not error.message or not error.hint:
        msg = f"{type(error).__name__} says neither what nor what to do: {error!r}"
        raise BrokenPromiseError(msg)


def _check_tree(
    folder: Path, out: Path, before: dict[str, int], outcome: Outcome, *, is_dry: bool
) -> None:
    after = _files(folder)
    outside = {
        path
        for path, size in after.items()
        if before.get(path) != size
        and not path.startswith(("out/", "cache/"))
        and path not in {"out", "cache"}
    }
    if outside or not before.keys() <= after.keys():
        msg = f"outside of the output: {sorted(outside)}"
        raise BrokenPromiseError(msg)
    if outcome.kind == "written" and not is_dry:
        check_output(out)
    elif out.exists():
        msg = "there is an output of a conversion that wrote none"
        raise BrokenPromiseError(msg)


def _files(folder: Path) -> dict[str, int]:
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            if path.is_symlink():
                msg = f"a symbolic link: {path}"
                raise BrokenPromiseError(msg)
            found[path.relative_to(folder).as_posix()] = path.stat().st_size
    return found


@contextmanager
def _deadline() -> Iterator[None]:
    def stop(*_: Any) -> None:
        msg = f"it took longer than {LONGEST_S} s"
        raise BrokenPromiseError(msg)

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
