"""Plain file paths, where they are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ls_tools.errors import BadReferenceError, NotFoundError, RefusedError
from ls_tools.locator import parse_reference
from ls_tools.resolver import Resolver
from ls_tools.settings import Settings
from ls_tools.sources import Services
from ls_tools.sources.paths import PathsSource


class _NoSink:
    def write_at(self, offset: int, chunk: bytes) -> None:
        raise AssertionError(offset, chunk)

    def truncate(self, size_bytes: int) -> None:
        raise AssertionError(size_bytes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a b.png").touch()
    (tmp_path / "secret.png").touch()
    return folder


@pytest.fixture
def resolver(folder: Path, tmp_path: Path) -> Resolver:
    roots = (tmp_path / "empty", folder)
    return Resolver(Settings(allow_paths=roots, cache_dir=tmp_path / "cache"))


def test_a_path_below_an_allowed_folder_is_taken(
    resolver: Resolver, folder: Path
) -> None:
    file = folder / "deep" / "a b.png"
    for reference in (str(file), "deep/a b.png", f"file://{folder}/deep/a%20b.png"):
        assert resolver.path(reference) == file


@pytest.mark.parametrize("reference", ["{}/../secret.png", "{}/link.png", "link.png"])
def test_a_path_out_of_the_allowed_folders_is_refused(
    resolver: Resolver, folder: Path, reference: str
) -> None:
    """G18."""
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    with pytest.raises(RefusedError):
        resolver.path(reference.format(folder))


@pytest.mark.parametrize("reference", ["{}/b.png", "b.png"])
def test_a_path_that_does_not_exist_is_not_found(
    resolver: Resolver, folder: Path, reference: str
) -> None:
    with pytest.raises(NotFoundError):
        resolver.path(reference.format(folder))


def test_the_path_is_known_without_fetching(resolver: Resolver, folder: Path) -> None:
    assert resolver.expected_path("deep/a b.png") == folder / "deep" / "a b.png"


def test_no_path_is_taken_unless_allowed(folder: Path, tmp_path: Path) -> None:
    resolver = Resolver(Settings(cache_dir=tmp_path / "cache"))
    with pytest.raises(BadReferenceError):
        resolver.path(str(folder / "deep" / "a b.png"))


def test_a_folder_named_like_an_allowed_one_is_outside(
    resolver: Resolver, folder: Path
) -> None:
    other = folder.with_name("own-too")
    other.mkdir()
    (other / "a.png").touch()
    with pytest.raises(RefusedError):
        resolver.path(str(other / "a.png"))


def test_nothing_fetches_a_path(folder: Path) -> None:
    services = Services(settings=Settings(allow_paths=(folder,)), connect=pytest.fail)
    locator = parse_reference("b.png", origin=None, allow_paths=True)
    with pytest.raises(NotFoundError):
        PathsSource(services).fetch(locator, _NoSink(), validator=None)
