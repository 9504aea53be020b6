"""What each kind of reference is parsed into."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import BadReferenceError, LsToolsError, NotFoundError, RefusedError
from ls_tools.locator import Locator, parse_reference
from ls_tools.locator.cloud import resolve_path
from ls_tools.origin import Origin

ROOT = Origin.parse("https://labels.example.com")
SUBPATH = Origin.parse("https://labels.example.com/ls")
AWKWARD = ["a b.png", "a#b.png", "a&b.png", "a+b.png", "100%.png", "é.png", "标 注.png"]

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\?"),
    min_size=1,
    max_size=30,
).filter(lambda name: name.strip(". ") and "%" not in name and name == name.rstrip())


def parse(
    reference: str, origin: Origin | None = ROOT, *, allow_paths: bool = False
) -> Locator:
    return parse_reference(reference, origin=origin, allow_paths=allow_paths)


def base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "reference",
    [
        "upload/1/a.png",
        "/upload/1/a.png",
        "/data/upload/1/a.png",
        "/data//upload/./1/a.png",
        "/data/upload/1/a.png?width=3",
        "https://labels.example.com/data/upload/1/a.png",
        "HTTPS://Labels.Example.com:443/data/upload/1/a.png",
        "https://user:password@labels.example.com/upload/1/a.png",
        "  /data/upload/1/a.png\n",
    ],
)
def test_every_spelling_of_an_upload_is_the_same_file(reference: str) -> None:
    locator = parse(reference)
    assert locator.kind == "upload"
    assert locator.path == "/data/upload/1/a.png"
    assert locator.url == "https://labels.example.com/data/upload/1/a.png"
    assert locator.canonical == locator.url
    assert locator.file_name == "a.png"


@pytest.mark.parametrize(
    "reference",
    [
        "/data/upload/1/a.png",
        "/ls/data/upload/1/a.png",
        "/ls/upload/1/a.png",
        "upload/1/a.png",
        "https://labels.example.com/ls/data/upload/1/a.png",
    ],
)
def test_a_server_below_a_path_is_met_with_and_without_its_prefix(
    reference: str,
) -> None:
    """G22."""
    locator = parse(reference, SUBPATH)
    assert locator.kind == "upload"
    assert locator.url == "https://labels.example.com/ls/data/upload/1/a.png"


def test_a_url_beside_the_prefix_is_not_the_server() -> None:
    url = "https://labels.example.com/data/upload/1/a.png"
    assert parse(url, SUBPATH).kind == "http"


def test_an_alias_stands_for_the_configured_server() -> None:
    alias = Origin.parse("http://10.0.0.1:8080/old")
    locator = parse_reference(
        "http://10.0.0.1:8080/old/data/upload/1/a.png", origin=ROOT, aliases=(alias,)
    )
    assert locator.url == "https://labels.example.com/data/upload/1/a.png"


def test_http_is_not_the_https_server() -> None:
    """G8: only the configured scheme, host and port are the server."""
    assert parse("http://labels.example.com/data/upload/1/a.png").kind == "http"


@pytest.mark.parametrize(
    "reference", ["uploads/x.png", "upload.png", "/uploadings/a.jpg", "/uploads/x.png"]
)
def test_a_name_that_begins_like_upload_is_no_upload(reference: str) -> None:
    """G11."""
    with pytest.raises(BadReferenceError):
        parse(reference)
    assert parse(reference, allow_paths=True).kind == "path"


def test_a_folder_that_begins_like_upload_is_no_upload() -> None:
    """G11."""
    locator = parse("/data/uploads-old/x.png?v=2")
    assert locator.kind == "server_path"
    assert locator.url == "https://labels.example.com/data/uploads-old/x.png?v=2"
    with pytest.raises(NotFoundError):
        parse("/data/uploads-old/")


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_upload_names_arrive_whole(name: str) -> None:
    """G12: raw and percent-encoded names are the same file."""
    raw, encoded = parse(f"/data/upload/1/{name}"), parse(f"upload/1/{quote(name)}")
    assert raw.path == encoded.path == f"/data/upload/1/{name}"
    assert raw.url == encoded.url
    assert raw.url is not None
    assert "#" not in raw.url
    assert " " not in raw.url
    assert raw.url.isascii()
    assert raw.file_name == name


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_local_file_names_arrive_whole(name: str) -> None:
    """G12: the server percent-encodes them in ``?d=``."""
    locator = parse(f"/data/local-files/?d=ds%201/{quote(name)}")
    assert locator.kind == "local_file"
    assert locator.path == f"ds 1/{name}"
    assert parse(locator.url or "").path == locator.path
    assert locator.file_name == name


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_behind_the_storage_proxy_arrive_whole(name: str) -> None:
    """G12."""
    value = quote(f"upload/1/{name}", safe="")
    locator = parse(f"/storage-data/uploaded/?filepath={value}")
    assert locator.kind == "storage_proxy"
    assert locator.path == f"/data/upload/1/{name}"
    assert locator.canonical == parse(f"/data/upload/1/{name}").canonical
    assert parse(locator.url or "").path == locator.path
    assert locator.file_name == name


@pytest.mark.parametrize("name", AWKWARD)
def test_bucket_keys_are_taken_raw(name: str) -> None:
    """G12: nothing in a bucket URI is percent-decoded."""
    locator = parse(f"s3://imgs/set/{name}")
    assert (locator.bucket, locator.key) == ("imgs", f"set/{name}")
    assert parse("s3://imgs/a%20b.png").key == "a%20b.png"


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("room", ["tasks/7/resolve", "projects/7/presign"])
def test_a_resolve_url_names_the_bucket_object_inside_it(name: str, room: str) -> None:
    """G22."""
    uri = f"s3://imgs/set/{name}"
    locator = parse(f"/{room}/?fileuri={base64url(uri)}")
    assert locator.kind == "resolve"
    assert locator.canonical == uri
    assert (locator.bucket, locator.key) == ("imgs", f"set/{name}")
    assert (locator.task_id, locator.project_id) == (
        (7, None) if room.startswith("tasks") else (None, 7)
    )
    assert (locator.url or "").startswith("https://labels.example.com/")
    assert locator.file_name == name


def test_a_percent_encoded_fileuri_is_understood() -> None:
    reference = f"/tasks/7/presign/?fileuri={quote('gs://b/a b é.png', safe='')}"
    assert parse(reference).canonical == "gs://b/a b é.png"


def test_a_fileuri_in_the_other_base64_alphabet_is_understood() -> None:
    uri = "s3://b/ÿÿÿ>>>???.png"
    value = base64.b64encode(uri.encode()).decode()
    assert parse(f"/tasks/1/resolve?fileuri={value}").canonical == uri


@pytest.mark.parametrize("value", ["", "zzz", "AAAA", "!!", base64url("no uri")])
def test_a_fileuri_without_a_uri_is_refused(value: str) -> None:
    with pytest.raises(BadReferenceError):
        parse(f"/tasks/7/resolve/?fileuri={value}")


@pytest.mark.parametrize(
    ("reference", "kind", "canonical"),
    [
        ("S3://imgs/a.png", "s3", "s3://imgs/a.png"),
        ("gs://b/a.png", "gs", "gs://b/a.png"),
        ("Azure-Blob://c/a.png", "azure", "azure-blob://c/a.png"),
        ("azure-spi://$web/a.png", "azure", "azure-spi://$web/a.png"),
    ],
)
def test_bucket_schemes_are_known_in_any_case(
    reference: str, kind: str, canonical: str
) -> None:
    locator = parse(reference, None)
    assert (locator.kind, locator.canonical) == (kind, canonical)
    assert locator.scheme == canonical.partition(":")[0]


@pytest.mark.parametrize(
    ("reference", "version"),
    [("s3://b/k.png?versionId=v1", "v1"), ("gs://b/k.png?generation=17", "17")],
)
def test_a_version_is_no_part_of_the_name(reference: str, version: str) -> None:
    """G17."""
    locator = parse(reference)
    assert (locator.key, locator.version) == ("k.png", version)
    assert locator.file_name == "k.png"
    assert locator.canonical == reference


@pytest.mark.parametrize("reference", ["s3://b", "s3://b/", "s3:///k", "s3://u:p@b/k"])
def test_a_bucket_reference_without_object_is_refused(reference: str) -> None:
    with pytest.raises(BadReferenceError):
        parse(reference)


@pytest.mark.parametrize(
    "reference",
    [
        "/api/users/",
        "/api/projects/1/file-proxy/?url=x",
        "https://labels.example.com/api/users/1",
        "https://labels.example.com/%61pi/users/1",
        "https://labels.example.com/x/..%2fapi/users",
        "/%61pi/users/",
        "/%2561pi/users/",
        "https://labels.example.com/x/%252e%252e/API/users",
    ],
)
def test_task_data_cannot_name_a_call_of_the_api(reference: str) -> None:
    """G9."""
    with pytest.raises(RefusedError, match="API"):
        parse(reference)


def test_an_api_path_of_another_server_is_just_a_url() -> None:
    assert parse("https://elsewhere.example.com/api/img.png").kind == "http"


@pytest.mark.parametrize(
    "reference",
    [
        "/data/upload/../../etc/passwd",
        "/data/upload/1/..%2f..%2fapi",
        "/data/upload/1/%252e%252e/x.png",
        "/data/upload/1/..\\x.png",
        "/data/local-files/?d=../x",
        "/data/local-files/?d=a/%2e%2e/%2e%2e/x",
        "/storage-data/uploaded/?filepath=upload/../x",
    ],
)
def test_no_reference_leads_upwards(reference: str) -> None:
    with pytest.raises(RefusedError) as caught:
        parse(reference)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "reference",
    [
        "/data/local-files/?d=",
        "/data/local-files/",
        "/data/local-files/?d=/",
        "/data/upload/",
        "/storage-data/uploaded/?filepath=",
    ],
)
def test_a_reference_that_names_no_file_is_not_found(reference: str) -> None:
    with pytest.raises(FileNotFoundError):
        parse(reference)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x.example/images/", "images"),
        ("https://x.example/", "x.example"),
        ("https://x.example", "x.example"),
        ("https://x.example/a%2Fb.png", "b.png"),
        ("https://x.example/a.png?versionId=3", "a.png"),
        ("https://x.example/a.png#fragment", "a.png"),
        ("https://x.example/%C3%A9.png", "é.png"),
        (f"https://x.example/{'n' * 300}.jpeg", "n" * 195 + ".jpeg"),
    ],
)
def test_file_names_of_urls_are_usable(url: str, name: str) -> None:
    """G17."""
    assert parse(url).file_name == name


def test_a_signature_is_fetched_with_but_never_written_down() -> None:
    url = "https://u:pw@x.example/a b.png?b=2&X-Amz-Signature=cafe&a=1"
    locator = parse(url)
    assert locator.canonical == "https://x.example/a%20b.png?b=2&a=1"
    assert locator.url == (
        "https://u:pw@x.example/a%20b.png?b=2&X-Amz-Signature=cafe&a=1"
    )
    assert "cafe" not in repr(locator)
    assert "pw@" not in repr(locator)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "  ",
        "/tmp/x.png",  # noqa: S108 -- parsed, never opened
        "x.png",
        "//host/x.png",
        "ftp://h/x.png",
        "C:\\x.png",
        "data:image/png;base64,AAAA",
        "https://",
        "https://h:99999/x",
        "https://h:0/x",
        "https://evil.example\\@h/x",
        "https://h/a\x00b",
        "https://h/\ud800.png",
        "https://[::1/x",
    ],
)
def test_what_is_no_reference_is_refused(reference: str) -> None:
    with pytest.raises(BadReferenceError):
        parse(reference)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(BadReferenceError, match="int"):
        parse(5)  # type: ignore[arg-type]


def test_plain_paths_are_taken_only_where_allowed() -> None:
    assert parse("/data/own/x.png", allow_paths=True).kind == "path"
    assert parse("file:///data/own/a%20b.png", allow_paths=True).path == (
        "/data/own/a b.png"
    )
    assert parse("/data/upload/1/x.png", allow_paths=True).kind == "upload"
    with pytest.raises(BadReferenceError):
        parse("file://elsewhere/x.png", allow_paths=True)


def test_a_registered_scheme_is_taken() -> None:
    locator = parse_reference("HDFS://n/a.png", origin=None, schemes=("hdfs",))
    assert (locator.kind, locator.scheme) == ("other", "hdfs")
    assert locator.canonical == "hdfs://n/a.png"


def test_a_resolve_path_needs_a_task_or_a_project() -> None:
    with pytest.raises(ValueError, match="s3://"):
        resolve_path("s3://b/k", task_id=None, project_id=None)


def test_server_references_parse_without_a_server() -> None:
    locator = parse("/data/upload/1/a.png", None)
    assert (locator.kind, locator.url) == ("upload", None)
    assert locator.canonical == "/data/upload/1/a.png"


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    for origin in (None, ROOT, SUBPATH):
        try:
            locator = parse(text, origin)
        except LsToolsError:
            continue
        assert len(locator.file_name.encode()) <= 200


@given(
    st.sampled_from(
        ["/data/upload/1/", "/data/local-files/?d=", "https://h/", "/tasks/1/resolve/?"]
    ),
    st.text(),
)
def test_any_tail_parses_or_is_refused(head: str, tail: str) -> None:
    try:
        locator = parse(head + tail)
    except LsToolsError:
        return
    assert locator.url is None or locator.url.isascii() or "@" in locator.url


@given(names)
def test_upload_urls_parse_back_to_the_same_file(name: str) -> None:
    locator = parse(f"/data/upload/3/{name}")
    again = parse(locator.url or "")
    assert (again.path, again.identity) == (locator.path, locator.identity)


@given(names, names)
def test_canonical_references_are_stable(folder: str, name: str) -> None:
    for reference in (
        f"/data/local-files/?d={quote(folder)}/{quote(name)}",
        f"s3://bucket/{folder}/{name}",
        f"https://h.example/{quote(folder)}/{quote(name)}",
    ):
        canonical = parse(reference).canonical
        assert parse(canonical).canonical == canonical
