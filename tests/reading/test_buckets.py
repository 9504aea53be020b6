"""What lies in a bucket reads as the same files in a folder do."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reading.memory_store import MemoryStore, fail_once
from reading.samples import make_task

from ls_tools.errors import (
    BadReferenceError,
    CredentialsRejectedError,
    IntegrityError,
    LsToolsError,
    NetworkError,
    NotAnExportError,
    NotFoundError,
    RefusedError,
    ServerError,
    UsageError,
)
from ls_tools.models import Task
from ls_tools.pipeline import convert
from ls_tools.reading import TaskReader, read_tasks
from ls_tools.settings import Bounds, BucketSettings, Settings
from ls_tools.sources.buckets import prefixes

SETTINGS = Settings(retry_attempts=3, retry_wait_s=0.0, retry_wait_max_s=0.0, jobs=4)
WHOLE = "s3://labels/set/"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """The bucket ``labels``, as S3, Google Cloud Storage and Azure."""
    made = MemoryStore()
    monkeypatch.setattr(
        prefixes,
        "BUCKET_SOURCES",
        dict.fromkeys(prefixes.BUCKET_SOURCES, made.source),
    )
    return made


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def open_reader(uri: str = WHOLE, **options: Any) -> TaskReader:
    return read_tasks(uri, **{"settings": SETTINGS, **options})


def read(uri: str = WHOLE, **options: Any) -> list[Task]:
    with open_reader(uri, **options) as reader:
        return list(reader)


def ids(uri: str = WHOLE, **options: Any) -> list[Any]:
    return [task.id for task in read(uri, **options)]


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def annotation(number: int, task: int) -> bytes:
    """What a target storage writes for an annotation."""
    held = make_task(task)
    made = {**held.pop("annotations")[0], "id": number}
    return encode({**made, "task": held})


def put_tasks(store: MemoryStore, count: int, folder: str = "set") -> None:
    for number in range(count):
        store.objects[f"{folder}/{number:04}.json"] = encode(make_task(number))


@pytest.mark.parametrize(
    "uri",
    [
        "s3://labels/set/",
        "gs://labels/set/",
        "azure-blob://labels/set/",
        "azure-spi://labels/set/",
        "S3://labels/set/",
        "s3://labels/set",
        "s3://labels/",
        "s3://labels",
    ],
)
def test_prefix_is_read_in_the_order_of_names(store: MemoryStore, uri: str) -> None:
    put_tasks(store, 20)
    assert ids(uri) == list(range(20))


def test_prefix_reads_as_the_same_files_in_a_folder(
    store: MemoryStore, tmp_path: Path
) -> None:
    files = {
        "1.json": encode([make_task(1), make_task(2)]),
        "2.jsonl": encode(make_task(3)) + b"\n" + encode(make_task(4)),
        "3.json.gz": gzip.compress(encode(make_task(5))),
        "a/b/c": encode(make_task(6)),
        "a/b/note": b"no JSON",
        "broken.json": b'{"id": 9, "data": {"te',
        "foreign.json": b"<html>",
        "photo.jpg": b"\xff\xd8\xff",
        "readme.txt": b"hello",
        ".hidden/1.json": encode(make_task(70)),
        "a/.b.json": encode(make_task(71)),
        "report.json": b"{}",
        "manifest.jsonl": b"{}",
        "empty": b"",
        "empty.json": b"",
    }
    for name, content in files.items():
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        store.objects[f"set/{name}"] = content
    store.objects |= {"set/": b"", "set/a/": b"", "settle/8.json": b"[]"}

    with read_tasks(tmp_path / "set") as reader:
        tasks, problems = list(reader), reader.problems
    with open_reader() as other:
        found = list(other)
        assert [(t.id, t.raw) for t in found] == [(t.id, t.raw) for t in tasks]
        assert [(p.reason, p.source, p.tasks) for p in other.problems] == [
            (p.reason, p.source, p.tasks) for p in problems
        ]
    assert not store.asked.keys() & {"set/photo.jpg", "set/", "set/empty", "set/a/"}


def test_annotations_of_a_target_storage_are_gathered_by_task(
    store: MemoryStore,
) -> None:
    for number, task in ((11, 1), (12, 2), (13, 1)):
        store.objects[f"out/{number}"] = annotation(number, task)
    tasks = read("s3://labels/out/")
    found = [(task.id, [a.id for a in task.annotations]) for task in tasks]
    assert found == [(1, [11, 13]), (2, [12])]
    assert tasks[0].data == make_task(1)["data"]


@pytest.mark.parametrize("name", ["set/export.json", "set/export.json.gz", "export"])
def test_single_object_is_the_export(store: MemoryStore, name: str) -> None:
    content = encode([make_task(1), make_task(2)])
    is_packed = name.endswith(".gz")
    store.objects[name] = gzip.compress(content) if is_packed else content
    store.objects["export/7.json"] = encode(make_task(7))
    with open_reader(f"s3://labels/{name}") as reader:
        assert [task.id for task in reader] == [1, 2]
        assert reader.count == 2
    assert store.pages == 0


def test_folder_that_a_store_shows_as_an_empty_object_is_a_prefix(
    store: MemoryStore,
) -> None:
    put_tasks(store, 2)
    store.objects["set"] = b""
    assert ids("azure-blob://labels/set") == [0, 1]


def test_each_object_is_fetched_once_however_often_it_is_read(
    store: MemoryStore,
) -> None:
    put_tasks(store, 50)

    class Quick(msgspec.Struct):
        id: int = -1

    with open_reader() as reader:
        assert [quick.id for quick in reader.scan(Quick)] == list(range(50))
        assert [task.id for task in reader] == list(range(50))
        assert [task.id for task in reader] == list(range(50))
    assert set(store.asked.values()) == {1}


def test_all_passes_see_the_same_bytes(store: MemoryStore) -> None:
    put_tasks(store, 5)
    with open_reader() as reader:
        before = [task.raw for task in reader]
        store.objects = {name: encode(make_task(9)) for name in store.objects}
        assert [task.raw for task in reader] == before


def test_two_passes_side_by_side_see_everything(store: MemoryStore) -> None:
    put_tasks(store, 40)
    with open_reader() as reader:
        pairs = list(zip(reader, reader, strict=True))
    assert [(a.id, b.id) for a, b in pairs] == [(n, n) for n in range(40)]


def test_a_pass_that_ends_early_lists_and_fetches_little(store: MemoryStore) -> None:
    put_tasks(store, 500)
    assert ids(limit=2) == [0, 1]
    assert len(store.asked) <= 20
    assert store.pages <= 10


def test_opening_fetches_nothing_of_a_prefix(store: MemoryStore) -> None:
    put_tasks(store, 500)
    with open_reader() as reader:
        assert reader.count is None
    assert not store.asked
    assert store.pages == 1


def test_prefetch_tells_objects_and_bytes(store: MemoryStore) -> None:
    put_tasks(store, 30)
    told: list[Any] = []
    moved = [0, 0]

    class Told:
        def start(self, label: str, total: int | None = None, unit: str = "") -> None:
            told.append((label, total, unit))

        def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
            moved[0] += count
            moved[1] += size_bytes

        def finish(self) -> None:
            told.append("finish")

    with open_reader(progress=Told()) as reader:
        reader.prefetch()
        assert len(store.asked) == 30
        assert len(list(reader)) == 30
    assert told == [("input", None, "objects"), "finish"]
    assert moved == [30, sum(map(len, store.objects.values()))]


def test_large_objects_come_whole_beside_small_ones(
    store: MemoryStore, temporary: Path
) -> None:
    padding = "x" * 3_000_000
    for number in range(6):
        task = make_task(number, meta=padding) if number % 2 else make_task(number)
        store.objects[f"set/{number}.json"] = encode(task)
    tasks = read()
    assert [task.raw for task in tasks] == list(store.objects.values())
    assert list(temporary.iterdir()) == []


def test_tasks_stay_valid_when_the_reader_is_closed(store: MemoryStore) -> None:
    store.objects["set/1.json"] = encode(make_task(1, meta="x" * 3_000_000))
    assert json.loads(read()[0].raw)["id"] == 1


def test_closed_reader_says_so(store: MemoryStore) -> None:
    put_tasks(store, 3)
    with open_reader() as reader:
        pass
    with pytest.raises(UsageError, match="closed"):
        list(reader)


def test_threads_end_with_the_reader(store: MemoryStore) -> None:
    put_tasks(store, 100)
    with open_reader() as reader:
        next(iter(reader))
        assert reading_threads()
    wait_until(lambda: not reading_threads())


def test_threads_end_with_a_reader_that_nobody_closed(store: MemoryStore) -> None:
    put_tasks(store, 100)
    reader = open_reader()
    assert len(list(reader)) == 100
    del reader
    wait_until(lambda: not reading_threads())


def reading_threads() -> list[str]:
    names = (thread.name for thread in threading.enumerate())
    return [name for name in names if name.startswith("ls_tools-read")]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.01)


def test_objects_are_fetched_side_by_side(store: MemoryStore) -> None:
    put_tasks(store, 8)
    together = threading.Barrier(4, timeout=10)

    def meet(_: object) -> None:
        together.wait()

    store.on_get = meet
    assert ids() == list(range(8))


def test_object_removed_under_way_is_a_problem_that_names_it(
    store: MemoryStore,
) -> None:
    put_tasks(store, 5)

    def remove(_: object) -> None:
        store.objects.pop("set/0003.json", None)

    store.on_get = remove
    with open_reader() as reader:
        assert [task.id for task in reader] == [0, 1, 2, 4]
        (problem,) = reader.problems
    assert problem.source == "0003.json"
    assert problem.reason == "file vanished while it was read"
    assert "s3://labels/set/0003.json" in problem.detail


def test_prefix_whose_every_object_is_removed_under_way_is_an_error(
    store: MemoryStore,
) -> None:
    put_tasks(store, 2)
    with open_reader() as reader:
        store.objects.clear()
        with pytest.raises(NotAnExportError, match="removed while"):
            list(reader)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_object_that_is_replaced_by_a_larger_one_is_read_anew(
    store: MemoryStore, size: int
) -> None:
    put_tasks(store, 3)
    newer = encode(make_task(1, meta="x" * size))
    with open_reader() as reader:
        first = iter(reader)
        store.on_get = lambda _: store.objects.update({"set/0001.json": newer})
        assert [task.raw for task in first][1] == newer


def test_object_that_is_replaced_by_a_smaller_one_is_read_anew(
    store: MemoryStore,
) -> None:
    put_tasks(store, 3)
    store.on_get = lambda _: store.objects.update({"set/0001.json": b'{"id": 1}'})
    assert [task.raw for task in read()][1] == b'{"id": 1}'


def test_damaged_object_is_never_read(store: MemoryStore) -> None:
    put_tasks(store, 3)
    store.says["set/0001.json"] = "0" * 32
    with pytest.raises(IntegrityError, match=r"0001\.json is damaged"):
        read()
    assert store.asked["set/0001.json"] == 2


def test_object_that_may_not_be_read_is_an_error_that_names_it(
    store: MemoryStore,
) -> None:
    put_tasks(store, 5)

    def deny(key: str) -> None:
        if key == "set/0003.json":
            msg = f"s3://labels/{key} may not be read."
            raise CredentialsRejectedError(msg)

    store.on_get = deny
    with open_reader() as reader:
        for _ in range(2):
            with pytest.raises(CredentialsRejectedError, match=r"0003\.json"):
                list(reader)


def test_failures_that_pass_are_passed_over(store: MemoryStore) -> None:
    put_tasks(store, 10)
    store.on_get, store.on_page = fail_once(), fail_once()
    assert ids() == list(range(10))


def test_listing_goes_on_where_a_page_failed(store: MemoryStore) -> None:
    put_tasks(store, 10)
    hook = fail_once()
    store.on_page = lambda page: hook(page) if page == 3 else None
    assert ids() == list(range(10))
    assert set(store.asked.values()) == {1}


@pytest.mark.parametrize("is_page", [True, False])
def test_outage_is_an_error_on_every_pass(store: MemoryStore, *, is_page: bool) -> None:
    """What came before an outage is never taken for the whole."""
    put_tasks(store, 100)

    def fail(where: int | str) -> None:
        if where in {"set/0050.json", 5}:
            msg = "The store is down."
            raise ServerError(msg)

    store.on_page, store.on_get = (fail, store.on_get) if is_page else (hold, fail)
    with open_reader() as reader:
        for _ in range(3):
            with pytest.raises(NetworkError, match="down"):
                list(reader)


def hold(_: object) -> None:
    """Let everything pass."""


@pytest.mark.parametrize(
    ("uri", "error", "text"),
    [
        ("s3://nothing/set/", NotFoundError, "no bucket nothing"),
        ("s3://labels/nothing/", NotFoundError, "no object below s3://labels/nothing/"),
        ("s3://labels/nothing.json", NotFoundError, r"nothing\.json"),
        ("s3://labels/nothing", NotFoundError, "s3://labels/nothing"),
        ("s3://labels/pictures/", NotAnExportError, r"\.json"),
        ("s3://labels/empty.json", NotAnExportError, "empty"),
        ("s3://labels/empty", NotFoundError, "empty"),
        ("s3://labels/page.json", NotAnExportError, "HTML"),
        ("s3://", BadReferenceError, "names no bucket"),
        ("s3:///set/", BadReferenceError, "names no bucket"),
        ("s3://la bels/set/", BadReferenceError, "names no bucket"),
        ("s3://labels/se\nt/", BadReferenceError, "names no bucket"),
        ("s3://key:secret@labels/set/", BadReferenceError, "names no bucket"),
        ("https://host/a?Signature=secret", UsageError, "s3://"),
        ("ftp://host/export.json", UsageError, "azure-blob://"),
        ("file:///export.json", UsageError, "a file"),
    ],
)
def test_what_is_not_there_is_a_clear_error(
    store: MemoryStore, uri: str, error: type[LsToolsError], text: str
) -> None:
    store.objects = {
        "pictures/1.jpg": b"\xff",
        "empty.json": b"",
        "empty": b"",
        "page.json": b"<html>",
    }
    with pytest.raises(error, match=text) as caught:
        ids(uri)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"mode": "offline"}, UsageError, "offline"),
        ({"cloud": "server"}, UsageError, "--cloud direct"),
        ({"buckets": {"labels": BucketSettings(cloud="server")}}, UsageError, "server"),
        ({"allowed_buckets": ("other",)}, RefusedError, "allowed_buckets has: other"),
    ],
)
def test_settings_decide_whether_a_bucket_may_be_listed(
    store: MemoryStore, changes: Any, error: type[LsToolsError], text: str
) -> None:
    put_tasks(store, 1)
    with pytest.raises(error, match=text):
        ids(settings=SETTINGS.evolve(**changes))
    assert not store.pages
    own = {"labels": BucketSettings(cloud="direct")}
    settings = SETTINGS.evolve(cloud="server", buckets=own)
    assert ids(settings=settings) == [0]


@pytest.mark.parametrize("uri", [WHOLE, "s3://labels/set/0001.json"])
def test_more_than_the_bound_is_refused(store: MemoryStore, uri: str) -> None:
    put_tasks(store, 20)
    with pytest.raises(RefusedError, match="expanded_bytes"):
        ids(uri, bounds=Bounds(expanded_bytes=100))


def test_names_of_any_characters_are_read(store: MemoryStore) -> None:
    names = ["a b", "é 🙂", "x?versionId=1", "h#h", "a%20b", "//x", "new\nline"]
    for number, name in enumerate(sorted(names)):
        store.objects[f"set/{name}.json"] = encode(make_task(number))
    assert sorted(ids()) == list(range(len(names)))


@pytest.mark.usefixtures("store")
def test_prefix_in_signed_form_is_not_shown() -> None:
    with pytest.raises(NotFoundError) as caught:
        ids("s3://labels/x.json?X-Amz-Signature=secret")
    assert "secret" not in str(caught.value)


def test_interrupted_pass_leaves_nothing_behind(
    store: MemoryStore, temporary: Path
) -> None:
    put_tasks(store, 100)

    def stop() -> Iterator[Task]:
        with open_reader() as reader:
            for task in reader:
                yield task
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(stop())
    assert list(temporary.iterdir()) == []
    wait_until(lambda: not reading_threads())


def in_fork(work: Callable[[], object]) -> int:
    """The exit code of a forked process: 0 unless ``work`` raises."""
    pid = os.fork()
    if not pid:
        try:
            work()
        except UsageError:
            os._exit(3)
        except BaseException:  # noqa: BLE001 -- told by the exit code
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_process_reads_what_is_here_and_never_waits_for_the_rest(
    store: MemoryStore,
) -> None:
    put_tasks(store, 100)

    def check() -> None:
        with reader:
            assert [task.id for task in reader] == list(range(100))

    with open_reader() as reader:
        next(iter(reader))
        assert in_fork(check) == 3
        reader.prefetch()
        assert in_fork(check) == 0


def test_prefix_converts_into_the_working_folder(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_tasks(store, 2)
    out = tmp_path / "out"
    convert(WHOLE, "json", out, settings=SETTINGS)
    monkeypatch.chdir(out)
    report = convert(WHOLE, "json", out, settings=SETTINGS, limit=1)
    assert report.tasks_written == 1


def test_vanished_object_is_a_warning_of_the_report(
    store: MemoryStore, tmp_path: Path
) -> None:
    put_tasks(store, 2)

    def remove(_: object) -> None:
        store.objects.pop("set/0001.json", None)

    store.on_get = remove
    report = convert(WHOLE, "json", tmp_path / "out", settings=SETTINGS)
    assert any("vanished" in warning for warning in report.warnings)
    assert report.tasks_written == 1
