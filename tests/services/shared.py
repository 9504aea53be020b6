"""One Label Studio for a whole test run, whichever process a test runs in."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from services import install
from services.label_studio import LabelStudio
from services.sites import Site


class SharedLabelStudio:
    """Started by the process that controls the run, and ended with it.

    A failure to start is kept, not raised: the tests that need the server fail
    with it, and the others run.
    """

    def __init__(self) -> None:
        self._server: LabelStudio | None = None
        self._folder: Path | None = None
        self.outcome: dict[str, Any] = {"error": "Label Studio was not started"}

    def start(self) -> None:
        """Install Label Studio if need be, and start it."""
        self._folder = Path(tempfile.mkdtemp(prefix="ls-tools-live-"))
        try:
            venv = install.find()
            self._server = LabelStudio(venv, self._folder / "data")
            site = self._server.start()
        except (OSError, RuntimeError, AssertionError) as error:
            self.outcome = {"error": str(error)}
        else:
            self.outcome = {"venv": str(venv), "site": site.dump()}

    def stop(self) -> None:
        """End the server and remove its data."""
        if self._server:
            self._server.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def site_of(outcome: dict[str, Any]) -> Site:
    """The site of a server that started.

    Raises:
        RuntimeError: It did not.
    """
    return Site.load(_checked(outcome)["site"])


def venv_of(outcome: dict[str, Any]) -> Path:
    """The environment of a server that started.

    Raises:
        RuntimeError: It did not.
    """
    return Path(_checked(outcome)["venv"])


def _checked(outcome: dict[str, Any]) -> dict[str, Any]:
    if error := outcome.get("error"):
        raise RuntimeError(error)
    return outcome
