"""References resolved to paths, through a server and a cache."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from resolver.media_server import MediaServer, Reply

from ls_tools.errors import (
    CacheError,
    LsToolsError,
    MissingTokenError,
    MissingUrlError,
    NetworkError,
    NotCachedError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from ls_tools.resolver import MediaRequest, Resolver
from ls_tools.settings import Settings

PICTURE = b"\x89PNG" + bytes(range(256)) * 40


def base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_a_file_is_fetched_once(resolver: Resolver, server: MediaServer) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    first = resolver.path("/data/upload/1/a.png")
    again = resolver.path("upload/1/a.png")
    assert first == again
    assert first.read_bytes() == PICTURE
    assert first.name == "a.png"
    assert server.targets == ["/data/upload/1/a.png"]


def test_another_resolver_finds_what_is_cached(
    resolver: Resolver, settings: Settings, server: MediaServer
) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    first = resolver.path("/data/upload/1/a.png")
    server.stop()
    with Resolver(settings) as other:
        assert other.path("/data/upload/1/a.png") == first


def test_a_result_tells_where_the_file_came_from(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    first = resolver.resolve("/data/upload/1/a.png")
    again = resolver.resolve("/data/upload/1/a.png")
    assert (first.source, first.size_bytes) == ("uploads", len(PICTURE))
    assert (first.from_cache, again.from_cache) == (False, True)
    assert first.path == again.path
    assert first.error is None


def test_a_result_holds_the_error_of_what_failed(resolver: Resolver) -> None:
    found = resolver.resolve("/data/upload/1/gone.png")
    assert isinstance(found.error, NotFoundError)
    assert found.path is None
    with pytest.raises(FileNotFoundError):
        resolver.path("/data/upload/1/gone.png")


def test_an_interrupted_download_is_never_a_hit(
    settings: Settings, server: MediaServer
) -> None:
    """G1."""
    server.replies["/data/upload/1/a.png"] = Reply(body=PICTURE, cut_after=100)
    with Resolver(settings.evolve(retry_attempts=1)) as resolver:
        with pytest.raises(NetworkError):
            resolver.path("/data/upload/1/a.png")
        assert list(resolver.cache.entries()) == []
        server.put("/data/upload/1/a.png", PICTURE)
        assert resolver.path("/data/upload/1/a.png").read_bytes() == PICTURE


def test_a_changed_size_is_not_a_hit(resolver: Resolver, server: MediaServer) -> None:
    """G1: a truncated file in the cache is fetched again."""
    server.put("/data/upload/1/a.png", PICTURE)
    path = resolver.path("/data/upload/1/a.png")
    path.chmod(0o600)
    path.write_bytes(b"")
    assert resolver.path("/data/upload/1/a.png").read_bytes() == PICTURE


def test_a_new_signature_is_no_new_download(
    resolver: Resolver, elsewhere: MediaServer
) -> None:
    """G4."""
    elsewhere.put("/b/a.png", PICTURE)
    paths = {
        resolver.path(f"{elsewhere.url}/b/a.png?X-Amz-Date=1&X-Amz-Signature={number}")
        for number in range(3)
    }
    assert len(paths) == len(elsewhere.targets) == 1


def test_no_signature_reaches_the_disk(
    resolver: Resolver, elsewhere: MediaServer
) -> None:
    elsewhere.put("/b/a.png", PICTURE)
    url = elsewhere.url.replace("://", "://me:passphrase@")
    resolver.path(f"{url}/b/a.png?sig=c0ffee&token=d0d0")
    assert len(elsewhere.targets) == 1
    stored = [p for p in resolver.cache.root.rglob("*") if p.is_file()]
    assert stored
    for path in stored:
        held = str(path).encode() + path.read_bytes()
        assert not any(word in held for word in (b"c0ffee", b"d0d0", b"passphrase"))


@pytest.mark.parametrize(
    "reference", ["/api/users/", "{url}/api/projects/1/file-proxy/?url=x"]
)
def test_task_data_cannot_make_it_call_the_api(
    resolver: Resolver, server: MediaServer, reference: str
) -> None:
    """G9."""
    server.put("/api/users/", b"{}")
    with pytest.raises(RefusedError, match="API"):
        resolver.path(reference.format(url=server.url))
    assert server.targets == []


def test_a_page_of_the_server_gets_no_token(
    resolver: Resolver, server: MediaServer
) -> None:
    """G9."""
    server.put("/projects/1/pictures/a.png", PICTURE)
    resolver.path(f"{server.url}/projects/1/pictures/a.png")
    assert "authorization" not in server.seen[0].headers


def test_the_token_goes_to_media_of_the_server_only(
    resolver: Resolver, server: MediaServer, elsewhere: MediaServer
) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    elsewhere.put("/data/upload/1/a.png", PICTURE)
    resolver.path("/data/upload/1/a.png")
    resolver.path(f"{elsewhere.url}/data/upload/1/a.png")
    assert server.seen[0].headers["authorization"].startswith("Token ")
    assert "authorization" not in elsewhere.seen[0].headers


def test_a_web_page_is_not_taken_for_a_picture(
    resolver: Resolver, server: MediaServer, elsewhere: MediaServer
) -> None:
    """G6."""
    page = b"<!DOCTYPE html><html><body>Log in</body></html>"
    for one in (server, elsewhere):
        one.put("/data/upload/1/a.png", page, Content_Type="text/html")
        one.put("/data/upload/1/a.html", page, Content_Type="text/html")
    for base in ("", elsewhere.url):
        with pytest.raises(LsToolsError):
            resolver.path(f"{base}/data/upload/1/a.png")
        assert resolver.path(f"{base}/data/upload/1/a.html").read_bytes() == page


@pytest.mark.parametrize(
    "reference",
    [
        "https://elsewhere.example/" + "n" * 400 + ".png",
        "https://elsewhere.example/" + "%E6%A0%87" * 100 + ".png",
        "https://elsewhere.example/folder/",
        "https://elsewhere.example/a%2Fb.png",
        "s3://bucket/picture.png?versionId=3",
        "s3://bucket/CON",
    ],
)
def test_any_name_can_be_cached(resolver: Resolver, reference: str) -> None:
    """G17."""
    name = resolver.cache_request(reference).file_name
    assert 0 < len(name.encode()) <= 200
    assert not set(name) & set("/?%")
    path = resolver.expected_path(reference)
    path.parent.mkdir(parents=True)
    path.touch()


def test_a_long_name_is_fetched(resolver: Resolver, elsewhere: MediaServer) -> None:
    """G17."""
    elsewhere.put("/" + "n" * 300 + ".png", PICTURE)
    elsewhere.put("/folder/", PICTURE)
    path = resolver.path(f"{elsewhere.url}/{'n' * 300}.png")
    assert path.suffix == ".png"
    assert path.read_bytes() == PICTURE
    assert resolver.path(f"{elsewhere.url}/folder/").name == "folder"


@pytest.mark.parametrize("room", ["tasks", "projects"])
@pytest.mark.parametrize("verb", ["resolve", "presign"])
def test_resolve_urls_are_followed(
    resolver: Resolver,
    server: MediaServer,
    elsewhere: MediaServer,
    room: str,
    verb: str,
) -> None:
    """G22."""
    encoded = base64url("s3://imgs/set/a b é.jpg")
    signed = f"{elsewhere.url}/imgs/set/a.jpg?X-Amz-Signature=c0ffee"
    elsewhere.put("/imgs/set/a.jpg", PICTURE)
    server.replies[f"/{room}/7/resolve/"] = Reply(
        status=303, headers={"Location": signed}
    )
    path = resolver.path(f"/{room}/7/{verb}/?fileuri={encoded}")
    assert path.read_bytes() == PICTURE
    assert path.name == "a b é.jpg"
    assert server.targets == [f"/{room}/7/resolve/?fileuri={encoded}"]
    assert "authorization" in server.seen[0].headers
    assert "authorization" not in elsewhere.seen[0].headers


def test_a_server_below_a_path_is_asked_below_it(
    settings: Settings, server: MediaServer
) -> None:
    """G22."""
    server.put("/ls/data/upload/1/a.png", PICTURE)
    with Resolver(settings.evolve(url=f"{server.url}/ls")) as resolver:
        paths = {
            resolver.path(reference)
            for reference in (
                "/data/upload/1/a.png",
                "/ls/data/upload/1/a.png",
                f"{server.url}/ls/data/upload/1/a.png",
            )
        }
    assert len(paths) == 1
    assert server.targets == ["/ls/data/upload/1/a.png"]


def test_a_bucket_reference_shares_its_entry_with_its_resolve_url(
    resolver: Resolver, server: MediaServer
) -> None:
    encoded = base64url("s3://imgs/a.jpg")
    server.put("/tasks/7/resolve/", PICTURE)
    first = resolver.path("s3://imgs/a.jpg", task_id=7)
    assert server.targets == [f"/tasks/7/resolve/?fileuri={encoded}"]
    assert resolver.path(f"/projects/1/presign/?fileuri={encoded}") == first
    assert len(server.targets) == 1


def test_a_project_resolves_a_bucket_reference(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put("/projects/3/resolve/", PICTURE)
    assert resolver.path("gs://b/a.jpg", project_id=3).read_bytes() == PICTURE


def test_a_bucket_reference_without_task_says_what_to_pass(
    resolver: Resolver, server: MediaServer
) -> None:
    """G23."""
    with pytest.raises(UsageError, match=r"only for a task or a project.*task_id"):
        resolver.path("s3://imgs/a.jpg")
    assert server.targets == []


def test_a_bucket_that_is_not_allowed_is_refused(settings: Settings) -> None:
    with Resolver(settings.evolve(allowed_buckets=("imgs",))) as resolver:
        for reference in (
            "s3://other/a.jpg",
            f"/tasks/1/resolve/?fileuri={base64url('s3://other/a.jpg')}",
        ):
            with pytest.raises(RefusedError, match="other"):
                resolver.path(reference, task_id=1)


@pytest.mark.parametrize(
    "reference",
    [
        "/data/upload/1/a.png",
        "/data/local-files/?d=a.png",
        "/storage-data/uploaded/?filepath=upload/1/a.png",
        "/static/a.png",
    ],
)
def test_a_server_reference_without_server_says_so(
    tmp_path: Path, reference: str
) -> None:
    """G23."""
    resolver = Resolver(Settings(cache_dir=tmp_path))
    with pytest.raises(MissingUrlError, match="LABEL_STUDIO_URL") as caught:
        resolver.path(reference)
    assert isinstance(caught.value, FileNotFoundError)


def test_a_missing_token_is_told_before_anything_is_asked(
    settings: Settings, server: MediaServer
) -> None:
    """G23."""
    resolver = Resolver(settings.evolve(token=None))
    with pytest.raises(MissingTokenError, match="LABEL_STUDIO_API_KEY") as caught:
        resolver.path("/data/upload/1/a.png")
    assert isinstance(caught.value, FileNotFoundError)
    assert server.targets == []


def test_other_credentials_stand_in_for_a_token(
    settings: Settings, server: MediaServer
) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    settings = settings.evolve(token=None, headers={"Cookie": "sessionid=1"})
    with Resolver(settings) as resolver:
        resolver.path("/data/upload/1/a.png")
    assert server.seen[0].headers["cookie"] == "sessionid=1"


def test_static_files_need_no_token(settings: Settings, server: MediaServer) -> None:
    server.put("/static/samples/sample.jpg", PICTURE)
    with Resolver(settings.evolve(token=None)) as resolver:
        assert resolver.path("/static/samples/sample.jpg").read_bytes() == PICTURE


def test_what_is_cached_needs_no_token(
    resolver: Resolver, settings: Settings, server: MediaServer
) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    path = resolver.path("/data/upload/1/a.png")
    with Resolver(settings.evolve(token=None)) as other:
        assert other.path("/data/upload/1/a.png") == path


def test_the_client_says_who_it_is(resolver: Resolver, server: MediaServer) -> None:
    """G23."""
    server.put("/data/upload/1/a.png", PICTURE)
    resolver.path("/data/upload/1/a.png")
    assert server.seen[0].headers["user-agent"].startswith("ls-tools/")


def test_offline_opens_no_socket(
    settings: Settings,
    resolver: Resolver,
    server: MediaServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    path = resolver.path("/data/upload/1/a.png")
    monkeypatch.setattr("socket.socket", None)
    monkeypatch.setattr("socket.getaddrinfo", None)
    with Resolver(settings.evolve(mode="offline")) as offline:
        assert offline.path("/data/upload/1/a.png") == path
        for reference in ("/data/upload/1/b.png", "https://x.example/a.png"):
            with pytest.raises(NotCachedError):
                offline.path(reference)
    with pytest.raises(NotCachedError):
        resolver.path("/data/upload/1/b.png", mode="offline")


def test_revalidation_asks_and_keeps_what_is_current(
    resolver: Resolver, server: MediaServer
) -> None:
    """G3."""
    server.put("/data/local-files/", PICTURE, ETag='W/"1"')
    first = resolver.path("/data/local-files/?d=a.png")
    again = resolver.resolve("/data/local-files/?d=a.png", mode="revalidate")
    assert (again.path, again.from_cache) == (str(first), True)
    assert len(server.targets) == 2
    assert server.seen[1].headers["if-none-match"] == 'W/"1"'


def test_revalidation_brings_a_new_version(
    resolver: Resolver, settings: Settings, server: MediaServer
) -> None:
    """G3."""
    server.put("/data/local-files/", PICTURE, ETag='W/"1"')
    old = resolver.path("/data/local-files/?d=a.png")
    server.put("/data/local-files/", b"new", ETag='W/"2"')
    assert resolver.path("/data/local-files/?d=a.png") == old
    new = resolver.path("/data/local-files/?d=a.png", mode="revalidate")
    assert new.read_bytes() == b"new"
    assert old.read_bytes() == PICTURE
    assert resolver.path("/data/local-files/?d=a.png") == new
    with Resolver(settings.evolve(mode="revalidate")) as always:
        before = len(server.targets)
        always.path("/data/local-files/?d=a.png")
        always.path("/data/local-files/?d=a.png")
        assert len(server.targets) == before + 2


def test_an_opened_reference_reads_as_its_file(
    resolver: Resolver, server: MediaServer
) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    with resolver.open("/data/upload/1/a.png") as file:
        assert file.read() == PICTURE


def test_a_closed_resolver_can_be_used_again(
    resolver: Resolver, server: MediaServer
) -> None:
    for name in ("a", "b"):
        server.put(f"/data/upload/1/{name}.png", PICTURE)
        resolver.path(f"/data/upload/1/{name}.png")
        resolver.close()


def test_a_pickled_resolver_resolves(resolver: Resolver, server: MediaServer) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    with pickle.loads(pickle.dumps(resolver)) as copy:  # noqa: S301 -- made here
        assert copy.path("/data/upload/1/a.png").read_bytes() == PICTURE


def test_expected_path_creates_nothing(resolver: Resolver, server: MediaServer) -> None:
    server.put("/data/upload/1/a.png", PICTURE)
    expected = resolver.expected_path("/data/upload/1/a.png")
    assert expected.name == "a.png"
    assert not resolver.cache.root.exists()
    path = resolver.path("/data/upload/1/a.png")
    assert resolver.expected_path("/data/upload/1/a.png") == path


def test_an_entry_is_found_by_its_reference(
    resolver: Resolver, server: MediaServer
) -> None:
    assert resolver.entry("/data/upload/1/a.png") is None
    server.put("/data/upload/1/a.png", PICTURE)
    path = resolver.path("/data/upload/1/a.png")
    entry = resolver.entry("upload/1/a.png")
    assert entry is not None
    assert entry.path == path
    assert entry.meta.reference == f"{server.url}/data/upload/1/a.png"
    assert entry.meta.source == "uploads"


def test_no_home_folder_is_an_error_that_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """G21."""
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: "~/.cache")
    with pytest.raises(CacheError, match="LS_TOOLS_CACHE_DIR"):
        Resolver(Settings())


FORKING = """
import os, sys
from pathlib import Path
from ls_tools.resolver import Resolver
from ls_tools.settings import Settings
url, folder = sys.argv[1:]
resolver = Resolver(Settings(url=url, token="0" * 40, cache_dir=Path(folder)))
resolver.path("/data/upload/1/before.png")
child = os.fork()
name = "child" if child == 0 else "parent"
assert resolver.path(f"/data/upload/1/{name}.png").stat().st_size
resolver.close()
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_resolver_has_connections_of_its_own(
    server: MediaServer, tmp_path: Path
) -> None:
    for name in ("before", "child", "parent"):
        server.put(f"/data/upload/1/{name}.png", PICTURE)
    subprocess.run(
        [sys.executable, "-c", FORKING, server.url, tmp_path], check=True, timeout=60
    )
    assert len(server.targets) == 3


def test_threads_share_one_download(resolver: Resolver, server: MediaServer) -> None:
    """G2."""
    server.put("/data/upload/1/a.png", PICTURE)
    barrier = threading.Barrier(8)
    sizes: list[int] = []

    def work() -> None:
        barrier.wait()
        sizes.append(resolver.path("/data/upload/1/a.png").stat().st_size)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [len(PICTURE)] * 8
    assert len(server.targets) == 1


@pytest.mark.parametrize("reference", ["", "uploads/x.png", "/etc/passwd", None, []])
def test_what_is_no_reference_is_a_value_error(
    resolver: Resolver, reference: str
) -> None:
    with pytest.raises(ValueError, match="reference"):
        resolver.path(reference)
    assert resolver.paths([reference])[0].error is not None


def test_requests_carry_ids_of_their_own(
    resolver: Resolver, server: MediaServer
) -> None:
    for number in (1, 2):
        server.put(f"/tasks/{number}/resolve/", PICTURE)
    resolver.paths(
        [MediaRequest(reference=f"s3://b/{n}.png", task_id=n) for n in (1, 2)]
    )
    rooms = {target.partition("?")[0] for target in server.targets}
    assert rooms == {"/tasks/1/resolve/", "/tasks/2/resolve/"}
