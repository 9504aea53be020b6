from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import Converted
from formats.recordings_rig import (
    annotation,
    convert_audio,
    labels,
    reference,
    result,
    said,
    task,
    wav,
    words,
)
from formats.test_asr_manifest import BAD_TIMES, RELAXED, RESULTS
from hypothesis import given

from ls_tools.output import ClassPolicy


@dataclass(frozen=True)
class Turn:
    file: str
    channel: int
    start: float
    duration: float
    speaker: str


NUMBER = r"[0-9]+(?:\.[0-9]+)?"
GRAMMAR = re.compile(
    rf"SPEAKER (\S+) ([1-9][0-9]*) ({NUMBER}) ({NUMBER}) <NA> <NA> (\S+) "
    rf"(?:<NA>|-?{NUMBER}) <NA>"
)
"""NIST's, as far as SPEAKER lines go: ten words, one space between them."""


def parse(body: bytes) -> list[Turn]:
    """Read RTTM independently of what wrote it."""
    text = body.decode("utf-8")
    assert not text or text.endswith("\n")
    found = []
    for line in text.split("\n")[:-1]:
        match = GRAMMAR.fullmatch(line)
        assert match, line
        assert len(line.split()) == 10
        file, channel, start, duration, speaker = match.groups()
        assert float(duration) > 0
        found.append(Turn(file, int(channel), float(start), float(duration), speaker))
    return found


def turns(done: Converted, name: str = "result.rttm") -> list[Turn]:
    return parse((done.root / name).read_bytes())


def test_every_labelled_segment_is_a_line(tmp_path: Path) -> None:
    made = annotation(labels("b", 1, 2.5, "Bob"), labels("a", 0.25, 1.5, "Ann"))
    done = convert_audio(tmp_path, "rttm", [task(1, made)])
    assert done.text("result.rttm") == (
        "SPEAKER a1 1 0.25 1.25 <NA> <NA> Ann <NA> <NA>\n"
        "SPEAKER a1 1 1 1.5 <NA> <NA> Bob <NA> <NA>\n"
    )
    assert done.report.regions_written == 2


@pytest.mark.parametrize("to_name", ["", None])
def test_results_that_name_no_object_are_on_the_only_recording(
    tmp_path: Path, to_name: str | None
) -> None:
    old = labels("a", 0, 1, "Ann") | {"to_name": to_name}
    done = convert_audio(tmp_path, "rttm", [task(1, annotation(old))])
    assert [turn.speaker for turn in turns(done)] == ["Ann"]


def test_results_that_name_no_object_are_listed_where_there_are_two_recordings(
    tmp_path: Path,
) -> None:
    xml = (
        '<View><Labels name="seg" toName="a"><Label value="Ann"/></Labels>'
        '<Audio name="a" value="$audio"/><Audio name="b" value="$other"/></View>'
    )
    old = labels("a", 0, 1, "Ann") | {"to_name": ""}
    one = task(1, annotation(old))
    one["data"]["other"] = reference("b.wav")
    done = convert_audio(tmp_path, "rttm", [one], xml=xml)
    assert (turns(done), done.skipped()) == ([], {"no audio in the task data": 1})


def test_channels_count_from_one(tmp_path: Path) -> None:
    one = labels("a", 0, 1, "Ann")
    one["value"]["channel"] = 1
    done = convert_audio(tmp_path, "rttm", [task(1, annotation(one))])
    assert [turn.channel for turn in turns(done)] == [2]


def test_speakers_that_overlap_all_stay(tmp_path: Path) -> None:
    made = annotation(labels("a", 0, 2, "Ann"), labels("b", 1, 3, "Bob", "Noise"))
    done = convert_audio(tmp_path, "rttm", [task(1, made)])
    assert [turn.speaker for turn in turns(done)] == ["Ann", "Bob", "Noise"]
    done = convert_audio(tmp_path, "rttm", [task(1, made)], labels="first")
    assert [turn.speaker for turn in turns(done)] == ["Ann", "Bob"]
    assert done.degraded() == {"second label dropped": 1}


def test_the_speakers_may_be_those_of_one_control(tmp_path: Path) -> None:
    made = annotation(
        labels("a", 0, 1, "Speech"),
        labels("a", 0, 1, "Bob", control="who"),
        labels("b", 1, 2, "Noise"),
    )
    done = convert_audio(tmp_path, "rttm", [task(1, made)], speaker_control="who")
    assert [turn.speaker for turn in turns(done)] == ["Bob"]
    assert done.degraded() == {"label of another control dropped": 1}
    assert done.skipped() == {"no label": 1}


NAMES = ["Ann Lee", "Ann_Lee", "Ann\tLee", "", "\x00", "\u3000", "<NA>", "a\u2028b"]


def test_any_name_of_a_speaker_is_one_word_of_its_own(tmp_path: Path) -> None:
    made = annotation(*(labels(f"r{i}", i, i + 1, n) for i, n in enumerate(NAMES)))
    done = convert_audio(tmp_path, "rttm", [task(1, made)])
    found = [turn.speaker for turn in turns(done)]
    assert len(set(found)) == len(found) == len(NAMES)
    assert any("'Ann Lee' is written as" in text for text in done.report.warnings)
    assert "<NA>" not in found


def test_a_name_of_the_config_stays_as_it_is(tmp_path: Path) -> None:
    xml = """<View><Audio name="audio" value="$audio"/><Labels name="seg"
      toName="audio"><Label value="A B"/><Label value="A_B"/></Labels></View>"""
    made = annotation(labels("1", 0, 1, "A B"), labels("2", 1, 2, "A_B"))
    done = convert_audio(tmp_path, "rttm", [task(1, made)], xml=xml)
    assert [turn.speaker for turn in turns(done)] == ["A_B_2", "A_B"]


def test_names_of_files_are_one_word_each_and_distinct(tmp_path: Path) -> None:
    made = [
        task(n, annotation(labels("a", 0, 1, "Ann")), audio=reference(name))
        for n, name in enumerate(["take 1.wav", "take_1.wav", "take\u30001.wav"])
    ]
    done = convert_audio(tmp_path, "rttm", made)
    found = [turn.file for turn in turns(done)]
    assert len(set(found)) == 3
    assert found[1] == "take_1"
    assert any("file name was changed" in text for text in done.report.warnings)


HOSTILE = [
    "a\nb ; c.wav",
    "../../etc/passwd",
    "....wav",
    "con.wav",
    ".wav",
    "result.rttm",
    "\u202egnp.wav",
    "\U0001f399" * 200 + ".wav",
    "<NA>.wav",
    " ",
    "https://h.example/a.wav?X-Amz-Signature=secret",
]


def test_no_name_of_a_file_leads_astray(tmp_path: Path) -> None:
    tasks = [
        task(n, annotation(labels("a", 0, 1, "Ann")), audio=name)
        for n, name in enumerate(HOSTILE, 1)
    ]
    done = convert_audio(tmp_path, "rttm", tasks, per_file=True)
    found = {turn.file for turn in turns(done)}
    assert len(found) == len(HOSTILE)
    assert "secret" not in done.text("result.rttm")
    before = {"export.json", "config.xml", "out", "cache"}
    assert {path.name for path in tmp_path.iterdir()} <= before
    assert len(list((done.root / "rttm").iterdir())) == len(HOSTILE)


@pytest.mark.parametrize(
    ("reason", "times"),
    [(reason, times) for reason, all_times in BAD_TIMES.items() for times in all_times],
)
def test_times_that_make_no_sense_are_reported(
    tmp_path: Path, reason: str, times: tuple[Any, Any]
) -> None:
    made = annotation(labels("a", *times, "Ann"))
    done = convert_audio(tmp_path, "rttm", [task(1, made)])
    assert (turns(done), done.skipped()) == ([], {reason: 1})


def test_a_segment_is_cut_to_its_recording(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav", 2.0)
    made = annotation(labels("a", -1, 9, "Ann"), labels("b", 5, 5.0005, "Bob"))
    done = convert_audio(tmp_path, "rttm", [task(1, made)], media="copy")
    assert turns(done) == [Turn("a1", 1, 0.0, 2.0, "Ann")]
    assert done.degraded() == {"clipped to the audio": 1}
    assert done.skipped() == {"outside the audio": 1}
    assert (done.root / "audio/a1.wav").is_file()


def test_what_cannot_be_expressed_is_listed(tmp_path: Path) -> None:
    made = annotation(
        *said("a", 0, 1, "x"),
        words("w", "whole"),
        labels("l", None, None, "Ann"),
        result("q", "quality", "rating", {"rating": 3}),
    )
    done = convert_audio(tmp_path, "rttm", [task(1, made)])
    assert done.degraded() == {"control not expressible: TextArea": 1}
    assert done.skipped() == {
        "control not expressible: TextArea": 1,
        "control not expressible: Rating": 1,
        "not a segment: no start and end": 1,
    }


def test_the_score_of_a_prediction_is_its_confidence(tmp_path: Path) -> None:
    made = annotation(labels("a", 0, 1, "Ann", score=0.25), labels("b", 1, 2, "Bob"))
    done = convert_audio(tmp_path, "rttm", [task(1, made)])
    assert (done.root / "result.rttm").read_text() == (
        "SPEAKER a1 1 0 1 <NA> <NA> Ann 0.25 <NA>\n"
        "SPEAKER a1 1 1 1 <NA> <NA> Bob <NA> <NA>\n"
    )
    assert done.degraded() == {}


def test_speakers_merged_by_the_rename_file_speak_once(tmp_path: Path) -> None:
    renames = tmp_path / "renames.json"
    renames.write_text(json.dumps({"Ann": "woman", "Bob": "woman"}))
    made = annotation(labels("a", 0, 1, "Ann", "Bob"))
    done = convert_audio(
        tmp_path, "rttm", [task(1, made)], classes=ClassPolicy(rename=renames)
    )
    assert [turn.speaker for turn in turns(done)] == ["woman"]


def test_labels_are_renamed_and_dropped(tmp_path: Path) -> None:
    renames = tmp_path / "renames.json"
    renames.write_text(json.dumps({"Ann": "Anna", "Noise": None}))
    made = annotation(labels("a", 0, 1, "Ann", "Noise"), labels("b", 1, 2, "Noise"))
    done = convert_audio(
        tmp_path, "rttm", [task(1, made)], classes=ClassPolicy(rename=renames)
    )
    assert [turn.speaker for turn in turns(done)] == ["Anna"]
    assert done.skipped() == {"label dropped by the rename file": 1}


def test_a_file_per_recording_holds_all_that_tasks_say_of_it(tmp_path: Path) -> None:
    shared = reference("both.wav")
    tasks = [
        task(1, annotation(labels("a", 5, 6, "Ann")), audio=shared),
        task(2, annotation(labels("a", 0, 1, "Bob")), audio=reference("own.wav")),
        task(3, annotation(labels("a", 2, 3, "Bob")), audio=shared),
        task(4, annotation(), audio=reference("silent.wav")),
    ]
    done = convert_audio(tmp_path, "rttm", tasks, per_file=True)
    both = [turn.start for turn in turns(done, "rttm/both.rttm")]
    assert both == [2, 5]
    assert len(turns(done, "rttm/own.rttm")) == 1
    assert turns(done, "rttm/silent.rttm") == []
    assert len(turns(done)) == 3


def test_several_annotations_of_a_task_are_one_recording(tmp_path: Path) -> None:
    answers = (labels("a", 1, 2, "Ann"), labels("a", 0, 1, "Bob"))
    made = [task(1, *(annotation(one, by=by) for by, one in enumerate(answers, 1)))]
    done = convert_audio(tmp_path, "rttm", made, select="all", per_file=True)
    assert [turn.start for turn in turns(done)] == [0, 1]


def test_no_audio_is_no_crash(tmp_path: Path) -> None:
    done = convert_audio(
        tmp_path, "rttm", [task(1, annotation(labels("a", 0, 1, "Ann")), audio=[])]
    )
    assert done.skipped() == {"no audio in the task data": 1}


def test_no_task_at_all_is_an_empty_file(tmp_path: Path) -> None:
    done = convert_audio(tmp_path, "rttm", [task(1)])
    assert done.text("result.rttm") == ""


@RELAXED
@given(RESULTS)
def test_hostile_results_are_written_or_listed(
    tmp_path_factory: pytest.TempPathFactory, results: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    done = convert_audio(folder, "rttm", [task(1, {"id": 1, "result": results})])
    turns(done)


def test_every_split_has_a_file_of_its_own(tmp_path: Path) -> None:
    tasks = [task(n, annotation(labels("a", 0, 1, "Ann"))) for n in range(12)]
    done = convert_audio(
        tmp_path, "rttm", tasks, split="train=0.5,val=0.5", per_file=True
    )
    found = {name: turns(done, f"{name}.rttm") for name in ("train", "val")}
    assert all(found.values())
    assert sum(map(len, found.values())) == 12
    for name, of_split in found.items():
        for turn in of_split:
            assert turns(done, f"rttm/{name}/{turn.file}.rttm") == [turn]
    assert not (done.root / "result.rttm").exists()
