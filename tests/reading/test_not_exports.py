"""What is no export is an error that says where, what, and what to do."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ls_tools.errors import NotAnExportError
from ls_tools.reading import read_tasks

Tasks = list[dict[str, Any]]
Write = Callable[..., Path]


def error_of(source: Any) -> NotAnExportError:
    with pytest.raises(NotAnExportError) as caught, read_tasks(source) as reader:
        list(reader)
    assert isinstance(caught.value.data["offset"], int)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b" \n\t ", "nothing but white space"),
        (b"\xef\xbb\xbf", "nothing but white space"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\n\n<?xml version='1.0'?>", "XML"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"BZh91AY", "bzip2"),
        (b"\x00\x00\xfe\xff\x00\x00\x00[", "UTF-32"),
        (b"x" * 257 + b"ustar" + b"\0" * 300, "tar"),
        (b"id,image\n1,2\n", "no JSON"),
        (b"null", "no JSON"),
        (b"NaN", "no JSON"),
    ],
)
def test_what_is_no_json_is_told_at_once(
    write: Write, content: bytes, what: str
) -> None:
    """F27: an empty or foreign file gave an empty output."""
    path = write(content)
    with pytest.raises(NotAnExportError, match=what) as caught:
        read_tasks(path)
    assert str(path) in caught.value.message
    assert "byte" in caught.value.message


def test_login_page_has_a_hint_about_the_token(write: Write) -> None:
    assert "token" in error_of(write(b"<html>login</html>")).hint


def test_answer_of_the_server_in_place_of_an_export_is_quoted(write: Write) -> None:
    answer = {"status_code": 401, "detail": "Invalid token.", "exc_info": None}
    error = error_of(write(answer))
    assert "Invalid token." in error.message
    assert "token" in error.hint


def test_json_min_is_recognised(exports: Path) -> None:
    error = error_of(exports / "image_JSON_MIN.json")
    assert "JSON_MIN" in error.message
    assert "as JSON" in error.hint


@pytest.mark.parametrize("is_zipped", [True, False])
def test_coco_is_recognised(write: Write, *, is_zipped: bool) -> None:
    coco = {"images": [{"id": 0}], "annotations": [{"id": 0}], "categories": []}
    content = json.dumps(coco).encode()
    if is_zipped:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("result.json", content)
        content = buffer.getvalue()
    assert "a COCO file" in error_of(write(content)).message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"tasks": [{"id": 1}], "total": 1}, "page of the tasks API"),
        ({"id": 1, "title": "P", "label_config": "<View/>"}, "a project"),
        ([{"image": "a.jpg"}, {"image": "b.jpg"}], "the keys image"),
        ([{"id": 1, "email": "a@b.c"}], "the keys id, email"),
        ([1, 2, 3], "a number"),
        (["a"], "a string"),
        ([[1], [2]], "a list"),
        ([None], "a null"),
        ([{}], "an empty object"),
    ],
)
def test_json_without_any_task_is_an_error(
    write: Write, content: Any, what: str
) -> None:
    assert what in error_of(write(content)).message


@pytest.mark.parametrize("cut", [1, 2, 10, 60, 200, 400])
def test_cut_off_list_is_an_error_with_its_offset(
    write: Write, tasks: Tasks, cut: int
) -> None:
    data = json.dumps(tasks).encode()[:-cut]
    error = error_of(write(data))
    assert error.data["offset"] == len(data)
    assert "it ends" in error.message
    assert "download it again" in error.hint


def test_every_cut_of_an_export_is_an_error(exports: Path) -> None:
    data = (exports / "text_JSON.json").read_bytes().rstrip()
    for cut in range(0, len(data), 7):
        error_of(io.BytesIO(data[:cut]))


def test_cut_off_list_yields_no_task_before_the_error(
    write: Write, tasks: Tasks
) -> None:
    reader = read_tasks(write(json.dumps(tasks).encode()[:-1]))
    with pytest.raises(NotAnExportError):
        next(iter(reader))


@pytest.mark.parametrize("cut", [2, 20, 100])
def test_cut_off_last_line_is_an_error_before_any_task(
    write: Write, tasks: Tasks, cut: int
) -> None:
    data = "\n".join(json.dumps(task) for task in tasks).encode()[:-cut]
    reader = read_tasks(write(data, "x.jsonl"))
    with pytest.raises(NotAnExportError, match="inside task 2") as caught:
        next(iter(reader))
    assert caught.value.data["offset"] == len(data)


@pytest.mark.parametrize("indent", [None, 2])
def test_cut_off_object_is_an_error(write: Write, tasks: Tasks, indent: int) -> None:
    data = json.dumps(tasks[0], indent=indent).encode()[:-30]
    assert "it ends inside task 0" in error_of(write(data)).message


def test_brackets_that_do_not_match_are_an_error_with_their_offset(
    write: Write,
) -> None:
    data = b'[{"id": 1, "data": {}}, {"id": 2, "data": [}}]'
    error = error_of(write(data))
    assert error.data["offset"] == data.index(b"[}") + 1
    assert "task 1, which starts at byte 24" in error.message


def test_python_literals_are_no_export(write: Write, tasks: Tasks) -> None:
    error = error_of(write(repr(tasks).encode()))
    assert "malformed JSON" in error.message


@pytest.mark.parametrize("cut", [4, 30])
def test_cut_off_gzip_is_an_error(write: Write, tasks: Tasks, cut: int) -> None:
    data = gzip.compress(json.dumps(tasks).encode())[:-cut]
    assert "cut off" in error_of(write(data, "x.json.gz")).message


def test_gzip_with_a_flipped_byte_is_an_error(write: Write, tasks: Tasks) -> None:
    data = bytearray(gzip.compress(json.dumps(tasks).encode()))
    data[-6] ^= 0xFF
    assert "damaged" in error_of(write(bytes(data))).message


def test_damaged_zip_is_an_error(write: Write) -> None:
    assert "damaged" in error_of(write(b"PK\x03\x04 and no more")).message


def test_zip_without_json_is_an_error_that_lists_it(write: Write) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Annotations/a.xml", "<a/>")
    error = error_of(write(buffer.getvalue()))
    assert "Annotations/a.xml" in error.message


def test_encrypted_zip_is_an_error(write: Write) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.json", "[]")
    data = bytearray(buffer.getvalue())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    assert "encrypted" in error_of(write(bytes(data))).message


def test_tar_in_gzip_is_told(write: Write) -> None:
    data = b"x.json".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 500
    assert "tar" in error_of(write(gzip.compress(data))).message


def test_signature_is_not_in_the_error(write: Write) -> None:
    url = "https://u:secret1@h/x?X-Amz-Signature=secret2"
    error = error_of(write([url]))
    assert "secret" not in str(error) + repr(error.data)


def test_many_foreign_entries_are_given_up_early(write: Write) -> None:
    reader = read_tasks(write([{"a": 1}] * 5000))
    with pytest.raises(NotAnExportError, match="1000 entries"):
        list(reader)
