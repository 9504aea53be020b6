"""Local files: the root as mounted here, and what to check when it is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from resolver.media_server import MediaServer, Reply

from ls_tools.errors import (
    AccessError,
    MissingUrlError,
    NotFoundError,
    RefusedError,
    WrongRootError,
)
from ls_tools.resolver import Resolver
from ls_tools.settings import Settings

PICTURE = b"\x89PNG" + bytes(range(256))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "mounted"
    (folder / "ds").mkdir(parents=True)
    for name in ("é #1+2&3%.png", "a.png"):
        (folder / "ds" / name).write_bytes(PICTURE)
    return folder


@pytest.fixture
def alone(root: Path, tmp_path: Path) -> Resolver:
    """A resolver that has the root and no server."""
    return Resolver(Settings(document_root=root, cache_dir=tmp_path / "cache"))


def test_a_local_file_is_used_where_it_is(alone: Resolver, root: Path) -> None:
    reference = "/data/local-files/?d=ds/%C3%A9%20%231%2B2%263%25.png"
    found = alone.resolve(reference)
    assert found.path == str(root / "ds" / "é #1+2&3%.png")
    assert (found.source, found.size_bytes) == ("local_files", len(PICTURE))
    assert found.from_cache
    assert not alone.cache.root.exists()


def test_an_absolute_reference_of_the_server_is_used_too(
    root: Path, settings: Settings, server: MediaServer
) -> None:
    with Resolver(settings.evolve(document_root=root)) as resolver:
        path = resolver.path(f"{server.url}/data/local-files/?d=ds/a.png")
    assert path == root / "ds" / "a.png"
    assert server.targets == []


@pytest.mark.parametrize("value", ["../secret", "ds/../../secret", "%2e%2e/secret"])
def test_a_path_upwards_is_refused(alone: Resolver, value: str) -> None:
    with pytest.raises(ValueError, match="leads out"):
        alone.path(f"/data/local-files/?d={value}")


@pytest.mark.parametrize("link", ["file", "folder", "chain"])
def test_a_link_out_of_the_root_is_refused(
    alone: Resolver, root: Path, tmp_path: Path, link: str
) -> None:
    """G18."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_text("secret")
    target = {
        "file": outside / "secret.png",
        "folder": outside,
        "chain": root / "inner",
    }[link]
    (root / "inner").symlink_to(outside)
    (root / "link").symlink_to(target)
    name = "link" if link == "file" else "link/secret.png"
    with pytest.raises(RefusedError, match="leads out"):
        alone.path(f"/data/local-files/?d={name}")


def test_a_link_put_in_place_of_a_file_is_noticed(
    alone: Resolver, root: Path, tmp_path: Path
) -> None:
    """G18: what was resolved before is checked again."""
    alone.path("/data/local-files/?d=ds/a.png")
    (tmp_path / "secret.png").write_bytes(PICTURE)
    (root / "ds" / "a.png").unlink()
    (root / "ds" / "a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(RefusedError):
        alone.path("/data/local-files/?d=ds/a.png")


def test_a_link_within_the_root_is_followed(alone: Resolver, root: Path) -> None:
    (root / "link.png").symlink_to(root / "ds" / "a.png")
    path = alone.path("/data/local-files/?d=link.png")
    assert path == root / "link.png"


def test_a_root_that_is_a_link_is_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    settings = Settings(document_root=tmp_path / "link", cache_dir=tmp_path / "cache")
    path = Resolver(settings).path("/data/local-files/?d=ds/a.png")
    assert path == tmp_path / "link" / "ds" / "a.png"


def test_only_regular_files_count(alone: Resolver, root: Path) -> None:
    os.mkfifo(root / "pipe")
    for name in ("pipe", "ds"):
        with pytest.raises(WrongRootError):
            alone.path(f"/data/local-files/?d={name}")


def test_a_link_that_goes_in_circles_is_not_found(alone: Resolver, root: Path) -> None:
    (root / "circle").symlink_to(root / "circle")
    with pytest.raises(WrongRootError):
        alone.path("/data/local-files/?d=circle")


def test_a_file_missing_below_the_root_says_what_to_check(
    alone: Resolver, root: Path
) -> None:
    with pytest.raises(WrongRootError) as caught:
        alone.path("/data/local-files/?d=ds/b.png")
    text = str(caught.value)
    assert str(root) in text
    assert "'ds/b.png'" in text
    assert "LOCAL_FILES_DOCUMENT_ROOT" in text
    assert isinstance(caught.value, FileNotFoundError)


def test_a_missing_mount_says_what_to_check(root: Path, tmp_path: Path) -> None:
    settings = Settings(document_root=root / "gone", cache_dir=tmp_path / "cache")
    with pytest.raises(WrongRootError, match=r"is not there.*Mount the disk"):
        Resolver(settings).path("/data/local-files/?d=ds/a.png")


def test_what_is_not_below_the_root_is_asked_of_the_server(
    root: Path, settings: Settings, server: MediaServer
) -> None:
    server.put("/data/local-files/?d=ds/b%20c.png", PICTURE)
    with Resolver(settings.evolve(document_root=root)) as resolver:
        path = resolver.path("/data/local-files/?d=ds/b%20c.png")
    assert path.read_bytes() == PICTURE
    assert path.name == "b c.png"


def test_what_neither_root_nor_server_has_says_what_to_check(
    root: Path, settings: Settings
) -> None:
    wrong = pytest.raises(WrongRootError, match="LOCAL_FILES_DOCUMENT_ROOT")
    with Resolver(settings.evolve(document_root=root)) as resolver, wrong:
        resolver.path("/data/local-files/?d=ds/b.png")


def test_a_file_that_the_server_lacks_says_what_to_check(resolver: Resolver) -> None:
    with pytest.raises(NotFoundError, match=r"storage.*LOCAL_FILES_DOCUMENT_ROOT"):
        resolver.path("/data/local-files/?d=ds/b.png")


def test_a_server_that_serves_no_local_files_says_what_to_set(
    resolver: Resolver, server: MediaServer
) -> None:
    body = b"Serving local files can be dangerous, so it's disabled by default."
    server.replies["/data/local-files/"] = Reply(status=403, body=body)
    with pytest.raises(AccessError, match="LOCAL_FILES_SERVING_ENABLED"):
        resolver.path("/data/local-files/?d=ds/b.png")


def test_a_permission_that_is_missing_says_what_to_check(
    resolver: Resolver, server: MediaServer
) -> None:
    server.replies["/data/local-files/"] = Reply(status=403, body=b"{}")
    with pytest.raises(AccessError, match="token") as caught:
        resolver.path("/data/local-files/?d=ds/b.png")
    assert isinstance(caught.value, PermissionError)


def test_the_whole_disk_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    settings = Settings(document_root=Path("/"), cache_dir=tmp_path / "cache")
    with pytest.raises(MissingUrlError):
        Resolver(settings).path(f"/data/local-files/?d={tmp_path}/a.png")
