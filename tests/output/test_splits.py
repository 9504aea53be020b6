"""Tasks are shared out by what they are, and by nothing else."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import UsageError
from ls_tools.label_config import LabelConfig, parse_label_config
from ls_tools.locator import parse_reference
from ls_tools.models import Annotation, Result, Task
from ls_tools.origin import Origin
from ls_tools.output import (
    ClassFinder,
    ClassMap,
    ClassPolicy,
    ClassScope,
    Item,
    Split,
    SplitKeys,
    Splitter,
    Tally,
    TaskMedia,
    Tree,
    draw_by_class,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = parse_label_config(
    """<View>
  <Image name="img" value="$image"/><Text name="txt" value="$text"/>
  <RectangleLabels name="box" toName="img"><Label value="Car"/></RectangleLabels>
</View>"""
)
ORIGIN = Origin.parse("https://ls.example.org")
THIRDS = Split(fractions={"train": 0.5, "val": 0.25, "test": 0.25})

ids = st.lists(st.integers(0, 10**6), unique=True, max_size=60)


def keys_of(config: LabelConfig = CONFIG, *, by: str | None = None) -> SplitKeys:
    locate = partial(parse_reference, origin=ORIGIN)
    return SplitKeys(TaskMedia(config, {"Image"}), locate, by=by)


class Desk:
    """A splitter with a folder and a tally of its own."""

    open: ClassVar[ExitStack]
    home: ClassVar[Path]

    def __init__(self, split: Split) -> None:
        self.root = Path(tempfile.mkdtemp(dir=self.home))
        self.tally = Tally()
        self.tree = self.open.enter_context(Tree(self.root))
        split, settled = settle(split)
        keys = keys_of(by=split.by)
        self.splitter = Splitter(split, keys, self.tree, self.tally, settled=settled)
        self.tree.splitter = self.splitter

    def share_out(self, tasks: list[Task]) -> list[str]:
        """The split of every task, taken down."""
        splits = [self.splitter.split_of(task) for task in tasks]
        for task in tasks:
            self.splitter.take(task)
        return splits

    def finish(self) -> dict[str, Any]:
        """What ``splits.json`` says."""
        self.splitter.finish()
        document: dict[str, Any] = json.loads((self.root / "splits.json").read_bytes())
        self.open.close()
        return document

    def stratify(self, items: list[Item]) -> None:
        classes = ClassMap.build(
            CONFIG,
            ClassScope(tags=frozenset({"RectangleLabels"})),
            ClassPolicy(),
            self.tally,
        )
        finder = ClassFinder(classes, {"RectangleLabels"})
        self.splitter.drawn = draw_by_class(items, self.splitter, finder)


@pytest.fixture(autouse=True, scope="module")
def _desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with ExitStack() as Desk.open:
        Desk.home = tmp_path_factory.mktemp("desks")
        yield


def task(number: int | None, **data: Any) -> Task:
    return Task(id=number, index=number or 0, data=data)


def labelled(number: int, *labels: str) -> Item:
    value = json.dumps({"rectanglelabels": labels}).encode()
    result = Result(type="rectanglelabels", value=msgspec.Raw(value))
    return Item(task=task(number), annotation=Annotation(result=[result]))


@given(ids, ids, st.randoms())
def test_a_task_never_moves_when_others_come_go_or_change_places(
    some: list[int], others: list[int], chance: Any
) -> None:
    alone = {n: Desk(THIRDS).share_out([task(n)])[0] for n in some[:5]}
    mixed = [*some, *(n for n in others if n not in some)]
    chance.shuffle(mixed)
    splits = Desk(THIRDS).share_out([task(n) for n in mixed])
    found = dict(zip(mixed, splits, strict=True))
    assert {n: found[n] for n in alone} == alone


def test_the_fractions_are_what_many_tasks_get() -> None:
    splits = Desk(THIRDS).share_out([task(n) for n in range(20_000)])
    counts = Counter(splits)
    assert counts["train"] == pytest.approx(10_000, abs=300)
    assert counts["val"] == pytest.approx(5_000, abs=300)
    assert counts["test"] == pytest.approx(5_000, abs=300)


def test_the_splits_of_tasks_are_those_of_every_release() -> None:
    """They are in users' folders: changing them would leak test data."""
    tasks = [task(n, image=f"/data/upload/1/{n}.jpg") for n in range(1, 9)]
    assert Desk(THIRDS).share_out(tasks) == PINNED_BY_MEDIA
    assert Desk(THIRDS).share_out([task(n) for n in range(1, 9)]) == PINNED_BY_ID


PINNED_BY_MEDIA = ["train"] * 5 + ["test"] * 3
PINNED_BY_ID = ["test", "test", "val", "val", "val", "train", "train", "val"]


@given(st.lists(st.tuples(ids, st.text(max_size=5)), max_size=8))
def test_tasks_of_one_value_of_the_field_stay_together(
    groups: list[tuple[list[int], str]],
) -> None:
    desk = Desk(Split(fractions=THIRDS.fractions, by="patient"))
    found: dict[str, set[str]] = {}
    for numbers, patient in groups:
        tasks = [task(n, patient=patient, image=f"{n}.png") for n in numbers]
        found.setdefault(patient, set()).update(desk.share_out(tasks))
    assert all(len(splits) <= 1 for splits in found.values())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/data/upload/1/a.jpg", "https://ls.example.org/data/upload/1/a.jpg"),
        ("s3://bucket/a%20b.jpg", "s3://bucket/a%20b.jpg"),
        (
            "https://cdn.example.org/a.jpg?X-Amz-Signature=1",
            "https://cdn.example.org/a.jpg?X-Amz-Signature=2",
        ),
    ],
)
def test_tasks_of_one_medium_stay_together(one: str, other: str) -> None:
    keys = keys_of()
    assert keys.key(task(1, image=one)) == keys.key(task(2, image=other))
    assert keys.key(task(1, image=one)) != keys.key(task(1, image="x" + one))


def test_a_key_holds_no_secret_and_is_short() -> None:
    secret = "https://me:hunter2@cdn.example.org/a.jpg?X-Amz-Signature=abc&v=1"
    assert "hunter2" not in keys_of().key(task(1, image=secret))
    assert "abc" not in keys_of().key(task(1, image=secret))
    by = keys_of(by="text")
    long, longer = "x" * 500, "x" * 501
    keys = {by.key(task(1, text=text)) for text in (long, longer, "\ud800", "?")}
    assert len(keys) == 4
    assert all(len(key) < 240 for key in keys)


def test_what_a_task_goes_by() -> None:
    keys = keys_of()
    assert keys.key(task(7, image=None)) == "task:7"
    assert keys.key(task(7, image=["b.jpg", "a.jpg"])) == "media:b.jpg"
    anonymous = keys.key(task(None, a=1, b=2))
    assert anonymous == keys.key(task(None, b=2, a=1)) != keys.key(task(None, a=1))
    by = keys_of(by="patient")
    assert by.key(task(7, patient=12)) == by.key(task(8, patient="12")) == "patient=12"
    assert by.key(task(7)) == "task:7"


def test_tasks_without_the_field_are_reported_and_none_with_it_is_an_error() -> None:
    desk = Desk(Split(fractions={"train": 1}, by="patient"))
    desk.share_out([task(1, patient="a"), task(2)])
    desk.finish()
    report = desk.tally.report("x", files_written=0)
    assert report.warnings == [
        "No value in the field to split by: once, first in task 2."
    ]
    desk = Desk(Split(fractions={"train": 1}, by="patient"))
    desk.share_out([task(1)])
    with pytest.raises(UsageError, match="'patient'"):
        desk.finish()


@pytest.mark.parametrize("stratify", [False, True])
@given(old=ids, new=ids)
def test_a_file_given_back_keeps_every_split(
    *, stratify: bool, old: list[int], new: list[int]
) -> None:
    items = [labelled(n, "Car" if n % 3 else "Bus") for n in old]
    first = Desk(Split(fractions=THIRDS.fractions, stratify=stratify))
    if stratify:
        first.stratify(items)
    before = dict(zip(old, first.share_out([x.task for x in items]), strict=True))
    document = first.finish()
    again = Desk(Split(keep=first.root / "splits.json"))
    more = [*items, *(labelled(n, "Car") for n in new if n not in before)]
    if again.splitter.split.stratify:
        again.stratify(more[::-1])
    kept = again.share_out([item.task for item in more])
    assert kept[: len(old)] == list(before.values())
    after = again.finish()
    for name, listed in document["tasks"].items():
        assert set(listed) <= set(after["tasks"][name])
    assert after["stratify"] is document["stratify"] is stratify


def test_what_a_file_says_of_absent_tasks_is_kept(tmp_path: Path) -> None:
    file = write_splits(tmp_path, {"train": ["task:1"], "test": ["task:2", "task:3"]})
    desk = Desk(Split(keep=file))
    assert desk.share_out([task(2)]) == ["test"]
    found = desk.finish()["tasks"]
    assert found == {"train": ["task:1"], "test": ["task:2", "task:3"]}
    assert desk.tally.report("x", files_written=0).splits == {"train": 0, "test": 1}


def test_a_file_that_knows_no_task_is_reported(tmp_path: Path) -> None:
    file = write_splits(tmp_path, {"train": ["media:a.jpg"]})
    desk = Desk(Split(keep=file))
    desk.share_out([task(1), task(2)])
    desk.finish()
    warnings = desk.tally.report("x", files_written=0).warnings
    assert warnings == ["No task is in the splits file: all were shared out anew."]


def test_every_key_is_listed_once() -> None:
    desk = Desk(THIRDS)
    desk.share_out([task(n % 7) for n in range(5000)])
    listed = desk.finish()["tasks"]
    assert sorted(key for keys in listed.values() for key in keys) == [
        f"task:{n}" for n in range(7)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"fractions": {"train": 1}}',
        b'{"fractions": {"train": 0.5}, "tasks": {}}',
        b'{"fractions": {"train": 1}, "tasks": {"dev": []}}',
        b'{"fractions": {"train": 1}, "tasks": {"train": 5}}',
        b'{"fractions": {"train": 1}, "tasks": {"train": [5]}}',
        b'{"fractions": {"train": 1}, "tasks": {"train": ["a"], "val": ["a"]}}',
        b'{"fractions": {"train": 1}, "tasks": {"train": ["\xff"]}}',
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "splits.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"splits\.json"):
        settle(Split(keep=tmp_path / "splits.json"))


def test_a_file_that_is_missing_or_splits_by_another_field_is_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="No such file"):
        settle(Split.parse(str(tmp_path / "gone.json")))
    file = write_splits(tmp_path, {"train": ["task:1"]})
    with pytest.raises(UsageError, match="no field"):
        settle(Split(keep=file, by="patient"))


def write_splits(folder: Path, tasks: dict[str, list[str]]) -> Path:
    file = folder / "splits.json"
    fractions = {"train": 0.5, "test": 0.5}
    file.write_text(json.dumps({"fractions": fractions, "tasks": tasks}))
    return file


@given(
    st.dictionaries(
        st.sampled_from(["Car", "Bus", "Bike", "Tram"]), st.integers(1, 60), min_size=1
    )
)
def test_each_class_is_shared_out_to_within_one_task(sizes: dict[str, int]) -> None:
    items: list[Item] = []
    for label, size in sizes.items():
        items += [labelled(len(items) + n, label) for n in range(size)]
    desk = Desk(Split(fractions=THIRDS.fractions, stratify=True))
    desk.stratify(items)
    found = Counter(
        (next(iter(labels_of(item))), desk.splitter.split_of(item.task))
        for item in items
    )
    for label, size in sizes.items():
        for name, fraction in THIRDS.fractions.items():
            assert abs(found[label, name] - fraction * size) < 1 + 1e-6


def labels_of(item: Item) -> list[str]:
    assert item.annotation is not None
    labels: list[str] = json.loads(bytes(item.annotation.result[0].value))[
        "rectanglelabels"
    ]
    return labels


def test_stratified_splits_do_not_depend_on_the_order_of_tasks() -> None:
    items = [
        labelled(n, *("Car" if n % 4 else "Bus", "Bike")[n % 2 :]) for n in range(99)
    ]
    found = []
    for order in (items, items[::-1]):
        desk = Desk(Split(fractions=THIRDS.fractions, stratify=True))
        desk.stratify(order)
        found.append([desk.splitter.split_of(item.task) for item in items])
    assert found[0] == found[1]


def test_stratified_tasks_of_one_patient_stay_together() -> None:
    desk = Desk(Split(fractions=THIRDS.fractions, by="patient", stratify=True))
    items = [labelled(n, "Car" if n % 2 else "Bus") for n in range(60)]
    for number, item in enumerate(items):
        item.task.data["patient"] = number // 6
    desk.stratify(items)
    for start in range(0, 60, 6):
        group = items[start : start + 6]
        assert len({desk.splitter.split_of(item.task) for item in group}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no fraction"),
        ("train", "'train' is no fraction"),
        ("train=x", "no fraction"),
        ("train=nan,val=1", "no fraction"),
        ("train=-0.5,val=1.5", "no fraction"),
        ("train=0.8,val=0.1", "add up to 0.9"),
        ("train=80,val=20", "no fraction"),
        ("train=0.5,train=0.5", "twice"),
        ("train=0.5,dev=0.5", "'dev' is no name"),
        ("train=0.5,../x=0.5", "no name"),
    ],
)
def test_fractions_that_make_no_sense_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Split.parse(text)
    assert message in caught.value.message


def test_how_splits_are_spelled() -> None:
    thirds = Split.parse(" train = 0.6, val=0.3 ,test=0.1")
    assert thirds.fractions == {"train": 0.6, "val": 0.3, "test": 0.1}
    assert Split.parse("train=1,val=0").fractions == {"train": 1, "val": 0}
    kept = Split.parse("old/splits.json", by="a", stratify=True)
    assert (kept.keep, kept.by, kept.stratify) == (Path("old/splits.json"), "a", True)
    with pytest.raises(UsageError):
        Split()
    with pytest.raises(UsageError):
        Split(fractions={"train": 1}, by="")
    with pytest.raises(UsageError):
        Split(fractions={"train": True})
