"""Promises about whole files: a cut is seen wherever the form can tell."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from ls_tools.client.integrity import check_whole, compute_md5
from ls_tools.errors import IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 2**30
TASKS: list[Any] = [
    {"id": n, "annotations": [{"result": []}], "data": {"t": "é]"}} for n in (1, 2)
]


def make_zip(content: bytes = b"a,b\n" * 500) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("labels/a.txt", content)
        archive.writestr("classes.txt", b"car\n")
    return buffer.getvalue()


def check(path: Path, content: bytes, *, is_json: bool = False) -> None:
    path.write_bytes(content)
    check_whole(path, is_json=is_json, expanded_bytes=LARGE)


def test_md5_is_that_of_the_file(tmp_path: Path) -> None:
    content = b"x" * (3 << 20)
    (tmp_path / "f").write_bytes(content)
    expected = hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert compute_md5(tmp_path / "f") == expected


@pytest.mark.parametrize("content", [b"[]", b" [1] \n", json.dumps(TASKS).encode()])
def test_a_whole_json_document_passes(tmp_path: Path, content: bytes) -> None:
    check(tmp_path / "f", content, is_json=True)


def test_a_cut_json_document_is_seen_at_every_length(tmp_path: Path) -> None:
    """E4: a truncated body without a length is not accepted."""
    content = json.dumps(TASKS, indent=1).encode()
    for length in range(len(content)):
        with pytest.raises(IntegrityError, match="not a whole JSON"):
            check(tmp_path / "f", content[:length], is_json=True)


def test_a_cut_is_seen_behind_the_liberties_that_readers_forgive(
    tmp_path: Path,
) -> None:
    with pytest.raises(IntegrityError, match="not a whole JSON"):
        check(tmp_path / "f", b'[{"score": NaN}, {"id": 2', is_json=True)


def test_json_with_the_liberties_that_readers_forgive_passes(tmp_path: Path) -> None:
    check(tmp_path / "f", b'[{"score": NaN}]\n', is_json=True)


def test_csv_is_taken_as_it_is(tmp_path: Path) -> None:
    check(tmp_path / "f", b"image,id\n")


def test_a_whole_zip_passes_and_so_does_an_empty_one(tmp_path: Path) -> None:
    check(tmp_path / "f", make_zip())
    check(tmp_path / "f", b"PK\x05\x06" + bytes(18))


@pytest.mark.parametrize("lost", [1, 30, 200])
def test_a_cut_zip_is_seen(tmp_path: Path, lost: int) -> None:
    with pytest.raises(IntegrityError, match="not a whole zip"):
        check(tmp_path / "f", make_zip()[:-lost])


def test_a_damaged_byte_inside_a_zip_is_seen(tmp_path: Path) -> None:
    content = bytearray(make_zip())
    content[100] ^= 0xFF
    with pytest.raises(IntegrityError, match="not a whole zip"):
        check(tmp_path / "f", bytes(content))


def test_a_zip_that_expands_too_far_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(make_zip())
    with pytest.raises(IntegrityError, match="over the bound"):
        check_whole(tmp_path / "f", is_json=False, expanded_bytes=100)
