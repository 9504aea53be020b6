"""What was learned, on disk, shared by all workers.

One JSON file per project: for each annotation the colours that it showed. It is
replaced by one rename, so a worker that reads meets the old or the new one, and
changed under a lock, so that two workers that learn at once lose nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from colours import Colour, mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Sample = tuple[str, Colour]
"""A label, and the colour that a region with it showed."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What one project taught: the mean colour of each label.

    Attributes:
        colours: By label.
        version: Changes when the colours do.
    """

    colours: Mapping[str, Colour]
    version: str


class Memory:
    """The samples of every project.

    Args:
        folder: Where the files lie; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def recall(self, project: int) -> Learned:
        """What ``project`` has taught so far."""
        colours = defaultdict(list)
        for samples in self._read(project).values():
            for label, colour in samples:
                colours[label].append(colour)
        means = {label: mean(found) for label, found in sorted(colours.items())}
        if not means:
            return Learned({}, "untrained")
        digest = hashlib.sha256(json.dumps(means).encode()).hexdigest()
        return Learned(means, f"colours-{digest[:12]}")

    def annotations(self, project: int) -> set[str]:
        """The ids of the annotations that taught something, or were to."""
        return set(self._read(project))

    @contextmanager
    def change(self, project: int) -> Iterator[dict[str, list[Sample]]]:
        """The samples by annotation id, to be changed; kept when the block ends."""
        with (self._folder / f"project-{project}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            samples = self._read(project)
            yield samples
            self._write(project, samples)

    def _read(self, project: int) -> dict[str, list[Sample]]:
        try:
            text = self._path(project).read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return dict(json.loads(text))

    def _write(self, project: int, samples: Mapping[str, list[Sample]]) -> None:
        with tempfile.NamedTemporaryFile(
            "w", dir=self._folder, encoding="utf-8", delete=False
        ) as file:
            json.dump(samples, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self._path(project))  # noqa: PTH105 -- a name, not a path

    def _path(self, project: int) -> Path:
        return self._folder / f"project-{project}.json"
