from __future__ import annotations

import dataclasses

import pytest

from ls_tools.errors import UnknownFormatError, UsageError
from ls_tools.formats import (
    FORMATS,
    Format,
    NoOptions,
    describe_options,
    implies_media,
    load_format,
    option,
    preset_options,
    register_format,
)

LABEL_STUDIO_NAMES = {
    "JSON": "json",
    "JSON_MIN": "json_min",
    "CSV": "csv",
    "TSV": "tsv",
    "CONLL2003": "conll2003",
    "COCO": "coco",
    "COCO_WITH_IMAGES": "coco",
    "VOC": "voc",
    "VOC_WITH_IMAGES": "voc",
    "BRUSH_TO_NUMPY": "brush_numpy",
    "BRUSH_TO_PNG": "brush_png",
    "BRUSH_TO_COCO": "brush_coco",
    "ASR_MANIFEST": "asr_manifest",
    "YOLO": "yolo",
    "YOLO_WITH_IMAGES": "yolo",
    "YOLO_OBB": "yolo",
    "YOLO_OBB_WITH_IMAGES": "yolo",
    "SPACY": "spacy",
}
"""What the server and its converter call their formats, and what writes them."""


@pytest.mark.parametrize(("given", "name"), LABEL_STUDIO_NAMES.items())
def test_label_studios_names_are_accepted_in_any_case(given: str, name: str) -> None:
    for spelling in (given, given.lower(), given.replace("_", "-"), f" {given} "):
        assert load_format(spelling).name == name


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownFormatError, match="'coca'") as caught:
        load_format("coca")
    assert all(name in caught.value.hint for name in FORMATS)


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_says_what_it_is(name: str) -> None:
    target = load_format(name)
    assert target.name == name
    assert target.summary
    assert target.default_selection in {"latest", "all"}
    assert target.class_ids in {"contiguous", "category", "none"}
    assert target.options_type() == target.options_type()


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_option_has_help_a_flag_and_a_fitting_default(name: str) -> None:
    for info in describe_options(load_format(name)):
        assert info.help.endswith(".")
        assert info.flag == "--" + info.name.replace("_", "-")
        assert info.type in {bool, int, float, str}
        assert not info.choices or info.default in info.choices


def test_no_two_formats_share_a_name() -> None:
    names = [
        alias.lower()
        for name in FORMATS
        for alias in {
            name,
            *map(str.lower, load_format(name).aliases),
            *map(str.lower, load_format(name).presets),
        }
    ]
    assert len(names) == len(set(names))


def test_a_name_can_stand_for_options() -> None:
    target = load_format("yolo-obb-with-images")
    assert preset_options(target, "yolo-obb-with-images") == {"task": "obb"}
    assert preset_options(target, "yolo") == {}


def test_only_names_with_images_ask_for_media() -> None:
    assert implies_media("COCO_WITH_IMAGES")
    assert implies_media("yolo-with-images")
    assert not implies_media("coco")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShoutOptions:
    loud: bool = option(default=True, help="Whether to shout.")


class ShoutFormat(Format):
    name = "shout"
    aliases = ("SHOUTING",)
    options_type = ShoutOptions


def test_a_third_party_can_add_a_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FORMATS, "_targets", dict(FORMATS._targets))
    target = ShoutFormat
    register_format("Shout", target)
    assert isinstance(load_format("shouting"), ShoutFormat)
    (info,) = describe_options(target)
    assert (info.flag, info.type, info.default) == ("--loud", bool, True)
    with pytest.raises(UsageError, match="already"):
        register_format("shout", target)
    register_format("shout", target, replace=True)


def test_formats_without_options_take_none() -> None:
    assert dataclasses.fields(NoOptions) == ()
