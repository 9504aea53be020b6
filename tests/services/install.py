"""Install Label Studio into an environment of its own.

Run as ``python tests/services/install.py``, and by the live tests where that was
not done. Must not know pytest, nor anything outside the standard library.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = "1.23.2"
_ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold the file ``lock`` against every other process of this machine."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def executable(folder: Path) -> Path:
    """The ``label-studio`` command of the environment in ``folder``."""
    return folder / "bin" / "label-studio"


def install(folder: Path) -> None:
    """Make ``folder`` an environment with Label Studio, unless it is one already.

    Of several callers at once one installs and the others wait. An installation
    that was interrupted lacks its marker and is made anew.

    Raises:
        RuntimeError: A step failed; the message ends with its output.
    """
    with exclusive(_lock(folder)):
        marker = folder / f"label-studio-{VERSION}.installed"
        if marker.exists():
            return
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        pip = (str(folder / "bin" / "python"), "-m", "pip")
        _run(*pip, "install", "--quiet", f"label-studio=={VERSION}")
        marker.touch()


def find() -> Path:
    """The environment to use, installed now where it is missing.

    ``LS_TOOLS_TEST_LABEL_STUDIO`` names one that is taken as it is; without it
    the environment is kept below ``.tox`` of the checkout.
    """
    given = os.environ.get("LS_TOOLS_TEST_LABEL_STUDIO")
    default = _ROOT / ".tox" / f"label-studio-{VERSION}"
    folder = (Path(given) if given else default).resolve()
    is_foreign = executable(folder).exists() and not _lock(folder).exists()
    if not (given and is_foreign):
        install(folder)
    return folder


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _run(*command: str) -> None:
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        msg = f"{' '.join(command)} failed:\n{result.stdout[-4000:]}"
        raise RuntimeError(msg)


if __name__ == "__main__":
    sys.stdout.write(f"Label Studio {VERSION} is in {find()}\n")
