"""A conversion that makes no sense is refused before anything is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ls_tools import ClassPolicy, convert, pull
from ls_tools.cli.formats import describe
from ls_tools.errors import MissingDependencyError, UnknownFormatError, UsageError
from ls_tools.formats import FORMATS, Format, load_format, register_format
from ls_tools.pipeline import Conversion
from ls_tools.pipeline.plan import build_options


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("select", 3),
        ("classes", "classes.txt"),
        ("media", "move"),
        ("media", True),
        ("include_unlabeled", "yes"),
        ("names", "numbers"),
        ("clip", 1),
        ("limit", -1),
        ("limit", "5"),
        ("limit", True),
        ("dry_run", None),
        ("strict", "no"),
        ("to", 7),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name: str, value: Any) -> None:
    fields = {"to": "csv", "out": Path("out"), name: value}
    with pytest.raises(UsageError) as caught:
        Conversion(**fields)
    assert f"{value!r} is no value of {name!r}" in caught.value.message
    assert caught.value.hint.startswith("Use ")
    assert "None" not in caught.value.hint


@pytest.mark.parametrize(
    ("to", "name", "value"),
    [
        ("csv", "header", "no"),
        ("csv", "header", 1),
        ("yolo", "task", "fly"),
        ("yolo", "task", 3),
    ],
)
def test_a_format_option_of_the_wrong_kind_is_refused(
    to: str, name: str, value: Any
) -> None:
    with pytest.raises(UsageError, match=f"is no value of '{name}'"):
        build_options(load_format(to), {name: value})


def test_numbers_must_be_numbers() -> None:
    target = load_format("coco")
    with pytest.raises(UsageError, match="no value"):
        build_options(target, {"ellipse_tolerance_px": "0.5"})
    with pytest.raises(UsageError, match="no value"):
        build_options(target, {"ellipse_tolerance_px": float("nan")})
    assert build_options(target, {"ellipse_tolerance_px": 1})


def test_an_unknown_keyword_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="csv has no option 'hdr'") as caught:
        convert(tmp_path, "csv", tmp_path / "out", hdr=True)
    assert all(x in caught.value.hint for x in ("header", "select", "strict"))
    assert not (tmp_path / "out").exists()


def test_an_option_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="json has no option 'header'") as caught:
        convert(tmp_path, "json", tmp_path / "out", header=True)
    assert "Its own: none." in caught.value.hint


def test_pull_checks_before_it_asks_the_server(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no value of 'media'"):
        pull(1, "yolo", tmp_path / "out", media="move")


def test_an_unknown_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no selection policy 'newest'"):
        convert(tmp_path, "json", tmp_path / "out", select="newest")


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match="'docx'"):
        convert(tmp_path, "docx", tmp_path / "out")


def test_keywords_are_fields_or_options_of_the_format() -> None:
    plan = Conversion.of("yolo", "out", task="detect", limit=3, options={"a": 1})
    assert plan.limit == 3
    assert plan.options == {"a": 1, "task": "detect"}
    assert plan.classes == ClassPolicy()


REQUIRING = [name for name in FORMATS if load_format(name).requires]


def test_formats_that_cannot_work_alone_name_an_extra_and_its_modules() -> None:
    extras = {name: load_format(name).extra for name in REQUIRING}
    assert extras == {
        "spacy": "nlp",
        "brush_coco": "vision",
        "brush_numpy": "vision",
        "brush_png": "vision",
        "masks": "vision",
        "parquet": "parquet",
    }


@pytest.mark.parametrize("name", REQUIRING)
def test_a_missing_extra_is_told_before_anything_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = load_format(name)
    hint = f"Run: pip install 'ls-tools[{target.extra}]'"
    for module in target.requires:
        with monkeypatch.context() as hiding:
            hiding.setitem(sys.modules, module, None)
            assert not describe(target)["available"]
            with pytest.raises(MissingDependencyError, match=module) as caught:
                convert(tmp_path / "no such export", name, tmp_path / "out")
            with pytest.raises(MissingDependencyError):
                pull(1, name, tmp_path / "out")
        assert (caught.value.hint, caught.value.exit_code) == (hint, 2)
    assert list(tmp_path.iterdir()) == []


def test_a_format_of_a_user_names_the_modules_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OwnFormat(Format):
        name = "own"
        requires = ("msgspec", "no_such_module")

    monkeypatch.setattr(FORMATS, "_targets", dict(FORMATS._targets))
    register_format("own", OwnFormat)
    with pytest.raises(MissingDependencyError) as caught:
        convert(tmp_path / "no such export", "own", tmp_path / "out")
    assert caught.value.hint == "Run: pip install no_such_module"
