"""An output folder is replaced whole or not at all, whatever happens to the run."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from ls_tools.errors import CacheError, OutputError
from ls_tools.output import Tally, Tree, check_output, replacing, stage
from ls_tools.output.folder_lock import hold_lock
from ls_tools.output.ownership import is_own
from ls_tools.output.staging import _mount_id

CHILD = Path(__file__).with_name("staging_child.py")
write_output = run_path(str(CHILD))["write_output"]


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def publish(out: Path, text: str) -> None:
    with stage(out) as root:
        write_output(root, text)


def fail(out: Path, error: type[BaseException] = RuntimeError) -> None:
    """A run that builds its output and then fails."""
    with pytest.raises(error), stage(out) as root:  # noqa: PT012 -- it has to get there
        write_output(root, "failed")
        raise error


def text_of(out: Path, ignored: str = "nothing") -> str:
    """The text that a whole output was made with."""
    names = ["labels", "manifest.jsonl", "report.json", "train.json"]
    assert [name for name in listed(out) if not name.startswith(ignored)] == names
    text = (out / "labels" / "a.txt").read_text()
    assert (out / "train.json").read_bytes() == text.encode() * 100_000
    return text


@contextmanager
def running(out: Path, text: str, *mode: str) -> Iterator[subprocess.Popen[str]]:
    """A run in another process that has built its output."""
    command = [sys.executable, str(CHILD), str(out), text, *mode]
    pipe = subprocess.PIPE
    # Measuring coverage in a process that is killed leaves broken files behind.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
    ) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() in {"ready\n", ""}
            yield child
        finally:
            child.kill()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where an output of an earlier run stands."""
    folder = tmp_path / "sets" / "pets"
    publish(folder, "old")
    return folder


def test_a_new_output_appears_with_the_folders_above_it(tmp_path: Path) -> None:
    publish(tmp_path / "a" / "b" / "c", "new")
    assert text_of(tmp_path / "a" / "b" / "c") == "new"
    assert listed(tmp_path / "a" / "b") == ["c"]


def test_nothing_is_visible_before_the_output_is_complete(tmp_path: Path) -> None:
    with stage(tmp_path / "pets") as root:
        write_output(root, "new")
        assert not (tmp_path / "pets").exists()
        assert root.stat().st_dev == tmp_path.stat().st_dev


def test_an_own_folder_is_replaced_whole(out: Path) -> None:
    (out / "labels" / "stale.txt").write_text("x")
    publish(out, "new")
    assert text_of(out) == "new"
    assert listed(out / "labels") == ["a.txt"]
    assert listed(out.parent) == ["pets"]


def test_the_mode_of_the_folder_is_kept(out: Path) -> None:
    out.chmod(0o2775)
    publish(out, "new")
    assert out.stat().st_mode & 0o7777 == 0o2775


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    for name in ("empty", "disk"):
        (tmp_path / name).mkdir()
    (tmp_path / "disk" / "lost+found").mkdir()
    publish(tmp_path / "empty", "new")
    assert text_of(tmp_path / "empty") == "new"
    check_output(tmp_path / "disk")


@pytest.mark.parametrize(
    "files",
    [
        {"holiday.jpg": "x"},
        {"report.json": "{}", "manifest.jsonl": ""},
        {"report.json": '{"schema_version": 1}', "manifest.jsonl": ""},
        {"manifest.jsonl": ""},
    ],
)
def test_a_folder_that_is_not_ours_is_refused_before_any_work(
    tmp_path: Path, files: dict[str, str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name, text in files.items():
        (out / name).write_text(text)
    for use in (check_output, lambda path: stage(path).__enter__()):
        with pytest.raises(OutputError, match="not written by ls_tools") as caught:
            use(out)
        assert "new or an empty folder" in caught.value.hint
    assert listed(out) == sorted(files)
    assert listed(tmp_path) == ["out"]


def test_a_report_of_ours_beside_a_foreign_manifest_is_not_ours(out: Path) -> None:
    (out / "manifest.jsonl").write_text('{"name": "x"}\n')
    assert not is_own(out)


def test_a_file_and_a_dangling_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        with pytest.raises(OutputError, match="is not a folder"):
            publish(tmp_path / name, "new")


def test_what_came_into_the_folder_during_the_run_is_not_deleted(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    with running(out, "new", "wait") as child:
        out.mkdir()
        (out / "precious.txt").write_text("x")
        _, message = child.communicate()
    assert (child.returncode, "not empty" in message) == (3, True)
    assert listed(out) == ["precious.txt"]
    assert listed(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_run_that_fails_leaves_the_old_output_and_no_litter(
    out: Path, error: type[BaseException]
) -> None:
    fail(out, error)
    assert text_of(out) == "old"
    assert listed(out.parent) == ["pets"]


def test_a_first_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    fail(tmp_path / "a" / "b")
    assert listed(tmp_path) == []


def test_sigterm_leaves_the_old_output_and_no_litter(out: Path) -> None:
    with running(out, "new", "wait") as child:
        child.send_signal(signal.SIGTERM)
        assert child.wait() == 130
    assert text_of(out) == "old"
    assert listed(out.parent) == ["pets"]


def test_a_killed_run_leaves_the_old_output_and_the_next_one_clears_up(
    out: Path,
) -> None:
    with running(out, "new", "wait") as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert text_of(out) == "old"
    assert len(listed(out.parent)) > 1
    publish(out, "newer")
    assert text_of(out) == "newer"
    assert listed(out.parent) == ["pets"]


@pytest.mark.parametrize("mode", ["kill", "kill-without-exchange"])
def test_an_output_is_whole_at_whichever_step_the_run_is_killed(
    out: Path, mode: str
) -> None:
    missing = 0
    for number in range(100):
        with running(out, f"new{number}", mode, str(number)) as child:
            status = child.wait()
        before = f"new{number - 1}" if number else "old"
        if out.exists():
            assert text_of(out) in {before, f"new{number}"}
        else:
            missing += 1
        fail(out)  # and clears up before
        assert text_of(out) in {before, f"new{number}"}
        assert listed(out.parent) == ["pets"]
        if status == 0:
            break
        publish(out, f"new{number}")
    assert status == 0
    assert number >= 3
    assert missing == (0 if mode == "kill" else 1)


def test_an_output_that_cannot_move_is_complete_only_with_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staged inside: at every step it is whole, or has no report and is ours."""
    monkeypatch.chdir(tmp_path)
    publish(tmp_path, "old")
    for number in range(100):
        with running(Path(), f"new{number}", "kill", str(number)) as child:
            status = child.wait()
        if status == 0:
            break
        before = f"new{number - 1}" if number else "old"
        if (tmp_path / "report.json").exists():
            assert text_of(tmp_path, ".ls_tools-") in {before, f"new{number}"}
        assert is_own(tmp_path)
        publish(tmp_path, f"new{number}")
        assert text_of(tmp_path) == f"new{number}"
    assert status == 0
    assert number > 8


def test_the_callers_working_folder_stays_where_it_is(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(out / "labels")
    inode = out.stat().st_ino
    publish(out, "new")
    assert text_of(out) == "new"
    assert out.stat().st_ino == inode


def test_a_folder_below_one_that_is_closed_is_replaced_from_inside(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != out.parent)
    with stage(out) as root:
        assert root.parent == out
        assert len([name for name in listed(out) if "lock" in name]) == 1
        write_output(root, "new")
    assert text_of(out) == "new"


def test_a_bind_mount_is_replaced_from_inside(tmp_path: Path) -> None:
    mount = shutil.which("mount")
    source, out = tmp_path / "disk", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    command = [str(mount), "--bind", str(source), str(out)]
    if mount is None or subprocess.run(command, check=False, stderr=-3).returncode:
        pytest.skip("mounting needs privileges")
    try:
        publish(out, "old")
        publish(out, "new")
        assert text_of(out) == text_of(source) == "new"
    finally:
        subprocess.run(["umount", str(out)], check=True)  # noqa: S607 -- mount was found


def test_a_link_to_a_folder_is_followed(out: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(out)
    publish(link, "new")
    assert link.is_symlink()
    assert text_of(out) == "new"


def test_an_output_with_the_longest_name_can_be_replaced(tmp_path: Path) -> None:
    out = tmp_path / ("é" * 127)
    publish(out, "old")
    publish(out, "new")
    assert text_of(out) == "new"


def test_systems_that_cannot_exchange_folders_replace_them_too(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "exchange", lambda *_: False)
    publish(out, "new")
    assert text_of(out) == "new"
    assert listed(out.parent) == ["pets"]


def test_a_rename_that_fails_puts_the_old_output_back(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "exchange", lambda *_: False)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target == out and ".ls_tools-new-" in self.name:
            raise OSError(5, "Input/output error", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="Input/output error"):
        publish(out, "new")
    assert text_of(out) == "old"
    assert listed(out.parent) == ["pets"]


def test_two_runs_do_not_write_one_folder(out: Path) -> None:
    with running(out, "new", "wait") as child:
        with pytest.raises(OutputError, match="Another run") as caught:
            publish(out, "newer")
        assert f"process {child.pid} on" in caught.value.message
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait() == 0
    assert text_of(out) == "new"
    assert listed(out.parent) == ["pets"]
    publish(out, "newest")


def test_a_lock_whose_file_was_unlinked_meanwhile_is_not_believed(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = out.with_name("lock")
    flock, calls = fcntl.flock, []

    def slow_flock(descriptor: int, operation: int) -> None:
        """Another run ends between our opening of the file and our locking it."""
        calls.append(operation)
        if len(calls) == 1:
            lock.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", slow_flock)
    with hold_lock(lock, protects=out) as is_alone:
        assert (is_alone, lock.exists(), len(calls)) == (True, True, 2)
    assert not lock.exists()


def test_a_file_system_without_locks_is_written_all_the_same(
    out: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_flock)
    publish(out, "new")
    assert text_of(out) == "new"
    assert listed(out.parent) == ["pets"]
    assert "has no locks" in caplog.text


def test_runs_into_neighbouring_folders_do_not_wait_for_each_other(out: Path) -> None:
    with running(out, "new", "wait"):
        publish(out.with_name("pets2"), "other")
    assert text_of(out.with_name("pets2")) == "other"


def test_many_runs_at_once_leave_one_whole_output(out: Path) -> None:
    commands = [
        [sys.executable, str(CHILD), str(out), f"new{number}", "plain"]
        for number in range(8)
    ]
    children = [
        subprocess.Popen(c, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for c in commands
    ]
    statuses = {child.wait() for child in children}
    assert 0 in statuses <= {0, 3}
    assert text_of(out).startswith("new")
    assert listed(out.parent) == ["pets"]


def test_a_full_disk_is_an_output_error_and_leaves_the_old_output(out: Path) -> None:
    for limit in ("1", "100", "70000"):
        with running(out, "new", "fill", limit) as child:
            _, message = child.communicate()
        assert child.returncode == 3
        assert "File too large" in message
        assert "Free some space" in message
        assert text_of(out) == "old"
        assert listed(out.parent) == ["pets"]


def test_a_full_disk_elsewhere_in_the_run_is_an_output_error(out: Path) -> None:
    full = Path("/dev/full")
    with pytest.raises(OutputError, match="No space left"), stage(out):
        full.write_bytes(b"x")


def test_errors_that_say_what_happened_pass_unchanged(out: Path) -> None:
    full = CacheError("The cache is full.")
    full.errno = errno.ENOSPC
    with pytest.raises(CacheError), stage(out):
        raise full


def test_other_errors_of_the_run_pass_unchanged(out: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"), stage(out):
        (out.parent / "nowhere").read_bytes()


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Not a directory"):
        publish(tmp_path / "file" / "out", "new")


def test_a_name_that_is_too_long_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        publish(tmp_path / ("x" * 300), "new")


def test_an_output_without_files_is_ours(tmp_path: Path) -> None:
    for _ in range(2):
        with stage(tmp_path / "out") as root:
            report = Tally().report("test", files_written=0)
            Tree(root).finish(report.to_json(run=False))
    assert listed(tmp_path / "out") == ["manifest.jsonl", "report.json"]


def test_systems_without_the_call_cannot_exchange_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError):
        replacing.exchange(tmp_path / "a", tmp_path / "b")
    real = replacing.exchange(tmp_path, tmp_path / ".." / tmp_path.name)
    assert real in {True, False}
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert not replacing.exchange(tmp_path / "a", tmp_path / "b")


def test_file_systems_that_cannot_exchange_folders_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renameat2(*_: object) -> int:
        ctypes.set_errno(errno.EINVAL)
        return -1

    library = SimpleNamespace(renameat2=renameat2)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    assert not replacing.exchange(tmp_path / "a", tmp_path / "b")


def test_what_cannot_be_deleted_is_logged_and_fails_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    publish(out, "new")
    assert text_of(out) == "new"
    assert "cannot be deleted" in caplog.text


def test_a_lock_that_fails_is_an_output_error(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_flock(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken_flock)
    with pytest.raises(OutputError, match="Input/output error"):
        publish(out, "new")


def test_systems_without_flock_and_proc_write_all_the_same(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_proc(self: Path, **_: object) -> str:
        raise FileNotFoundError(str(self))

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(Path, "read_text", no_proc)
    publish(out, "new")
    monkeypatch.undo()
    assert text_of(out) == "new"


def test_a_parent_that_cannot_be_opened_is_taken_for_no_mount(
    tmp_path: Path,
) -> None:
    assert _mount_id(tmp_path / "nowhere") == ""
    assert _mount_id(tmp_path) == _mount_id(tmp_path.parent)
