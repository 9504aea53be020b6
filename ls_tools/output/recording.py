"""The length of a recording, from the head of its file."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

from ls_tools.errors import MissingDependencyError, UnreadableMediaError

if TYPE_CHECKING:
    from pathlib import Path


def recording_length_s(path: Path) -> float:
    """The length of a recording in seconds.

    Only what tells the length is read; no sample is decoded.

    Args:
        path: WAV of whole numbers, or with soundfile anything that libsndfile
            reads: WAV, FLAC, Ogg, Opus, MP3, AIFF and more.

    Raises:
        MissingDependencyError: It is no such WAV, and soundfile is not installed.
        UnreadableMediaError: It is no recording that can be read, or it is empty.
    """
    length_s = _wave_length_s(path)
    if length_s is None:
        length_s = _any_length_s(path)
    if not length_s > 0:
        msg = f"The file {path.name!r} holds no sound."
        raise UnreadableMediaError(msg, path=str(path))
    return length_s


def _wave_length_s(path: Path) -> float | None:
    """By the standard library, which needs nothing; None where it cannot."""
    try:
        with wave.open(str(path), "rb") as sound:
            frames = min(sound.getnframes(), _frames_within(path, sound))
            return frames / sound.getframerate()
    except (OSError, EOFError, wave.Error, ArithmeticError, ValueError):
        return None


def _frames_within(path: Path, sound: wave.Wave_read) -> int:
    """How many frames a file has room for: headers of cut files claim more."""
    return path.stat().st_size // (sound.getnchannels() * sound.getsampwidth())


def _any_length_s(path: Path) -> float:
    try:
        import soundfile
    except (ImportError, OSError) as exc:  # OSError: libsndfile itself is missing
        msg = "Reading the length of a recording needs soundfile."
        hint = "Run: pip install 'ls-tools[audio]'"
        raise MissingDependencyError(msg, hint=hint) from exc
    try:
        return float(soundfile.info(str(path)).duration)
    except (RuntimeError, OSError, ValueError, ArithmeticError) as exc:
        msg = f"The file {path.name!r} is not a recording that can be read."
        raise UnreadableMediaError(msg, path=str(path)) from exc
