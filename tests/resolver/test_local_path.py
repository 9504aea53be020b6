"""``get_local_path``: the old signature and environment, without the old faults."""

from __future__ import annotations

import inspect
import os
from pathlib import Path

import pytest
from resolver.fixtures import TOKEN
from resolver.media_server import MediaServer

from ls_tools.errors import CacheError, LsToolsError, SettingsError
from ls_tools.resolver import get_local_path, get_local_paths, local_path
from ls_tools.settings import ENVIRONMENT, environment_fingerprint

PICTURE = b"\x89PNG" + bytes(range(256))
UPLOAD = "/data/upload/1/a.png"


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_path, "_resolvers", {})


@pytest.fixture
def configured(server: MediaServer, monkeypatch: pytest.MonkeyPatch) -> MediaServer:
    """The server, as the environment names it."""
    monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    server.put(UPLOAD, PICTURE)
    return server


def test_the_signature_is_the_one_that_callers_rely_on() -> None:
    parameters = inspect.signature(get_local_path).parameters
    assert [(p.name, p.default) for p in parameters.values()] == [
        ("url", inspect.Parameter.empty),
        ("cache_dir", None),
        ("project_dir", None),
        ("hostname", None),
        ("image_dir", None),
        ("access_token", None),
        ("download_resources", True),
        ("task_id", None),
    ]
    assert {p.kind for p in parameters.values()} == {
        inspect.Parameter.POSITIONAL_OR_KEYWORD
    }


def test_the_environment_names_server_and_token(configured: MediaServer) -> None:
    path = get_local_path(UPLOAD)
    assert isinstance(path, str)
    assert Path(path).read_bytes() == PICTURE
    assert configured.seen[0].headers["authorization"] == f"Token {TOKEN}"


def test_the_older_variables_are_read_too(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_HOST", server.url)
    monkeypatch.setenv("LABEL_STUDIO_ACCESS_TOKEN", TOKEN)
    server.put(UPLOAD, PICTURE)
    assert Path(get_local_path(UPLOAD)).read_bytes() == PICTURE


def test_arguments_win_over_the_environment(
    configured: MediaServer, elsewhere: MediaServer, tmp_path: Path
) -> None:
    elsewhere.put(UPLOAD, b"other")
    path = get_local_path(
        UPLOAD, str(tmp_path), None, elsewhere.url, None, "another-token"
    )
    assert Path(path).read_bytes() == b"other"
    assert Path(path).is_relative_to(tmp_path)
    assert elsewhere.seen[0].headers["authorization"] == "Token another-token"
    assert configured.targets == []


@pytest.mark.usefixtures("configured")
def test_a_token_of_the_environment_stays_with_its_server(
    elsewhere: MediaServer,
) -> None:
    elsewhere.put(UPLOAD, b"other")
    get_local_path(UPLOAD, hostname=elsewhere.url)
    assert all("authorization" not in seen.headers for seen in elsewhere.seen)


def test_the_environment_is_read_at_each_call(
    configured: MediaServer,
    elsewhere: MediaServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """G20."""
    get_local_path(UPLOAD)
    monkeypatch.setenv("LABEL_STUDIO_URL", elsewhere.url)
    elsewhere.put(UPLOAD, b"other")
    assert Path(get_local_path(UPLOAD)).read_bytes() == b"other"
    (tmp_path / "a.png").touch()
    monkeypatch.setenv("LOCAL_FILES_DOCUMENT_ROOT", str(tmp_path))
    found = get_local_path("/data/local-files/?d=a.png")
    assert found == str(tmp_path / "a.png")
    assert len(configured.targets) == 1


@pytest.mark.parametrize("name", [variable.name for variable in ENVIRONMENT])
def test_every_variable_changes_the_fingerprint(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = environment_fingerprint()
    monkeypatch.setenv(name, "1")
    assert environment_fingerprint() != before
    monkeypatch.delenv(name)
    assert environment_fingerprint() == before


def test_a_replaced_environment_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"LABEL_STUDIO_URL": "http://h.example"})
    assert "http://h.example" in environment_fingerprint()


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("value", ["maybe", "/no/such/ca.pem"])
def test_a_bad_verify_setting_is_an_error_of_the_call(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """G20."""
    monkeypatch.setenv("VERIFY_SSL", value)
    with pytest.raises(ValueError, match="VERIFY_SSL"):
        get_local_path(UPLOAD)


@pytest.mark.parametrize(
    "hostname", ["labels.example.com", "localhost:8080", "ftp://h"]
)
def test_a_hostname_without_scheme_is_a_value_error(hostname: str) -> None:
    with pytest.raises(ValueError, match="not an http") as caught:
        get_local_path(UPLOAD, hostname=hostname)
    assert isinstance(caught.value, SettingsError)


def test_errors_are_those_that_callers_catch(server: MediaServer) -> None:
    """G23."""
    with pytest.raises(FileNotFoundError):
        get_local_path(UPLOAD)
    with pytest.raises(FileNotFoundError):
        get_local_path(UPLOAD, hostname=server.url)
    with pytest.raises(FileNotFoundError):
        get_local_path(UPLOAD, hostname=server.url, access_token=TOKEN)
    with pytest.raises(LsToolsError, match="task_id"):
        get_local_path("s3://b/a.png", hostname=server.url, access_token=TOKEN)
    with pytest.raises(FileNotFoundError):
        get_local_path("/data/local-files/?d=")


def test_a_missing_cache_dir_is_made(configured: MediaServer, tmp_path: Path) -> None:
    """G15."""
    folder = tmp_path / "deep" / "cache"
    path = Path(get_local_path(UPLOAD, cache_dir=str(folder)))
    assert path.read_bytes() == PICTURE
    assert path.is_relative_to(folder)
    assert folder.is_dir()
    assert len(configured.targets) == 1


@pytest.mark.parametrize("argument", ["image_dir", "project_dir"])
def test_an_upload_on_this_machine_needs_no_cache_dir(
    tmp_path: Path, argument: str
) -> None:
    """G15, G16: the original is used, whatever its name."""
    for project in ("1", "2"):
        folder = tmp_path / "upload" / project
        folder.mkdir(parents=True)
        (folder / "a.png").write_text(project)
    given = tmp_path / "upload" if argument == "image_dir" else tmp_path
    cache_dir = tmp_path / "cache"
    for project in ("1", "2"):
        path = get_local_path(
            f"/data/upload/{project}/a.png",
            cache_dir=str(cache_dir),
            **{argument: str(given)},  # type: ignore[arg-type]
        )
        assert Path(path).read_text() == project
    assert not cache_dir.exists()


def test_the_upload_folder_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "a.png").touch()
    monkeypatch.setenv("LS_UPLOAD_DIR", str(tmp_path))
    assert get_local_path(UPLOAD) == str(tmp_path / "1" / "a.png")


def test_a_relative_folder_gives_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.png").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCAL_FILES_DOCUMENT_ROOT", "root")
    path = get_local_path("/data/local-files/?d=a.png")
    assert path == str(tmp_path / "root" / "a.png")


def test_the_upload_folder_of_the_users_label_studio_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "label-studio" / "media" / "upload" / "1"
    with pytest.raises(FileNotFoundError):
        get_local_path(UPLOAD)
    folder.mkdir(parents=True)
    (folder / "a.png").touch()
    local_path._resolvers.clear()
    assert get_local_path(UPLOAD) == str(folder / "a.png")


def test_nothing_but_the_cache_is_made_in_the_home_folder(
    elsewhere: MediaServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """G21."""
    monkeypatch.setenv("HOME", str(tmp_path))
    elsewhere.put("/a.png", PICTURE)
    get_local_path(f"{elsewhere.url}/a.png")
    assert [p.name for p in tmp_path.iterdir()] == [".cache"]
    assert [p.name for p in (tmp_path / ".cache").iterdir()] == ["ls-tools"]


def test_an_unwritable_home_is_an_error_that_names_the_way_out(
    elsewhere: MediaServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """G21."""
    monkeypatch.setenv("HOME", "/proc/nohome")
    elsewhere.put("/a.png", PICTURE)
    with pytest.raises(CacheError, match="LS_TOOLS_CACHE_DIR") as caught:
        get_local_path(f"{elsewhere.url}/a.png")
    assert isinstance(caught.value, OSError)
    monkeypatch.setenv("LS_TOOLS_CACHE_DIR", str(tmp_path))
    path = get_local_path(f"{elsewhere.url}/a.png")
    assert Path(path).is_relative_to(tmp_path)


def test_download_resources_false_fetches_and_makes_nothing(
    configured: MediaServer, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    path = get_local_path(UPLOAD, cache_dir=str(folder), download_resources=False)
    assert Path(path).name == "a.png"
    assert Path(path).is_relative_to(folder)
    assert not folder.exists()
    assert configured.targets == []


def test_a_bucket_reference_is_resolved_for_its_task(configured: MediaServer) -> None:
    configured.put("/tasks/7/resolve/", PICTURE)
    path = get_local_path("s3://imgs/set/a b.png", task_id=7)
    assert path.endswith("/a b.png")
    assert Path(path).read_bytes() == PICTURE


def test_rotating_tokens_do_not_pile_up_resolvers(server: MediaServer) -> None:
    server.put(UPLOAD, PICTURE)
    for number in range(50):
        get_local_path(UPLOAD, hostname=server.url, access_token=f"token-{number}")
    assert len(server.targets) == 1
    assert len(local_path._resolvers) <= 16


def test_many_references_are_resolved_in_order(configured: MediaServer) -> None:
    configured.put("/data/upload/1/b.png", b"b")
    found = get_local_paths([UPLOAD, "/data/upload/1/b.png", UPLOAD])
    assert [Path(one.path or "").name for one in found] == ["a.png", "b.png", "a.png"]
    assert len(configured.targets) == 2
