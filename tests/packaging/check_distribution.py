"""Check a built sdist and wheel, and that the wheel works when installed alone.

Run as ``python check_distribution.py FOLDER``.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

_WHEEL_LIMIT_BYTES = 4 * 2**20
_SDIST_MEMBERS = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "ls_tools/__init__.py",
    "pyproject.toml",
    "tests/conftest.py",
    "tox.ini",
}


def main(folder: Path) -> None:
    """Fail with the first thing that is wrong."""
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
    with tempfile.TemporaryDirectory() as scratch:
        check_installed(wheel, Path(scratch))


def check_wheel(wheel: Path) -> None:
    """Only the package and its metadata, all of it, and not too large."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.partition("/")[0] for name in names}
    strays = {top for top in tops if top != "ls_tools" and ".dist-info" not in top}
    _require(not strays, f"{wheel.name} holds {strays}")
    _require(not any("__pycache__" in name for name in names), "bytecode in the wheel")
    package = Path(__file__).parents[2] / "ls_tools"
    sources = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    _require(sources <= names, f"missing in {wheel.name}: {sources - names}")
    _require(any(name.endswith("licenses/LICENSE") for name in names), "no LICENSE")
    size_bytes = wheel.stat().st_size
    _require(size_bytes <= _WHEEL_LIMIT_BYTES, f"the wheel has {size_bytes} bytes")


def check_sdist(sdist: Path) -> None:
    """What is needed to build, test and read about the package."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = _SDIST_MEMBERS - names
    _require(not missing, f"missing in {sdist.name}: {missing}")


def check_installed(wheel: Path, scratch: Path) -> None:
    """The wheel with nothing but its own dependencies answers its commands."""
    home = scratch / "venv"
    venv.create(home, with_pip=True)
    python, command = home / "bin" / "python", home / "bin" / "ls-tools"
    _run(scratch, python, "-m", "pip", "install", "--quiet", wheel)
    _run(scratch, python, "-m", "pip", "check")
    version = wheel.name.split("-")[1]
    _require(version in _run(scratch, command, "--version"), f"not {version}")
    _require("coco" in _run(scratch, command, "formats"), "no format coco")
    _run(scratch, command, "demo")


def _run(cwd: Path, *command: Path | str) -> str:
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    line = " ".join(str(part) for part in command)
    _require(result.returncode == 0, f"{line} failed:\n{result.stdout}")
    return result.stdout


def _require(condition: bool, complaint: str) -> None:  # noqa: FBT001 -- as assert
    if not condition:
        sys.exit(complaint)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
