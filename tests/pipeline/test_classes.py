"""Classes are the same in every format, with splits and several inputs too."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pipeline.rig import Workshop, painted, task

from ls_tools import ClassPolicy, Report, convert

pytest.importorskip("numpy")  # the label config names brushes
pytest.importorskip("PIL")

SPLIT = "train=0.5,val=0.5"


def config(*labels: str, **categories: int) -> str:
    """A config of brush labels, with choices before them."""
    given = {label: f'category="{number}"' for label, number in categories.items()}
    listed = "".join(f'<Label value="{x}" {given.get(x, "")}/>' for x in labels)
    return (
        '<View><Choices name="mood" toName="img"><Choice value="blurry"/></Choices>'
        '<Image name="img" value="$image"/>'
        f'<BrushLabels name="brush" toName="img">{listed}</BrushLabels></View>'
    )


def labelled(number: int, *labels: str) -> dict[str, Any]:
    """A task with a painted region per label."""
    regions = []
    for place, label in enumerate(labels):
        region = {**painted(), "id": f"r{place}"}
        region["value"] = {**region["value"], "brushlabels": [label]}
        regions.append(region)
    chosen = {"id": "c", "type": "choices", "from_name": "mood", "to_name": "img"}
    regions.append({**chosen, "value": {"choices": ["blurry"]}})
    return task(number, *regions, image=f"/data/upload/1/{number}.png")


def of_coco(out: Path) -> list[dict[int, str]]:
    files = [*out.glob("result.json"), *out.glob("train.json"), *out.glob("val.json")]
    return [
        {one["id"]: one["name"] for one in json.loads(file.read_bytes())["categories"]}
        for file in files
    ]


def of_yolo(out: Path) -> list[dict[int, str]]:
    notes = json.loads((out / "notes.json").read_bytes())["categories"]
    listed = (out / "classes.txt").read_text().splitlines()
    return [{one["id"]: one["name"] for one in notes}, dict(enumerate(listed))]


def of_voc(out: Path) -> list[dict[int, str]]:
    lines = (out / "labelmap.txt").read_text().splitlines()[1:]
    return [dict(enumerate(line.split(":")[0] for line in lines))]


def of_masks(out: Path) -> list[dict[int, str]]:
    lines = (out / "classes.txt").read_text().splitlines()[1:]
    return [dict(enumerate(lines))]


READERS: dict[str, Callable[[Path], list[dict[int, str]]]] = {
    "coco": of_coco,
    "brush_coco": of_coco,
    "yolo": of_yolo,
    "voc": of_voc,
    "masks": of_masks,
}
every_format = pytest.mark.parametrize("to", list(READERS))


class Classes:
    """Converts inputs with splits, and reads the classes that came out."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self.report = Report()
        self.is_checked = True

    def __call__(
        self, to: str, *inputs: tuple[list[dict[str, Any]], str], **policy: Any
    ) -> dict[int, str]:
        configs = []
        for place, (_, xml) in enumerate(inputs):
            configs.append(self._workshop.folder / f"{place}.xml")
            configs[-1].write_text(xml)
        self.report = convert(
            [io.BytesIO(json.dumps(tasks).encode()) for tasks, _ in inputs],
            to,
            self._workshop.out,
            config=configs,
            settings=self._workshop.settings,
            split=SPLIT,
            classes=ClassPolicy(**policy),
        )
        self.report.check()
        found = READERS[to](self._workshop.out)
        assert not self.is_checked or all(one == found[0] for one in found)
        return found[0]


@pytest.fixture
def classes_of(workshop: Workshop) -> Classes:
    return Classes(workshop)


ONE = [labelled(n, "Zebra", "Ant") for n in range(1, 5)]


@every_format
def test_classes_are_in_the_order_of_the_config_without_choices(
    classes_of: Classes, to: str
) -> None:
    """F7, F8."""
    found = classes_of(to, (ONE, config("Zebra", "Ant")))
    assert found == {0: "Zebra", 1: "Ant"}
    found = classes_of(to, (ONE, config("Zebra", "Ant", "Bee")))
    assert found == {0: "Zebra", 1: "Ant", 2: "Bee"}


@every_format
def test_the_old_order_is_alphabetical(classes_of: Classes, to: str) -> None:
    found = classes_of(to, (ONE, config("Zebra", "Ant")), order="alphabetical")
    assert found == {0: "Ant", 1: "Zebra"}


@every_format
def test_categories_are_honoured(classes_of: Classes, to: str) -> None:
    """F6."""
    found = classes_of(to, (ONE, config("Zebra", "Ant", Zebra=5, Ant=2)))
    is_coco = READERS[to] is of_coco
    assert found == ({2: "Ant", 5: "Zebra"} if is_coco else {0: "Ant", 1: "Zebra"})


@every_format
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("classes.txt", "Ant\nBee\nZebra\n"),
        ("classes.json", '["Ant", "Bee", "Zebra"]'),
        ("data.yaml", "nc: 3\nnames:\n  0: Ant\n  1: Bee\n  2: Zebra\n"),
    ],
)
def test_a_file_pins_the_classes(
    classes_of: Classes, tmp_path: Path, to: str, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    found = classes_of(to, (ONE, config("Zebra", "Ant")), pinned=tmp_path / name)
    assert found == {0: "Ant", 1: "Bee", 2: "Zebra"}


@every_format
def test_a_label_that_no_config_names_is_appended_to_every_split(
    classes_of: Classes, to: str
) -> None:
    """F6."""
    tasks = [*ONE, labelled(9, "Yak")]
    found = classes_of(to, (tasks, config("Zebra", "Ant")), order="config")
    assert found == {0: "Zebra", 1: "Ant", 2: "Yak"}
    assert any(
        "'Yak' is not in the label config" in x for x in classes_of.report.warnings
    )


@every_format
def test_labels_are_renamed_merged_and_dropped(
    classes_of: Classes, tmp_path: Path, to: str
) -> None:
    (tmp_path / "rename.json").write_text('{"Zebra": "Animal", "Ant": null}')
    others = [labelled(20 + n, "Horse") for n in range(4)]
    found = classes_of(
        to,
        (ONE, config("Zebra", "Ant")),
        (others, config("Animal", "Horse")),
        rename=tmp_path / "rename.json",
    )
    assert found == {0: "Animal", 1: "Horse"}
    skipped = {loss.reason: loss.count for loss in classes_of.report.skipped}
    assert skipped["label dropped by the rename file"] == 4


@every_format
def test_several_inputs_have_one_class_map(classes_of: Classes, to: str) -> None:
    others = [labelled(20 + n, "Bee", "Zebra") for n in range(4)]
    found = classes_of(
        to, (ONE, config("Zebra", "Ant")), (others, config("Bee", "Zebra"))
    )
    assert found == {0: "Zebra", 1: "Ant", 2: "Bee"}


@every_format
def test_a_newline_in_a_label_stays_on_its_line(
    classes_of: Classes, workshop: Workshop, to: str
) -> None:
    """F31."""
    tasks = [labelled(n, "a\nb", "c") for n in range(1, 5)]
    classes_of.is_checked = False  # notes.json has the name as it is
    classes_of(to, (tasks, config("a&#10;b", "c")))
    for found in READERS[to](workshop.out):
        assert list(found) == [0, 1]
        assert found[0] in {"a b", "a\nb"}
        assert found[1] == "c"
