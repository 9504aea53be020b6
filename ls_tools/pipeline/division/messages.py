"""What the processes of a divided conversion tell each other; pickled.

Structs are made more quickly than dataclasses when a process starts.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

import msgspec

from ls_tools.formats import Numbers
from ls_tools.output import NameFacts, Tally
from ls_tools.output.splits import SplitsTaken
from ls_tools.pipeline.job import Job
from ls_tools.reading import Chunk, Pass


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """The conversion at hand.

    Attributes:
        job: It.
        descriptor: Of the input.
        size_bytes: Of the input.
    """

    job: Job
    descriptor: int
    size_bytes: int


class SurveyNames(msgspec.Struct, frozen=True, kw_only=True):
    """Find what the media of a chunk would be called; answered by a NameSurvey."""

    chunk: Chunk


class SurveyItems(msgspec.Struct, frozen=True, kw_only=True):
    """Look at a chunk for the format; answered by its Survey."""

    chunk: Chunk


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of all chunks; answered by None.

    Attributes:
        root: The folder being built.
        facts: What is known of the names of media.
        survey: Of all items, for the format.
    """

    root: Path
    facts: NameFacts | None
    survey: Any


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """Write a chunk; answered by Made.

    Attributes:
        chunk: The chunk.
        folder: For the part, not there yet.
        labels: Labels that were met already and are in no label config.
        names: What the format gave names already.
    """

    chunk: Chunk
    folder: Path
    labels: Sequence[str]
    names: Sequence[Any]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk amounts to.

    Attributes:
        labels: Labels met in it that are new.
        names: What the format gave names in it.
        numbers: How many numbers it needs.
        tally: What was counted.
        reading: What was read.
        state: What the format must know at the end.
        splits: Where there are splits: which tasks are in which.
    """

    labels: Sequence[str]
    names: Sequence[Any]
    numbers: Numbers
    tally: Tally
    reading: Pass
    state: Any
    splits: SplitsTaken | None


class Complete(msgspec.Struct, frozen=True, kw_only=True):
    """Complete what was made; answered by its Part.

    Attributes:
        numbers: How many numbers are used before it.
    """

    numbers: Numbers


class Discard(msgspec.Struct, frozen=True, kw_only=True):
    """Take away what was made; answered by None, instead of the Part."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, instead of an answer."""

    text: str


class Connection:
    """One end of the way between two processes.

    Args:
        incoming: Where messages come from.
        outgoing: Where messages go.
    """

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def fileno(self) -> int:
        """The descriptor that can be read when a message has come."""
        return self._incoming.fileno()

    def receive(self) -> Any:
        """The next message.

        Raises:
            EOFError: There are no more.
        """
        return pickle.load(self._incoming)  # noqa: S301 -- from a process of ours

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            BrokenPipeError: Nobody listens.
        """
        pickle.dump(message, self._outgoing, pickle.HIGHEST_PROTOCOL)
        self._outgoing.flush()


Order: TypeAlias = "SurveyNames | SurveyItems | Settle | Write"
