"""Promises of partial files: the target is whole or as it was."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from ls_tools.client.partial import check_target, resume, stage
from ls_tools.errors import OutputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ls_tools.client.partial import PartialFile

IDENTITY: dict[str, str | int] = {"snapshot": 7, "md5": "abc"}


class BrokenError(Exception):
    pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def break_off(opened: AbstractContextManager[PartialFile], content: bytes) -> None:
    with suppress(BrokenError), opened as part:
        if content:
            part.write_at(0, content)
        raise BrokenError


def test_a_committed_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_bytes(b"old")
    with stage(out) as part:
        part.write_at(3, b"def")
        part.write_at(0, b"abc")
        assert out.read_bytes() == b"old"
        part.commit()
    assert out.read_bytes() == b"abcdef"
    assert names(tmp_path) == ["out.json"]


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    with stage(out) as part:
        part.commit()
    (tmp_path / "other").touch()
    assert out.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_failed_run_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_bytes(b"old")
    break_off(stage(out), b"new")
    assert out.read_bytes() == b"old"
    assert names(tmp_path) == ["out.json"]


def test_what_a_failed_run_left_is_continued(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    break_off(resume(out, IDENTITY), b"abc")
    with resume(out, IDENTITY) as part:
        assert part.size_bytes == 3
        assert not part.restarted
        part.write_at(3, b"def")
        part.commit()
    assert out.read_bytes() == b"abcdef"
    assert names(tmp_path) == ["out.json"]


def test_what_is_left_of_something_else_is_dropped(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    break_off(resume(out, IDENTITY), b"abc")
    with resume(out, {**IDENTITY, "md5": "def"}) as part:
        assert part.size_bytes == 0


@pytest.mark.parametrize("sidecar", [None, b"", b"{", b"[]"])
def test_what_nothing_vouches_for_is_dropped(
    tmp_path: Path, sidecar: bytes | None
) -> None:
    out = tmp_path / "out.json"
    (tmp_path / "out.json.part").write_bytes(b"who knows")
    if sidecar is not None:
        (tmp_path / "out.json.part.json").write_bytes(sidecar)
    with resume(out, IDENTITY) as part:
        assert part.size_bytes == 0


def test_nothing_stays_of_a_run_that_got_nothing(tmp_path: Path) -> None:
    break_off(resume(tmp_path / "out", IDENTITY), b"")
    assert names(tmp_path) == []


def test_dropping_what_was_there_is_told(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    break_off(resume(out, IDENTITY), b"abc")
    with resume(out, IDENTITY) as part:
        part.truncate(0)
        assert part.restarted


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    with resume(out, IDENTITY) as part:
        part.write_at(0, b"abc")
        with pytest.raises(OutputError, match="Another run"), resume(out, IDENTITY):
            pass
        assert part.size_bytes == 3
        part.commit()
    assert out.read_bytes() == b"abc"


def test_a_link_planted_for_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "out.json.part").symlink_to(victim)
    with pytest.raises(OutputError), resume(tmp_path / "out.json", IDENTITY):
        pass
    assert victim.read_bytes() == b"precious"


def test_a_full_disk_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with resume(tmp_path / "out.json", IDENTITY) as part:
        monkeypatch.setattr(os, "pwrite", refuse)
        with pytest.raises(OutputError, match="No space left") as caught:
            part.write_at(0, b"abc")
    assert "Free some space" in caught.value.hint


def test_targets_that_cannot_be_written_are_refused_first(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(OutputError, match="does not exist"):
        check_target(tmp_path / "missing" / "out.json")
    check_target(tmp_path / "out.json")


def test_a_folder_that_takes_no_files_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(OutputError, match="cannot be written to"):
        check_target(tmp_path / "out.json")


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    script_flock(monkeypatch, code)
    with resume(tmp_path / "out", IDENTITY) as part:
        part.write_at(0, b"abc")
        part.commit()
    assert (tmp_path / "out").read_bytes() == b"abc"


def test_a_lock_that_fails_otherwise_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_flock(monkeypatch, errno.EIO)
    with pytest.raises(OutputError, match="Input/output"):
        resume(tmp_path / "out", IDENTITY).__enter__()


def script_flock(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_a_name_too_long_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="too long") as caught:
        resume(tmp_path / ("n" * 253), IDENTITY).__enter__()
    assert "shorter" in caught.value.hint
