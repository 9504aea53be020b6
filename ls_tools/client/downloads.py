"""Snapshots on disk: streamed, resumed, checked, put in place at once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ls_tools.client.integrity import JSON_TYPES, check_whole, compute_md5
from ls_tools.client.partial import resume, stage
from ls_tools.errors import IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

    from ls_tools.client.partial import PartialFile
    from ls_tools.client.snapshots import Snapshots
    from ls_tools.models import Snapshot

_LOGGER = logging.getLogger("ls_tools")

RAW_TYPE = "JSON"
_MOST_FETCHED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFile:
    """A snapshot on disk.

    Attributes:
        path: Where it lies.
        md5: md5 of the file, lower-case hexadecimal.
        verified: Whether that is the md5 which the server announced; it
            announces none for converted types.
        size_bytes: Its size.
        resumed_from: Bytes that an earlier run had left and that were used.
    """

    path: Path
    md5: str
    verified: bool
    size_bytes: int
    resumed_from: int = 0


def download_raw(snapshots: Snapshots, snapshot: Snapshot, out: Path) -> SnapshotFile:
    """Write the snapshot's JSON to ``out``, going on where a run was cut off.

    Raises:
        IntegrityError: The bytes have another md5 than announced, twice.
        NotFoundError: The snapshot is gone.
        NetworkError: The rest did not come; what did is kept for the next run.
        OutputError: ``out`` cannot be written.
    """
    if not snapshot.md5:
        return download_converted(snapshots, snapshot, RAW_TYPE, out)
    identity: dict[str, str | int] = {
        "server": str(snapshots.server.origin),
        "project": snapshots.project_id,
        "snapshot": snapshot.id,
        "md5": snapshot.md5,
    }
    with resume(out, identity) as part:
        resumed_from = _complete(snapshots, snapshot, part)
        size_bytes = part.size_bytes
        part.commit()
    return SnapshotFile(
        path=out,
        md5=snapshot.md5,
        verified=True,
        size_bytes=size_bytes,
        resumed_from=resumed_from,
    )


def download_converted(
    snapshots: Snapshots, snapshot: Snapshot, export_type: str, out: Path
) -> SnapshotFile:
    """Write a converted snapshot to ``out``; the server vouches for its length.

    Raises:
        IntegrityError: What came is not a whole file.
        NotFoundError: The snapshot or the conversion is gone.
        NetworkError: It did not come.
        OutputError: ``out`` cannot be written.
    """
    server = snapshots.server
    params = {} if export_type == RAW_TYPE else {"exportType": export_type}
    with stage(out) as part:
        server.generate(_path(snapshots, snapshot), part, params=params)
        check_whole(
            part.path,
            is_json=export_type in JSON_TYPES,
            expanded_bytes=server.settings.bounds.expanded_bytes,
        )
        md5, size_bytes = compute_md5(part.path), part.size_bytes
        part.commit()
    return SnapshotFile(path=out, md5=md5, verified=False, size_bytes=size_bytes)


def _complete(snapshots: Snapshots, snapshot: Snapshot, part: PartialFile) -> int:
    start = part.size_bytes
    # Asked for bytes past its end the server sends the whole file again.
    if start and compute_md5(part.path) == snapshot.md5:
        return start
    for _ in range(_MOST_FETCHED):
        snapshots.server.fetch(_path(snapshots, snapshot), part, start=part.size_bytes)
        if compute_md5(part.path) == snapshot.md5:
            return 0 if part.restarted else start
        _LOGGER.warning("Snapshot %d came with a wrong md5.", snapshot.id)
        part.truncate(0)
    msg = f"Snapshot {snapshot.id} does not come with the md5 that was announced."
    hint = "Nothing was kept. Try again; if it stays so, make a new snapshot."
    raise IntegrityError(msg, hint=hint, snapshot_id=snapshot.id)


def _path(snapshots: Snapshots, snapshot: Snapshot) -> str:
    return f"{snapshots.path}{snapshot.id}/download"
