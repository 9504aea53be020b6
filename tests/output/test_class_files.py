"""Files of class names and of renames are read as written, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import UsageError
from ls_tools.output.class_files import MAX_FILE_BYTES, read_classes, read_renames
from ls_tools.output.yaml_names import read_yaml_names


def written(tmp_path: Path, name: str, text: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("c.txt", "a\nb c\n", {0: "a", 1: "b c"}),
        ("c.txt", "\ufeffa\r\nb\r\n\r\n", {0: "a", 1: "b"}),
        ("c.names", "a", {0: "a"}),
        ("c.json", '["a", "b"]', {0: "a", 1: "b"}),
        ("c.json", '{"1": "a", "0": "b"}', {0: "b", 1: "a"}),
        ("c.json", '{"a": 1, "b": 0}', {0: "b", 1: "a"}),
        ("c.json", '[{"id": 7, "name": "a"}]', {7: "a"}),
        ("notes.json", '{"categories": [{"id": 0, "name": "a"}]}', {0: "a"}),
        ("data.yaml", "names: [a, b]\n", {0: "a", 1: "b"}),
        ("data.yml", "nc: 1\nnames:\n  0: a\n", {0: "a"}),
    ],
)
def test_every_spelling_is_read(
    tmp_path: Path, name: str, text: str, expected: dict[int, str]
) -> None:
    found = read_classes(written(tmp_path, name, text))
    assert found == expected
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("c.txt", "", "names no class"),
        ("c.txt", "a\n\nb\n", "line 2 is empty"),
        ("c.txt", "a\na\n", "twice"),
        ("c.txt", b"\xff\xfe", "not UTF-8"),
        ("c.json", "[1]", "entry 0"),
        ("c.json", '[{"id": "0", "name": "a"}]', "entry 0"),
        ("c.json", '{"a": true}', "neither the id nor the name"),
        ("c.json", '{"a": -1}', "negative"),
        ("c.json", '"a"', "neither a list nor an object"),
        ("c.json", "[", "cannot be used"),
        ("data.yaml", "nc: 3\n", "called names"),
        ("c.txt", b"a" * (MAX_FILE_BYTES + 1), "larger than"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(
    tmp_path: Path, name: str, text: str | bytes, why: str
) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(UsageError, match=why) as caught:
        read_classes(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_classes(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.json", '{"a": "b", "c": null, "d": ""}'),
        ("r.csv", "a,b\nc,\nd\n"),
        ("r.csv", "From,To\r\na,b\r\nc,\r\nd,\r\n"),
        ("r.csv", '"a","b"\n\nc,""\nd,\n'),
    ],
)
def test_renames_are_read(tmp_path: Path, name: str, text: str) -> None:
    found = read_renames(written(tmp_path, name, text))
    assert found == {"a": "b", "c": None, "d": None}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("r.json", '{"a": 1}', "cannot be used"),
        ("r.json", "[]", "cannot be used"),
        ("r.csv", "a,b\na,c\n", "renames 'a' twice"),
        ("r.csv", "a,b,c\n", "3 columns"),
    ],
)
def test_renames_that_make_no_sense_are_refused(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        read_renames(written(tmp_path, name, text))


@pytest.mark.parametrize(
    "text",
    [
        "names: [cat, 'it''s', \"a: b\"]",
        'names: [\'cat\', "it\'s",\n  "a: b"]  # three\nnc: 3',
        "names: {0: cat, 1: it's, 2: 'a: b'}",
        "names:\n- cat\n- it's\n- 'a: b'\nnc: 3",
        "names:\n  - cat  # the first\n\n  # and more\n  - \"it's\"\n  - 'a: b' # c\n",
        "train: x\r\nnames:\r\n  0: cat\r\n  1: it's\r\n  '2': 'a: b'\r\ntest: y\r\n",
        "'names': # here\n  0: cat\n  1: it's\n  2: \"a: b\"\n",
        "names: { # flow\n  0: cat,\n  1: it's,\n  2: 'a: b', }",
    ],
)
def test_names_of_a_data_yaml_are_read_in_every_style(text: str) -> None:
    assert read_yaml_names(text) == [(0, "cat"), (1, "it's"), (2, "a: b")]


@pytest.mark.parametrize(
    "text",
    [
        "names: cat",
        "names: &anchor [a]",
        "names: *alias",
        "names: [a, [b]]",
        "names: [a",
        "names: [a b: c]",
        "names: {a: b}",
        "names: {0 a}",
        "names:\n  - !!str a",
        "names:\n  - |\n    a",
        "names:\n  a: b",
        "names:\n  - a: b",
        "names:\n  - - a",
        'names:\n  - "a" b',
        'names:\n  - "\\e"',
        "names:\n  -",
        "  names: [a]",
        "# names: [a]",
    ],
)
def test_yaml_beyond_the_subset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="name"):
        read_yaml_names(text)


@given(names=st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
def test_quoted_names_come_back_as_written(names: list[str]) -> None:
    quoted = [json.dumps(name) for name in names]
    expected = list(enumerate(names))
    flow = f"path: x\nnames: [{', '.join(quoted)}]\nnc: 1\n"
    assert read_yaml_names(flow) == expected
    block = "names:\n" + "".join(f"  {n}: {q}\n" for n, q in enumerate(quoted))
    assert read_yaml_names(block) == expected


@given(text=st.text(st.sampled_from("names: []{}-'\"#,\n0ab\\"), max_size=60))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    try:
        found = read_yaml_names(f"names:{text}")
    except ValueError:
        return
    assert all(isinstance(name, str) for _, name in found)
