"""What lhotse, soundfile and datasets read from ASR manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.recordings_rig import annotation, convert_audio, reference, said, task
from formats.recordings_rig import words as whole

RATE_HZ = 16_000
LENGTH_S = 2.0
CODECS = ["wav", "flac", "ogg", "mp3", "aiff", "w64"]


@pytest.fixture
def folder(judge: Any, tmp_path: Path) -> Path:
    """Recordings in every codec at hand; float WAV too, which ``wave`` refuses."""
    soundfile, numpy = judge("soundfile"), judge("numpy")
    times_s = numpy.arange(int(RATE_HZ * LENGTH_S)) / RATE_HZ
    tone = 0.3 * numpy.sin(times_s * 2760)
    for codec in CODECS:
        subtype = "FLOAT" if codec == "wav" else None
        soundfile.write(tmp_path / f"a.{codec}", tone, RATE_HZ, subtype=subtype)
    return tmp_path


def test_any_codec_has_its_length(folder: Path) -> None:
    """F19."""
    tasks = [
        task(n, annotation(whole("w", codec)), audio=reference(f"a.{codec}"))
        for n, codec in enumerate(CODECS)
    ]
    done = convert_audio(folder, "asr_manifest", tasks, media="copy")
    lines = done.text("manifest.json").splitlines()
    assert len(lines) == len(CODECS)
    assert done.degraded() == {}


def test_lhotse_cuts_every_segment_out_of_its_recording(
    judge: Any, folder: Path
) -> None:
    lhotse = judge("lhotse")
    load_jsonl = judge("lhotse.serialization").load_jsonl
    tasks = [
        task(
            n,
            annotation(
                *said("a", 0.25, 1.0, f"one {codec}"), *said("b", 1.5, 9, "two")
            ),
            audio=reference(f"a.{codec}"),
        )
        for n, codec in enumerate(CODECS)
    ]
    done = convert_audio(folder, "asr_manifest", tasks, media="copy")
    cuts = [
        _cut_of(lhotse, number, line, done.root)
        for number, line in enumerate(load_jsonl(done.root / "manifest.json"))
    ]
    assert len(cuts) == done.report.regions_written == 2 * len(CODECS)
    for cut in cuts:
        lhotse.qa.validate(cut, read_data=False)
        samples = cut.load_audio()
        assert samples.shape == (1, cut.num_samples)
        assert samples.std() > 0.1
    texts = [cut.supervisions[0].text for cut in cuts]
    assert texts[::2] == [f"one {codec}" for codec in CODECS]


def _cut_of(lhotse: Any, number: int, line: dict[str, Any], root: Path) -> Any:
    """A line as NeMo's adapter for lhotse reads it."""
    recording = lhotse.Recording.from_file(root / line["audio_filepath"])
    cut = recording.to_cut().truncate(
        offset=line.get("offset", 0.0), duration=line["duration"]
    )
    cut.supervisions.append(
        lhotse.SupervisionSegment(
            id=f"{cut.id}-{number}",
            recording_id=cut.recording_id,
            start=0.0,
            duration=cut.duration,
            text=line["text"],
        )
    )
    return cut


def test_datasets_loads_the_lines(judge: Any, converted: Any, tmp_path: Path) -> None:
    root, report = converted("asr_manifest")
    loaded = judge("datasets").Dataset.from_json(
        str(root / "manifest.json"), cache_dir=str(tmp_path / "cache")
    )
    answers = 2  # a choice about a whole recording has no line, an empty answer has
    assert len(loaded) == report.regions_written - answers + 2
    assert loaded["text"][-1] == "one two"


def test_soundfile_reads_just_the_segment(judge: Any, folder: Path) -> None:
    soundfile = judge("soundfile")
    load_jsonl = judge("lhotse.serialization").load_jsonl
    made = task(1, annotation(*said("a", 0.5, 1.75, "x")), audio=reference("a.flac"))
    done = convert_audio(folder, "asr_manifest", [made], media="copy")
    (line,) = load_jsonl(done.root / "manifest.json")
    start, count = (round(line[key] * RATE_HZ) for key in ("offset", "duration"))
    path = done.root / line["audio_filepath"]
    samples, rate_hz = soundfile.read(path, start=start, frames=count)
    assert (rate_hz, len(samples)) == (RATE_HZ, 20_000)
