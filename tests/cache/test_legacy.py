from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cache.rig import key_of, md5_of, request_for

from ls_tools.cache import Cache, CacheRequest, LegacyImport
from ls_tools.errors import NotFoundError

HOST = "https://labels.example.com"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "label-studio"
    folder.mkdir()
    return folder


def keep(folder: Path, url: str, name: str, body: bytes = b"picture") -> Path:
    """Put a file where the tools of before kept ``url``."""
    path = folder / f"{md5_of(url.encode())[:8]}__{name}"
    path.write_bytes(body)
    return path


def reasons(done: LegacyImport) -> dict[str, str]:
    return {skip.path.name: skip.reason for skip in done.skipped}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"{HOST}/data/upload/1/a%20b.jpg", "a%20b.jpg"),
        (f"{HOST}/storage-data/uploaded/?filepath=upload/1/a b.jpg", "a b.jpg"),
        (f"{HOST}/data/local-files/?d=photos/caf%C3%A9.jpg", "caf%C3%A9.jpg"),
        ("s3://bucket/path/a.jpg?versionId=7", "a.jpg?versionId=7"),
        (f"{HOST}/data/upload/1/", ""),
    ],
)
def test_files_of_an_old_cache_are_taken_over(
    cache: Cache, old: Path, url: str, name: str
) -> None:
    kept = keep(old, url, name)
    done = cache.import_legacy(old, [(url, request_for("a", "a b.jpg"))])
    (entry,) = done.imported
    assert done.skipped == ()
    assert entry.path.name == "a b.jpg"
    assert entry.path.read_bytes() == kept.read_bytes() == b"picture"
    assert cache.lookup(key_of("a")) == entry
    assert not entry.meta.validator


def test_files_that_cannot_be_vouched_for_are_listed_and_left(
    cache: Cache, old: Path
) -> None:
    urls = {name: f"{HOST}/data/upload/1/{name}" for name in ("a", "b", "c.html", "d")}
    empty = keep(old, urls["a"], "a", b"")
    page = keep(old, urls["b"], "b", b"\n<!DOCTYPE html><title>Log in</title>")
    real_page = keep(old, urls["c.html"], "c.html", b"<html>")
    other_name = keep(old, urls["d"], "other")
    unknown = keep(old, f"{HOST}/unknown", "unknown")
    (old / "notes.txt").write_text("mine")
    (old / f"{'0' * 8}__link").symlink_to("/etc/passwd")
    done = cache.import_legacy(
        old, [(url, request_for(name, name)) for name, url in urls.items()]
    )
    assert [entry.path.name for entry in done.imported] == ["c.html"]
    assert reasons(done) == {
        empty.name: "empty",
        page.name: "html-page",
        other_name.name: "unmatched",
        unknown.name: "unmatched",
        "notes.txt": "not-a-legacy-name",
        f"{'0' * 8}__link": "not-a-legacy-name",
    }
    assert all(path.exists() for path in (empty, page, real_page, other_name))


def test_two_urls_with_one_short_hash_are_not_guessed_between(
    cache: Cache, old: Path
) -> None:
    """G13: these two differ, and their 32-bit hashes do not."""
    one, two = find_collision()
    kept = keep(old, one, "img.jpg")
    requests = [(one, request_for("one")), (two, request_for("two"))]
    done = cache.import_legacy(old, requests)
    assert reasons(done) == {kept.name: "ambiguous"}
    assert len(cache.import_legacy(old, requests[:1]).imported) == 1


def find_collision() -> tuple[str, str]:
    seen: dict[str, str] = {}
    for index in range(200_000):
        url = f"{HOST}/data/upload/{index}/img.jpg"
        digits = md5_of(url.encode())[:8]
        if digits in seen:
            return seen[digits], url
        seen[digits] = url
    raise AssertionError


def test_several_urls_of_one_object_are_no_ambiguity(cache: Cache, old: Path) -> None:
    url = f"{HOST}/data/upload/1/a.jpg"
    keep(old, url, "a.jpg")
    request: CacheRequest = request_for()
    assert len(cache.import_legacy(old, [(url, request), (url, request)]).imported) == 1


def test_what_is_cached_already_is_not_replaced(cache: Cache, old: Path) -> None:
    url = f"{HOST}/data/upload/1/a.jpg"
    kept = keep(old, url, "a.jpg")
    references = [(url, request_for())]
    first = cache.import_legacy(old, references)
    kept.write_bytes(b"another")
    again = cache.import_legacy(old, references)
    assert reasons(again) == {kept.name: "known"}
    assert first.imported[0].path.read_bytes() == b"picture"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    cache: Cache, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [f"{HOST}/data/upload/1/{name}" for name in "ab"]
    kept = [keep(old, url, url[-1]) for url in urls]
    read = Path.open

    def refuse(path: Path, *arguments: Any) -> Any:
        if path == kept[0]:
            raise PermissionError
        return read(path, *arguments)

    monkeypatch.setattr(Path, "open", refuse)
    done = cache.import_legacy(old, [(url, request_for(url)) for url in urls])
    assert reasons(done) == {kept[0].name: "unreadable"}
    assert len(done.imported) == 1


def test_a_missing_old_cache_is_not_found(cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cannot be read"):
        cache.import_legacy(tmp_path / "none", [])
