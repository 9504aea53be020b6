"""Each source under each fault: what must come of it, and what did.

Knows no source: the tests bring their subjects.
"""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from ls_tools.errors import LsToolsError
from ls_tools.resolver import Resolver
from ls_tools.settings import Settings
from services.cells import Cell
from services.fault_proxy import FaultProxy, StartProxy
from services.faults import (
    ClaimLength,
    Corrupt,
    Cut,
    Fault,
    Interrupt,
    Reset,
    Stall,
    Status,
    Trickle,
)

BYTES: Final = "right bytes"
BLIND: Final = "undetectable: no digest"
OBJECT: Final = "object.png"
"""Name of the object; what has it in its target asks for bytes."""

CERTIFICATES: Final = Path(__file__).parents[1] / "transport" / "certificates"
_LONGEST_S = 30.0
_ALWAYS = 1000
_MIDDLE = 100_000
_THROUGH_SERVER = ("uploads", "local files", "presign proxy", "presign redirect")
_BY_TOKEN = dict.fromkeys(_THROUGH_SERVER, "TokenRejectedError")
_WITHOUT_DIGEST = dict.fromkeys(("external", *_THROUGH_SERVER), BLIND)
_REDIRECTED = dict.fromkeys(("external", *_THROUGH_SERVER), BYTES)
_CHILD = """\
import pickle, sys
from ls_tools.resolver import Resolver
settings, reference, task = pickle.load(sys.stdin.buffer)
Resolver(settings).path(reference, task_id=task)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What is asked for when the server behind a source listens at some URL.

    Attributes:
        settings: That lead there.
        reference: Of the object.
        missing_key: Of none.
        missing_bucket: Of one in a bucket, project or folder that does not exist.
        task_id: Task whose storage serves it.
    """

    settings: Mapping[str, Any]
    reference: str
    missing_key: str
    missing_bucket: str
    task_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A source, with one object in it.

    Attributes:
        name: As the table shows it.
        url: Of the server behind it, before which faults are put.
        content: Bytes of the object.
        reach: What to ask for when that server is at a URL.
        refusals: How the faults of credentials are brought about.
        target: What the requests for bytes have in their path or query.
        secrets: What no message may show.
        proxy: A proxy that is there already; None to start one for each case.
    """

    name: str
    url: str
    content: bytes = field(repr=False)
    reach: Callable[[str], Reach]
    refusals: Mapping[str, Callable[[Case], None]]
    target: str = OBJECT
    secrets: tuple[str, ...] = ()
    proxy: FaultProxy | None = None


class Case:
    """One cell: a source with a proxy before it, and a cache of its own."""

    def __init__(
        self,
        subject: Subject,
        start_proxy: StartProxy,
        cache_dir: Path,
        patch: pytest.MonkeyPatch,
    ) -> None:
        self.subject = subject
        self.cache_dir = cache_dir
        self.patch = patch
        self.start_proxy = start_proxy
        self.proxy = subject.proxy or start_proxy(subject.url)
        self.proxy.clear()
        self.go_to(self.proxy.url)

    def go_to(self, url: str) -> None:
        """Let the server be at ``url``."""
        self.reach = self.subject.reach(url)
        given = {
            "cache_dir": self.cache_dir,
            "connect_timeout_s": 5,
            "read_timeout_s": 1.5,
            "retry_attempts": 3,
            "retry_wait_s": 0.01,
            "retry_wait_max_s": 0.05,
            "retry_total_s": 10,
            **self.reach.settings,
        }
        self.settings = Settings(**given)

    def use_tls(self) -> None:
        """Put the server behind a certificate that nobody has reason to trust."""
        url, certificate = self.subject.url, CERTIFICATES / "localhost.pem"
        self.proxy = self.start_proxy(url, certificate=certificate)
        self.go_to(self.proxy.url)

    def plan(self, fault: Fault, *, times: int = 1) -> None:
        """Put a fault before the next requests for bytes."""
        self.proxy.plan(fault, times=times, target=self.subject.target)

    def resolve(self, reference: str | None = None, **options: Any) -> str:
        """What came of it: one of the words that the table shows."""
        begin = time.monotonic()
        reference = reference or self.reach.reference
        with Resolver(self.settings) as resolver:
            try:
                path = resolver.path(reference, task_id=self.reach.task_id, **options)
                outcome = self._judge(path.read_bytes())
            except LsToolsError as error:
                self._check_message(error)
                outcome = type(error).__name__
        assert time.monotonic() - begin < _LONGEST_S
        return outcome

    def _judge(self, content: bytes) -> str:
        assert len(content) == len(self.subject.content)
        return BYTES if content == self.subject.content else BLIND

    def _check_message(self, error: LsToolsError) -> None:
        assert error.message
        for secret in (*self.subject.secrets, "Signature="):
            assert secret not in f"{error}{error.data}"


def _hit(fault: Fault, *, times: int = 1) -> Callable[[Case], str]:
    def run(case: Case) -> str:
        case.plan(fault, times=times)
        outcome = case.resolve()
        assert case.proxy.unused < times, "the fault hit nothing"
        return outcome

    return run


def _stall_each_time(case: Case) -> str:
    case.settings = case.settings.evolve(retry_attempts=2)
    return _hit(Stall(after_bytes=0), times=_ALWAYS)(case)


def _refuse(name: str) -> Callable[[Case], str]:
    def run(case: Case) -> str:
        case.subject.refusals[name](case)
        return case.resolve()

    return run


def _miss_key(case: Case) -> str:
    return case.resolve(case.reach.missing_key)


def _miss_bucket(case: Case) -> str:
    return case.resolve(case.reach.missing_bucket)


def _claim_too_much(case: Case) -> str:
    return _hit(ClaimLength(length=len(case.subject.content) + 1000))(case)


def _redirect(case: Case) -> str:
    """A redirect to elsewhere; no credentials may go along."""
    elsewhere = case.start_proxy(case.subject.url)
    elsewhere.plan(Status(code=200, content=case.subject.content), times=_ALWAYS)
    to = {"Location": f"{elsewhere.url}/elsewhere/{OBJECT}"}
    outcome = _hit(Status(code=302, extra=to), times=_ALWAYS)(case)
    for request in elsewhere.seen():
        assert "authorization" not in request.headers
        assert "signature" not in request.target.lower()
    return outcome


def _distrust(case: Case) -> str:
    case.use_tls()
    outcome = case.resolve()
    assert not case.proxy.seen()
    return outcome


def _fill_disk(case: Case) -> str:
    """No room for more; said where all sources write, since mounting a small disk
    takes rights that tests lack, and a limit of file sizes gives another error."""
    real = os.pwrite

    def write(fd: int, data: bytes, offset: int) -> int:
        if offset + len(data) > _MIDDLE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data, offset)

    case.patch.setattr(os, "pwrite", write)
    outcome = case.resolve()
    case.patch.setattr(os, "pwrite", real)
    assert case.resolve() == BYTES
    return outcome


def _remove_cache(case: Case) -> str:
    action = partial(shutil.rmtree, case.cache_dir, ignore_errors=True)
    outcome = _hit(Interrupt(after_bytes=_MIDDLE, action=action))(case)
    assert case.resolve() == BYTES
    return outcome


def _forbid_writing(case: Case) -> str:
    """As a file system does that is mounted anew; a mode would not stop root."""
    outcome = _hit(Interrupt(after_bytes=_MIDDLE, action=partial(_freeze, case)))(case)
    case.patch.undo()
    return outcome


def _freeze(case: Case) -> None:
    real_open, real_mkdir = os.open, os.mkdir
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def check(path: Any) -> None:
        if os.fspath(path).startswith(str(case.cache_dir)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fspath(path))

    def open_(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if flags & writing:
            check(path)
        return real_open(path, flags, *rest, **options)

    def mkdir(path: Any, *rest: Any, **options: Any) -> None:
        check(path)
        real_mkdir(path, *rest, **options)

    case.patch.setattr(os, "open", open_)
    case.patch.setattr(os, "mkdir", mkdir)


def _tamper_sidecar(case: Case) -> str:
    assert case.resolve() == BYTES
    [sidecar] = case.cache_dir.rglob("meta.json")
    sidecar.write_bytes(sidecar.read_bytes()[:-20])
    return case.resolve()


def _shorten_blob(case: Case) -> str:
    assert case.resolve() == BYTES
    os.truncate(_blob(case), 1000)
    return case.resolve()


def _flip_in_blob(case: Case) -> str:
    """A flipped bit on the disk, which ``verify`` has to find."""
    assert case.resolve() == BYTES
    with _blob(case).open("r+b") as file:
        file.write(bytes([case.subject.content[0] ^ 1]))
    with Resolver(case.settings) as resolver:
        assert len(list(resolver.cache.verify(repair=True))) == 1
    return case.resolve()


def _blob(case: Case) -> Path:
    with Resolver(case.settings) as resolver:
        entry = resolver.entry(case.reach.reference)
    assert entry is not None
    return entry.path


def _set_clock_back(case: Case) -> str:
    assert case.resolve() == BYTES
    real = time.time
    case.patch.setattr(time, "time", lambda: real() - 30 * 86400)
    assert case.resolve() == BYTES
    return case.resolve(mode="revalidate")


def _kill(case: Case) -> str:
    """kill -9 in the middle of a download."""
    child = subprocess.Popen([sys.executable, "-c", _CHILD], stdin=subprocess.PIPE)
    case.plan(Interrupt(after_bytes=_MIDDLE, action=child.kill))
    asked = (case.settings, case.reach.reference, case.reach.task_id)
    child.communicate(pickle.dumps(asked), timeout=_LONGEST_S)
    assert child.returncode == -9
    with Resolver(case.settings) as resolver:
        assert list(resolver.cache.verify()) == []
    return case.resolve()


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, what it has to come to, and where it comes to something else."""

    act: Callable[[Case], str]
    outcome: str = BYTES
    others: Mapping[str, str] = field(default_factory=dict)

    def expect(self, source: str) -> str:
        """What has to come of it before ``source``."""
        return self.others.get(source, self.outcome)


FAULTS: Mapping[str, Row] = {
    "none": Row(Case.resolve),
    "wrong credentials": Row(
        _refuse("wrong credentials"),
        "CredentialsRejectedError",
        {"external": "AccessError", **_BY_TOKEN},
    ),
    "no credentials": Row(
        _refuse("no credentials"),
        "MissingCredentialsError",
        {"external": "AccessError", **dict.fromkeys(_BY_TOKEN, "MissingTokenError")},
    ),
    "expired credentials or link": Row(
        _refuse("expired"),
        "CredentialsRejectedError",
        {"external": "AccessError", **_BY_TOKEN, "presign redirect": "AccessError"},
    ),
    "missing bucket": Row(_miss_bucket, "NotFoundError"),
    "missing key": Row(_miss_key, "NotFoundError"),
    "cut": Row(_hit(Cut(after_bytes=_MIDDLE))),
    "cut each time": Row(
        _hit(Cut(after_bytes=0), times=_ALWAYS),
        "NetworkError",
        {"s3": "IntegrityError"},  # boto3 takes an early end for an end
    ),
    "reset": Row(_hit(Reset(after_bytes=_MIDDLE))),
    "stall": Row(_hit(Stall(after_bytes=_MIDDLE))),
    "stall each time": Row(_stall_each_time, "DeadlineError"),
    "trickle": Row(_hit(Trickle(chunk_bytes=20_000, pause_s=0.02))),
    "429 twice": Row(_hit(Status(code=429), times=2)),
    "429 storm": Row(_hit(Status(code=429), times=_ALWAYS), "ServerError"),
    "503 twice": Row(_hit(Status(code=503, extra={"Retry-After": "0"}), times=2)),
    "503 storm": Row(_hit(Status(code=503), times=_ALWAYS), "ServerError"),
    "flipped byte": Row(_hit(Corrupt(at_byte=1000)), BYTES, _WITHOUT_DIGEST),
    "flipped byte each time": Row(
        _hit(Corrupt(at_byte=1000), times=_ALWAYS), "IntegrityError", _WITHOUT_DIGEST
    ),
    "length too short": Row(_hit(ClaimLength(length=1000))),
    "length too long": Row(_claim_too_much),
    "redirect to another host": Row(_redirect, "ServerError", _REDIRECTED),
    "untrusted certificate": Row(_distrust, "NetworkError"),
    "disk full": Row(_fill_disk, "CacheError"),
    "cache removed under way": Row(_remove_cache),
    "cache read-only under way": Row(_forbid_writing, "CacheError"),
    "sidecar tampered with": Row(_tamper_sidecar),
    "blob shortened": Row(_shorten_blob),
    "bit flipped in blob": Row(_flip_in_blob),
    "clock set back": Row(_set_clock_back),
    "kill -9": Row(_kill),
}


def check(case: Case, fault: str) -> Cell:
    """Bring a fault about; the cell of it for the table.

    Raises:
        AssertionError: It came to something else than it must.
    """
    row, source = FAULTS[fault], case.subject.name
    outcome = row.act(case)
    wanted = row.expect(source)
    assert outcome == wanted, f"{source}, {fault}: {outcome}, not {wanted}"
    return Cell(list(FAULTS).index(fault), fault, source, outcome)
