"""Several exports become one dataset, each read by its own label config."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from pipeline.rig import EVERYTHING, Workshop, box, rich_task, task, usable_formats

from ls_tools import Report, Settings, convert
from ls_tools.errors import NotAnExportError, UsageError

every_format = pytest.mark.parametrize("to", usable_formats(painted=True))


def config(
    *labels: str, value: str = "$image", name: str = "box", **categories: int
) -> str:
    """A config of boxes with these labels."""
    given = {label: f'category="{number}"' for label, number in categories.items()}
    listed = "".join(f'<Label value="{x}" {given.get(x, "")}/>' for x in labels)
    return (
        f'<View><Image name="img" value="{value}"/>'
        f'<RectangleLabels name="{name}" toName="img">{listed}</RectangleLabels></View>'
    )


def labelled(region: str, label: str, **fields: Any) -> dict[str, Any]:
    """A box with a label of one's own."""
    found = box(region, **fields)
    found["value"]["rectanglelabels"] = [label]
    return found


class Merger:
    """Converts several lists of tasks, each with its config, through files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"

    def __call__(
        self, to: str, *inputs: tuple[list[dict[str, Any]], str], **options: Any
    ) -> Report:
        sources, configs = [], []
        for letter, (tasks, xml) in zip("abcdef", inputs, strict=False):
            source, own = self.folder / f"{letter}.json", self.folder / f"{letter}.xml"
            source.write_text(json.dumps(tasks))
            own.write_text(xml)
            sources.append(source)
            configs.append(own)
        settings = Settings(cache_dir=self.folder / "cache", mode="offline")
        report = convert(
            sources, to, self.out, config=configs, settings=settings, **options
        )
        report.check()
        return report

    def json(self, relative: str = "result.json") -> Any:
        return json.loads((self.out / relative).read_bytes())

    def categories(self) -> dict[int, str]:
        return {one["id"]: one["name"] for one in self.json()["categories"]}

    def labels(self) -> list[str]:
        """The class of every annotation, in order."""
        names = self.categories()
        return [names[one["category_id"]] for one in self.json()["annotations"]]


@pytest.fixture
def merge(tmp_path: Path) -> Merger:
    return Merger(tmp_path)


def upload(number: int) -> str:
    return f"/data/upload/1/{number}.png"


@every_format
def test_all_tasks_of_all_inputs_are_written(merge: Merger, to: str) -> None:
    one = [rich_task(n) for n in (1, 2, 3)]
    other = [rich_task(n, image=upload(n), sound=f"/data/{n}.mp3") for n in (1, 2)]
    alone = merge(to, (one, EVERYTHING))
    both = merge(to, (one, EVERYTHING), (other, EVERYTHING), (one, EVERYTHING))
    assert both.tasks_in == 8
    assert both.regions_in == 8 * alone.regions_in // 3
    assert both.tasks_written * 3 == 8 * alone.tasks_written


@every_format
def test_two_runs_over_several_inputs_give_the_same_bytes(
    merge: Merger, to: str
) -> None:
    one = [rich_task(n) for n in (1, 2, 3)]
    trees = []
    for _ in range(2):
        merge(to, (one, EVERYTHING), (one, config("Car", value="$text")))
        files = sorted(path for path in merge.out.rglob("*") if path.is_file())
        trees.append([(path.name, path.read_bytes()) for path in files])
    assert trees[0] == trees[1]


def test_there_is_one_class_map_in_the_order_of_first_appearance(merge: Merger) -> None:
    one = [task(1, labelled("a", "Bus"), image=upload(1))]
    other = [task(1, labelled("b", "Van"), labelled("c", "Bus"), image=upload(2))]
    merge("coco", (one, config("Zebra", "Bus")), (other, config("Van", "Bus", "Ant")))
    assert merge.categories() == {0: "Zebra", 1: "Bus", 2: "Van", 3: "Ant"}
    assert merge.labels() == ["Bus", "Van", "Bus"]


def test_ids_are_those_of_one_dataset(merge: Merger) -> None:
    inputs = [
        ([task(n, box(), image=upload(10 * k + n)) for n in (1, 2)], config("Car"))
        for k in range(3)
    ]
    merge("coco", *inputs)
    document = merge.json()
    assert [one["id"] for one in document["images"]] == list(range(1, 7))
    assert [one["image_id"] for one in document["annotations"]] == list(range(1, 7))
    assert len({one["file_name"] for one in document["images"]}) == 6


@pytest.mark.parametrize("names", ["original", "task-id"])
def test_names_that_collide_between_inputs_are_told_apart(
    merge: Merger, names: str
) -> None:
    one = [task(1, box(), image="/data/upload/1/cat.png")]
    other = [task(1, box(), image="/data/upload/2/cat.png")]
    merge("yolo", (one, config("Car")), (other, config("Car")), names=names)
    assert len(list((merge.out / "labels").iterdir())) == 2


def test_conflicting_categories_are_reported_and_the_first_counts(
    merge: Merger,
) -> None:
    one = [task(1, labelled("a", "Car"), image=upload(1))]
    report = merge(
        "coco",
        (one, config("Car", Car=7)),
        (one, config("Car", "Bus", Car=3, Bus=2)),
    )
    assert merge.categories() == {2: "Bus", 7: "Car"}
    assert report.warnings[0] == (
        "The label configs give 'Car' the categories 7 and 3; 7 counts."
    )


def test_each_task_is_read_by_the_config_of_its_input(merge: Merger) -> None:
    """One name, two meanings: ``img`` shows another key, ``box`` is a polygon."""
    shapes = config("Roof", value="$photo").replace("RectangleLabels", "PolygonLabels")
    points = [[0, 0], [50, 0], [50, 50]]
    drawn = {
        **box("p"),
        "type": "polygonlabels",
        "value": {"points": points, "polygonlabels": ["Roof"]},
    }
    both_keys = {"image": upload(1), "photo": upload(2)}
    one = [task(1, labelled("a", "Car"), **both_keys)]
    other = [task(1, drawn, **both_keys)]
    report = merge("coco", (one, config("Car")), (other, shapes))
    document = merge.json()
    assert [x["file_name"] for x in document["images"]] == [
        "images/1.png",
        "images/2.png",
    ]
    assert merge.labels() == ["Car", "Roof"]
    assert [x["image_id"] for x in document["annotations"]] == [1, 2]
    assert report.lossless


def test_a_control_inside_a_repeater_is_renamed_as_well(merge: Merger) -> None:
    repeated = config("Roof", name="box_{{idx}}").replace("Rectangle", "Polygon")
    drawn = {
        **box("p", from_name="box_3"),
        "type": "polygonlabels",
        "value": {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["Roof"]},
    }
    boxes = config("Car", name="box_{{idx}}")
    one = [task(1, labelled("a", "Car", from_name="box_3"), image=upload(1))]
    other = [task(1, drawn, image=upload(2))]
    merge("coco", (one, boxes), (other, repeated))
    assert merge.labels() == ["Car", "Roof"]


def test_what_is_lost_is_named_after_the_control_of_its_own_input(
    merge: Merger,
) -> None:
    """One name, two controls; the results of both are renamed with them."""
    asked = '<Choices name="note" toName="img"><Choice value="wet"/></Choices></View>'
    written = '<TextArea name="note" toName="img"/></View>'
    choice = {
        **box("c", from_name="note"),
        "type": "choices",
        "value": {"choices": ["wet"]},
    }
    text = {
        **box("t", from_name="note"),
        "type": "textarea",
        "value": {"text": ["wet"]},
    }
    report = merge(
        "coco",
        ([task(1, choice)], config("Car").replace("</View>", asked)),
        ([task(2, text)], config("Car").replace("</View>", written)),
    )
    assert [loss.reason for loss in report.skipped] == [
        "control not expressible: Choices",
        "control not expressible: TextArea",
    ]


def test_a_task_that_cannot_be_read_is_listed_with_its_input(merge: Merger) -> None:
    broken: Any = [task(1, box(), image=upload(1)), "no task"]
    whole = [task(2, box(), image=upload(2))]
    report = merge("coco", (broken, config("Car")), (whole, config("Car")))
    (lost,) = report.tasks_skipped
    assert [one.input for one in lost.examples] == [str(merge.folder / "a.json")]


def test_json_holds_the_tasks_as_they_are(merge: Merger) -> None:
    one = [task(1, box(), image=upload(1))]
    other = [task(1, box("x"), photo=upload(2))]
    merge("json", (one, config("Car")), (other, config("Bus", value="$photo")))
    assert merge.json() == one + other


def test_flat_formats_keep_names_and_keys(merge: Merger) -> None:
    shapes = config("Car", value="$photo").replace("Rectangle", "Polygon")
    both_keys = {"image": upload(1), "photo": upload(2)}
    one = [task(1, box(), **both_keys)]
    merge("json_min", (one, config("Car")), (one, shapes))
    first, second = merge.json()
    assert first == second
    assert {"image", "photo", "box"} <= set(first)


def test_the_report_and_the_manifest_say_which_input(merge: Merger) -> None:
    one = [task(1, box(), image=upload(1)), task(2, image=upload(3))]
    odd = labelled("bad", "Car")
    odd["value"]["width"] = 0
    other: list[Any] = [task(1, odd, box("good"), image=upload(2)), "none", {"id": 9}]
    report = merge("yolo", (one, config("Car")), (other, config("Car")))
    b = str(merge.folder / "b.json")
    assert [(e.task_id, e.input) for e in report.skipped[0].examples] == [(1, b)]
    by_reason = {loss.reason: loss.examples[0].input for loss in report.tasks_skipped}
    assert set(by_reason.values()) == {b}
    manifest = (merge.out / "manifest.jsonl").read_bytes().splitlines()
    lines = {one["file"]: one.get("input") for one in map(json.loads, manifest)}
    assert lines["labels/1.txt"] == str(merge.folder / "a.json")
    assert lines["labels/2.txt"] == b
    assert lines["data.yaml"] is None


def test_one_input_is_not_named(merge: Merger) -> None:
    odd = box("bad")
    odd["value"]["width"] = 0
    report = merge("yolo", ([task(1, odd, image=upload(1))], config("Car")))
    assert b'"input"' not in report.to_json()
    assert "input" not in (merge.out / "manifest.jsonl").read_text()


def test_the_same_ids_in_two_inputs_are_no_duplicates(merge: Merger) -> None:
    one = [task(1, box(), image=upload(1))]
    other = [task(1, box(), image=upload(2))]
    report = merge("coco", (one, config("Car")), (other, config("Car")))
    assert report.warnings == []


def test_a_limit_holds_for_all_inputs_together(merge: Merger) -> None:
    one = [task(n, box(), image=upload(n)) for n in range(1, 5)]
    report = merge("coco", (one, config("Car")), (one, config("Car")), limit=6)
    assert report.tasks_in == 6
    assert (
        merge("coco", (one, config("Car")), (one, config("Car")), limit=3).tasks_in == 3
    )


def test_a_broken_input_leaves_no_output(merge: Merger) -> None:
    (merge.folder / "broken.json").write_text("[")
    one = merge.folder / "one.json"
    one.write_text(json.dumps([task(1, box())]))
    with pytest.raises(NotAnExportError):
        convert([one, merge.folder / "broken.json"], "csv", merge.out)
    assert not merge.out.exists()


def test_a_config_is_given_once_or_once_per_input(workshop: Workshop) -> None:
    def tasks() -> io.BytesIO:
        return io.BytesIO(json.dumps([task(1, box())]).encode())

    path = workshop.folder / "c.xml"
    path.write_text(config("Car"))
    settings = workshop.settings
    for configs in (None, path, [path], [path, None], (None, path)):
        report = convert(
            [tasks(), tasks()], "coco", workshop.out, config=configs, settings=settings
        )
        assert report.tasks_written == 2
    for configs in ([path] * 3, []):
        with pytest.raises(UsageError, match="2 inputs"):
            convert([tasks(), tasks()], "coco", workshop.out, config=configs)
    with pytest.raises(UsageError, match="no input"):
        convert([], "coco", workshop.out)
    with pytest.raises(UsageError, match="once only"):
        convert(["-", "-"], "coco", workshop.out)


def test_configs_are_inferred_input_by_input(merge: Merger, tmp_path: Path) -> None:
    one = [task(1, labelled("a", "Car"), image=upload(1))]
    other = [task(1, labelled("b", "Bus"))]
    other[0]["data"] = {"photo": upload(2)}
    sources = []
    for letter, tasks in (("a", one), ("b", other)):
        sources.append(tmp_path / f"{letter}.json")
        sources[-1].write_text(json.dumps(tasks))
    settings = Settings(cache_dir=tmp_path / "cache", mode="offline")
    report = convert(sources, "coco", merge.out, settings=settings)
    assert merge.labels() == ["Car", "Bus"]
    assert report.regions_written == 2


def test_splits_know_no_inputs(merge: Merger) -> None:
    one = [task(n, box(), image=upload(n)) for n in range(1, 21)]
    other = [task(n, box("o"), photo=upload(n)) for n in range(1, 21)]
    report = merge(
        "coco",
        (one, config("Car")),
        (other, config("Car", value="$photo")),
        split="train=0.5,val=0.5",
    )
    assert not any("two splits" in warning for warning in report.warnings)
    assert isinstance(report.splits, dict)
    assert all(count % 2 == 0 for count in report.splits.values())


def test_an_output_that_holds_one_of_the_inputs_is_refused(merge: Merger) -> None:
    one = [task(1, box(), image=upload(1))]
    merge("json", (one, config("Car")))
    inside = merge.out / "result.json"
    with pytest.raises(UsageError, match="lies in the output"):
        convert([merge.folder / "a.json", inside], "json", merge.out)
