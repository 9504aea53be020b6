"""Labeling configurations are read whole, and refused when unsafe."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import LabelConfigError
from ls_tools.label_config import infer_label_config, parse_label_config
from ls_tools.models import Annotation, Result, Task

IMAGE = """
<View>
  <Filter name="find" toName="box"/>
  <Image name="img" value="$image"/>
  <Image name="pages" valueList="$scans"/>
  <Header value="no name, no object"/>
  <RectangleLabels name="box" toName="img, pages">
    <Label value="Car" category="7"/>
    <View><Label value="Pedestrian" alias="person" hotkey="p"/></View>
    <Label value="Odd" category="x"/>
  </RectangleLabels>
  <Choices name="scene" toName="img"><Choice value="day"/></Choices>
  <TextArea name="note_{{idx}}" toName="img"/>
</View>
"""


def test_controls_and_objects_are_read_in_document_order() -> None:
    config = parse_label_config(IMAGE)
    assert list(config.controls) == ["box", "scene", "note_{{idx}}"]
    assert list(config.objects) == ["img", "pages"]
    assert config.controls["box"].to_names == ("img", "pages")
    assert config.controls["box"].result_type == "rectanglelabels"
    assert config.objects["img"].value == "image"
    assert config.objects["pages"].data_key == "scans"


@pytest.mark.parametrize(
    ("tag", "shows_files"),
    [
        ("<Image {}/>", True),
        ("<TimeSeries {}/>", True),
        ("<TimeSeries {} valueType='json'/>", False),
        ("<Text {}/>", False),
        ("<Text {} valuetype='URL'/>", True),
    ],
)
def test_tag_and_value_type_tell_what_shows_files(
    tag: str, *, shows_files: bool
) -> None:
    xml = "<View>" + tag.format("name='o' value='$v'") + "</View>"
    assert parse_label_config(xml).objects["o"].shows_files is shows_files


def test_labels_carry_alias_and_integer_category() -> None:
    labels = parse_label_config(IMAGE).controls["box"].labels
    assert [(x.name, x.value, x.category) for x in labels] == [
        ("Car", "Car", 7),
        ("person", "Pedestrian", None),
        ("Odd", "Odd", None),
    ]
    assert labels[1].attributes["hotkey"] == "p"


def test_labels_belong_to_their_nearest_control() -> None:
    config = parse_label_config(IMAGE)
    assert [x.name for x in config.controls["scene"].labels] == ["day"]


def test_repeated_controls_match_their_numbered_names() -> None:
    config = parse_label_config(
        '<View><Text name="t" value="$t"/>'
        '<TextArea name="a_{{idx}}" toName="t"/>'
        '<TextArea name="a_{{idx}}_b" toName="t"/></View>'
    )
    names = {x: config.control(x) for x in ("a_12", "a_3_b", "a_", "b_1")}
    assert {x: c.name if c else None for x, c in names.items()} == {
        "a_12": "a_{{idx}}",
        "a_3_b": "a_{{idx}}_b",
        "a_": None,
        "b_1": None,
    }


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("", "not well-formed"),
        ("<View>", "not well-formed"),
        ("<View>&undefined;</View>", "not well-formed"),
        ("<html>", "not well-formed"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><View>&a;</View>', "refused"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><View/>', "refused"),
        ("<View>\x00</View>", "not well-formed"),
    ],
)
def test_bad_configurations_are_one_clear_error(xml: str, said: str) -> None:
    with pytest.raises(LabelConfigError, match=said):
        parse_label_config(xml)


def test_oversized_configurations_are_refused() -> None:
    with pytest.raises(LabelConfigError, match="more than 10"):
        parse_label_config("<View></View>", max_bytes=10)


@given(st.text(), st.sampled_from(["{}", "<View>{}</View>", '<A name="{}"/>']))
def test_any_text_parses_or_is_a_label_config_error(text: str, frame: str) -> None:
    with contextlib.suppress(LabelConfigError):
        assert parse_label_config(frame.format(text)).xml


def test_a_configuration_is_inferred_from_results() -> None:
    result = Result(
        type="rectanglelabels",
        from_name="box",
        to_name="img",
        value=msgspec.Raw(b'{"rectanglelabels": ["b", "a"]}'),
    )
    odd = Result(type="choices", from_name="c", to_name="img", value=msgspec.Raw(b"["))
    task = Task(
        data={"n": 1, "image": "/data/upload/1/x.png"},
        annotations=[Annotation(result=[result, odd, Result(type="relation")])],
    )
    config = infer_label_config([task])
    assert config.inferred
    assert config.controls["box"].tag == "RectangleLabels"
    assert [x.name for x in config.controls["box"].labels] == ["a", "b"]
    assert config.controls["c"].labels == ()
    assert config.objects["img"].data_key == "image"


def test_an_inferred_image_list_is_a_value_list() -> None:
    result = Result(type="choices", from_name="c", to_name="x")
    task = Task(data={"x": ["a.png"]}, predictions=[Annotation(result=[result])])
    assert infer_label_config([task]).objects["x"].value_list == "x"


@pytest.mark.parametrize(
    ("kind", "data", "tag"),
    [
        ("labels", {"review": "It was good."}, "Text"),
        ("hypertextlabels", {"page": "<p>x</p>"}, "HyperText"),
        ("paragraphlabels", {"talk": [{"text": "x"}]}, "Paragraphs"),
        ("labels", {"image": "/data/upload/1/a b.jpg"}, "Image"),
    ],
)
def test_the_object_of_a_result_is_inferred(
    kind: str, data: dict[str, Any], tag: str
) -> None:
    result = Result(type=kind, from_name="c", to_name="x")
    task = Task(data=data, annotations=[Annotation(result=[result])])
    assert infer_label_config([task]).objects["x"].tag == tag
