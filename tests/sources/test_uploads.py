"""Uploaded files: the upload folder, the upload route, the storage proxy."""

from __future__ import annotations

from pathlib import Path

import pytest
from resolver.media_server import MISSING_UPLOAD, MediaServer, Reply

from ls_tools.errors import (
    AccessError,
    MissingUrlError,
    NetworkError,
    NotFoundError,
    RefusedError,
)
from ls_tools.resolver import Resolver
from ls_tools.settings import Settings

PICTURE = b"\x89PNG" + bytes(range(256))
PROXY = "/storage-data/uploaded/?filepath=upload/1/{}"


@pytest.fixture
def upload_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "media" / "upload"
    for project in ("1", "2"):
        (folder / project).mkdir(parents=True)
        (folder / project / "a b.png").write_bytes(project.encode())
    return folder


def serve_by_proxy_only(server: MediaServer, *names: str) -> None:
    for name in names:
        server.put(PROXY.format(name), PICTURE)


def test_an_upload_on_this_machine_is_used_where_it_is(
    settings: Settings, server: MediaServer, upload_dir: Path
) -> None:
    with Resolver(settings.evolve(upload_dir=upload_dir)) as resolver:
        found = resolver.resolve("/data/upload/1/a%20b.png")
        assert found.path == str(upload_dir / "1" / "a b.png")
        assert found.from_cache
    assert server.targets == []
    assert not resolver.cache.root.exists()


def test_uploads_of_one_name_stay_apart(settings: Settings, upload_dir: Path) -> None:
    """G16."""
    with Resolver(settings.evolve(upload_dir=upload_dir, url=None)) as resolver:
        first, second = (resolver.path(f"upload/{n}/a b.png") for n in (1, 2))
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")


def test_an_upload_that_is_not_there_is_fetched(
    settings: Settings, server: MediaServer, upload_dir: Path
) -> None:
    server.put("/data/upload/1/c.png", PICTURE)
    with Resolver(settings.evolve(upload_dir=upload_dir)) as resolver:
        assert resolver.path("/data/upload/1/c.png").read_bytes() == PICTURE


def test_an_upload_that_is_nowhere_says_which_server_is_missing(
    upload_dir: Path, tmp_path: Path
) -> None:
    settings = Settings(upload_dir=upload_dir, cache_dir=tmp_path / "cache")
    with Resolver(settings) as resolver, pytest.raises(MissingUrlError):
        resolver.path("/data/upload/1/c.png")


def test_a_link_out_of_the_upload_folder_is_refused(
    settings: Settings, server: MediaServer, upload_dir: Path, tmp_path: Path
) -> None:
    """G18."""
    (tmp_path / "secret").write_text("secret")
    (upload_dir / "1" / "link.png").symlink_to(tmp_path / "secret")
    resolver = Resolver(settings.evolve(upload_dir=upload_dir))
    with pytest.raises(RefusedError):
        resolver.path("/data/upload/1/link.png")
    assert server.targets == []


def test_the_proxy_is_asked_where_the_upload_route_fails(
    resolver: Resolver, server: MediaServer
) -> None:
    serve_by_proxy_only(server, "a%23b.png")
    assert resolver.path("/data/upload/1/a#b.png").read_bytes() == PICTURE
    assert server.targets == ["/data/upload/1/a%23b.png", PROXY.format("a%23b.png")]


def test_the_route_that_worked_is_asked_first(
    resolver: Resolver, server: MediaServer
) -> None:
    """G14."""
    serve_by_proxy_only(server, "a.png", "b.png")
    resolver.path("/data/upload/1/a.png")
    server.seen.clear()
    resolver.path("/data/upload/1/b.png")
    assert server.targets == [PROXY.format("b.png")]


def test_a_file_had_by_the_other_route_is_cached(
    resolver: Resolver, settings: Settings, server: MediaServer
) -> None:
    """G14: nothing is asked again, even with the server gone."""
    server.put("/data/upload/1/a.png", PICTURE)
    path = resolver.path("/storage-data/uploaded/?filepath=upload/1/a.png")
    server.stop()
    with Resolver(settings) as other:
        for reference in (
            "/storage-data/uploaded/?filepath=upload/1/a.png",
            "/data/upload/1/a.png",
        ):
            assert other.path(reference) == path


def test_a_route_that_the_server_lacks_is_asked_once(
    resolver: Resolver, server: MediaServer
) -> None:
    """G14."""
    for name in ("a.png", "b.png"):
        with pytest.raises(NotFoundError):
            resolver.path(f"/data/upload/1/{name}")
    proxied = [t for t in server.targets if t.startswith("/storage-data/")]
    assert proxied == [PROXY.format("a.png")]


def test_a_proxy_reference_works_without_the_proxy(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put("/data/upload/1/a+b&c.png", PICTURE)
    path = resolver.path("/storage-data/uploaded/?filepath=upload%2F1%2Fa%2Bb%26c.png")
    assert path.read_bytes() == PICTURE
    assert path.name == "a+b&c.png"


def test_other_stored_files_have_the_proxy_only(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put("/storage-data/uploaded/?filepath=avatars/a.png", PICTURE)
    path = resolver.path("/storage-data/uploaded/?filepath=avatars/a.png")
    assert path.name == "a.png"
    assert len(server.targets) == 1


def test_a_refusal_is_no_reason_to_try_the_other_route(
    resolver: Resolver, server: MediaServer
) -> None:
    server.replies["/data/upload/1/a.png"] = Reply(status=403)
    with pytest.raises(AccessError):
        resolver.path("/data/upload/1/a.png")
    assert len(server.targets) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize("reference", ["upload/1/a.png", PROXY.format("a.png")])
def test_what_both_routes_lack_is_not_found(
    resolver: Resolver, server: MediaServer, reference: str, status: int
) -> None:
    server.replies[PROXY.format("a.png")] = Reply(status=status)
    server.replies["/data/upload/1/a.png"] = Reply(status=500, body=MISSING_UPLOAD)
    with pytest.raises(NotFoundError, match="upload") as caught:
        resolver.path(reference)
    assert caught.value.hint


def test_what_the_proxy_refuses_may_be_had_by_the_upload_route(
    resolver: Resolver, server: MediaServer
) -> None:
    server.replies[PROXY.format("a.png")] = Reply(status=403)
    server.put("/data/upload/1/a.png", PICTURE)
    assert resolver.path(PROXY.format("a.png")).read_bytes() == PICTURE


def test_a_broken_network_is_not_taken_for_a_missing_file(
    resolver: Resolver, server: MediaServer
) -> None:
    server.replies["/data/upload/1/a.png"] = Reply(status=503)
    with pytest.raises(NetworkError):
        resolver.path("/data/upload/1/a.png")
    assert not any("storage-data" in target for target in server.targets)
