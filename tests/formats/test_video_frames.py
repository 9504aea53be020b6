from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from formats.pictures_rig import Converted
from formats.videos_rig import (
    annotation,
    brightness,
    convert_video,
    key,
    make_video,
    reference,
    task,
    track,
    tree,
)

from ls_tools.errors import MissingDependencyError, UnreadableMediaError
from ls_tools.output import video as video_files
from ls_tools.output.video import VideoPictures, read_video_facts

UNSIZED = {"original_width": None, "original_height": None}
BOTH = pytest.mark.parametrize("to", ["video_yolo", "video_coco"])


def frames_of(done: Converted, to: str, stem: str = "v1") -> list[int]:
    """The frames that were written, by what each format lists."""
    if to == "video_yolo":
        names = (path for path in tree(done) if path.startswith(f"labels/{stem}_"))
    else:
        names = (row["file_name"] for row in done.json("result.json")["images"])
    return sorted(int(Path(name).stem.rpartition("_")[2]) for name in names)


def level(picture: Path) -> float:
    """How bright a picture is on average."""
    image = pytest.importorskip("PIL.Image")
    with image.open(picture) as opened:
        grey = opened.convert("L").resize((1, 1))
        return float(grey.getpixel((0, 0)))


@BOTH
def test_every_frame_with_a_box_is_written_and_none_else(
    tmp_path: Path, to: str
) -> None:
    """F34."""
    made = annotation(
        track("a", key(2), key(4, enabled=False)), track("b", key(9), labels=["Bird"])
    )
    done = convert_video(tmp_path, to, [task(1, made)])
    assert frames_of(done, to) == [2, 3, 4, 9, 10]
    assert done.report.regions_written == 2


def test_yolo_rows_are_shares_of_the_frame(tmp_path: Path) -> None:
    made = annotation(
        track("a", key(1, 0), key(3, 20, enabled=False)),
        track("b", key(2), key(2), labels=["Bird"], count=2),
    )
    done = convert_video(tmp_path, "video_yolo", [task(1, made)])
    assert done.text("labels/v1_000001.txt") == "0 0.1 0.35 0.2 0.3\n"
    assert done.text("labels/v1_000002.txt") == (
        "0 0.2 0.35 0.2 0.3\n1 0.2 0.35 0.2 0.3\n"
    )
    assert done.text("classes.txt") == "Car\nBird\n"
    assert 'names:\n  0: "Car"\n  1: "Bird"\n' in done.text("data.yaml")


def test_yolo_needs_no_size_for_upright_boxes(tmp_path: Path) -> None:
    made = annotation(
        track("a", key(1), count=1, **UNSIZED),
        track("b", key(1, rotation=90), count=1, **UNSIZED),
    )
    done = convert_video(tmp_path, "video_yolo", [task(1, made)])
    assert done.text("labels/v1_000001.txt") == "0 0.2 0.35 0.2 0.3\n"
    assert done.skipped() == {"video size unknown": 1}


def test_coco_boxes_are_pixels_with_their_track(tmp_path: Path) -> None:
    made = annotation(track("a", key(1, 10), key(2, 20, enabled=False), score=0.5))
    done = convert_video(tmp_path, "video_coco", [task(1, made)])
    found = done.json("result.json")
    assert found["images"][1] == {
        "id": 2,
        "width": 200,
        "height": 100,
        "file_name": "images/v1_000002.jpg",
        "video": "v1",
        "frame": 2,
    }
    assert found["annotations"][1] == {
        "id": 2,
        "image_id": 2,
        "category_id": 0,
        "bbox": [40, 20, 40, 30],
        "area": 1200,
        "segmentation": [],
        "attributes": {"track_id": 1},
        "score": 0.5,
        "iscrowd": 0,
    }
    assert [one["name"] for one in found["categories"]] == ["Car", "Bird"]
    assert done.degraded() == {}


def test_coco_keeps_rotation_and_cuts_the_outline(tmp_path: Path) -> None:
    made = annotation(track("a", key(1, 0, rotation=45), count=1))
    done = convert_video(tmp_path, "video_coco", [task(1, made)])
    (row,) = done.json("result.json")["annotations"]
    assert row["attributes"] == {"track_id": 1, "rotation": 45}
    xs, ys = row["segmentation"][0][::2], row["segmentation"][0][1::2]
    left, top, width, height = row["bbox"]
    assert (left, top) == (min(xs), min(ys)) == (0, 20)
    assert (left + width, top + height) == pytest.approx((max(xs), max(ys)))
    assert row["area"] < width * height
    assert done.degraded() == {"clipped to the image": 1}


@BOTH
def test_with_media_each_frame_is_the_picture_of_that_moment(
    tmp_path: Path, to: str
) -> None:
    make_video(tmp_path, frames=10)
    made = annotation(track("a", key(3), key(6, enabled=False)))
    done = convert_video(tmp_path, to, [task(1, made)], media="copy")
    pictures = sorted(path for path in tree(done) if path.startswith("images/"))
    assert pictures == [f"images/v1_{number:06}.jpg" for number in range(3, 7)]
    for number, path in enumerate(pictures, start=3):
        assert level(done.root / path) == pytest.approx(brightness(number - 1), abs=4)
    assert done.report.media.references == 1


@BOTH
def test_every_so_many_frames_with_and_without_boxes(tmp_path: Path, to: str) -> None:
    make_video(tmp_path, frames=10)
    made = [task(1, annotation(track("a", key(3), key(6, enabled=False))))]
    for media in ("none", "copy"):
        done = convert_video(tmp_path, to, made, every=3, media=media)
        assert frames_of(done, to) == [4]
        done = convert_video(
            tmp_path, to, made, every=3, empty_frames=True, media=media
        )
        assert frames_of(done, to) == [1, 4, 7, 10]


@BOTH
def test_a_region_on_no_frame_that_is_written_is_listed(
    tmp_path: Path, to: str
) -> None:
    made = annotation(track("a", key(2), key(3, enabled=False)))
    done = convert_video(tmp_path, to, [task(1, made)], every=10)
    assert frames_of(done, to) == []
    assert done.skipped() == {"on no frame that is written": 1}
    reason = "A video has no box on any frame that is written"
    assert f"{reason}: once, first in task 1." in done.report.warnings


@BOTH
def test_a_video_without_a_box_is_all_background_when_asked_for(
    tmp_path: Path, to: str
) -> None:
    make_video(tmp_path, frames=4)
    made = [task(1, annotation())]
    assert frames_of(convert_video(tmp_path, to, made), to) == []
    done = convert_video(tmp_path, to, made, empty_frames=True)
    assert frames_of(done, to) == [1, 2, 3, 4]


@BOTH
def test_boxes_after_the_end_of_the_file_are_reported(tmp_path: Path, to: str) -> None:
    make_video(tmp_path, frames=4)
    made = annotation(track("a", key(3)), track("b", key(8)))
    done = convert_video(tmp_path, to, [task(1, made)], media="copy")
    assert frames_of(done, to) == [3, 4]
    assert done.degraded() == {"after the end of the video on some frames": 1}
    assert done.skipped() == {"after the end of the video": 1}


def test_another_frame_rate_takes_the_pictures_shown_at_the_time(
    tmp_path: Path,
) -> None:
    """Labeled at 5 frames per second, recorded at 10."""
    make_video(tmp_path, frames=10, rate=10)
    made = annotation(track("a", key(1, time=0.2), key(5, time=1.0), count=5))
    done = convert_video(tmp_path, "video_yolo", [task(1, made)], media="copy")
    found = [level(done.root / f"images/v1_{n:06}.jpg") for n in range(1, 6)]
    assert found == pytest.approx([brightness(2 * n + 1) for n in range(5)], abs=4)
    assert any("another frame rate" in text for text in done.report.warnings)


@pytest.mark.parametrize("rate", ["5", "0.2", "$rate", "0", "nan"])
def test_the_config_may_state_the_frame_rate(tmp_path: Path, rate: str) -> None:
    make_video(tmp_path, frames=4, rate=10)
    xml = f"""<View><Video name="video" value="$video" frameRate="{rate}"/>
      <VideoRectangle name="box" toName="video"/></View>"""
    made = [task(1, annotation(track("a", key(1), key(2, enabled=False))))]
    done = convert_video(tmp_path, "video_yolo", made, xml=xml, media="copy")
    wanted = brightness(3 if rate in {"5", "0.2"} else 1)
    assert level(done.root / "images/v1_000002.jpg") == pytest.approx(wanted, abs=4)


@BOTH
@pytest.mark.parametrize("kind", ["gone", "text", "playlist", "cut", "empty"])
def test_a_video_that_cannot_be_read_is_reported(
    tmp_path: Path, to: str, kind: str
) -> None:
    path = tmp_path / "v1.mp4"
    whole = make_video(tmp_path).read_bytes()
    playlist = f"#EXTM3U\n#EXTINF:1,\n{path.name}\n#EXT-X-ENDLIST\n"
    contents = {
        "text": b"<html>log in</html>",
        "playlist": playlist.encode(),
        "cut": whole[: len(whole) // 2],
        "empty": b"",
    }
    path.unlink()
    if kind in contents:
        path.write_bytes(contents[kind])
    made = [task(1, annotation(track("a", key(1), count=3)))]
    done = convert_video(tmp_path, to, made, media="copy")
    assert [failed.task_id for failed in done.report.media.failed] == [1]
    assert frames_of(done, to) == [1, 2, 3]
    assert done.report.regions_written == 1


def test_a_video_that_ends_in_rubbish_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(tmp_path)
    whole = VideoPictures.jpeg

    def fail_later(pictures: VideoPictures, frame: int) -> bytes | None:
        if frame > 2:
            msg = "The rest cannot be decoded."
            raise UnreadableMediaError(msg)
        return whole(pictures, frame)

    monkeypatch.setattr(VideoPictures, "jpeg", fail_later)
    made = [task(1, annotation(track("a", key(1), count=4)))]
    done = convert_video(tmp_path, "video_yolo", made, media="copy")
    assert done.report.media.failed[0].cause == "The rest cannot be decoded."
    assert sum(path.startswith("images/") for path in tree(done)) == 2
    assert frames_of(done, "video_yolo") == [1, 2, 3, 4]


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    pytest.importorskip("av")
    make_video(tmp_path, "inner.mp4")
    path = tmp_path / "outer.mp4"
    path.write_text("#EXTM3U\n#EXTINF:1,\ninner.mp4\n#EXT-X-ENDLIST\n")
    with pytest.raises(UnreadableMediaError, match="not a video"):
        read_video_facts(path, max_pixels=10**6)
    path.write_text("ffconcat version 1.0\nfile inner.mp4\n")
    with pytest.raises(UnreadableMediaError, match="not a video"):
        read_video_facts(path, max_pixels=10**6)


def test_the_head_of_a_file_tells_what_it_is(tmp_path: Path) -> None:
    path = make_video(tmp_path, frames=7, rate=25, size=(48, 64))
    facts = read_video_facts(path, max_pixels=10**6)
    assert (facts.width_px, facts.height_px) == (48, 64)
    assert (facts.frame_rate, facts.frames_count) == (25, 7)
    with pytest.raises(UnreadableMediaError, match="48 times 64 pixels"):
        read_video_facts(path, max_pixels=1000)


class FakeFrame:
    """A decoded frame, as far as it is looked at."""

    def __init__(self, time: float | None, rotation: int = 0) -> None:
        self.time, self.rotation = time, rotation
        self.duration, self.time_base = 1, 0.1

    def to_image(self) -> Any:
        image = pytest.importorskip("PIL.Image")
        return image.new("RGB", (6, 4))


def size_of(data: bytes | None) -> tuple[int, int]:
    image = pytest.importorskip("PIL.Image")
    return tuple(image.open(io.BytesIO(data or b"")).size)


def test_pictures_are_turned_as_the_file_says() -> None:
    frames = [FakeFrame(0.0), FakeFrame(0.1, -90), FakeFrame(0.2, 180)]
    pictures = VideoPictures(iter(frames), 10.0)
    sizes = [size_of(pictures.jpeg(number)) for number in (1, 2, 3)]
    assert sizes == [(6, 4), (4, 6), (6, 4)]
    assert pictures.jpeg(4) is None


def test_frames_without_a_time_are_counted() -> None:
    pictures = VideoPictures(iter([FakeFrame(None), FakeFrame(None)]), 10.0)
    assert [bool(pictures.jpeg(number)) for number in (1, 2, 3)] == [True, True, False]
    assert VideoPictures(iter([]), None).jpeg(1) is None


def test_a_file_that_states_no_count_is_counted_by_its_length() -> None:
    stated = SimpleNamespace(frames=0, duration=20, time_base=0.1, average_rate=25)
    assert video_files._count_frames(stated, 3_000_000) == 50
    stated.duration = None
    assert video_files._count_frames(stated, 3_000_000) == 75
    assert video_files._count_frames(stated, None) is None
    stated.average_rate = None
    assert video_files._count_frames(stated, 3_000_000) is None


CLIP = Path(__file__).parents[1] / "services" / "media" / "clip.webm"


def test_webm_that_states_no_count_is_read_to_its_end(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "v1.mp4").write_bytes(CLIP.read_bytes())
    facts = read_video_facts(CLIP, max_pixels=10**6)
    done = convert_video(tmp_path, "mot", [task(1, annotation())], media="copy")
    pictures = [path for path in tree(done) if path.endswith(".jpg")]
    assert len(pictures) == facts.frames_count
    assert f"seqLength={len(pictures)}\n" in done.text("sequences/v1/seqinfo.ini")


@BOTH
def test_no_video_is_no_crash(tmp_path: Path, to: str) -> None:
    made = task(1, annotation(track("a", key(1))), video=[])
    done = convert_video(tmp_path, to, [made])
    assert done.skipped() == {"no video in the task data": 1}
    assert frames_of(done, to) == []


@BOTH
def test_tasks_of_one_video_share_its_frames(tmp_path: Path, to: str) -> None:
    shared = reference("both.mp4")
    tasks = [
        task(1, annotation(track("a", key(1), count=2)), video=shared),
        task(2, annotation(track("a", key(2), count=3)), video=shared),
    ]
    done = convert_video(tmp_path, to, tasks)
    assert frames_of(done, to, "both") == [1, 2, 3]
    assert done.report.regions_written == 2


@BOTH
def test_media_need_a_reader_of_videos_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    made = [task(1, annotation(track("a", key(1), count=1)))]
    with pytest.raises(MissingDependencyError) as caught:
        convert_video(tmp_path, to, made, media="copy")
    assert "pip install 'ls-tools[video]'" in (caught.value.hint or "")
    assert not (tmp_path / "out").exists()
    assert frames_of(convert_video(tmp_path, to, made), to) == [1]


@pytest.mark.parametrize("to", ["mot", "video_yolo", "video_coco"])
def test_splits_have_their_own_files(tmp_path: Path, to: str) -> None:
    tasks = [task(n, annotation(track("a", key(1), count=1))) for n in range(12)]
    done = convert_video(tmp_path, to, tasks, split="train=0.5,val=0.5")
    files = tree(done)
    for split in ("train", "val"):
        if to == "mot":
            assert any(path.startswith(f"sequences/{split}/v") for path in files)
        elif to == "video_yolo":
            assert any(path.startswith(f"labels/{split}/v") for path in files)
            assert f"{split}: images/{split}\n" in done.text("data.yaml")
        else:
            images = done.json(f"{split}.json")["images"]
            assert images
            assert all(
                row["file_name"].startswith(f"images/{split}/v") for row in images
            )
    assert "result.json" not in files
    assert done.report.regions_written == 12
