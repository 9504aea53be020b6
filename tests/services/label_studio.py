"""Start, stop and kill a real Label Studio on loopback; knows no pytest."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from services import install, supervise
from services.api import Api
from services.sites import LEGACY_TOKEN, PERSONAL_TOKEN_FILE, Site

_FIRST_BOOT = {
    "LABEL_STUDIO_USERNAME": "admin@example.com",
    "LABEL_STUDIO_PASSWORD": "secret-pass-123",
    "LABEL_STUDIO_USER_TOKEN": LEGACY_TOKEN,
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
}
_EVERY_BOOT = {
    "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
    "PYTHONUNBUFFERED": "1",
}
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "OPENBLAS_CORETYPE")
_BOOT_TIMEOUT_S = 600.0
_PORT_TRIES = 5


class LabelStudio:
    """A Label Studio with a data folder and a port that outlive its process.

    Args:
        venv: The environment that has the ``label-studio`` command.
        data_dir: Its data folder; copied from a migrated template if missing.
        env: More variables for the server, over those of the rig.
        knows_its_url: Set ``LABEL_STUDIO_HOST``, so that the server writes
            absolute URLs into task data.
    """

    def __init__(
        self,
        venv: Path,
        data_dir: Path,
        *,
        env: Mapping[str, str] | None = None,
        knows_its_url: bool = False,
    ) -> None:
        self._venv = venv
        self._env = dict(env or {})
        self._knows_its_url = knows_its_url
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.data_dir = data_dir
        self.document_root = data_dir / "document-root"

    @property
    def site(self) -> Site:
        """Where the server is and how to get in."""
        return Site(
            url=f"http://127.0.0.1:{self._port}",
            data_dir=self.data_dir,
            document_root=self.document_root,
        )

    def start(self) -> Site:
        """Start the server and wait until it answers.

        The first start picks a free port; later ones use the same again.

        Raises:
            RuntimeError: It ended or stayed silent; the message has its log.
        """
        if not self.data_dir.exists():
            shutil.copytree(template(self._venv), self.data_dir)
        self.document_root.mkdir(parents=True, exist_ok=True)
        if self._port:
            _wait_until_free(self._port)
            self._boot()
        else:
            self._boot_on_a_free_port()
        return self.site

    def stop(self) -> None:
        """Ask the server to end, and wait for it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once, in the middle of what it does."""
        self._end(signal.SIGKILL)

    def _boot_on_a_free_port(self) -> None:
        for attempt in range(1, _PORT_TRIES + 1):
            self._port = _free_port()
            try:
                self._boot()
            except _PortTakenError:
                if attempt == _PORT_TRIES:
                    raise
            else:
                return

    def _boot(self) -> None:
        log = self.data_dir / "server.log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, supervise.__file__, *self._command()],
                cwd=self.data_dir,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_until_up(self._process, self._port, log)
        except BaseException:
            self.kill()
            raise

    def _command(self) -> list[str]:
        command = [str(install.executable(self._venv)), "start", "--no-browser"]
        command += ["--internal-host", "127.0.0.1", "--port", str(self._port)]
        return [*command, "--log-level", "WARNING"]

    def _environment(self) -> dict[str, str]:
        home = self.data_dir / "home"
        home.mkdir(exist_ok=True)
        own_url = {"LABEL_STUDIO_HOST": self.site.url} if self._knows_its_url else {}
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.data_dir),
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(self.document_root),
            **_FIRST_BOOT,
            **_EVERY_BOOT,
            **own_url,
            **self._env,
        }

    def _end(self, signal_number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, signal_number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdin:
            process.stdin.close()


StartLabelStudio: TypeAlias = Callable[..., LabelStudio]


class _PortTakenError(RuntimeError):
    """Another process took the port between its choice and the boot."""


def template(venv: Path) -> Path:
    """A data folder that was booted once: migrated, with a user and tokens.

    Built on first use and kept in ``venv``; starting from a copy of it takes
    seconds where the migrations take half a minute.
    """
    recipe = hashlib.sha256(json.dumps(_FIRST_BOOT, sort_keys=True).encode())
    name = f"{install.VERSION}-{recipe.hexdigest()[:8]}"
    folder = venv / "template-data" / name
    with install.exclusive(folder.with_name(f"{name}.lock")):
        if not folder.exists():
            _build_template(venv, folder)
    return folder


def _build_template(venv: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        data_dir = Path(scratch) / "data"
        data_dir.mkdir()
        server = LabelStudio(venv, data_dir)
        try:
            with Api(server.start()) as api:
                token = api.post("/api/token/")["token"]
        finally:
            server.stop()
        (data_dir / PERSONAL_TOKEN_FILE).write_text(token)
        data_dir.rename(folder)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_until_free(port: int) -> None:
    deadline = time.monotonic() + 10
    while _is_open(port):
        if time.monotonic() > deadline:
            msg = f"port {port} is still taken"
            raise _PortTakenError(msg)
        time.sleep(0.02)


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _BOOT_TIMEOUT_S
    while not _is_up(port):
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
        _fail_to_start(log)
    if _port_was_taken(log):
        _fail_to_start(log)


def _is_up(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        body = connection.getresponse().read()
        return bool(json.loads(body) == {"status": "UP"})
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _port_was_taken(log: Path) -> bool:
    """Whether the server said so; it takes the next port without being asked."""
    return b"in use" in log.read_bytes()


def _fail_to_start(log: Path) -> None:
    tail = log.read_text(errors="replace")[-4000:]
    error = _PortTakenError if _port_was_taken(log) else RuntimeError
    msg = f"Label Studio did not start:\n{tail}"
    raise error(msg)
