"""Several processes write what one writes, whatever happens to them."""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from formats.goldens import Golden, goldens, read_tree, rendered
from fuzz.hostile import hostile
from hypothesis import given
from hypothesis import strategies as st
from pipeline.rig import (
    CONFIG,
    EVERYTHING,
    box,
    is_usable,
    painted,
    rich_task,
    span,
    task,
    turn,
    usable_formats,
)

from ls_tools import LsToolsError, Report, Settings, Split, convert
from ls_tools.errors import MissingDependencyError
from ls_tools.formats import FORMATS, DivisibleFormat, load_format
from ls_tools.output import ClassMap, ClassPolicy, tally
from ls_tools.pipeline.division import crew, joining, planning, worker
from ls_tools.pipeline.division.crew import Crew, Worker
from ls_tools.pipeline.division.messages import Connection
from ls_tools.reading import chunks, inputs
from ls_tools.reading.known_ids import KnownIds

DIVISIBLE = [
    name
    for name in FORMATS
    if is_usable(name) and isinstance(load_format(name), DivisibleFormat)
]
PAINTED = [one for one in usable_formats(painted=True) if one.values[0] in DIVISIBLE]
LONG_S = 60


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk is a task or two, and no input too small to be divided."""
    monkeypatch.setattr(planning, "CHUNK_BYTES", 1500)
    monkeypatch.setattr(planning, "WORTH_BYTES", 1)
    monkeypatch.setattr(planning, "core_count", lambda: 2)
    monkeypatch.setattr(inputs, "_MAPPED_FROM_BYTES", 1)


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are threads of this process, which begin in no time."""

    @contextmanager
    def start(count: int, descriptor: int) -> Iterator[Crew]:
        del descriptor
        with ExitStack() as stack:
            yield Crew([_start_thread(stack) for _ in range(count)])

    monkeypatch.setattr(planning, "start_crew", start)


def _start_thread(stack: ExitStack) -> Worker:
    orders, answers = os.pipe(), os.pipe()
    ordered, answered = os.fdopen(orders[0], "rb"), os.fdopen(answers[1], "wb")

    def run() -> None:
        with suppress(EOFError, BrokenPipeError), ordered, answered:
            worker.serve(Connection(ordered, answered))

    thread = threading.Thread(target=run)
    thread.start()
    stack.callback(thread.join, LONG_S)
    told = stack.enter_context(os.fdopen(orders[1], "wb"))
    return Worker(told, stack.enter_context(os.fdopen(answers[0], "rb")))


def several(**settings: Any) -> Settings:
    return Settings(processes=2, mode="offline", **settings)


def write(folder: Path, *tasks: dict[str, Any]) -> Path:
    export = folder / "export.json"
    export.write_text(json.dumps(tasks))
    return export


def both(
    export: Path, to: str, out: Path, **options: Any
) -> tuple[Report | str, Report | str]:
    """What comes of a conversion by one process and by two, files compared."""
    made: list[Report | str] = []
    for count in (1, 2):
        folder = out / str(count)
        try:
            settings = Settings(
                processes=count, mode="offline", cache_dir=out / "cache"
            )
            made.append(convert(export, to, folder, settings=settings, **options))
        except LsToolsError as exc:
            made.append(f"{type(exc).__name__}: {exc}".replace(str(folder), "OUT"))
    trees = [read_tree(out / str(count)) for count in (1, 2) if (out / "1").exists()]
    if trees:
        assert trees[0] == trees[1]
        assert list(trees[0]) == list(trees[1])
    for one in made:
        if isinstance(one, Report):
            one.run = Report(format="").run
    return made[0], made[1]


def is_divided(caplog: pytest.LogCaptureFixture) -> bool:
    return not any("One process converts it" in text for text in caplog.messages)


@pytest.mark.parametrize(
    "golden",
    [pytest.param(one, id=one.name) for one in goldens() if one.format in DIVISIBLE],
)
def test_two_processes_write_what_is_expected(
    golden: Golden, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ls_tools")
    given, media = golden.folder / "options.json", golden.folder / "media"
    options = json.loads(given.read_bytes()) if given.exists() else {}
    settings = several(
        cache_dir=tmp_path / "cache", document_root=media if media.is_dir() else None
    )
    try:
        convert(
            golden.folder / "export.json",
            golden.format,
            tmp_path / "out",
            config=golden.folder / "config.xml",
            settings=settings,
            **options,
        )
    except MissingDependencyError as exc:
        pytest.skip(str(exc))
    assert rendered(read_tree(tmp_path / "out")) == rendered(golden.expected())
    told = " ".join(caplog.messages)
    assert is_divided(caplog) or "share media" in told or options, told


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("first", range(0, 300, 20))
def test_hostile_exports_come_out_the_same(first: int, tmp_path: Path) -> None:
    for number in range(first, first + 20):
        export = hostile(number)
        folder = tmp_path / str(number)
        folder.mkdir()
        source = folder / "export.json"
        source.write_bytes(export.body)
        options = {k: v for k, v in export.options.items() if k != "dry_run"}
        if export.config is not None:
            options["config"] = folder / "config.xml"
            body = export.config.encode("utf-8", "surrogatepass")
            options["config"].write_bytes(body)
        to = DIVISIBLE[number % len(DIVISIBLE)]
        one, two = both(source, to, folder, **options)
        assert one == two, f"{number} {to}"


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("to", DIVISIBLE)
def test_what_depends_on_tasks_before_is_the_same(to: str, tmp_path: Path) -> None:
    """Labels in no config, ids and keys that come again, tasks that are none."""
    tasks: list[dict[str, Any]] = []
    for number in range(1, 60):
        made = box(f"r{number}")
        made["value"]["rectanglelabels"] = [f"odd {number % 7}", "Car"][: number % 3]
        tasks.append(task(number % 50, made, **{f"key{number % 11}": number}))
        if number % 13 == 0:
            tasks.append({"no": "task"})
    export = write(tmp_path, *tasks)
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    one, two = both(export, to, tmp_path / "out", config=config)
    assert one == two
    assert isinstance(one, Report)


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("to", PAINTED)
def test_names_that_are_made_distinct_in_order_are_the_same(
    to: str, tmp_path: Path
) -> None:
    """Speakers, tags and elements whose names become the same one."""
    tasks = []
    for number in range(1, 60):
        results = (box(), painted(), span(0, 5), turn(1, 2))
        for made in results:
            odd = ("an odd", "an_odd", "an\todd")[number % 3] + str(number % 10)
            made["value"][made["type"]] = [odd]
        tasks.append(rich_task(number, *results))
    config = tmp_path / "config.xml"
    config.write_text(EVERYTHING)
    export = write(tmp_path, *tasks)
    one, two = both(export, to, tmp_path / "out", config=config)
    assert one == two
    assert isinstance(one, Report)
    assert one.tasks_written == 59


def test_a_chunk_that_began_with_other_labels_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_threads: None
) -> None:
    del in_threads
    tasks = []
    for number in range(1, 40):
        made = box(f"r{number}")
        made["value"]["rectanglelabels"] = [f"new {number}"]
        tasks.append(task(number, made))
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    discarded = []
    add = joining._Run._add

    def note(self: Any, made: Any, order: Any) -> bool:
        is_same = add(self, made, order)
        discarded.append(not is_same)
        return is_same

    monkeypatch.setattr(joining._Run, "_add", note)
    one, two = both(write(tmp_path, *tasks), "coco", tmp_path / "out", config=config)
    assert one == two
    assert any(discarded)
    categories = json.loads((tmp_path / "out/2/result.json").read_bytes())["categories"]
    assert [c["name"] for c in categories[1:]] == [f"new {n}" for n in range(1, 40)]


@pytest.mark.usefixtures("in_threads")
@pytest.mark.skipif("brush_png" not in DIVISIBLE, reason="its extra is missing")
@pytest.mark.parametrize("label", ["Sky", "odd {}"])
def test_files_that_want_the_same_name_are_numbered_in_order(
    label: str, tmp_path: Path
) -> None:
    tasks = []
    for number in range(40):
        brush = painted()
        brush["value"]["brushlabels"] = [label.format(number % 5)]
        tasks.append(task(number % 20, brush, {**brush, "id": "another"}))
    config = tmp_path / "config.xml"
    config.write_text(EVERYTHING)
    export = write(tmp_path, *tasks)
    one, two = both(export, "brush_png", tmp_path / "out", config=config)
    assert one == two
    assert isinstance(one, Report)
    assert one.regions_written == 80
    assert len([*(tmp_path / "out/2").glob("*-2.png")]) >= 5


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("to", PAINTED)
def test_what_is_done_again_stands_in_its_place(
    to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = joining._Run._add

    def refuse_some(self: Any, made: Any, order: Any) -> bool:
        return self._settled % 3 != 1 and add(self, made, order)

    monkeypatch.setattr(joining._Run, "_add", refuse_some)
    config = tmp_path / "config.xml"
    config.write_text(EVERYTHING)
    tasks = [task(n, box(f"r{n}"), {**painted(), "id": f"p{n}"}) for n in range(40)]
    one, two = both(write(tmp_path, *tasks), to, tmp_path / "out", config=config)
    assert one == two
    assert isinstance(one, Report)


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("lost", [4, 5, 30])
def test_what_one_process_gives_up_is_given_up(
    lost: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "HOPELESS_AFTER", 5)
    odd: list[Any] = [{"no": "task"}] * lost
    export = write(tmp_path, *odd, *(task(n, box()) for n in range(40)), *odd)
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    one, two = both(export, "jsonl", tmp_path / "out", config=config)
    assert one == two
    assert isinstance(one, Report if lost < 5 else str)


@pytest.mark.usefixtures("in_threads")
def test_reasons_without_room_are_counted_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MAX_REASONS", 3)
    monkeypatch.setattr(tally, "MAX_WARNINGS", 4)
    tasks: list[dict[str, Any]] = []
    for number in range(60):
        made = box(f"r{number}")
        made["value"]["rectanglelabels"] = [f"new {number % 7}"]
        kinds = [("rating", "textarea", "number")[number // 10 % 3]]
        if number >= 30:
            kinds = ["datetime", "taxonomy"] * 2
        odd = [
            {"id": f"{place}", "type": kind, "from_name": kind, "to_name": "img"}
            for place, kind in enumerate(kinds)
        ]
        tasks.append(task(number, made, *odd))
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    one, two = both(write(tmp_path, *tasks), "coco", tmp_path / "out", config=config)
    assert one == two
    assert isinstance(one, Report)
    assert tally.OTHER_REASONS in {loss.reason for loss in one.skipped}
    assert "more warnings" in " ".join(one.warnings)


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("to", ["coco", "voc", "masks"])
def test_of_what_cannot_be_measured_the_first_is_told(to: str, tmp_path: Path) -> None:
    tasks = []
    for number in range(1, 40):
        made = box(f"r{number}")
        del made["original_width"], made["original_height"]
        tasks.append(task(number, made))
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    if to in DIVISIBLE:
        one, two = both(write(tmp_path, *tasks), to, tmp_path / "out", config=config)
        assert one == two
        assert isinstance(one, Report)
        assert "size of a picture" in " ".join(one.warnings)


@pytest.mark.usefixtures("in_threads")
def test_what_is_cut_off_raises_the_same(tmp_path: Path) -> None:
    export = shipment(tmp_path)
    export.write_bytes(export.read_bytes()[:-300])
    rename = tmp_path / "rename.json"
    rename.write_text("no JSON")
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    for policy in (ClassPolicy(), ClassPolicy(rename=rename)):
        options = {"config": config, "classes": policy}
        one, two = both(export, "csv", tmp_path / "out", **options)
        assert one == two
        assert isinstance(one, str)


@given(st.lists(st.lists(st.one_of(st.integers(-9, 9), st.sampled_from("abc")))))
def test_ids_that_are_joined_are_those_of_one_pass(
    parts: list[list[int | str]],
) -> None:
    whole, joined = KnownIds(), KnownIds()
    for part in parts:
        own = KnownIds()
        repeated = [whole.is_repeated(one) for one in part]
        found = [own.is_repeated(one) for one in part]
        fits = joined.merge(own)
        assert fits == (found == repeated)
        if not fits:
            assert [joined.is_repeated(one) for one in part] == repeated


def test_classes_learnt_are_the_classes_met() -> None:
    from ls_tools.label_config import parse_label_config
    from ls_tools.output import ClassPolicy, ClassScope, Tally

    scope = ClassScope(tags=frozenset({"RectangleLabels"}), ids="category")
    first, second = (
        ClassMap.build(parse_label_config(CONFIG), scope, ClassPolicy(), Tally())
        for _ in range(2)
    )
    for label in ("Bus", "Car", "Bike", "Bus"):
        first.index_of(label)
    second.learn(first.met)
    assert second.entries() == first.entries()
    assert first.met == second.met == ["Bus", "Bike"]


def shipment(folder: Path, count: int = 40) -> Path:
    return write(folder, *(task(n, box(f"r{n}")) for n in range(1, count)))


@pytest.mark.parametrize("last_words", ["import os; os._exit(3)", "raise SystemExit"])
def test_workers_that_cannot_begin_are_done_without(
    last_words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "ls_tools")
    monkeypatch.setattr(crew, "_BOOT", last_words)
    one, two = both(shipment(tmp_path), "csv", tmp_path / "out")
    assert one == two
    assert not is_divided(caplog)


def test_a_server_that_embeds_python_is_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ls_tools")
    monkeypatch.setattr(sys, "executable", "/usr/bin/uwsgi")
    one, two = both(shipment(tmp_path), "csv", tmp_path / "out")
    assert one == two
    assert "'/usr/bin/uwsgi' is no Python interpreter" in caplog.text


def test_the_pages_tell_which_formats_are_divided() -> None:
    page = Path(__file__).parents[2] / "docs" / "converting.md"
    section = page.read_text().partition("## Several processes")[2].partition("##")[0]
    named = set(re.findall(r"`(\w+)`", section.partition("This holds for")[2]))
    assert {name for name in named if name in FORMATS} == {
        name for name in FORMATS if isinstance(load_format(name), DivisibleFormat)
    }


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("processes", [None, 2])
@pytest.mark.parametrize("is_heavy", [False, True])
def test_what_is_heavy_is_divided_only_where_it_is_asked_for(
    *,
    is_heavy: bool,
    processes: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "ls_tools")
    assert getattr(load_format("parquet"), "is_heavy", False)
    monkeypatch.setattr(type(load_format("jsonl")), "is_heavy", is_heavy)
    settings = Settings(processes=processes, mode="offline")
    convert(shipment(tmp_path), "jsonl", tmp_path / "out", settings=settings)
    assert is_divided(caplog) == (processes == 2 or not is_heavy)


def test_a_worker_that_is_killed_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ls_tools")
    dying = """
        import os, signal, sys
        from ls_tools.pipeline.division import worker
        make, made = worker._Worker._make, []
        def die(*given):
            made.append(given)
            if len(made) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return make(*given)
        worker._Worker._make = die
        worker.main(*sys.argv[1:4])
    """
    monkeypatch.setattr(crew, "_BOOT", textwrap.dedent(dying))
    one, two = both(shipment(tmp_path), "yolo", tmp_path / "out")
    assert one == two
    assert "a worker process ended" in " ".join(caplog.messages)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["1", "2"]


def test_what_is_packed_is_divided_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ls_tools")
    plain = shipment(tmp_path)
    packed = tmp_path / "export.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    convert(plain, "jsonl", tmp_path / "a", settings=Settings(processes=1))
    caplog.clear()
    convert(packed, "jsonl", tmp_path / "b", settings=several())
    assert is_divided(caplog)
    assert read_tree(tmp_path / "a") == read_tree(tmp_path / "b")


@pytest.mark.parametrize("options", [{"limit": 20}, {"media": "copy"}], ids=str)
def test_what_is_not_divided_is_the_same(
    options: dict[str, Any], tmp_path: Path
) -> None:
    one, two = both(shipment(tmp_path), "yolo", tmp_path / "out", **options)
    assert one == two


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("to", DIVISIBLE)
def test_splits_are_the_same(
    to: str,
    stratify: bool,  # noqa: FBT001 -- a parameter
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "ls_tools")
    tasks = [task(n, box(f"r{n}"), place=n % 9) for n in range(1, 60)]
    del tasks[5]["data"]["place"]
    split = Split(
        fractions={"train": 0.5, "val": 0.3, "test": 0.2}, by="place", stratify=stratify
    )
    export = write(tmp_path, *tasks)
    one, two = both(export, to, tmp_path / "out", split=split)
    assert one == two
    assert isinstance(one, Report)
    assert one.splits
    assert len(caplog.messages) == 1 + stratify  # the second one is divided


@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize(("known", "warnings"), [(39, 1), (99, 2)])
def test_whether_a_splits_file_knows_any_task_is_told_of_all(
    known: int, warnings: int, tmp_path: Path
) -> None:
    """The label config that is inferred makes a warning of its own."""
    keep = tmp_path / "splits.json"
    fractions = {"train": 0.5, "test": 0.5}
    tasks = {"train": [f"place={known}"]}
    known_by = {"fractions": fractions, "by": "place", "tasks": tasks}
    keep.write_text(json.dumps(known_by))
    export = write(tmp_path, *(task(n, box(), place=n) for n in range(40)))
    split = Split(keep=keep, by="place")
    one, two = both(export, "jsonl", tmp_path / "out", split=split)
    assert one == two
    assert isinstance(two, Report)
    assert len(two.warnings) == warnings
