from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import Converted
from formats.recordings_rig import (
    SPEECH,
    annotation,
    choice,
    convert_audio,
    labels,
    lines,
    reference,
    result,
    said,
    task,
    wav,
    words,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools.output import ClassPolicy

SAMPLES = Path(__file__).parent / "samples"
RELAXED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def test_every_segment_has_a_line_with_offset_and_duration(tmp_path: Path) -> None:
    """F19."""
    wav(tmp_path, "a1.wav")
    made = task(1, annotation(*said("b", 1.0, 1.75, "two"), *said("a", 0.1, 0.6, "1")))
    done = convert_audio(tmp_path, "asr_manifest", [made], media="copy")
    assert lines(done) == [
        {
            "audio_filepath": "audio/a1.wav",
            "offset": 0.1,
            "duration": 0.5,
            "text": "1",
            "annotator": "1",
            "labels": ["Speech"],
            "channel": 0,
        },
        {
            "audio_filepath": "audio/a1.wav",
            "offset": 1.0,
            "duration": 0.75,
            "text": "two",
            "annotator": "1",
            "labels": ["Speech"],
            "channel": 0,
        },
    ]
    assert (done.report.regions_in, done.report.regions_written) == (2, 2)
    assert done.skipped() == done.degraded() == {}


def test_a_task_has_no_text_but_its_own(tmp_path: Path) -> None:
    """F18, F19: the first task unannotated, one skipped, one labelled only."""
    for number in range(1, 6):
        wav(tmp_path, f"a{number}.wav")
    tasks = [
        task(1),
        task(2, annotation(words("w", "HELLO"))),
        task(3, annotation(words("s", "SKIPPED"), was_cancelled=True)),
        task(4, annotation(labels("l", 0, 1, "Noise"))),
        task(5, annotation(words("w", "BYE"))),
    ]
    done = convert_audio(tmp_path, "asr_manifest", tasks, media="copy")
    found = {line["audio_filepath"]: line["text"] for line in lines(done)}
    assert found == {"audio/a2.wav": "HELLO", "audio/a5.wav": "BYE"}
    assert done.skipped() == {"no text": 1}
    assert [loss.reason for loss in done.report.tasks_skipped] == [
        "no annotation",
        "only skipped annotations",
    ]


def test_unlabeled_tasks_asked_for_have_a_line_without_text(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav")
    wav(tmp_path, "a2.wav", 1.0)
    tasks = [task(1), task(2, annotation())]
    done = convert_audio(
        tmp_path, "asr_manifest", tasks, media="copy", include_unlabeled=True
    )
    assert lines(done) == [
        {"audio_filepath": "audio/a1.wav", "duration": 2.0},
        {
            "audio_filepath": "audio/a2.wav",
            "duration": 1.0,
            "text": "",
            "annotator": "1",
        },
    ]


def test_an_empty_annotation_says_that_nothing_is_said(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav")
    done = convert_audio(tmp_path, "asr_manifest", [task(1, annotation())])
    assert [line["text"] for line in lines(done)] == [""]


def test_a_transcript_of_the_whole_has_its_length(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav", 1.5)
    made = [task(1, annotation(words("w", "all of it")))]
    for media in ("copy", "none"):
        done = convert_audio(tmp_path, "asr_manifest", made, media=media, out=media)
        (line,) = lines(done)
        assert (line["duration"], line["text"]) == (1.5, "all of it")
        assert "offset" not in line


def test_the_length_is_that_of_the_results_where_the_file_is_gone(
    tmp_path: Path,
) -> None:
    made = [task(1, annotation(words("w", "x", original_length=3.25)))]
    done = convert_audio(tmp_path, "asr_manifest", made)
    assert lines(done)[0]["duration"] == 3.25
    assert done.degraded() == {}


@pytest.mark.parametrize("length", [None, 0, -1, "x", 1e300, 1e-300])
def test_no_duration_is_made_up(tmp_path: Path, length: Any) -> None:
    made = [task(1, annotation(words("w", "x", original_length=length)))]
    done = convert_audio(tmp_path, "asr_manifest", made)
    (line,) = lines(done)
    assert line["text"] == "x"
    assert "duration" not in line
    assert done.degraded()["duration unknown"] == 1
    assert any("NeMo refuses" in warning for warning in done.report.warnings)


def test_a_path_that_is_written_exists(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav")
    tasks = [task(n, annotation(words("w", "x", original_length=2))) for n in (1, 2)]
    done = convert_audio(tmp_path, "asr_manifest", tasks, media="copy")
    here, gone = lines(done)
    assert (done.root / here["audio_filepath"]).is_file()
    assert gone["audio_filepath"] == reference("a2.wav")
    assert [failure.task_id for failure in done.report.media.failed] == [2]


def test_without_media_the_path_is_the_reference(tmp_path: Path) -> None:
    url = "https://u:p@host.example/a.mp3?X-Amz-Signature=secret"
    made = [task(1, annotation(*said("a", 0, 1, "x")), audio=url)]
    done = convert_audio(tmp_path, "asr_manifest", made)
    (line,) = lines(done)
    assert line["audio_filepath"] == "https://host.example/a.mp3"


def test_a_line_per_file_joins_the_texts_in_the_order_of_time(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav")
    made = annotation(
        *said("b", 1, 2, "two"), *said("a", 0, 1, "one"), choice("c", "en")
    )
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)], lines="file")
    assert lines(done) == [
        {
            "audio_filepath": reference("a1.wav"),
            "duration": 2.0,
            "text": "one two",
            "annotator": "1",
            "choices": {"language": ["en"]},
        }
    ]
    assert done.report.regions_written == 3
    assert done.degraded() == {"times and labels dropped: one line per file": 2}


def test_a_line_per_file_takes_the_text_of_the_file_alone(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav")
    made = annotation(*said("a", 0, 1, "one"), words("w", "one two", control="remark"))
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)], lines="file")
    assert [line["text"] for line in lines(done)] == ["one two"]
    assert done.skipped() == {"text of a segment beside the text of its file": 1}


def test_choices_about_the_whole_are_on_every_line(tmp_path: Path) -> None:
    made = annotation(choice("c", "en", "fr"), *said("a", 0, 1, "x"))
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)])
    assert [line["choices"] for line in lines(done)] == [{"language": ["en", "fr"]}]
    assert done.report.regions_written == 2
    alone = [task(1, annotation(choice("c", "en")))]
    done = convert_audio(tmp_path, "asr_manifest", alone)
    assert (lines(done), done.skipped()) == (
        [],
        {"control not expressible: Choices": 1},
    )


def test_a_dropped_score_is_listed(tmp_path: Path) -> None:
    made = annotation(labels("a", 0, 1, "Speech", score=0.5), words("a", "x", 0, 1))
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)])
    assert done.degraded() == {"score dropped": 1}


def test_labels_merged_by_the_rename_file_are_one(tmp_path: Path) -> None:
    renames = tmp_path / "renames.json"
    renames.write_text(json.dumps({"Speech": "sound", "Noise": "sound"}))
    made = annotation(labels("a", 0, 1, "Speech", "Noise"), words("a", "x", 0, 1))
    done = convert_audio(
        tmp_path, "asr_manifest", [task(1, made)], classes=ClassPolicy(rename=renames)
    )
    assert [line["labels"] for line in lines(done)] == [["sound"]]


def test_a_file_of_segments_without_text_has_no_line(tmp_path: Path) -> None:
    made = annotation(labels("a", 0, 1, "Noise"), choice("c", "en"))
    done = convert_audio(
        tmp_path, "asr_manifest", [task(1, made)], lines="file", untranscribed="write"
    )
    assert lines(done) == []
    assert done.skipped() == {"no text": 1, "control not expressible: Choices": 1}


def test_segments_without_text_are_written_when_asked_for(tmp_path: Path) -> None:
    made = annotation(labels("a", 0, 1, "Noise"), words("b", [" "], 1, 2))
    done = convert_audio(
        tmp_path,
        "asr_manifest",
        [task(1, made)],
        untranscribed="write",
    )
    found = lines(done)
    assert ["text" in line for line in found] == [False, False]
    assert found[0]["labels"] == ["Noise"]


def test_a_task_of_choices_alone_is_a_line_when_asked_for(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav")
    done = convert_audio(
        tmp_path,
        "asr_manifest",
        [task(1, annotation(choice("c", "en")))],
        untranscribed="write",
    )
    (line,) = lines(done)
    assert line["choices"] == {"language": ["en"]}


def test_speakers_come_from_the_control_that_names_them(tmp_path: Path) -> None:
    made = annotation(*said("a", 0, 1, "hi"), labels("a", 0, 1, "Bob", control="who"))
    asked = {"speaker_control": "who"}
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)], **asked)
    (line,) = lines(done)
    assert (line["speaker"], line["labels"]) == ("Bob", ["Speech", "Bob"])


def test_a_choice_may_name_the_speaker(tmp_path: Path) -> None:
    made = annotation(*said("a", 0, 1, "hi"), choice("a", "fr"), *said("b", 1, 2, "x"))
    asked = {"speaker_control": "language"}
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)], **asked)
    assert [line.get("speaker") for line in lines(done)] == ["fr", None]


def test_notes_and_other_objects_are_reported(tmp_path: Path) -> None:
    xml = SPEECH.replace("</View>", '<Image name="img" value="$image"/></View>')
    made = annotation(
        words("a", "hi", 0, 1, meta={"text": ["a note"]}),
        words("b", "on the image", to_name="img"),
    )
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)], xml=xml)
    assert done.degraded() == {"note dropped": 1}
    assert done.skipped() == {"control not expressible: TextArea on Image": 1}


def test_one_text_is_the_transcript_and_the_others_are_reported(
    tmp_path: Path,
) -> None:
    made = annotation(
        words("a", "unclear", 0, 1, control="remark"), words("a", ["so", "it is"], 0, 1)
    )
    for control, text in (("", "so it is"), ("remark", "unclear")):
        done = convert_audio(
            tmp_path,
            "asr_manifest",
            [task(1, made)],
            text_control=control,
        )
        assert [line["text"] for line in lines(done)] == [text]
        assert done.degraded() == {"text of another control dropped": 1}


def test_a_segment_is_cut_to_its_recording(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav", 2.0)
    made = annotation(
        *said("a", -1, 1, "x"), *said("b", 1.5, 9, "y"), *said("c", 5, 6, "z")
    )
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)], media="copy")
    times = [(line["offset"], line["duration"]) for line in lines(done)]
    assert times == [(0.0, 1.0), (1.5, 0.5)]
    assert done.degraded() == {"clipped to the audio": 2}
    assert done.skipped() == {"outside the audio": 1}


BAD_TIMES: dict[str, list[tuple[Any, Any]]] = {
    "segment without length": [(1, 1), (2, 1)],
    "malformed value: a segment needs start and end": [
        (1, None),
        ("x", 2),
        (True, 2),
        ([1], 2),
        (0, 1e300),
        ("nan", 1),
    ],
}


@pytest.mark.parametrize(
    ("reason", "times"),
    [(reason, times) for reason, all_times in BAD_TIMES.items() for times in all_times],
)
def test_times_that_make_no_sense_are_reported(
    tmp_path: Path, reason: str, times: tuple[Any, Any]
) -> None:
    made = annotation(labels("a", *times, "Speech"), words("a", "x"))
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)])
    assert (lines(done), done.skipped()) == ([], {reason: 1})


def test_numbers_may_be_spelled_as_text(tmp_path: Path) -> None:
    made = annotation(words("a", "x", "0.25", "1"))
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)])
    assert [(line["offset"], line["duration"]) for line in lines(done)] == [
        (0.25, 0.75)
    ]


def test_sums_leave_no_tail_of_digits(tmp_path: Path) -> None:
    done = convert_audio(
        tmp_path, "asr_manifest", [task(1, annotation(*said("a", 0.1, 0.8, "x")))]
    )
    assert b'"duration":0.7,' in (done.root / "manifest.json").read_bytes()


HOSTILE = ['a\nb\r"\\', "\u2028\u2029", "\u202e\U0001f600", "\x00\x1f", "../../etc"]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_stays_on_its_line(tmp_path: Path, text: str) -> None:
    made = annotation(*said("a", 0, 1, text + "!", label=text))
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)])
    (line,) = lines(done)
    assert line["text"] == text + "!"
    assert line["labels"] == [text]


def test_what_cannot_be_expressed_is_listed(tmp_path: Path) -> None:
    made = annotation(
        *said("a", 0, 1, "x"),
        result("a", "quality", "rating", {"rating": 3}),
        result("r", "quality", "rating", {"rating": 3}),
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"},
        result("t", "words", "textarea", {"text": ["y"]}, to_name="elsewhere"),
    )
    done = convert_audio(tmp_path, "asr_manifest", [task(1, made)])
    assert done.skipped() == {
        "control not expressible: Rating": 1,
        "control not expressible: relation": 1,
        "no audio in the task data": 1,
    }
    assert done.degraded() == {"control not expressible: Rating": 1}


def test_labels_are_renamed_and_dropped(tmp_path: Path) -> None:
    renames = tmp_path / "renames.json"
    renames.write_text(json.dumps({"Speech": "voice", "Noise": None}))
    made = annotation(*said("a", 0, 1, "x"), *said("b", 1, 2, "y", label="Noise"))
    done = convert_audio(
        tmp_path,
        "asr_manifest",
        [task(1, made)],
        classes=ClassPolicy(rename=renames),
    )
    assert [line["labels"] for line in lines(done)] == [["voice"]]
    assert done.skipped() == {"label dropped by the rename file": 1}


def test_several_annotations_of_a_task_are_told_apart(tmp_path: Path) -> None:
    tasks = [
        task(
            1,
            annotation(*said("a", 0, 1, "x")),
            annotation(*said("a", 0, 1, "z"), by=2),
        )
    ]
    done = convert_audio(tmp_path, "asr_manifest", tasks, select="all")
    found = [(line["annotator"], line["text"]) for line in lines(done)]
    assert sorted(found) == [("1", "x"), ("2", "z")]


def test_several_recordings_of_a_task_have_their_own_lines(tmp_path: Path) -> None:
    xml = """<View><Audio name="audio" value="$audio"/><Audio name="b" value="$b"/>
      <TextArea name="words" toName="audio"/><TextArea name="w2" toName="b"/></View>"""
    made = annotation(words("1", "one"), words("2", "two", to_name="b"))
    tasks = [task(1, made)]
    tasks[0]["data"]["b"] = reference("b.wav")
    done = convert_audio(tmp_path, "asr_manifest", tasks, xml=xml)
    found = {line["audio_filepath"]: line["text"] for line in lines(done)}
    assert found == {reference("a1.wav"): "one", reference("b.wav"): "two"}


def test_the_same_names_do_not_collide(tmp_path: Path) -> None:
    for folder in "xy":
        wav(tmp_path, f"{folder}/a.wav")
    tasks = [
        task(n, annotation(words("w", folder)), audio=reference(f"{folder}/a.wav"))
        for n, folder in enumerate("xy", 1)
    ]
    done = convert_audio(tmp_path, "asr_manifest", tasks, media="copy")
    paths = {line["audio_filepath"] for line in lines(done)}
    assert len(paths) == 2
    assert all((done.root / path).is_file() for path in paths)


def test_no_audio_is_no_crash(tmp_path: Path) -> None:
    odd: list[Any] = ["", 7, []]
    tasks = [task(1, annotation(words("w", "x")), audio=audio) for audio in odd]
    done = convert_audio(tmp_path, "asr_manifest", tasks)
    assert (lines(done), done.report.tasks_written) == ([], 0)
    assert done.skipped() == {"no audio in the task data": 3}


@pytest.mark.parametrize("name", ["asr", "audio"])
def test_real_exports_keep_every_text_without_a_config(
    tmp_path: Path, name: str
) -> None:
    tasks = json.loads((SAMPLES / f"{name}.json").read_text())
    done = convert_audio(tmp_path, "asr_manifest", tasks, xml=None)
    found = {line["text"] for line in lines(done)}
    wanted = {
        " ".join(one["value"]["text"])
        for made in tasks
        for answer in made["annotations"]
        if not answer["was_cancelled"]
        for one in answer["result"]
        if one["type"] == "textarea"
    }
    assert found <= wanted
    assert found


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(0, 3), max_size=2),
)
RESULTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["a", "b", None, 3]),
            "from_name": st.sampled_from(["seg", "words", "language", "zzz", 5]),
            "to_name": st.sampled_from(["audio", "", "other"]),
            "type": st.sampled_from(["labels", "textarea", "choices", "rating", None]),
            "original_length": JUNK,
            "value": st.one_of(
                JUNK,
                st.fixed_dictionaries(
                    {},
                    optional={
                        "start": JUNK,
                        "end": JUNK,
                        "channel": JUNK,
                        "text": JUNK,
                        "labels": JUNK,
                        "choices": JUNK,
                    },
                ),
            ),
        },
    ),
    max_size=5,
)


@RELAXED
@given(
    RESULTS, st.sampled_from(["segment", "file"]), st.sampled_from(["skip", "write"])
)
def test_hostile_results_are_written_or_listed(
    tmp_path_factory: pytest.TempPathFactory,
    results: list[Any],
    kind: str,
    untranscribed: str,
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    done: Converted = convert_audio(
        folder,
        "asr_manifest",
        [task(1, {"id": 1, "result": results})],
        xml=SPEECH,
        lines=kind,
        untranscribed=untranscribed,
    )
    lines(done)


def test_every_split_has_a_manifest_and_media_of_its_own(tmp_path: Path) -> None:
    for number in range(12):
        wav(tmp_path, f"a{number}.wav", 0.5)
    tasks = [task(n, annotation(*said("a", 0, 0.25, str(n)))) for n in range(12)]
    split = "train=0.5,val=0.5"
    done = convert_audio(tmp_path, "asr_manifest", tasks, split=split, media="copy")
    found = {name: lines(done, f"{name}.json") for name in ("train", "val")}
    assert sum(map(len, found.values())) == 12
    for name, of_split in found.items():
        assert of_split
        for line in of_split:
            assert line["audio_filepath"].startswith(f"audio/{name}/")
            assert (done.root / line["audio_filepath"]).is_file()
    assert not (done.root / "manifest.json").exists()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    wav(tmp_path, "a1.wav")
    made = [task(1, annotation(*said("a", 0.1, 1, "x"), *said("b", 0.1, 1, "y")))]
    one, two = (
        convert_audio(tmp_path, "asr_manifest", made, out=out, media="copy")
        for out in ("one", "two")
    )
    for name in ("manifest.json", "manifest.jsonl", "report.json"):
        assert one.text(name) == two.text(name)
