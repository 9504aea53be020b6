"""How much one run of the benchmarks measures, and the exports that it does so on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_GENERATE = Path(__file__).with_name("generate.py")


@dataclass(frozen=True)
class Export:
    """An export that was made, and its label config."""

    kind: str
    tasks: int
    path: Path
    config: Path

    @property
    def megabytes(self) -> float:
        """Its size."""
        return self.path.stat().st_size / 1e6

    def __str__(self) -> str:
        """As tables name it."""
        return f"{self.tasks:,} {self.kind} tasks ({self.megabytes:,.3g} MB)"


@dataclass(frozen=True)
class Plan:
    """One run.

    Attributes:
        folder: For everything that is made; on memory where possible.
        rounds: How often each side runs.
        quick: Small inputs.
    """

    folder: Path
    rounds: int
    quick: bool

    def size(self, full: int, quick: int) -> int:
        """How many of something: the full number, or that of a quick run."""
        return quick if self.quick else full

    def export(self, kind: str, tasks: int, classes: int | None = None) -> Export:
        """An export, made where it is not there yet."""
        stem = self.folder / f"{kind}-{tasks}-{classes or 'own'}"
        export = Export(
            kind, tasks, stem.with_suffix(".json"), stem.with_suffix(".xml")
        )
        if not export.path.exists():
            command = [sys.executable, str(_GENERATE), kind, "--tasks", str(tasks)]
            command += ["--out", str(export.path), "--config", str(export.config)]
            command += ["--classes", str(classes)] if classes else []
            subprocess.run(command, check=True)
        return export
