"""Names of media are the server's, safe, and collide on no file system."""

from __future__ import annotations

import pickle
import re
from collections.abc import Sequence
from functools import partial
from itertools import count, pairwise
from typing import TypeVar
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ls_tools.locator import parse_reference
from ls_tools.models import Task
from ls_tools.origin import Origin
from ls_tools.output import NamePlan, NameStyle, identities
from ls_tools.output.fingerprints import fingerprint
from ls_tools.output.identities import IdentityReader
from ls_tools.output.name_survey import NameSurvey

T = TypeVar("T")
LOCATE = partial(parse_reference, origin=Origin.parse("https://ls.example.org"))


def tasks_of(*references: str | list[str], ids: Sequence[int | str] = ()) -> list[Task]:
    return [
        Task(id=ids[index] if ids else index + 1, index=index, data={"image": value})
        for index, value in enumerate(references)
    ]


def references_of(task: Task) -> list[str]:
    value = task.data["image"]
    return value if isinstance(value, list) else [value]


def plan_of(tasks: list[Task], style: NameStyle = "original") -> NamePlan:
    plan = NamePlan(LOCATE, style=style)
    plan.settle(plan.survey(tasks, references_of))  # type: ignore[arg-type]  # a Task has data and an id
    return plan


def names_of(tasks: list[Task], style: NameStyle = "original") -> list[str]:
    plan = plan_of(tasks, style)
    return [plan.name(ref, task) for task in tasks for ref in references_of(task)]


def test_a_name_is_the_servers() -> None:
    tasks = tasks_of(
        "/data/upload/1/0a1b2c3d-cat.jpg",
        "/data/local-files/?d=pets/my%20dog.png",
        "s3://bucket/a/b/bird.tif",
        "https://elsewhere.org/fish.webp?size=2",
    )
    assert names_of(tasks) == [
        "0a1b2c3d-cat.jpg",
        "my dog.png",
        "bird.tif",
        "fish.webp",
    ]


def test_names_that_collide_each_get_a_suffix_of_their_reference() -> None:
    """F12."""
    tasks = tasks_of("https://a.org/1/x.jpg", "https://a.org/2/x.jpg", "s3://b/y.jpg")
    first, second, third = names_of(tasks)
    assert re.fullmatch(r"x_[0-9a-f]{8}\.jpg", first)
    assert re.fullmatch(r"x_[0-9a-f]{8}\.jpg", second)
    assert first != second
    assert third == "y.jpg"
    assert names_of(tasks[::-1]) == [third, second, first]


def test_a_suffix_does_not_change_when_others_come() -> None:
    few = tasks_of("https://a.org/1/x.jpg", "https://a.org/2/x.jpg")
    many = tasks_of(*(f"https://a.org/{n}/x.jpg" for n in range(50)))
    assert set(names_of(few)) < set(names_of(many))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.jpg", "a.png"),
        ("A.jpg", "a.JPG"),
        ("stra\N{LATIN SMALL LETTER SHARP S}e.jpg", "STRASSE.jpg"),
        (normalize("NFC", "é.jpg"), normalize("NFD", "é.jpg")),
    ],
)
def test_stems_that_some_file_system_takes_for_one_collide(
    one: str, other: str
) -> None:
    names = names_of(tasks_of(f"s3://b/1/{one}", f"s3://b/2/{other}"))
    assert all(re.search(r"_[0-9a-f]{8}\.", name) for name in names)


def test_a_stem_can_name_a_folder_on_every_file_system() -> None:
    tasks = tasks_of("/data/upload/1/cat%20.png", "/data/upload/1/dog. ..png")
    assert names_of(tasks) == ["cat.png", "dog.png"]
    told_apart = names_of(tasks_of("s3://b/cat.png", "s3://b/cat .png"))
    assert len({name.rpartition(".")[0].rstrip(" .") for name in told_apart}) == 2


def test_one_medium_has_one_name_in_all_tasks() -> None:
    signed = "https://h.org/x.jpg?X-Amz-Signature={}&X-Amz-Date=1"
    tasks = tasks_of(signed.format("abc"), signed.format("def"), "s3://b/y.jpg")
    plan = plan_of(tasks)
    assert {plan.name(references_of(t)[0], t) for t in tasks[:2]} == {"x.jpg"}
    shared = [
        plan.is_shared(reference) for t in tasks for reference in references_of(t)
    ]
    assert shared == [True, True, False]


def test_a_name_that_looks_suffixed_is_not_taken() -> None:
    tasks = tasks_of("s3://b/1/x.jpg", "s3://b/2/x.jpg")
    taken = names_of(tasks)[0]
    first, _, third = names_of([*tasks, *tasks_of(f"s3://c/{taken}", ids=[3])])
    assert third == taken
    assert first != taken
    assert re.fullmatch(r"x_[0-9a-f]{16}\.jpg", first)


def test_not_even_a_long_suffix_is_taken() -> None:
    tasks = tasks_of("s3://b/1/x.jpg", "s3://b/2/x.jpg")
    for _ in range(2):
        taken = names_of(tasks)[0]
        tasks += tasks_of(f"s3://c/{taken}", ids=[len(tasks) + 1])
    names = names_of(tasks)
    assert re.fullmatch(r"x_[0-9a-f]{16}\.jpg", names[0])
    assert len(set(names)) == len(names) == 4


def test_media_in_more_folders_than_are_remembered_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identities, "_MAX_FOLDERS", 2)
    tasks = tasks_of(*(f"s3://b/{n % 4}/{n}.jpg" for n in range(16)))
    assert names_of(tasks) == [f"{n}.jpg" for n in range(16)]


def test_task_ids_name_media_where_asked() -> None:
    tasks = tasks_of("s3://b/1/x.jpg", "s3://b/2/x.PNG", "s3://b/noext", ids=[7, 8, 9])
    assert names_of(tasks, "task-id") == ["7.jpg", "8.PNG", "9"]


def test_under_task_ids_a_shared_medium_is_placed_for_each_task() -> None:
    tasks = tasks_of("s3://b/x.jpg", "s3://b/x.jpg", ids=[7, 8])
    assert names_of(tasks, "task-id") == ["7.jpg", "8.jpg"]


def test_under_task_ids_several_media_of_a_task_are_told_apart() -> None:
    tasks = tasks_of(["s3://b/1.jpg", "s3://b/2.jpg"], "s3://b/3.jpg", ids=[7, 8])
    first, second, third = names_of(tasks, "task-id")
    assert re.fullmatch(r"7_[0-9a-f]{8}\.jpg", first)
    assert first != second
    assert third == "8.jpg"


def test_task_ids_that_occur_twice_collide() -> None:
    tasks = tasks_of("s3://b/1.jpg", "s3://b/2.jpg", ids=[7, 7])
    assert len(set(names_of(tasks, "task-id"))) == 2


def test_a_name_never_hides_its_file() -> None:
    assert names_of(tasks_of("s3://b/.hidden.jpg")) == ["_hidden.jpg"]


def test_a_reference_that_does_not_parse_has_a_name_without_secrets() -> None:
    tasks = tasks_of("weird://h/x.jpg?token=SECRET")
    plan = plan_of(tasks)
    reference = references_of(tasks[0])[0]
    named = plan.named(reference, tasks[0])
    assert "SECRET" not in named.name + named.canonical


ODD_NAMES = ["con.jpg", "a", ".a", "a.b.c", "x" * 300 + ".jpg", "é" * 150]
LOOKS_SUFFIXED = ["a_01234567", "b_0123456789abcdef.jpg"]

long_or_odd = st.one_of(
    st.sampled_from(ODD_NAMES + LOOKS_SUFFIXED),
    st.text(min_size=1, max_size=30),
    st.text("aA.", min_size=1, max_size=4),
)


@given(
    names=st.lists(st.tuples(st.sampled_from("12"), long_or_odd), max_size=12),
    style=st.sampled_from(["original", "task-id"]),
    ids=st.sampled_from([range(12), [1] * 12, [*range(6)] * 2]),
)
def test_names_are_distinct_and_safe_whatever_the_references(
    names: list[tuple[str, str]], style: NameStyle, ids: Sequence[int]
) -> None:
    references = [f"s3://b/{folder}/{name}" for folder, name in names]
    tasks = tasks_of(*references, ids=ids)
    plan = plan_of(tasks, style)
    stems: dict[str, set[object]] = {}
    for task, reference in zip(tasks, references, strict=True):
        name = plan.name(reference, task)
        assert len(name.encode()) <= 200
        extension = name.removeprefix(plan.stem(reference, task))
        assert re.fullmatch(r"(\.[^.]*)?", extension)
        assert not re.search(r'[\x00-\x1f<>:"/\\|?*]|^\.|[. ]$', name)
        canonical = plan.named(reference, task).canonical
        owner = (canonical, task.id) if style == "task-id" else canonical
        for fold in (str.lower, str.upper, str.casefold):
            for form in ("NFC", "NFD"):
                stem = plan.stem(reference, task)
                key = f"{fold}{form}" + normalize(form, fold(normalize(form, stem)))
                stems.setdefault(key, set()).add(owner)
    assert all(len(owners) == 1 for owners in stems.values())


FOLDERS = [
    "/data/upload/1/",
    "/data/local-files/?d=a/b/",
    "/data/local-files/?d=",
    "https://ls.example.org/data/upload/2/",
    "https://h.org/a%20b/",
    "https://h.org/get?key=a/",
    "https://user:pw@h.org/a/",
    "s3://bucket/",
    "gs://b/ü/",
    "upload/3/",
    "/storage-data/uploaded/?filepath=upload/1/",
    "/tasks/1/resolve/?fileuri=czM6Ly9iL2EvYi5qcGc=/",
    "weird://",
    "../",
]


PLAIN = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,5}(\.[a-z]{3})?", fullmatch=True)
ODD = st.sampled_from(
    ["con.jpg", "a b.jpg", "a%20b.jpg", "x.jpg?s=1", "a#b", "..", "-"]
)


@pytest.mark.parametrize("folder", FOLDERS)
@given(names=st.lists(PLAIN | ODD, max_size=6))
def test_a_reference_is_known_by_what_parsing_it_gives(
    folder: str, names: list[str]
) -> None:
    reader = IdentityReader(LOCATE)
    for reference in [folder + name for name in names]:
        assert reader.read(reference) == IdentityReader(LOCATE).read(reference)


def test_suffixes_that_clash_are_long() -> None:
    seen: dict[int, str] = {}
    for number in count():
        reference = f"s3://b/{number}/x.jpg"
        short = fingerprint(reference) >> 32
        if short in seen:
            break
        seen[short] = reference
    tasks = tasks_of(seen[short], reference, "s3://b/x.jpg")
    names = names_of(tasks)
    assert len(set(names)) == 3
    assert [len(name) for name in names] == [22, 22, 14]


def test_a_long_name_that_is_cut_has_a_long_suffix() -> None:
    stem = "x" * 190
    names = names_of(tasks_of(f"s3://b/1/{stem}.jpg", f"s3://b/2/{stem}.jpg"))
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"x{179}_[0-9a-f]{16}\.jpg", name) for name in names)


def _given(value: T) -> T:
    """A value as another process gets it."""
    copy: T = pickle.loads(pickle.dumps(value))  # noqa: S301 -- our own
    return copy


@example([[("1", "a")], [("1", "a")]], {1}, "task-id", [1, "1"])
@given(
    names=st.lists(
        st.lists(st.tuples(st.sampled_from("123"), long_or_odd), max_size=3),
        max_size=12,
    ),
    cuts=st.sets(st.integers(0, 12)),
    style=st.sampled_from(["original", "task-id"]),
    ids=st.sampled_from([range(12), [1, "1"] * 6, [*range(6)] * 2]),
)
def test_surveys_of_parts_make_the_plan_of_all_tasks(
    names: list[list[tuple[str, str]]],
    cuts: set[int],
    style: NameStyle,
    ids: Sequence[int | str],
) -> None:
    tasks = tasks_of(*([f"s3://b/{a}/{b}" for a, b in task] for task in names), ids=ids)
    bounds = [0, *sorted(cuts), len(tasks)]
    joined = NameSurvey()
    for start, end in pairwise(bounds):
        part = NamePlan(LOCATE, style=style).survey(tasks[start:end], references_of)  # type: ignore[arg-type]  # a Task has data and an id
        joined.merge(_given(part))
    whole, settled = plan_of(tasks, style), NamePlan(LOCATE, style=style)
    settled.settle(joined)
    assert settled.facts == whole.facts
    worker = NamePlan(LOCATE, style=style, facts=_given(settled.facts))
    for task in tasks:
        for reference in references_of(task):
            assert worker.named(reference, task) == whole.named(reference, task)


def test_a_plan_knows_whether_any_medium_is_shared() -> None:
    assert not plan_of(tasks_of("s3://b/1.jpg", "s3://b/2.jpg")).has_shared
    assert plan_of(tasks_of("s3://b/1.jpg", "s3://b/1.jpg")).has_shared
