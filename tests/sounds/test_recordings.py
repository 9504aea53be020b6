from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from formats.recordings_rig import wav

from ls_tools.errors import MissingDependencyError, UnreadableMediaError
from ls_tools.output.recording import recording_length_s


@pytest.fixture
def _without_soundfile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)


@pytest.mark.usefixtures("_without_soundfile")
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_needs_nothing_installed(tmp_path: Path, channels: int) -> None:
    path = wav(tmp_path, "a.wav", 1.25, channels)
    assert recording_length_s(path) == 1.25


@pytest.mark.usefixtures("_without_soundfile")
def test_a_header_that_claims_more_than_the_file_has_is_not_believed(
    tmp_path: Path,
) -> None:
    path = wav(tmp_path, "a.wav", 1.0)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert recording_length_s(path) == pytest.approx(0.5, abs=0.01)


@pytest.mark.usefixtures("_without_soundfile")
@pytest.mark.parametrize("content", [b"", b"ID3 an mp3", b"RIFF\0\0\0\0WAVE"])
def test_other_files_need_the_extra(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    with pytest.raises(MissingDependencyError) as caught:
        recording_length_s(path)
    assert "pip install 'ls-tools[audio]'" in (caught.value.hint or "")


def test_a_recording_of_nothing_has_no_length(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match="holds no sound"):
        recording_length_s(wav(tmp_path, "a.wav", 0.0))


def test_the_length_of_other_files_is_what_soundfile_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = SimpleNamespace(info=lambda _: SimpleNamespace(duration=2.5))
    monkeypatch.setitem(sys.modules, "soundfile", fake)
    path = tmp_path / "a.flac"
    path.write_bytes(b"fLaC")
    assert recording_length_s(path) == 2.5


def test_what_soundfile_cannot_read_is_no_recording(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    path = tmp_path / "a.flac"
    path.write_bytes(b"<html>log in</html>")
    with pytest.raises(UnreadableMediaError, match="not a recording"):
        recording_length_s(path)
    with pytest.raises(UnreadableMediaError, match="not a recording"):
        recording_length_s(tmp_path / "gone.flac")
