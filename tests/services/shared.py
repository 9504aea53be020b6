"""One of each real server for a whole test run, whichever process a test runs in."""

from __future__ import annotations

import json
import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from services import emulators, install
from services.label_studio import LabelStudio
from services.sites import Site

LABEL_STUDIO: Final = "label-studio"
Outcome = dict[str, Any]
Ask = Callable[[str], Outcome]
"""Gives what became of the server of a name; starts it where nobody asked before."""


class SharedServers:
    """Servers that the process which controls the run starts, and ends with it.

    Each is started when it is first asked for. A failure to start is kept, not
    raised: the tests that need the server fail with it, and the others run.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ls-tools-"))
        self._locks = {name: threading.Lock() for name in _names()}
        self._outcomes: dict[str, Outcome] = {}
        self._stops: list[Callable[[], object]] = []
        self.address: Final = str(self._folder / "ask")
        self._door = _Door(self.address, _handler_of(self.ask))
        self._thread = threading.Thread(
            target=self._door.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def ask(self, name: str) -> Outcome:
        """What became of a server, started now where it is not yet.

        Returns:
            ``error``, or what its starter knows: ``url`` and so on.
        """
        with self._locks[name]:
            if name not in self._outcomes:
                self._outcomes[name] = self._start(name)
            return self._outcomes[name]

    def stop(self) -> None:
        """End the servers and remove their data."""
        self._door.shutdown()
        self._door.server_close()
        self._thread.join()
        for stop in self._stops:
            stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, name: str) -> Outcome:
        start = self._start_label_studio if name == LABEL_STUDIO else self._emulate
        try:
            return start(name)
        except (OSError, RuntimeError, AssertionError) as error:
            return {"error": str(error)}

    def _emulate(self, name: str) -> Outcome:
        emulator = emulators.start(name, self._folder / name)
        self._stops.append(emulator.daemon.stop)
        return dict(emulator.site)

    def _start_label_studio(self, name: str) -> Outcome:
        """Start Label Studio, and before it the stores that it has to be told of."""
        with ThreadPoolExecutor() as pool:
            venv = pool.submit(install.LABEL_STUDIO.find)
            gcs, azure = pool.map(self.ask, ("gcs", "azure"))
        env = _cloud_environment(gcs, azure)
        server = LabelStudio(venv.result(), self._folder / name / "data", env=env)
        self._stops.append(server.stop)
        site = server.start().dump()
        return {"venv": str(venv.result()), "site": site, "cloud_env": env}


def ask_at(address: str, name: str) -> Outcome:
    """As SharedServers.ask, from a worker of the run."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
        client.sendall(name.encode() + b"\n")
        with client.makefile("rb") as answer:
            outcome: Outcome = json.load(answer)
    return outcome


def checked(outcome: Outcome) -> Outcome:
    """The outcome of a server that started.

    Raises:
        RuntimeError: It did not.
    """
    if error := outcome.get("error"):
        raise RuntimeError(error)
    return outcome


def site_of(outcome: Outcome) -> Site:
    """The site of a Label Studio that started.

    Raises:
        RuntimeError: It did not.
    """
    return Site.load(checked(outcome)["site"])


def venv_of(outcome: Outcome) -> Path:
    """The environment of a Label Studio that started.

    Raises:
        RuntimeError: It did not.
    """
    return Path(checked(outcome)["venv"])


def _names() -> tuple[str, ...]:
    return (*emulators.NAMES, LABEL_STUDIO)


def _cloud_environment(
    gcs: Mapping[str, str], azure: Mapping[str, str]
) -> dict[str, str]:
    """Variables that lead a Label Studio to the stores that did start.

    It has no setting for where Azure is, and puts the key into a connection
    string as it stands: what follows the key becomes part of that.
    """
    env = {}
    if "url" in gcs:
        download = "/download/storage/v1/b/{bucket_name}/o/{blob_name}?alt=media"
        env["STORAGE_EMULATOR_HOST"] = gcs["url"]
        env["LABEL_STUDIO_RESOLVER_PROXY_GCS_DOWNLOAD_URL"] = gcs["url"] + download
    if "url" in azure:
        key = f"{emulators.AZURE_KEY};BlobEndpoint={azure['url']}"
        env["LABEL_STUDIO_AZURE_BLOB_ACCOUNT_NAME"] = emulators.AZURE_ACCOUNT
        env["LABEL_STUDIO_AZURE_BLOB_ACCOUNT_KEY"] = key
    return env


class _Door(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def _handler_of(ask: Ask) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            name = self.rfile.readline().decode().strip()
            self.wfile.write(json.dumps(ask(name)).encode())

    return Handler
