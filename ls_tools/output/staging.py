"""Publishing a folder at once: staged aside, locked, swapped in when complete.

The new folder is built under another name on the same file system and takes the
place of the old one in one step, so a run that dies at any moment leaves the old
output as it was. What it leaves beside it is cleared by the next run. Files are
not synchronised to the disk one by one: after a power cut an output that was
published within the last half minute may have to be made again, which the
digests in its manifest show.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ls_tools.output.disk_errors import disk_full_as_output_error, mapped_to_output
from ls_tools.output.folder_lock import hold_lock
from ls_tools.output.ownership import OWN_PREFIX, check_output
from ls_tools.output.replacing import delete_folder, replace_content, replace_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_NAME_BYTES = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an output is built: beside it, or inside where it cannot move.

    Attributes:
        out: The output folder, links resolved.
        base: The folder that it is built in.
        prefix: How the names of temporary entries start there.
        lock: The lock file.
    """

    out: Path
    base: Path
    prefix: str
    lock: Path

    def temporary(self, role: str) -> Path:
        return self.base / f"{self.prefix}{role}-{secrets.token_hex(8)}"

    def leftovers(self, role: str) -> list[Path]:
        start = f"{self.prefix}{role}-"
        return sorted(p for p in self.base.iterdir() if p.name.startswith(start))


@contextmanager
def stage(out: Path) -> Iterator[Path]:
    """Build a folder aside and put it at ``out`` when the block succeeds.

    Yields:
        An empty folder on the same file system as ``out``. When the block ends
        without an exception it takes the place of ``out`` and what was there
        is deleted; with one, ``out`` is left as it was.

    Raises:
        OutputError: ``out`` is neither empty nor an output of ls_tools, another
            run is writing it, or it cannot be written.
    """
    with ExitStack() as held:
        with mapped_to_output(out):
            check_output(out)
            place = _choose_place(out, held)
            if held.enter_context(hold_lock(place.lock, protects=out)):
                _recover(place)
            check_output(place.out)
            fresh = place.temporary("new")
            held.callback(_delete_if_there, fresh)
            fresh.mkdir()
        with disk_full_as_output_error(out):
            yield fresh
        with mapped_to_output(out):
            check_output(place.out)
            _publish(fresh, place)


def _publish(fresh: Path, place: _Place) -> None:
    if place.base == place.out:
        replace_content(fresh, place.out)
    else:
        replace_folder(fresh, place.out, place.temporary("old"))


def _choose_place(out: Path, held: ExitStack) -> _Place:
    """Decide where to build, and make the folders above ``out``."""
    out = out.resolve()
    for parent in reversed(out.parents):
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            held.callback(_remove_if_empty, parent)
    beside = f".{_short_name(out)}.ls_tools-"
    is_closed = out.is_dir() and not os.access(out.parent, os.W_OK | os.X_OK)
    lock = out / f"{OWN_PREFIX}lock" if is_closed else out.parent / f"{beside}lock"
    if is_closed or (out.is_dir() and (_is_mount(out) or _is_in_use(out))):
        return _Place(out=out, base=out, prefix=OWN_PREFIX, lock=lock)
    return _Place(out=out, base=out.parent, prefix=beside, lock=lock)


def _is_in_use(out: Path) -> bool:
    """Whether our caller stands in it and would lose the ground."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # it is lost already
        return False
    return out == here or out in here.parents


def _is_mount(out: Path) -> bool:
    return os.path.ismount(out) or _mount_id(out) != _mount_id(out.parent)


def _mount_id(folder: Path) -> str:
    """What tells bind mounts of one file system apart; empty where unknown."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return ""
    try:
        facts = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return facts.partition("mnt_id:")[2].partition("\n")[0].strip()


def _short_name(out: Path) -> str:
    name = os.fsencode(out.name)
    if len(name) <= _LONGEST_NAME_BYTES:
        return out.name
    digest = hashlib.sha256(name).hexdigest()[:16]
    return name[: _LONGEST_NAME_BYTES - 17].decode(errors="ignore") + "-" + digest


def _recover(place: _Place) -> None:
    """Clear what runs that died left here; the lock says that none is alive."""
    for old in place.leftovers("old"):
        if place.out.exists():
            delete_folder(old)
        else:
            old.rename(place.out)
    for fresh in place.leftovers("new"):
        delete_folder(fresh)


def _delete_if_there(folder: Path) -> None:
    if folder.exists():
        delete_folder(folder)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
