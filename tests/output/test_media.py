"""Media are fetched in batches, placed once, and missed with a name and a cause."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ls_tools.errors import LsToolsError, NotFoundError, OutputError
from ls_tools.label_config import parse_label_config
from ls_tools.locator import parse_reference
from ls_tools.models import Annotation, Task
from ls_tools.output import (
    ClassMap,
    ClassPolicy,
    ClassScope,
    Item,
    Items,
    MediaPlacer,
    MediaPlan,
    MediaPolicy,
    NamePlan,
    Output,
    Report,
    Tally,
    TaskMedia,
    Tree,
    copying,
    media,
)
from ls_tools.output.copying import copy_file
from ls_tools.output.picture import image_size
from ls_tools.resolver import MediaRequest, Resolved
from ls_tools.selection import Selection

CONFIG = parse_label_config('<View><Image name="i" value="$image"/></View>')
LOCATE = partial(parse_reference, origin=None)


@dataclass
class Cache:
    """Files by reference, and what was asked for."""

    folder: Path
    batches: list[list[MediaRequest]] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    errors: dict[str, LsToolsError] = field(default_factory=dict)

    def __call__(self, requests: Sequence[MediaRequest]) -> list[Resolved]:
        self.batches.append(list(requests))
        return [self._resolve(request.reference) for request in requests]

    def _resolve(self, reference: str) -> Resolved:
        if reference in self.errors:
            return Resolved(reference=reference, error=self.errors[reference])
        content = self.contents.get(reference, reference.encode())
        path = self.folder / sha256(reference.encode()).hexdigest()
        path.write_bytes(content)
        return Resolved(
            reference=reference,
            path=str(path),
            size_bytes=len(content),
            from_cache=reference.endswith("cached.jpg"),
        )


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    (tmp_path / "cache").mkdir()
    return Cache(tmp_path / "cache")


@dataclass
class Bench:
    """One conversion."""

    output: Output
    items: Items

    def finish(self) -> Report:
        return self.output.finish("test")

    def files(self) -> dict[str, bytes]:
        root = self.output.root
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("images/**/*"))
        }

    def manifest(self) -> list[dict[str, Any]]:
        text = (self.output.root / "manifest.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]


def bench(
    root: Path,
    fetch: Any,
    values: Sequence[Any],
    policy: MediaPolicy = "copy",
    select: str = "latest",
    *,
    is_ahead: bool = True,
) -> Bench:
    tasks = [
        Task(
            id=number,
            index=number,
            project="9",
            data={"image": value},
            annotations=[Annotation(id=number), Annotation(id=1000 + number)],
        )
        for number, value in enumerate(values, 1)
    ]
    root.mkdir()
    tree, tally, media_of = Tree(root), Tally(), TaskMedia(CONFIG, {"Image"})
    names = NamePlan(LOCATE)
    names.settle(names.survey(tasks, media_of))
    plan = MediaPlan(policy=policy, fetch=fetch, references_of=media_of)
    placer = MediaPlacer(tree, names, tally, plan)
    scope = ClassScope(tags=frozenset())
    output = Output(
        tree=tree,
        tally=tally,
        classes=ClassMap.build(CONFIG, scope, ClassPolicy(), tally),
        names=names,
        media=placer,
    )
    prefetch = placer.prefetch if is_ahead else None
    items = Items(tasks, Selection.parse(select), tally, prefetch=prefetch)
    return Bench(output, items)


def placing(work: Bench) -> Iterator[tuple[Item, Any]]:
    for item in work.items:
        for reference in TaskMedia(CONFIG)(item.task):
            yield item, work.output.media.place(reference, item)


def test_media_are_copied_and_are_in_the_manifest(tmp_path: Path, cache: Cache) -> None:
    work = bench(tmp_path / "out", cache, ["s3://b/x.jpg", "s3://b/cached.jpg"])
    placed = [p for _, p in placing(work)]
    report = work.finish()
    assert work.files() == {
        "images/cached.jpg": b"s3://b/cached.jpg",
        "images/x.jpg": b"s3://b/x.jpg",
    }
    assert [p.relative for p in placed] == ["images/x.jpg", "images/cached.jpg"]
    assert placed[0].path is not None
    assert placed[0].path.read_bytes() == b"s3://b/x.jpg"
    assert report.media.references == report.files_written == 2
    assert report.run
    assert (report.run.fetched, report.run.from_cache) == (1, 1)
    assert work.manifest()[0] == {
        "file": "images/x.jpg",
        "task_id": 1,
        "annotation_id": None,
        "reference": "s3://b/x.jpg",
        "sha256": sha256(b"s3://b/x.jpg").hexdigest(),
        "size_bytes": 12,
    }


def test_media_are_asked_for_together_with_their_task_and_project(
    tmp_path: Path, cache: Cache
) -> None:
    work = bench(
        tmp_path / "out", cache, [["s3://b/1.jpg", "s3://b/2.jpg"], "s3://b/3"]
    )
    list(placing(work))
    ((first, second, third),) = cache.batches
    assert (first.reference, first.task_id, first.project_id) == ("s3://b/1.jpg", 1, 9)
    assert (second.task_id, third.task_id) == (1, 2)


@pytest.mark.parametrize("task_id", ["9" * 5000, "7x", "²", ""])
def test_a_task_id_that_is_no_number_is_not_asked_with(
    tmp_path: Path, cache: Cache, task_id: str
) -> None:
    work = bench(tmp_path / "out", cache, [])
    task = Task(id=task_id, index=0, data={"image": "s3://b/1.jpg"})
    work.output.media.place("s3://b/1.jpg", Item(task=task))
    (((request,),)) = cache.batches
    assert request.task_id is None


def test_a_medium_of_several_tasks_is_placed_once(tmp_path: Path, cache: Cache) -> None:
    work = bench(tmp_path / "out", cache, ["s3://b/x.jpg"] * 3)
    assert len({p.relative for _, p in placing(work)}) == 1
    report = work.finish()
    assert report.media.references == report.files_written == 1
    assert len(work.manifest()) == 1
    assert [len(batch) for batch in cache.batches] == [1]


def test_a_medium_of_several_annotations_is_placed_once(
    tmp_path: Path, cache: Cache
) -> None:
    work = bench(tmp_path / "out", cache, ["s3://b/x.jpg"], select="all")
    assert len(list(placing(work))) == 2
    assert work.finish().media.references == 1


def test_a_failed_medium_is_reported_and_stops_nothing(
    tmp_path: Path, cache: Cache
) -> None:
    """F32."""
    gone = "https://h.org/gone.jpg?sig=SECRET&se=1"
    cache.errors[gone] = NotFoundError("It is gone.")
    work = bench(tmp_path / "out", cache, [gone, "s3://b/x.jpg", gone])
    placed = [p for _, p in placing(work)]
    report = work.finish()
    assert [p.failed for p in placed] == [True, False, True]
    assert placed[0].path is None
    assert list(work.files()) == ["images/x.jpg"]
    (failure,) = report.media.failed
    assert (failure.task_id, failure.cause) == (1, "It is gone.")
    assert failure.reference == "https://h.org/gone.jpg"
    assert not report.lossless


def test_a_file_that_vanished_or_changed_is_a_failure(
    tmp_path: Path, cache: Cache
) -> None:
    def fetch(requests: Sequence[MediaRequest]) -> list[Resolved]:
        found = cache(requests)
        Path(found[0].path or "").unlink()
        Path(found[1].path or "").write_bytes(b"shorter")
        return found

    work = bench(tmp_path / "out", fetch, ["s3://b/1.jpg", "s3://b/2.jpg"])
    assert all(p.failed for _, p in placing(work))
    report = work.finish()
    kinds = [failure.kind for failure in report.media.failed]
    assert kinds == ["unreadable-media", "integrity"]
    assert "instead of" in report.media.failed[1].cause
    assert work.files() == {}
    assert report.files_written == 0


def test_media_can_be_linked(tmp_path: Path, cache: Cache) -> None:
    work = bench(tmp_path / "out", cache, ["s3://b/x.jpg"], "symlink")
    ((_, placed),) = placing(work)
    work.finish()
    link = work.output.root / placed.relative
    assert Path(os.readlink(link)) == placed.path  # noqa: PTH115 -- the target as it stands
    assert link.read_bytes() == b"s3://b/x.jpg"
    assert work.manifest()[0]["sha256"] == sha256(b"s3://b/x.jpg").hexdigest()


def test_media_are_only_named_where_none_are_wanted(tmp_path: Path) -> None:
    work = bench(tmp_path / "out", None, ["s3://b/x.jpg"], "none")
    ((item, placed),) = placing(work)
    assert (placed.relative, placed.failed, placed.path) == (
        "images/x.jpg",
        False,
        None,
    )
    assert work.output.media.picture_size("s3://b/x.jpg", item) is None
    report = work.finish()
    assert (report.media.references, report.files_written) == (1, 0)
    assert report.lossless
    assert report.warnings == []


def test_what_was_not_asked_for_ahead_is_fetched_when_it_is_placed(
    tmp_path: Path, cache: Cache
) -> None:
    work = bench(tmp_path / "out", cache, ["s3://b/x.jpg"], is_ahead=False)
    assert [p.failed for _, p in placing(work)] == [False]
    assert [len(batch) for batch in cache.batches] == [1]


def test_copied_media_can_be_changed_without_harm_to_the_cache(
    tmp_path: Path, cache: Cache
) -> None:
    work = bench(tmp_path / "out", cache, ["s3://b/x.jpg"])
    ((_, placed),) = placing(work)
    (work.output.root / placed.relative).write_bytes(b"drawn over")
    assert placed.path is not None
    assert placed.path.read_bytes() == b"s3://b/x.jpg"


def test_files_whose_blocks_are_shared_are_digested_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for a file system that clones, which few test machines have."""

    def clone(source: int, target: int) -> bool:
        os.sendfile(target, source, 0, 10)
        return True

    monkeypatch.setattr(copying, "_clone", clone)
    (tmp_path / "source").write_bytes(b"0123456789")
    facts = copy_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"0123456789"
    assert facts.sha256 == sha256(b"0123456789").hexdigest()


def test_large_files_are_copied_to_the_byte(tmp_path: Path) -> None:
    data = os.urandom(3 * 2**20 + 17)
    (tmp_path / "source").write_bytes(data)
    facts = copy_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == data
    assert (facts.sha256, facts.size_bytes) == (sha256(data).hexdigest(), len(data))


def test_no_target_is_left_of_a_source_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(LsToolsError, match="cannot be read"):
        copy_file(tmp_path, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_no_target_is_left_of_a_source_that_fails_while_it_is_read(
    tmp_path: Path,
) -> None:
    with pytest.raises(LsToolsError, match="Input/output error"):
        copy_file(Path("/proc/self/mem"), tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_is_no_failure_of_the_medium(
    tmp_path: Path, cache: Cache
) -> None:
    work = bench(tmp_path / "out", cache, ["s3://b/x.jpg"])
    (work.output.root / "images").write_text("in the way")
    with pytest.raises(OutputError):
        list(placing(work))


def jpeg(path: Path, size: tuple[int, int], orientation: int | None = None) -> bytes:
    image = pytest.importorskip("PIL.Image")
    picture = image.new("RGB", size)
    exif = picture.getexif()
    if orientation is not None:
        exif[0x0112] = orientation
    picture.save(path, "JPEG", exif=exif)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [(None, (200, 100)), (1, (200, 100)), (3, (200, 100)), (6, (100, 200))],
)
def test_the_size_of_a_picture_is_the_displayed_one(
    tmp_path: Path, cache: Cache, orientation: int | None, expected: tuple[int, int]
) -> None:
    """F17."""
    reference = "s3://b/x.jpg"
    cache.contents[reference] = jpeg(tmp_path / "x.jpg", (200, 100), orientation)
    work = bench(tmp_path / "out", cache, [reference])
    ((item, _),) = placing(work)
    assert work.output.media.picture_size(reference, item) == expected


@pytest.mark.parametrize("policy", ["copy", "none"])
def test_a_picture_that_cannot_be_measured_is_reported(
    tmp_path: Path, cache: Cache, policy: MediaPolicy
) -> None:
    pytest.importorskip("PIL")
    references = ["s3://b/text.jpg", "s3://b/gone.jpg"]
    cache.errors[references[1]] = NotFoundError("It is gone.")
    work = bench(tmp_path / "out", cache, references, policy)
    for item, placed in placing(work):
        assert work.output.media.picture_size(placed.reference, item) is None
    report = work.finish()
    assert "not a picture" in report.warnings[0]
    assert "Picture size unknown (unreadable-media): once, first in task 1." in (
        report.warnings
    )
    gone = report.media.failed[0].cause if policy == "copy" else report.warnings[1]
    assert "It is gone." in gone
    assert len(report.warnings) == (2 if policy == "copy" else 4)


def test_pictures_that_cannot_be_measured_for_one_cause_are_counted(
    tmp_path: Path, cache: Cache
) -> None:
    references = [f"s3://b/{number}.jpg" for number in range(300)]
    for reference in references:
        cache.errors[reference] = NotFoundError(f"{reference} is gone.")
    work = bench(tmp_path / "out", cache, references, "none")
    for item, placed in placing(work):
        assert work.output.media.picture_size(placed.reference, item) is None
    assert work.finish().warnings == [
        "The size of a picture is unknown. s3://b/0.jpg is gone.",
        "Picture size unknown (not-found): 300 times, first in task 1.",
    ]


def test_a_missing_pillow_is_reported_with_its_pip_command(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    work = bench(tmp_path / "out", cache, ["s3://b/1.jpg", "s3://b/2.jpg"])
    for item, placed in placing(work):
        assert work.output.media.picture_size(placed.reference, item) is None
    report = work.finish()
    assert len(report.warnings) == 2
    assert "pip install 'ls-tools[vision]'" in report.warnings[0]


@pytest.mark.parametrize("limit", ["ours", "pillow's"])
def test_a_picture_with_too_many_pixels_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    jpeg(tmp_path / "x.jpg", (200, 100))
    if limit == "pillow's":
        monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 5_000)
    max_pixels = 19_999 if limit == "ours" else 20_000
    with pytest.raises(LsToolsError, match="pixels"):
        image_size(tmp_path / "x.jpg", max_pixels=max_pixels)


def test_a_picture_of_the_largest_size_is_measured(tmp_path: Path) -> None:
    jpeg(tmp_path / "x.jpg", (200, 100))
    assert image_size(tmp_path / "x.jpg", max_pixels=20_000) == (200, 100)


def test_media_that_nothing_fetches_are_failures(tmp_path: Path) -> None:
    work = bench(tmp_path / "out", None, ["s3://b/x.jpg"])
    assert [p.failed for _, p in placing(work)] == [True]
    assert work.finish().media.failed[0].cause == "nothing fetches media"


def test_few_answers_are_kept_where_nothing_is_asked_for_ahead(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "_MAX_KEPT", 2)
    references = [f"s3://b/{n}.jpg" for n in range(5)]
    work = bench(tmp_path / "out", cache, references, is_ahead=False)
    assert len(list(placing(work))) == 5
    assert len(work.output.media._resolved) <= 2


def test_a_task_without_media_has_none(tmp_path: Path, cache: Cache) -> None:
    values = [None, 3, "", [], [None, "s3://b/x.jpg", "s3://b/x.jpg"], {"a": 1}]
    work = bench(tmp_path / "out", cache, values)
    assert [item.task.id for item, _ in placing(work)] == [5]


def test_an_output_writes_through_its_tree(tmp_path: Path) -> None:
    output = bench(tmp_path / "out", None, []).output
    output.write_bytes(f"{output.folder('labels')}/a.txt", b"x")
    with output.open("b.json") as file:
        file.write(b"{}")
    with output.open_text("c.csv") as text:
        text.write("a\n")
    with output.scratch() as scratch:
        scratch.write(b"x")
    report = output.finish("test", seconds=1.0)
    assert report.files_written == output.files_written == 3
    stored = json.loads((output.root / "report.json").read_bytes())
    assert "run" not in stored
    assert (stored["format"], stored["files_written"]) == ("test", 3)


def test_counts_that_do_not_add_up_are_never_published(tmp_path: Path) -> None:
    output = bench(tmp_path / "out", None, []).output
    output.tally.wrote()
    with pytest.raises(AssertionError):
        output.finish("test")
    assert not (output.root / "report.json").exists()


def test_an_output_made_twice_has_the_same_bytes(tmp_path: Path, cache: Cache) -> None:
    for name in ("one", "two"):
        work = bench(
            tmp_path / name, cache, [f"s3://b/{n % 3}/x.jpg" for n in range(9)]
        )
        list(placing(work))
        work.finish()
    for path in sorted((tmp_path / "one").rglob("*")):
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.is_dir() or path.read_bytes() == twin.read_bytes()
