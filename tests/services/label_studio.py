"""Start, stop and kill a real Label Studio on loopback; knows no pytest."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from services import install
from services.api import Api
from services.daemon import Daemon, Program, free_port, is_open
from services.sites import (
    EMAIL,
    LEGACY_TOKEN,
    PASSWORD,
    PERSONAL_TOKEN_FILE,
    Site,
)

_FIRST_BOOT = {
    "LABEL_STUDIO_USERNAME": EMAIL,
    "LABEL_STUDIO_PASSWORD": PASSWORD,
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
    "LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false",
    # Patience with ML backends and webhooks, of one second otherwise.
    "LABEL_STUDIO_ML_CONNECTION_TIMEOUT": "30",
    "LABEL_STUDIO_ML_TIMEOUT_HEALTH": "30",
    "LABEL_STUDIO_ML_TIMEOUT_SETUP": "30",
    "LABEL_STUDIO_WEBHOOK_TIMEOUT": "30",
    "PYTHONUNBUFFERED": "1",
}
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
        self._daemon: Daemon | None = None
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
        if self._daemon:
            self._daemon.stop()

    def kill(self) -> None:
        """End the server at once, in the middle of what it does."""
        if self._daemon:
            self._daemon.kill()

    def _boot_on_a_free_port(self) -> None:
        for attempt in range(1, _PORT_TRIES + 1):
            self._port = free_port()
            try:
                self._boot()
            except _PortTakenError:
                if attempt == _PORT_TRIES:
                    raise
            else:
                return

    def _boot(self) -> None:
        program = self._program()
        self._daemon = Daemon(program)
        try:
            self._daemon.wait_until(
                lambda: _is_up(self._port), timeout_s=_BOOT_TIMEOUT_S
            )
        except RuntimeError as error:
            if not _port_was_taken(program.log):
                raise
            raise _PortTakenError(str(error)) from error
        if _port_was_taken(program.log):
            self.kill()
            msg = f"port {self._port} is taken"
            raise _PortTakenError(msg)

    def _program(self) -> Program:
        command = [str(install.label_studio(self._venv)), "start", "--no-browser"]
        command += ["--internal-host", "127.0.0.1", "--port", str(self._port)]
        own_url = {"LABEL_STUDIO_HOST": self.site.url} if self._knows_its_url else {}
        folders = {
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.data_dir),
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(self.document_root),
        }
        return Program(
            arguments=[*command, "--log-level", "WARNING"],
            folder=self.data_dir,
            env={**folders, **_FIRST_BOOT, **_EVERY_BOOT, **own_url, **self._env},
        )


StartLabelStudio: TypeAlias = Callable[..., LabelStudio]


class _PortTakenError(RuntimeError):
    """Another process took the port between its choice and the boot."""


def template(venv: Path) -> Path:
    """A data folder that was booted once: migrated, with a user and tokens.

    Built on first use and kept in ``venv``; starting from a copy of it takes
    seconds where the migrations take half a minute.
    """
    recipe = hashlib.sha256(json.dumps(_FIRST_BOOT, sort_keys=True).encode())
    name = f"{install.LABEL_STUDIO_VERSION}-{recipe.hexdigest()[:8]}"
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


def _wait_until_free(port: int) -> None:
    deadline = time.monotonic() + 10
    while is_open(port):
        if time.monotonic() > deadline:
            msg = f"port {port} is still taken"
            raise _PortTakenError(msg)
        time.sleep(0.02)


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
