from __future__ import annotations

import configparser
from pathlib import Path
from typing import Any

import pytest
from formats.videos_rig import (
    annotation,
    convert_video,
    key,
    make_video,
    mot_rows,
    reference,
    result,
    task,
    track,
    tree,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools.errors import UsageError

UNSIZED = {"original_width": None, "original_height": None}


def test_key_frames_are_interpolated_and_enabled_is_honoured(tmp_path: Path) -> None:
    """F34."""
    made = track("a", key(1, 10), key(3, 30, enabled=False), key(6, 0), count=7)
    done = convert_video(tmp_path, "mot", [task(1, annotation(made))])
    assert done.text("sequences/v1/gt/gt.txt") == (
        "1,1,20,20,40,30,1,1,1\n"
        "2,1,40,20,40,30,1,1,1\n"
        "3,1,60,20,40,30,1,1,1\n"
        "6,1,0,20,40,30,1,1,1\n"
        "7,1,0,20,40,30,1,1,1\n"
    )
    assert (done.report.regions_in, done.report.regions_written) == (1, 1)


def test_tracks_keep_their_number_and_class(tmp_path: Path) -> None:
    made = annotation(
        track("b", key(2), labels=["Bird"], count=3), track("a", key(1), count=3)
    )
    done = convert_video(tmp_path, "mot", [task(1, made)])
    found = [(frame, number, kind) for frame, number, _, kind in mot_rows(done)]
    assert found == [(1, 2, 1), (2, 1, 2), (2, 2, 1), (3, 1, 2), (3, 2, 1)]
    assert done.text("labels.txt") == "Car\nBird\n"
    assert done.text("sequences/v1/gt/labels.txt") == "Car\nBird\n"


def test_the_sequence_is_described(tmp_path: Path) -> None:
    made = task(1, annotation(track("a", key(1, time=0.1), count=12)))
    done = convert_video(tmp_path, "mot", [made])
    info = configparser.ConfigParser()
    info.read(done.root / "sequences/v1/seqinfo.ini")
    assert dict(info["Sequence"]) == {
        "name": "v1",
        "imdir": "img1",
        "framerate": "10",
        "seqlength": "12",
        "imwidth": "200",
        "imheight": "100",
        "imext": ".jpg",
    }


def test_a_turned_box_becomes_its_hull(tmp_path: Path) -> None:
    made = annotation(track("a", key(1, 50, rotation=90), count=1))
    done = convert_video(tmp_path, "mot", [task(1, made)])
    assert [row[2] for row in mot_rows(done)] == [(70, 20, 30, 40)]
    assert done.degraded() == {}
    made = annotation(track("a", key(1, 50, rotation=30), count=1))
    done = convert_video(tmp_path, "mot", [task(1, made)])
    assert done.degraded() == {"rotation dropped": 1}


def test_boxes_are_cut_to_the_frame_and_left_out_beyond_it(tmp_path: Path) -> None:
    made = annotation(
        track("a", key(1, 90), key(3, 110, enabled=False)), track("b", key(1, 200))
    )
    done = convert_video(tmp_path, "mot", [task(1, made)])
    assert [row[2] for row in mot_rows(done)] == [(180, 20, 20, 30)]
    assert done.degraded() == {
        "clipped to the image": 1,
        "outside the image on some frames": 1,
    }
    assert done.skipped() == {"outside the image": 1}
    whole = convert_video(tmp_path, "mot", [task(1, made)], clip=False)
    assert len(mot_rows(whole)) == 13


def test_what_cannot_be_expressed_is_listed(tmp_path: Path) -> None:
    made = annotation(
        track("a", key(1)),
        result("a", "sky", "choices", {"choices": ["blue"]}),
        result("t", "scene", "timelinelabels", {"ranges": [{"start": 1, "end": 5}]}),
        result("c", "sky", "choices", {"choices": ["blue"]}),
        track("n", key(1), labels=[]),
        track("m"),
        track("e", key(1), to_name="elsewhere"),
        {"type": "relation", "from_id": "a", "to_id": "n", "direction": "right"},
    )
    done = convert_video(tmp_path, "mot", [task(1, made)])
    assert done.degraded() == {"control not expressible: Choices": 1}
    assert done.skipped() == {
        "control not expressible: TimelineLabels": 1,
        "control not expressible: Choices": 1,
        "control not expressible: relation": 1,
        "no label": 1,
        "malformed value: a track needs a sequence of key frames": 1,
        "no video in the task data": 1,
    }


def test_labels_may_stand_in_a_result_of_their_own(tmp_path: Path) -> None:
    made = annotation(
        track("a", key(1), labels=[]),
        result("a", "what", "labels", {"labels": ["Bird"]}),
    )
    done = convert_video(tmp_path, "mot", [task(1, made)])
    assert {row[3] for row in mot_rows(done)} == {2}
    assert done.degraded() == {}


def test_the_size_comes_from_the_file_where_no_result_tells(tmp_path: Path) -> None:
    made = [task(1, annotation(track("a", key(1), count=1, **UNSIZED)))]
    done = convert_video(tmp_path, "mot", made)
    assert done.skipped() == {"video size unknown": 1}
    assert any("size of a video is unknown" in text for text in done.report.warnings)
    make_video(tmp_path, size=(64, 48))
    done = convert_video(tmp_path, "mot", made)
    assert mot_rows(done)[0][2] == (6.4, 9.6, 12.8, 14.4)


def test_with_media_the_frames_are_pictures(tmp_path: Path) -> None:
    make_video(tmp_path, frames=6)
    made = [task(1, annotation(track("a", key(2), key(3, enabled=False), count=6)))]
    done = convert_video(tmp_path, "mot", made, media="copy")
    pictures = {f"sequences/v1/img1/{n:06}.jpg" for n in range(1, 7)}
    assert pictures <= tree(done)
    assert "seqLength=6\n" in done.text("sequences/v1/seqinfo.ini")
    assert "imWidth=64\n" in done.text("sequences/v1/seqinfo.ini")
    assert [row[0] for row in mot_rows(done)] == [2, 3]


def test_the_last_key_frame_is_held_as_long_as_the_file(tmp_path: Path) -> None:
    make_video(tmp_path, frames=6)
    made = [task(1, annotation(track("a", key(4), count=None)))]
    done = convert_video(tmp_path, "mot", made, media="copy")
    assert [row[0] for row in mot_rows(done)] == [4, 5, 6]
    assert done.degraded() == {}
    done = convert_video(tmp_path, "mot", made)
    assert [row[0] for row in mot_rows(done)] == [4]
    reason = "last key frame not held: length of the video unknown"
    assert done.degraded() == {reason: 1}


def test_a_video_without_a_box_has_an_empty_ground_truth(tmp_path: Path) -> None:
    done = convert_video(tmp_path, "mot", [task(1, annotation()), task(2)])
    assert mot_rows(done) == []
    assert [loss.reason for loss in done.report.tasks_skipped] == ["no annotation"]
    done = convert_video(tmp_path, "mot", [task(2)], include_unlabeled=True)
    assert [loss.reason for loss in done.report.tasks_skipped] == ["unlabeled video"]


def test_tasks_and_annotations_of_one_video_share_its_ground_truth(
    tmp_path: Path,
) -> None:
    shared = reference("both.mp4")
    tasks = [
        task(1, annotation(track("a", key(1), count=2)), video=shared),
        task(2, annotation(track("a", key(2), labels=["Bird"], count=2)), video=shared),
    ]
    done = convert_video(tmp_path, "mot", tasks)
    assert [row[:2] for row in mot_rows(done, "both")] == [(1, 1), (2, 1), (2, 2)]
    both = [
        task(
            1,
            annotation(track("a", key(1), count=1)),
            annotation(track("a", key(1), count=1), by=2),
        )
    ]
    done = convert_video(tmp_path, "mot", both, select="all")
    assert [row[:2] for row in mot_rows(done)] == [(1, 1), (1, 2)]


def test_the_same_names_do_not_collide(tmp_path: Path) -> None:
    tasks = [
        task(n, annotation(track("a", key(1), count=1)), video=reference(f"{n}/v.mp4"))
        for n in (1, 2)
    ]
    done = convert_video(tmp_path, "mot", tasks)
    assert len({path for path in tree(done) if path.endswith("gt.txt")}) == 2


@pytest.mark.parametrize("to", ["mot", "video_yolo"])
def test_a_dropped_score_is_listed(tmp_path: Path, to: str) -> None:
    """In ground truth, the place of a confidence says whether the box counts."""
    made = annotation(track("a", key(1), count=1, score=0.5))
    done = convert_video(tmp_path, to, [task(1, made)])
    assert done.degraded() == {"score dropped": 1}


def test_several_labels_are_lines_of_their_own_when_asked_for(tmp_path: Path) -> None:
    made = [task(1, annotation(track("a", key(1), labels=["Bird", "Car"], count=1)))]
    done = convert_video(tmp_path, "mot", made)
    assert [row[3] for row in mot_rows(done)] == [2]
    assert done.degraded() == {"second label dropped": 1}
    done = convert_video(tmp_path, "mot", made, labels="all")
    assert [row[3] for row in mot_rows(done)] == [2, 1]


@pytest.mark.parametrize("name", ["every", "max_frames"])
def test_there_must_be_a_frame_to_write(tmp_path: Path, name: str) -> None:
    absurd: dict[str, Any] = {name: 0}
    with pytest.raises(UsageError, match=name):
        convert_video(tmp_path, "mot", [], **absurd)


def test_an_absurd_video_takes_neither_time_nor_disk(tmp_path: Path) -> None:
    made = annotation(
        track("a", key(1), key(10**11), count=10**12),
        track("b", key(1), count=10**12, meta={"text": ["x"]}),
    )
    done = convert_video(tmp_path, "mot", [task(1, made)], max_frames=20)
    assert len(mot_rows(done)) <= 40


def test_one_video_has_no_more_boxes_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ls_tools.formats.placings.MAX_BOXES", 15)
    made = annotation(track("a", key(1)), track("b", key(1)), track("c", key(8)))
    done = convert_video(tmp_path, "mot", [task(1, made)])
    assert done.skipped() == {"more boxes than a video may have": 2}


def test_without_a_config_labels_are_found_in_the_results(tmp_path: Path) -> None:
    made = [task(1, annotation(track("a", key(1), labels=["Zoo"])))]
    done = convert_video(tmp_path, "mot", made, xml=None)
    assert done.text("labels.txt") == "Zoo\n"
    assert not any("not in the label config" in text for text in done.report.warnings)


HOSTILE = [
    "a\nb=c.mp4",
    "[x]=%s;.mp4",
    "../../etc/passwd",
    "....mp4",
    "con.mp4",
    ".mp4",
    "labels.txt",
    "\u202egnp.mp4",
    "\U0001f3ac" * 200 + ".mp4",
    " ",
    "C:\\x.mp4",
    "https://h.example/v.mp4?X-Amz-Signature=secret",
]


@pytest.mark.parametrize("to", ["mot", "video_yolo", "video_coco"])
def test_no_name_leads_out_of_the_output(tmp_path: Path, to: str) -> None:
    tasks = [
        task(n, annotation(track("a", key(1), count=1)), video=name)
        for n, name in enumerate(HOSTILE, 1)
    ]
    done = convert_video(tmp_path, to, tasks)
    assert done.report.regions_written == len(HOSTILE)
    before = {"export.json", "config.xml", "out", "cache"}
    assert {path.name for path in tmp_path.iterdir()} <= before
    assert "secret" not in "".join(tree(done))
    if to == "mot":
        for path in done.root.glob("sequences/*/seqinfo.ini"):
            info = configparser.ConfigParser(interpolation=None)
            info.read(path, encoding="utf-8")
            assert info["Sequence"]["name"] == path.parent.name


def test_the_size_of_an_image_is_not_that_of_a_video(tmp_path: Path) -> None:
    xml = """<View><Image name="img" value="$image"/>
      <Video name="video" value="$video"/>
      <VideoRectangle name="box" toName="video"/>
      <RectangleLabels name="rect" toName="img"/></View>"""
    drawn = result("i", "rect", "rectanglelabels", {}, to_name="img")
    drawn |= {"original_width": 7, "original_height": 7}
    made = task(1, annotation(drawn, track("a", key(1), count=1, **UNSIZED)))
    done = convert_video(tmp_path, "mot", [made], xml=xml)
    assert done.skipped()["video size unknown"] == 1


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.lists(st.integers(0, 3), max_size=2),
)
KEYS = st.fixed_dictionaries(
    {},
    optional={
        "frame": st.one_of(st.integers(1, 30), JUNK),
        "x": st.one_of(st.integers(0, 100), JUNK),
        "y": st.integers(0, 100),
        "width": st.one_of(st.integers(0, 100), JUNK),
        "height": st.integers(0, 100),
        "rotation": JUNK,
        "enabled": JUNK,
        "time": JUNK,
    },
)
RESULTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["a", "b", None, 3]),
            "from_name": st.sampled_from(["box", "what", "scene", "zzz", 5]),
            "to_name": st.sampled_from(["video", "", "other"]),
            "type": st.sampled_from(["videorectangle", "labels", "choices", None]),
            "original_width": st.one_of(st.just(200), JUNK),
            "original_height": st.one_of(st.just(100), JUNK),
            "value": st.one_of(
                JUNK,
                st.fixed_dictionaries(
                    {"sequence": st.one_of(st.lists(KEYS, max_size=4), JUNK)},
                    optional={
                        "framesCount": st.one_of(st.integers(1, 40), JUNK),
                        "duration": JUNK,
                        "labels": st.one_of(st.just(["Car"]), JUNK),
                    },
                ),
            ),
        },
    ),
    max_size=4,
)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(RESULTS, st.sampled_from(["mot", "video_yolo", "video_coco"]))
def test_hostile_results_are_written_or_listed(
    tmp_path_factory: pytest.TempPathFactory, results: list[Any], to: str
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    made = task(1, {"id": 1, "result": results})
    done = convert_video(folder, to, [made], max_frames=50)
    if to == "mot":
        mot_rows(done)
