"""File names made safe for every file system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.locator import safe_file_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.png", "a.png"),
        ("é 标.png", "é 标.png"),
        ("../../etc/passwd", "._.._etc_passwd"),
        ('a<b>:"|?*\\.png', "a_b_______.png"),
        ("a\nb\x7f.png", "a_b_.png"),
        ("photo\u202egnp.exe", "photo_gnp.exe"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1 .txt", "_COM1 .txt"),
        ("console.txt", "console.txt"),
        ("a. . ", "a"),
        (".hidden", ".hidden"),
        ("", "file"),
        ("..", "file"),
        ("\ud800.png", "_.png"),
    ],
)
def test_names_are_cleaned(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


@pytest.mark.parametrize("character", ["n", "é", "标", "😀"])
@pytest.mark.parametrize("extension", ["", ".png", ".nii.gz"])
def test_a_long_name_keeps_its_extension(character: str, extension: str) -> None:
    """G17."""
    name = safe_file_name(character * 300 + extension)
    assert name.endswith(extension)
    assert 190 <= len(name.encode()) <= 200


@given(st.text(max_size=400), st.integers(32, 255))
def test_a_safe_name_is_one_component_within_its_limit(name: str, limit: int) -> None:
    safe = safe_file_name(name, limit_bytes=limit)
    assert safe not in {"", ".", ".."}
    assert 0 < len(safe.encode()) <= limit
    assert not set(safe) & set('/\\\0\n<>:"|?*')
    assert not safe.endswith((".", " "))


@given(st.text(max_size=400), st.integers(32, 255))
def test_a_safe_name_stays_as_it_is(name: str, limit: int) -> None:
    safe = safe_file_name(name, limit_bytes=limit)
    assert safe_file_name(safe, limit_bytes=limit) == safe
