"""The tools that are measured beside ours, each in an environment of its own.

Made on first use, below ``.tox/``, and kept for the next time.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import venv
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = {
    "label-studio-sdk": "2.1.2",
    "label-studio-converter": "0.0.59",
    "label-studio-brush-rle-rs": "0.1.1",
}
OURS = ("ls-tools", "msgspec", "numpy", "obstore", "boto3", "numba", "spacy")


def python_of(name: str) -> str:
    """The interpreter of the environment that holds a peer.

    Args:
        name: A key of ``PEERS``.
    """
    folder = ROOT / ".tox" / f"bench-{name}"
    python = folder / "bin" / "python"
    mark = folder / "installed.txt"
    requirement = f"{name}=={PEERS[name]}"
    if not mark.exists() or mark.read_text(encoding="utf-8") != requirement:
        make_environment(folder, requirement)
        mark.write_text(requirement, encoding="utf-8")
    return str(python)


def make_environment(folder: Path, requirement: str) -> None:
    """Make an environment anew that holds one package and what it needs."""
    venv.create(folder, with_pip=True, clear=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*command, requirement], check=True, stderr=subprocess.DEVNULL)


def label_of(name: str) -> str:
    """A peer with its version, for tables."""
    return f"{name} {PEERS[name]}"


def own_versions() -> dict[str, str]:
    """The versions of what our side runs on, of those that are installed."""
    found = {}
    for name in OURS:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
