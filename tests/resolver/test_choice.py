"""Bucket objects: directly, through the server, and what is said when both fail."""

from __future__ import annotations

import base64
import logging
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from resolver.media_server import MediaServer, Reply

from ls_tools.errors import (
    AccessError,
    CacheError,
    CredentialsRejectedError,
    IntegrityError,
    LsToolsError,
    MissingCredentialsError,
    MissingDependencyError,
    MissingTokenError,
    MissingUrlError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ServerError,
    SettingsError,
    TokenRejectedError,
    UsageError,
)
from ls_tools.registry import Registry
from ls_tools.resolver import MediaRequest, Resolver
from ls_tools.settings import (
    AzureSettings,
    BucketSettings,
    GcsSettings,
    S3Settings,
    Settings,
)
from ls_tools.sources import Services, routes
from ls_tools.sources.buckets.choice import REMEMBERED_S, Choice, Ways, both_failed
from ls_tools.sources.buckets.driver import BucketSource
from ls_tools.sources.buckets.protocol import Body, ObjectInfo, ObjectName
from ls_tools.transfer import Fetched, Validator

DIRECT, SERVED = b"from the bucket", b"from the server"
NO_BUCKET = NotFoundError("There is no bucket.", code="NoSuchBucket")


class Shelves:
    """Objects in memory, or the error that asking for one gives."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes | LsToolsError] = {}
        self.failure: LsToolsError | None = None
        self.asked: list[str] = []
        self.opened: list[tuple[str, Settings]] = []

    def open(self, settings: Settings, bucket: str) -> Shelves:
        self.opened.append((bucket, settings))
        return self

    def get(
        self,
        name: ObjectName,
        *,
        start: int = 0,
        stop: int | None = None,
        match: Validator | None = None,
        unless: Validator | None = None,
    ) -> Body | None:
        del stop, match
        self.asked.append(f"{name.bucket}/{name.key}")
        found = self.failure or self.objects.get(f"{name.bucket}/{name.key}")
        if found is None:
            msg = f"There is no {name.canonical}."
            raise NotFoundError(msg, hint="Check its name.", code="NoSuchKey")
        if isinstance(found, LsToolsError):
            raise found
        if unless is not None and unless.etag == "it":
            return None
        info = ObjectInfo(
            key=name.key, size_bytes=len(found), validator=Validator(etag="it")
        )
        return Body(info=info, start=start, chunks=iter([found[start:]]))

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        raise NotImplementedError


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch) -> Shelves:
    """The store of every bucket."""
    shelves = Shelves()

    def make(services: Services) -> BucketSource:
        return BucketSource(services, shelves.open)

    targets = {**routes.SOURCES._targets, "s3": make, "gcs": make, "azure": make}
    monkeypatch.setattr(routes, "SOURCES", Registry("source", targets))  # type: ignore[arg-type]
    return shelves


def resolve_url(uri: str, *, task_id: int = 7) -> str:
    encoded = base64.urlsafe_b64encode(uri.encode()).decode()
    return f"/tasks/{task_id}/resolve/?fileuri={encoded}"


@pytest.fixture
def served(server: MediaServer) -> MediaServer:
    """A server that resolves everything for task 7."""
    server.put("/tasks/7/resolve/", SERVED)
    return server


# Which way


def test_auto_goes_directly_where_that_works(
    resolver: Resolver, shelves: Shelves, served: MediaServer
) -> None:
    for scheme in ("s3", "gs", "azure-blob", "azure-spi"):
        shelves.objects[f"imgs/{scheme}.png"] = DIRECT
        found = resolver.resolve(f"{scheme}://imgs/{scheme}.png", task_id=7)
        assert found.path is not None
        assert Path(found.path).read_bytes() == DIRECT
        assert found.source == {"s3": "s3", "gs": "gcs"}.get(scheme, "azure")
    assert served.targets == []


@pytest.mark.parametrize(
    "failure",
    [
        MissingDependencyError("It is not installed."),
        MissingCredentialsError("There are none."),
        CredentialsRejectedError("No."),
        NO_BUCKET,
        None,
        ServerError("It is down."),
    ],
    ids=lambda failure: getattr(failure, "kind", "no key"),
)
def test_auto_falls_back_to_the_server(
    resolver: Resolver,
    shelves: Shelves,
    served: MediaServer,
    failure: LsToolsError | None,
) -> None:
    shelves.failure = failure
    found = resolver.resolve("s3://imgs/a.png", task_id=7)
    assert found.error is None
    assert Path(found.path or "").read_bytes() == SERVED
    assert found.source == "presign"
    assert len(served.targets) == 1


@pytest.mark.parametrize("failure", [RefusedError("Unsafe."), CacheError("Full.")])
def test_what_is_unsafe_or_full_is_not_tried_another_way(
    resolver: Resolver, shelves: Shelves, served: MediaServer, failure: LsToolsError
) -> None:
    shelves.failure = failure
    with pytest.raises(type(failure)):
        resolver.path("s3://imgs/a.png", task_id=7)
    assert served.targets == []


def test_direct_and_server_mean_just_that(
    settings: Settings, shelves: Shelves, served: MediaServer
) -> None:
    shelves.objects["imgs/a.png"] = DIRECT
    with Resolver(settings.evolve(cloud="server")) as resolver:
        assert resolver.path("s3://imgs/a.png", task_id=7).read_bytes() == SERVED
    assert shelves.asked == []
    with Resolver(settings.evolve(cloud="direct")) as resolver:
        with pytest.raises(NotFoundError) as caught:
            resolver.path("s3://imgs/b.png", task_id=7)
        assert "server" not in str(caught.value)
    assert len(served.targets) == 1


def test_a_resolve_url_of_a_bucket_object_goes_directly_too(
    settings: Settings, shelves: Shelves, served: MediaServer
) -> None:
    shelves.objects["imgs/a b.png"] = DIRECT
    reference = resolve_url("s3://imgs/a b.png")
    with Resolver(settings) as resolver:
        assert resolver.path(reference).read_bytes() == DIRECT
        assert served.targets == []
        assert resolver.path(resolve_url("s3://imgs/c.png")).read_bytes() == SERVED
    with Resolver(settings.evolve(cloud="server", cache_namespace="n")) as resolver:
        assert resolver.path(reference).read_bytes() == SERVED


@pytest.mark.usefixtures("served")
def test_a_bucket_has_a_way_and_a_store_of_its_own(
    settings: Settings, shelves: Shelves
) -> None:
    shelves.objects = {"own/a.png": DIRECT, "through/a.png": DIRECT}
    own = S3Settings(endpoint_url="http://minio:9000")
    buckets = {
        "own": BucketSettings(s3=own),
        "through": BucketSettings(cloud="server"),
    }
    with Resolver(settings.evolve(buckets=buckets)) as resolver:
        assert resolver.path("s3://own/a.png", task_id=7).read_bytes() == DIRECT
        assert resolver.path("s3://through/a.png", task_id=7).read_bytes() == SERVED
    assert [(name, one.s3) for name, one in shelves.opened] == [("own", own)]


@pytest.mark.parametrize("cloud", ["auto", "direct", "server"])
def test_a_bucket_that_is_not_allowed_is_read_no_way(
    settings: Settings, shelves: Shelves, served: MediaServer, cloud: str
) -> None:
    changed = settings.evolve(allowed_buckets=("imgs",), cloud=cloud)
    shelves.objects["other/a.png"] = DIRECT
    with Resolver(changed) as resolver:
        for reference in ("s3://other/a.png", resolve_url("s3://other/a.png")):
            with pytest.raises(RefusedError, match="other"):
                resolver.path(reference, task_id=7)
            with pytest.raises(RefusedError, match="other"):
                resolver.expected_path(reference)
    assert shelves.asked == served.targets == []


# What is remembered


def test_a_bucket_that_fails_is_not_tried_for_each_object(
    resolver: Resolver, shelves: Shelves, served: MediaServer
) -> None:
    shelves.failure = CredentialsRejectedError("No.")
    resolver.path("s3://imgs/first.png", task_id=7)
    references = [f"s3://imgs/{number}.png" for number in range(50)]
    found = resolver.paths(references, task_id=7)
    assert all(one.error is None for one in found)
    assert shelves.asked == ["imgs/first.png"]
    shelves.failure = None
    shelves.objects["other/a.png"] = DIRECT
    assert resolver.path("s3://other/a.png", task_id=7).read_bytes() == DIRECT
    assert len(served.targets) == 51


def test_a_missing_key_does_not_flip_its_bucket(
    resolver: Resolver, shelves: Shelves, served: MediaServer
) -> None:
    shelves.objects["imgs/b.png"] = DIRECT
    assert resolver.path("s3://imgs/gone.png", task_id=7).read_bytes() == SERVED
    assert resolver.path("s3://imgs/b.png", task_id=7).read_bytes() == DIRECT
    assert len(served.targets) == 1


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Trail:
    """Two ways that do as they are told, and note that they were tried."""

    def __init__(self) -> None:
        self.direct: LsToolsError | None = None
        self.server: LsToolsError | None = None
        self.tried: list[str] = []

    def ways(self, bucket: str = "imgs") -> Ways:
        return Ways(
            store="s3",
            bucket=bucket,
            canonical=f"s3://{bucket}/a.png",
            direct=self._way("direct"),
            server=self._way("server"),
            begin_again=lambda: self.tried.append("-"),
        )

    def _way(self, name: str) -> Callable[[], Fetched]:
        def fetch() -> Fetched:
            self.tried.append(name)
            failure: LsToolsError | None = getattr(self, name)
            if failure is not None:
                raise failure
            return Fetched(source=name)

        return fetch

    def take(self) -> list[str]:
        tried, self.tried = self.tried, []
        return tried


@pytest.fixture
def trail() -> Trail:
    return Trail()


def test_what_is_remembered_is_tried_again_after_minutes(trail: Trail) -> None:
    clock = Clock()
    choice = Choice(clock)
    trail.direct = NetworkError("Down.")
    assert choice.fetch(trail.ways()).source == "server"
    assert trail.take() == ["direct", "-", "server"]
    clock.now_s = REMEMBERED_S - 1
    assert choice.fetch(trail.ways()).source == "server"
    assert trail.take() == ["server"]
    clock.now_s = REMEMBERED_S + 1
    trail.direct = None
    assert choice.fetch(trail.ways()).source == "direct"


@pytest.mark.parametrize(
    "failure",
    [NotFoundError("No key.", code="NoSuchKey"), IntegrityError("Damaged.")],
)
def test_one_bad_object_is_remembered_of_no_bucket(
    trail: Trail, failure: LsToolsError
) -> None:
    choice = Choice()
    trail.direct = failure
    choice.fetch(trail.ways())
    trail.take()
    choice.fetch(trail.ways())
    assert trail.take() == ["direct", "-", "server"]


@pytest.mark.parametrize("code", ["NoSuchBucket", "noSuchBucket", "ContainerNotFound"])
def test_a_missing_bucket_is_remembered(trail: Trail, code: str) -> None:
    choice = Choice()
    trail.direct = NotFoundError("No bucket.", code=code)
    choice.fetch(trail.ways())
    trail.take()
    choice.fetch(trail.ways())
    assert trail.take() == ["server"]


def test_a_failure_is_remembered_only_if_the_server_copes(trail: Trail) -> None:
    choice = Choice()
    trail.direct, trail.server = CredentialsRejectedError("No."), NetworkError("Down.")
    for _ in range(2):
        with pytest.raises(NetworkError):
            choice.fetch(trail.ways())
        assert trail.take() == ["direct", "-", "server"]


@pytest.mark.parametrize(
    "failure", [MissingDependencyError("No."), MissingCredentialsError("No.")]
)
def test_what_no_object_can_change_is_remembered_in_any_case(
    trail: Trail, failure: LsToolsError
) -> None:
    choice = Choice()
    trail.direct, trail.server = failure, NotFoundError("Not there.")
    for expected in (["direct", "-", "server"], ["server"]):
        with pytest.raises(NotFoundError, match="Directly: No"):
            choice.fetch(trail.ways())
        assert trail.take() == expected


def test_the_bucket_is_tried_after_all_when_the_server_stops_coping(
    trail: Trail,
) -> None:
    choice = Choice()
    trail.direct = CredentialsRejectedError("No.")
    choice.fetch(trail.ways())
    trail.take()
    trail.direct, trail.server = None, NetworkError("Down.")
    assert choice.fetch(trail.ways()).source == "direct"
    assert trail.take() == ["server", "-", "direct"]
    assert choice.fetch(trail.ways()).source == "direct"
    assert trail.take() == ["direct"]


def test_both_failures_are_the_latest_ones(trail: Trail) -> None:
    choice = Choice()
    trail.direct = CredentialsRejectedError("Old.")
    choice.fetch(trail.ways())
    trail.direct, trail.server = NetworkError("New."), NotFoundError("Not there.")
    with pytest.raises(NetworkError, match=r"Directly: New\. Through the server: Not"):
        choice.fetch(trail.ways())


def test_a_store_out_of_reach_is_not_asked_for_each_missing_object(
    trail: Trail,
) -> None:
    choice = Choice()
    trail.direct = NetworkError("Down.")
    choice.fetch(trail.ways())
    trail.take()
    trail.server = NotFoundError("Not there.")
    with pytest.raises(NetworkError, match=r"Directly: Down\."):
        choice.fetch(trail.ways())
    assert trail.take() == ["server"]


def test_a_change_of_the_way_is_told_once(
    trail: Trail, caplog: pytest.LogCaptureFixture
) -> None:
    choice = Choice()
    trail.direct = CredentialsRejectedError("No.")
    gate = threading.Barrier(8, timeout=30)

    def fetch() -> None:
        gate.wait()
        choice.fetch(trail.ways())

    with caplog.at_level(logging.INFO, "ls_tools"):
        threads = [threading.Thread(target=fetch) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(caplog.records) == 1
    assert "imgs" in caplog.text


@pytest.mark.parametrize("failure", [RefusedError("Unsafe."), CacheError("Full.")])
def test_what_the_server_way_must_not_do_is_said_as_it_is(
    trail: Trail, failure: LsToolsError
) -> None:
    trail.direct, trail.server = NetworkError("Down."), failure
    with pytest.raises(type(failure)) as caught:
        Choice().fetch(trail.ways())
    assert caught.value is failure


# When both fail

NO_SDK = MissingDependencyError("No SDK.", hint="pip install it.")
NO_LOGIN = MissingCredentialsError("No login.", hint="Log in.")
REFUSED = CredentialsRejectedError("Not yours.", hint="Ask for it.")
GONE = NotFoundError("Not in the bucket.", hint="Look.")
DOWN = NetworkError("Store down.", hint="Wait.")
NO_URL = MissingUrlError("No server.", hint="Set LABEL_STUDIO_URL.")
NO_ID = UsageError("No task.", hint="Pass task_id.")
NO_TOKEN = MissingTokenError("No token.", hint="Set LABEL_STUDIO_API_KEY.")
BAD_TOKEN = TokenRejectedError("Bad token.", hint="Renew it.")
UNKNOWN = NotFoundError("No storage has it.", hint="Check the storage.")
BROKEN = ServerError("Server down.", hint="Wait.")


@pytest.mark.parametrize(
    ("direct", "server", "kind", "exit_code"),
    [
        (NO_SDK, NO_URL, NO_SDK, 2),
        (NO_LOGIN, NO_URL, NO_LOGIN, 4),
        (NO_LOGIN, NO_ID, NO_ID, 2),
        (NO_SDK, NO_TOKEN, NO_TOKEN, 4),
        (NO_LOGIN, UNKNOWN, UNKNOWN, 3),
        (NO_LOGIN, BAD_TOKEN, BAD_TOKEN, 4),
        (NO_SDK, BROKEN, BROKEN, 5),
        (GONE, NO_URL, GONE, 3),
        (GONE, NO_ID, GONE, 3),
        (GONE, NO_TOKEN, GONE, 3),
        (GONE, UNKNOWN, GONE, 3),
        (GONE, BAD_TOKEN, BAD_TOKEN, 4),
        (GONE, BROKEN, BROKEN, 5),
        (REFUSED, UNKNOWN, REFUSED, 4),
        (REFUSED, NO_URL, REFUSED, 4),
        (REFUSED, BAD_TOKEN, REFUSED, 4),
        (DOWN, UNKNOWN, DOWN, 5),
        (DOWN, BAD_TOKEN, DOWN, 5),
        (NO_LOGIN, SettingsError("Bad."), NO_LOGIN, 4),
    ],
)
def test_the_error_is_of_the_kind_that_says_more(
    direct: LsToolsError, server: LsToolsError, kind: LsToolsError, exit_code: int
) -> None:
    error = both_failed("s3://b/a", direct, server)
    assert type(error) is type(kind)
    assert error.exit_code == exit_code
    for one in (direct, server):
        assert one.message in error.message
        assert one.hint in error.hint
    assert error.data["attempts"] == {"direct": direct.kind, "server": server.kind}
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301


def test_the_error_tells_both_attempts_and_what_to_set(
    tmp_path: Path, shelves: Shelves
) -> None:
    shelves.failure = NO_LOGIN
    with Resolver(Settings(cache_dir=tmp_path)) as resolver:
        found = resolver.resolve("s3://imgs/a.png?X-Amz-Signature=c2VjcmV0")
    text = str(found.error)
    assert isinstance(found.error, AccessError)
    assert "No login." in text
    assert "LABEL_STUDIO_URL" in text
    assert "c2VjcmV0" not in text


@pytest.mark.usefixtures("served")
def test_what_the_first_way_began_is_not_in_the_file(
    resolver: Resolver, shelves: Shelves
) -> None:
    """A long beginning from the bucket, then all of it from the server."""

    def break_off() -> Iterator[bytes]:
        yield b"x" * 1000
        raise REFUSED

    def get(name: ObjectName, **_: object) -> Body:
        info = ObjectInfo(key=name.key, size_bytes=2000)
        return Body(info=info, chunks=break_off())

    shelves.get = get  # type: ignore[method-assign]
    assert resolver.path("s3://imgs/a.png", task_id=7).read_bytes() == SERVED


@pytest.mark.usefixtures("shelves")
def test_no_way_is_tried_that_leads_nowhere(
    settings: Settings, server: MediaServer
) -> None:
    server.replies["/tasks/7/resolve/"] = Reply(status=404)
    with Resolver(settings) as resolver:
        found = resolver.paths(
            [
                MediaRequest(reference="s3://imgs/a.png", task_id=7),
                MediaRequest(reference="s3://imgs/b.png"),
            ]
        )
    assert [type(one.error) for one in found] == [NotFoundError, NotFoundError]
    assert len(server.targets) == 1


# One entry, whichever way


def key_of(settings: Settings, reference: str = "s3://imgs/a.png") -> str:
    return Resolver(settings).cache_request(reference).key


def test_both_ways_share_an_entry(
    settings: Settings, shelves: Shelves, served: MediaServer
) -> None:
    shelves.objects["imgs/a.png"] = DIRECT
    with Resolver(settings.evolve(cloud="direct")) as resolver:
        path = resolver.path("s3://imgs/a.png")
    with Resolver(settings.evolve(cloud="server")) as resolver:
        assert resolver.path("s3://imgs/a.png", task_id=7) == path
        assert resolver.path(resolve_url("s3://imgs/a.png")) == path
    assert served.targets == []


@pytest.mark.parametrize(
    ("reference", "change"),
    [
        ("s3://imgs/a.png", {"s3": S3Settings(endpoint_url="http://minio:9000")}),
        ("gs://imgs/a.png", {"gcs": GcsSettings(endpoint_url="http://fake:4443")}),
        (
            "azure-blob://imgs/a.png",
            {"azure": AzureSettings(account_url="https://one.blob.core.windows.net")},
        ),
    ],
)
def test_equal_names_on_two_stores_have_two_entries(
    settings: Settings, reference: str, change: dict[str, object]
) -> None:
    changed = settings.evolve(**change)
    assert key_of(settings, reference) != key_of(changed, reference)
    assert key_of(changed, reference) == key_of(changed, resolve_url(reference))
    own = settings.evolve(buckets={"imgs": BucketSettings(**change)})  # type: ignore[arg-type]
    assert key_of(own, reference) == key_of(changed, reference)
    plain = "https://example.com/a.png"
    assert key_of(settings, plain) == key_of(changed, plain)
    assert key_of(settings, "/data/upload/1/a") == key_of(changed, "/data/upload/1/a")


def test_one_store_spelt_in_two_ways_is_one(settings: Settings) -> None:
    spellings = [
        AzureSettings(account_url="https://pics.blob.core.windows.net"),
        AzureSettings(account_url="https://PICS.blob.core.windows.net/"),
        AzureSettings(connection_string="AccountName=pics;AccountKey=c2VjcmV0"),
        AzureSettings(
            connection_string="BlobEndpoint=https://pics.blob.core.windows.net/;"
            "SharedAccessSignature=sig=c2VjcmV0"
        ),
    ]
    reference = "azure-blob://imgs/a.png"
    keys = {key_of(settings.evolve(azure=one), reference) for one in spellings}
    assert len(keys) == 1


def test_a_version_has_an_entry_of_its_own(settings: Settings) -> None:
    old = "s3://imgs/a.png?versionId=1"
    assert key_of(settings) != key_of(settings, old)
    assert key_of(settings, old) == key_of(settings, resolve_url(old))


@pytest.mark.usefixtures("served")
def test_an_object_is_revalidated_on_the_way_it_is_had(
    resolver: Resolver, shelves: Shelves
) -> None:
    shelves.objects["imgs/a.png"] = DIRECT
    path = resolver.path("s3://imgs/a.png", task_id=7)
    again = resolver.resolve("s3://imgs/a.png", task_id=7, mode="revalidate")
    assert (again.path, again.from_cache) == (str(path), True)
    shelves.failure = REFUSED
    served_path = resolver.path("s3://imgs/a.png", task_id=7, mode="revalidate")
    assert served_path.read_bytes() == SERVED
