from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ls_tools.models import Annotation, Result
from ls_tools.regions import Region, group_regions


def annotation(*results: dict[str, Any]) -> Annotation:
    return msgspec.convert({"result": encode_values(results)}, Annotation)


def encode_values(results: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [
        {**r, "value": msgspec.Raw(msgspec.json.encode(r.get("value", {})))}
        for r in results
    ]


def ids(regions: list[Region]) -> list[tuple[str | None, int]]:
    return [(region.id, len(region.results)) for region in regions]


def test_results_with_distinct_ids_are_a_region_each() -> None:
    found = group_regions(annotation({"id": "a"}, {"id": "b"}))
    assert ids(found) == [("a", 1), ("b", 1)]


def test_results_that_share_an_id_are_one_region() -> None:
    found = group_regions(
        annotation(
            {"id": "a", "type": "rectangle"},
            {"id": "b", "type": "rectangle"},
            {"id": "a", "type": "labels"},
            {"id": "a", "type": "textarea"},
        )
    )
    assert ids(found) == [("a", 3), ("b", 1)]
    assert [r.type for r in found[0].results] == ["rectangle", "labels", "textarea"]


def test_relations_and_results_without_an_id_are_regions_of_their_own() -> None:
    found = group_regions(
        annotation(
            {"id": "a", "type": "rectanglelabels"},
            {"id": "a", "type": "relation", "from_id": "a", "to_id": "b"},
            {"type": "relation", "from_id": "b", "to_id": "a"},
            {"type": "choices"},
            {"type": "choices"},
        )
    )
    assert ids(found) == [("a", 1), ("a", 1), (None, 1), (None, 1), (None, 1)]


def test_an_empty_annotation_has_no_regions() -> None:
    assert group_regions(annotation()) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"rectanglelabels": ["Car"]}, ["Car"]),
        ({"labels": ["PER", "ORG", "PER"]}, ["PER", "ORG"]),
        ({"hypertextlabels": ["x"], "start": "/p[1]"}, ["x"]),
        ({"timelinelabels": ["run"]}, ["run"]),
        ({"rectanglelabels": "Car"}, ["Car"]),
        ({"rectanglelabels": ["Car", None, 7]}, ["Car", "7"]),
        ({"rectanglelabels": None}, []),
        ({"rectanglelabels": {"a": 1}}, []),
        ({"choices": ["blurry"]}, []),
        ([1, 2], []),
        (None, []),
    ],
)
def test_labels_are_found_under_any_labels_key(value: Any, expected: list[str]) -> None:
    (region,) = group_regions(annotation({"id": "a", "value": value}))
    assert region.labels() == expected


def test_a_value_that_does_not_decode_has_no_labels() -> None:
    broken = Result(value=msgspec.Raw(b'{"labels": ["a"], "x": 1e999}'))
    assert Region("a", (broken,)).labels() == []


def test_labels_of_all_results_of_a_region_are_joined() -> None:
    (region,) = group_regions(
        annotation(
            {"id": "a", "type": "rectangle", "value": {"x": 1}},
            {"id": "a", "type": "labels", "value": {"labels": ["Car"]}},
            {"id": "a", "type": "labels", "value": {"labels": ["Red", "Car"]}},
        )
    )
    assert region.labels() == ["Car", "Red"]
