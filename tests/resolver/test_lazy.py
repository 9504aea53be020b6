"""A Resolver that is made for the first file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ls_tools import MediaRequest, Settings
from ls_tools.errors import CacheError
from ls_tools.pipeline import convert
from ls_tools.progress import NullProgress
from ls_tools.resolver import Resolved, resolver
from ls_tools.resolver.lazy import LazyResolver

if TYPE_CHECKING:
    from typing_extensions import Self

REQUESTS = [MediaRequest(reference=f"s3://bucket/{n}.jpg") for n in range(3)]


class Watched:
    """Stands for a Resolver; notes what is done with it."""

    made: list[Watched]

    def __init__(self, settings: Settings, **options: Any) -> None:
        self.given = (settings, options)
        self.is_closed = False
        self.made.append(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True

    def paths(self, requests: Iterable[MediaRequest]) -> list[Resolved]:
        return [Resolved(reference=one.reference, path="file") for one in requests]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    Watched.made = []
    monkeypatch.setattr(resolver, "Resolver", Watched)
    return Watched.made


def test_what_parses_makes_no_resolver(made: list[Watched]) -> None:
    with LazyResolver(Settings()) as lazy:
        assert lazy.parse("s3://bucket/a.jpg").bucket == "bucket"
    assert made == []


def test_one_resolver_is_made_with_what_was_given_and_closed(
    made: list[Watched],
) -> None:
    settings, progress = Settings(mode="offline"), NullProgress()
    with LazyResolver(settings, progress=progress) as lazy:
        assert [one.path for one in lazy.paths(REQUESTS)] == ["file"] * 3
        lazy.open()
        assert [one.is_closed for one in made] == [False]
    assert [one.is_closed for one in made] == [True]
    assert made[0].given == (settings, {"progress": progress})


def test_without_a_folder_for_a_cache_every_reference_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: "nowhere")
    with LazyResolver(Settings()) as lazy:
        found = lazy.paths(REQUESTS)
        assert [one.reference for one in found] == [one.reference for one in REQUESTS]
        assert all(isinstance(one.error, CacheError) for one in found)
        with pytest.raises(CacheError, match="no home folder"):
            lazy.open()


def test_a_cache_to_be_used_is_missed_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: "nowhere")
    export = tmp_path / "export.json"
    export.write_text('[{"id": 1, "data": {"image": "s3://bucket/a.jpg"}}]')
    with pytest.raises(CacheError, match="no home folder"):
        convert(export, "coco", tmp_path / "out", media="copy")
    with pytest.raises(CacheError, match="no home folder"):
        convert(export, "coco", tmp_path / "out", media="copy", dry_run=True)
    assert convert(export, "coco", tmp_path / "out").tasks_in == 1
