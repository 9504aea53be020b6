"""What datumaro reads from mot, and Ultralytics, supervision and pycocotools from
video_yolo and video_coco: of videos that are made here, and of the golden ones."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import Converted
from formats.videos_rig import (
    annotation,
    brightness,
    convert_video,
    key,
    make_video,
    mot_rows,
    task,
    track,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


@pytest.fixture
def filmed(judge: Any, tmp_path: Path) -> Any:
    """Converts two short videos, with their frames."""
    judge("av")
    for number in (1, 2):
        make_video(tmp_path, f"v{number}.mp4", frames=10)
    first = annotation(
        track("a", key(1, 10), key(5, 30, enabled=False)),
        track("b", key(3, 50, rotation=20), labels=["Bird"]),
    )
    tasks = [task(1, first), task(2, annotation(track("c", key(8))))]

    def run(to: str, **options: Any) -> Converted:
        return convert_video(tmp_path, to, tasks, media="copy", **options)

    return run


BOXES = 5 + 8 + 3
PICTURES = 10 + 3


def test_datumaro_reads_the_boxes_and_tracks(judge: Any, filmed: Any) -> None:
    done = filmed("mot")
    dataset_of = judge("datumaro").Dataset.import_from
    found = dataset_of(str(done.root / "sequences" / "v1"), "mot_seq")
    boxes = [box for item in found for box in item.annotations]
    assert len(boxes) == len(mot_rows(done)) == 5 + 8
    assert len(found) == 10
    assert {box.attributes["track_id"] for box in boxes} == {1, 2}
    names = found.categories()[judge("datumaro").AnnotationType.label]
    assert {names[box.label].name for box in boxes} == {"Car", "Bird"}
    (third,) = (item for item in found if str(item.id).lstrip("0") == "3")
    car = min(third.annotations, key=lambda box: box.attributes["track_id"])
    assert car.get_bbox() == pytest.approx([12.8, 9.6, 12.8, 14.4])


def test_ultralytics_reads_every_frame(judge: Any, filmed: Any) -> None:
    done = filmed("video_yolo")
    utils = judge("ultralytics.data.utils")
    data = utils.check_det_dataset(str(done.root / "data.yaml"), autodownload=False)
    loader = judge("ultralytics.data.dataset").YOLODataset
    found = loader(img_path=data["train"], data=data, task="detect", augment=False)
    assert len(found.labels) == PICTURES
    assert sum(len(one["cls"]) for one in found.labels) == BOXES
    assert data["names"] == {0: "Car", 1: "Bird"}


def test_supervision_reads_every_frame(judge: Any, filmed: Any) -> None:
    done = filmed("video_yolo", empty_frames=True)
    loaded = judge("supervision").DetectionDataset.from_yolo(
        images_directory_path=str(done.root / "images"),
        annotations_directory_path=str(done.root / "labels"),
        data_yaml_path=str(done.root / "data.yaml"),
    )
    assert len(loaded) == 20
    assert sum(len(found) for _, _, found in loaded) == BOXES


def test_pycocotools_counts_what_went_in(judge: Any, filmed: Any) -> None:
    done = filmed("video_coco")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = judge("pycocotools.coco").COCO(str(done.root / "result.json"))
    assert (len(coco.imgs), len(coco.anns)) == (PICTURES, BOXES)
    turned = [row for row in coco.anns.values() if row["segmentation"]]
    assert len(turned) == 8
    assert all(coco.annToMask(row).sum() > 0 for row in turned)


def test_opencv_sees_the_frame_that_was_labeled(judge: Any, filmed: Any) -> None:
    """Frame counts against another reader of the same video."""
    cv2 = judge("cv2")
    done = filmed("video_yolo", empty_frames=True)
    video = cv2.VideoCapture(str(done.root.parent / "v1.mp4"))
    count = 0
    while True:
        is_read, shown = video.read()
        if not is_read:
            break
        count += 1
        written = cv2.imread(str(done.root / f"images/v1_{count:06}.jpg"))
        assert written.shape == shown.shape
        assert written.mean() == pytest.approx(shown.mean(), abs=4)
        assert written.mean() == pytest.approx(brightness(count - 1), abs=6)
    assert count == 10 == len(list((done.root / "images").glob("v1_*")))


@pytest.mark.parametrize("name", ["mot", "video_yolo", "video_coco"])
def test_the_golden_files_are_read_too(
    judge: Any, converted: Any, tmp_path: Path, name: str
) -> None:
    folder, report = converted(name)
    assert report.regions_written == (4 if name != "video_yolo" else 5)
    if name == "video_coco":
        with contextlib.redirect_stdout(io.StringIO()):
            coco = judge("pycocotools.coco").COCO(str(folder / "result.json"))
        assert len(coco.anns) == 16
    elif name == "mot":
        sequence = shutil.copytree(
            folder / "sequences" / "039bdbb7-street", tmp_path / "street"
        )
        found = judge("datumaro").Dataset.import_from(str(sequence), "mot_seq")
        assert sum(len(item.annotations) for item in found) == 15
    else:
        labels = sorted((folder / "labels").iterdir())
        assert sum(len(path.read_text().splitlines()) for path in labels) == 18
