"""What an XML schema, supervision and datumaro make of voc."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from formats.goldens import golden

from ls_tools import Report, Settings, convert

Judge = Callable[[str], ModuleType]
Converted = Callable[[str], tuple[Path, Report]]

SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="flag">
    <xs:restriction base="xs:integer">
      <xs:enumeration value="0"/><xs:enumeration value="1"/>
    </xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="text">
    <xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction>
  </xs:simpleType>
  <xs:element name="annotation"><xs:complexType><xs:sequence>
    <xs:element name="folder" type="text"/>
    <xs:element name="filename" type="text"/>
    <xs:element name="source"><xs:complexType><xs:sequence>
      <xs:element name="database" type="text"/>
      <xs:element name="annotation" type="text"/>
      <xs:element name="image" type="text"/>
      <xs:element name="flickrid" type="text"/>
      <xs:element name="annotator" type="text" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="owner"><xs:complexType><xs:sequence>
      <xs:element name="flickrid" type="text"/>
      <xs:element name="name" type="text"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="size"><xs:complexType><xs:sequence>
      <xs:element name="width" type="xs:positiveInteger"/>
      <xs:element name="height" type="xs:positiveInteger"/>
      <xs:element name="depth" type="xs:positiveInteger"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="segmented" type="flag"/>
    <xs:element name="object" minOccurs="0" maxOccurs="unbounded">
      <xs:complexType><xs:sequence>
        <xs:element name="name" type="text"/>
        <xs:element name="pose" type="text"/>
        <xs:element name="truncated" type="flag"/>
        <xs:element name="difficult" type="flag"/>
        <xs:element name="occluded" type="flag" minOccurs="0"/>
        <xs:element name="bndbox"><xs:complexType><xs:sequence>
          <xs:element name="xmin" type="xs:nonNegativeInteger"/>
          <xs:element name="ymin" type="xs:nonNegativeInteger"/>
          <xs:element name="xmax" type="xs:positiveInteger"/>
          <xs:element name="ymax" type="xs:positiveInteger"/>
        </xs:sequence></xs:complexType></xs:element>
        <xs:element name="polygon" minOccurs="0" maxOccurs="unbounded">
          <xs:complexType><xs:sequence>
            <xs:any minOccurs="6" maxOccurs="unbounded" processContents="skip"/>
          </xs:sequence></xs:complexType>
        </xs:element>
      </xs:sequence></xs:complexType>
    </xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""

NAMES = {'person "walking"', "bus", "car", "sky", "roof", "wheel", "tram  <2>"}


def test_every_page_fits_the_schema(judge: Judge, converted: Converted) -> None:
    etree = judge("lxml.etree")
    schema = etree.XMLSchema(etree.fromstring(SCHEMA))
    folder, report = converted("voc")
    count = 0
    for path in (folder / "Annotations").iterdir():
        page = etree.parse(str(path))
        schema.assertValid(page)
        count += len(page.findall("object"))
    assert count == report.regions_written == 7


@pytest.mark.parametrize(("first_pixel", "moved"), [(0, 1), (1, 0)])
def test_supervision_reads_every_object(
    judge: Judge, tmp_path: Path, first_pixel: int, moved: int
) -> None:
    """It counts pixels from 1, as the option can."""
    supervision = judge("supervision")
    given = golden("voc").folder
    settings = Settings(document_root=given / "media", cache_dir=tmp_path / "cache")
    convert(
        given / "export.json",
        "voc",
        tmp_path / "out",
        config=given / "config.xml",
        settings=settings,
        media="copy",
        first_pixel=first_pixel,
    )
    dataset = supervision.DetectionDataset.from_pascal_voc(
        images_directory_path=str(tmp_path / "out/images"),
        annotations_directory_path=str(tmp_path / "out/Annotations"),
    )
    assert set(dataset.classes) == NAMES
    found = {Path(path).name: detections for path, _, detections in dataset}
    assert {name: len(one) for name, one in found.items()} == {
        "street_124d2807.jpg": 4,
        "street_8fc22b8f.jpg": 3,
        "empty road.jpg": 0,
    }
    first = found["street_124d2807.jpg"].xyxy[0].tolist()
    assert first == [20 - moved, 20 - moved, 80, 60]


def test_datumaro_reads_every_box(judge: Judge, converted: Converted) -> None:
    folder, _ = converted("voc")
    dataset = judge("datumaro").Dataset.import_from(str(folder), "voc_detection")
    found = {item.id: item for item in dataset}
    assert set(found) == {"street_124d2807", "street_8fc22b8f", "empty road"}
    assert sum(len(item.annotations) for item in found.values()) == 7
    box = found["street_124d2807"].annotations[0]
    assert list(box.get_bbox()) == [20, 20, 60, 40]
