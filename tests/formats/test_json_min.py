from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from formats.flat_rig import NAMES, SAMPLES, Flatten, choice, result, task, text
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.models import Result
from ls_tools.output.records import collapse

WHO_AND_WHEN = ["annotator", "annotation_id", "created_at", "updated_at", "lead_time"]


@pytest.mark.parametrize("name", NAMES)
def test_records_equal_the_servers(flatten: Flatten, name: str) -> None:
    made = flatten(SAMPLES / f"{name}.json", "json_min").document
    server = json.loads((SAMPLES / f"{name}_json_min.json").read_bytes())
    assert made == server
    assert [list(one) for one in made] == [list(one) for one in server]


def test_keys_come_as_data_id_answers_facts(flatten: Flatten) -> None:
    data = {"z": 1, "a": 2}
    one = task(data, [text("t", "x")], agreement=0.5)
    (record,) = flatten([one], "json_min").document
    assert list(record) == ["z", "a", "id", "t", *WHO_AND_WHEN, "agreement"]


def test_every_annotation_is_a_record_newest_first(flatten: Flatten) -> None:
    one = task({}, [text("t", "old")], [text("t", "new")])
    one["annotations"][0]["created_at"] = "2024-01-01T00:00:00Z"
    one["annotations"][1]["created_at"] = "2024-02-01T00:00:00Z"
    records = flatten([one], "json_min").document
    assert [(r["t"], r["annotation_id"]) for r in records] == [("new", 2), ("old", 1)]


def test_one_choice_or_one_text_stands_for_itself(flatten: Flatten) -> None:
    results = [choice("one", "a"), choice("two", "a", "b"), text("said", "hello")]
    (record,) = flatten([task({}, results)], "json_min").document
    assert record["one"] == "a"
    assert record["two"] == {"choices": ["a", "b"]}
    assert record["said"] == "hello"


def test_several_answers_of_a_control_are_a_list(flatten: Flatten) -> None:
    results = [text("t", "a", id="1"), text("t", "b", "c", id="2")]
    (record,) = flatten([task({}, results)], "json_min").document
    assert record["t"] == ["a", {"text": ["b", "c"]}]


def test_shapes_keep_the_size_of_their_picture(flatten: Flatten) -> None:
    value = {"x": 1.5, "rectanglelabels": ["Car"]}
    size = {"original_width": 800, "original_height": 600.0}
    box = result("box", "rectanglelabels", value, **size)
    bare = result("bare", "rectanglelabels", {}, **size)
    body = flatten([task({}, [box, bare])], "json_min").body.decode()
    assert '"original_width":800,"original_height":600.0}' in body
    (record,) = json.loads(body)
    assert record["box"] == [{**value, **size}]
    assert record["bare"] == [size]


@pytest.mark.parametrize("to", ["json_min", "csv"])
def test_sizes_that_are_equal_keep_their_own_spelling(
    flatten: Flatten, to: str
) -> None:
    first = result("a", "rectanglelabels", {"x": 1}, original_width=8)
    second = result("b", "rectanglelabels", {"x": 1}, original_width=8.0)
    body = flatten([task({}, [first, second])], to).body.replace(b'""', b'"')
    assert b'"original_width":8}' in body
    assert b'"original_width":8.0}' in body


def test_the_annotator_is_the_email_where_the_export_has_it(flatten: Flatten) -> None:
    one = task({}, [], [], [])
    one["annotations"][0]["completed_by"] = {"id": 3, "email": "ann@example.com"}
    one["annotations"][1]["completed_by"] = {"id": 4}
    one["annotations"][2].pop("completed_by")
    records = flatten([one], "json_min").document
    found = {record["annotation_id"]: record["annotator"] for record in records}
    assert found == {1: "ann@example.com", 2: 4, 3: None}


def test_an_untouched_task_is_a_record_and_a_skipped_one_is_not(
    flatten: Flatten,
) -> None:
    skipped = task({"n": 2}, [])
    skipped["annotations"][0]["was_cancelled"] = True
    made = flatten([task({"n": 1}), skipped], "json_min")
    (record,) = made.document
    assert (record["n"], record["annotation_id"], record["annotator"]) == (
        1,
        None,
        None,
    )
    (loss,) = made.report.tasks_skipped
    assert (loss.reason, loss.count) == ("only skipped annotations", 1)


def test_a_control_named_as_a_data_key_overwrites_nothing(flatten: Flatten) -> None:
    """F22."""
    one = task({"text": "source", "id": "own id"}, [text("text", "answer")])
    made = flatten([one], "json_min")
    (record,) = made.document
    assert record["text"] == "answer"
    assert record["_data_text"] == "source"
    assert record["_data_id"] == "own id"
    assert record["id"] == 7
    assert "'text' is written as '_data_text': its name is taken." in (
        made.report.warnings
    )


def test_no_name_is_taken_twice_however_names_are_chosen(flatten: Flatten) -> None:
    """F22."""
    data = {"id": "a", "_data_id": "b", "_data__data_id": "c", "_result_id": "d"}
    answers = [text("id", "e"), text("_result_id", "f"), text("annotator", "g")]
    (record,) = flatten([task(data, answers)], "json_min").document
    kept = sorted(v for v in record.values() if isinstance(v, str))
    assert kept == list("abcdefg")


def test_a_record_keeps_the_name_that_an_earlier_one_gave(flatten: Flatten) -> None:
    """F22."""
    first = task({"id": "a"})
    second = task({"id": "b", "_data_id": "c"})
    records = flatten([first, second], "json_min").document
    assert [record["_data_id"] for record in records] == ["a", "b"]
    assert records[1]["_data__data_id"] == "c"


def test_relations_are_counted_as_skipped(flatten: Flatten) -> None:
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    made = flatten([task({}, [text("t", "x", id="a"), relation])], "json_min")
    assert made.losses == {"not expressible: relation": 1}


def test_a_part_without_a_control_is_degraded(flatten: Flatten) -> None:
    nameless = {"id": "a", "type": "labels", "value": {"labels": ["L"]}}
    made = flatten([task({}, [text("t", "x", id="a"), nameless])], "json_min")
    assert made.losses == {"a result without from_name dropped": 1}


def test_chat_answers_are_their_messages(flatten: Flatten) -> None:
    message = {"role": "user", "content": "hi"}
    chat = result("talk", "chatmessage", {"chatmessage": message})
    (record,) = flatten([task({}, [chat])], "json_min").document
    assert record["talk"] == [message]


def test_values_are_faithful(flatten: Flatten) -> None:
    data = {
        "s": 'é/ü "q"\n\t日本\U0001f600',
        "n": None,
        "b": True,
        "f": 1e-7,
        "i": 10**30,
    }
    (record,) = flatten([task(data, [text("t", "\u2028x")])], "json_min").document
    assert {key: record[key] for key in data} == data
    assert record["t"] == "\u2028x"


def test_no_task_is_an_empty_array(flatten: Flatten) -> None:
    assert flatten([task({})], "json_min", select="latest", limit=0).document == []


@pytest.mark.parametrize("kind", ["rectanglelabels", "choices", "chat"])
def test_a_number_out_of_range_harms_its_own_value_only(
    flatten: Flatten, kind: str
) -> None:
    odd, sound = result("a", kind, {"n": 0}), choice("b", "yes")
    source = json.dumps([task({}, [odd, sound])]).replace('"n": 0', '"n": 1e999')
    made = flatten(source.encode(), "json_min")
    assert b'{"n": 1e999}' in made.body
    assert made.document[0]["b"] == "yes"


numbers = st.none() | st.integers(1, 9999) | st.floats(1, 9999)
values = st.dictionaries(
    st.sampled_from(["x", "original_width", "y"]), st.integers() | st.text()
)


@given(values, numbers, numbers, st.sampled_from([None, 1]))
def test_sizes_are_added_however_a_value_is_spelled(
    value: dict[str, Any], width: float | None, height: float | None, indent: int | None
) -> None:
    size = {"original_width": width, "original_height": height}
    known = {name: number for name, number in size.items() if number is not None}
    text = json.dumps(value, indent=indent)
    made = Result(
        type="rectanglelabels",
        value=msgspec.Raw(text.encode()),
        original_width=width,
        original_height=height,
    )
    (answer,) = json.loads(collapse([made]))
    assert answer == value | known
    assert list(answer) == list(value | known)
