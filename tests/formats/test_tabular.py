"""CSV and TSV; cells are read back with the csv module of Python."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from formats.flat_rig import NAMES, SAMPLES, Flatten, choice, result, task, text
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.formats.tabular import _Spelling

DELIMITERS = {"csv": ",", "tsv": "\t"}
NOT_ASKED_FOR = ("snapshot", "tsv")


def rows(body: bytes, to: str = "csv") -> list[dict[str, str]]:
    lines = io.StringIO(body.decode(), newline="")
    return list(csv.DictReader(lines, delimiter=DELIMITERS[to], strict=True))


@pytest.mark.parametrize(
    ("name", "to"),
    [(name, to) for name in NAMES for to in DELIMITERS if (name, to) != NOT_ASKED_FOR],
)
def test_tables_equal_the_servers(flatten: Flatten, name: str, to: str) -> None:
    path = SAMPLES / f"{name}.{to}"
    made = flatten(SAMPLES / f"{name}.json", to)
    # The one difference in the bytes: slashes in cells of JSON.
    assert made.body == path.read_bytes().replace(rb"\/", b"/")


def test_columns_are_sorted_and_those_of_every_row(flatten: Flatten) -> None:
    first = task({"b": 1}, [text("z", "x")])
    second = {"data": {"a": 2}, "agreement": 0.5}
    made = flatten([first, second], "csv").body.decode().splitlines()
    assert made[0] == (
        '"a","agreement","annotation_id","annotator","b","created_at","id",'
        '"lead_time","updated_at","z"'
    )
    assert made[2] == '2,0.5,"","","","","","","",""'


@pytest.mark.parametrize("to", DELIMITERS)
def test_cells_survive_quotes_delimiters_and_line_breaks(
    flatten: Flatten, to: str
) -> None:
    data = {"s": 'a "b", c;\td\r\ne\nf\rg', 'k"ey,\n': "é日本\U0001f600"}
    (row,) = rows(flatten([task(data, [text("t", "x\ny")])], to).body, to)
    assert {key: row[key] for key in data} == data
    assert row["t"] == "x\ny"


def test_numbers_stand_bare_and_nothing_is_empty_text(flatten: Flatten) -> None:
    data = {"b": True, "f": 0.1, "i": 10**30, "n": None, "o": {"a": [1, "é"]}}
    body = flatten([task(data)], "csv").body.decode()
    assert '"",0.1,' not in body.splitlines()[0]
    assert body.splitlines()[1] == (
        '"","",True,"",0.1,1000000000000000000000000000000,7,"","",'
        '"{""a"":[1,""é""]}",""'
    )


def test_answers_are_text_or_compact_json(flatten: Flatten) -> None:
    box = result("box", "rectanglelabels", {"x": 1.5, "rectanglelabels": ["é/ü"]})
    answers = [choice("one", "a"), choice("two", "a", "b"), text("said", "3"), box]
    (row,) = rows(flatten([task({}, answers)], "csv").body)
    assert (row["one"], row["said"]) == ("a", "3")
    assert row["two"] == '{"choices":["a","b"]}'
    assert row["box"] == '[{"x":1.5,"rectanglelabels":["é/ü"]}]'


@pytest.mark.parametrize("kind", ["rectanglelabels", "choices", "chat"])
def test_a_number_out_of_range_harms_its_own_cell_only(
    flatten: Flatten, kind: str
) -> None:
    odd, sound = result("a", kind, {"n": 0}), choice("b", "yes")
    source = json.dumps([task({}, [odd, sound])]).replace('"n": 0', '"n": 1e999')
    (row,) = rows(flatten(source.encode(), "csv").body)
    assert '{"n": 1e999}' in row["a"]
    assert row["b"] == "yes"


def test_formulas_are_defused_on_request_only(flatten: Flatten) -> None:
    data = {"=key": "=1+1", "m": "-2", "plain": "a=b", "number": -5}
    (row,) = rows(flatten([task(data)], "csv").body)
    assert {key: row[key] for key in data} == {**data, "number": "-5"}
    (row,) = rows(flatten([task(data)], "csv", escape_formulas=True).body)
    assert row["'=key"] == "'=1+1"
    assert (row["m"], row["plain"], row["number"]) == ("'-2", "a=b", "-5")


def test_no_header_leaves_out_the_header(flatten: Flatten) -> None:
    """F23."""
    whole = flatten([task({"a": "x"})], "csv").body
    headless = flatten([task({"a": "x"})], "csv", header=False).body
    assert whole.split(b"\r\n", 1)[1] == headless
    assert headless.startswith(b'"x",')


def test_a_tsv_is_named_so(flatten: Flatten, tmp_path: Any) -> None:
    """F23."""
    flatten([task({})], "tsv")
    assert (tmp_path / "out-tsv" / "result.tsv").exists()
    assert not (tmp_path / "out-tsv" / "result.csv").exists()


def test_a_data_key_moves_in_every_row_or_in_none(flatten: Flatten) -> None:
    """F22."""
    late = [task({"text": "one"}), task({"text": "two"}, [text("text", "answer")])]
    made = flatten(late, "csv")
    first, second = rows(made.body)
    assert (first["_data_text"], first["text"]) == ("one", "")
    assert (second["_data_text"], second["text"]) == ("two", "answer")
    moved = "'text' is written as '_data_text': its name is taken."
    assert made.report.warnings.count(moved) == 1


def test_no_cell_is_overwritten_however_names_are_chosen(flatten: Flatten) -> None:
    """F22."""
    message = {"role": "user", "content": "g"}
    answers = [
        text("id", "d"),
        text("_result_id", "e"),
        text("talk_transcript", "f"),
        result("talk", "chatmessage", {"chatmessage": message}),
    ]
    data = {"id": "a", "_data_id": "b", "talk_transcript": "c", "history": "h"}
    (row,) = rows(flatten([task(data, answers)], "csv").body)
    assert set("abcdefh") | {"user: g"} <= set(row.values())


def test_a_chat_has_its_transcript_beside_it(flatten: Flatten) -> None:
    talk = [
        result("talk", "chatmessage", {"chatmessage": {"role": r, "content": c}})
        for r, c in (("user", "hi"), ("assistant", "hello"))
    ]
    (row,) = rows(flatten([task({}, talk)], "csv").body)
    assert row["talk_transcript"] == "user: hi\nassistant: hello"
    assert json.loads(row["talk"])[1] == {"role": "assistant", "content": "hello"}


def test_history_and_agreement_have_columns_where_there_are_any(
    flatten: Flatten,
) -> None:
    one = task({}, [], agreement=87.5)
    one["annotations"][0]["history"] = [{"at": "now", "who": "é"}]
    (row,) = rows(flatten([one], "csv").body)
    assert row["history"] == '[{"at":"now","who":"é"}]'
    assert row["agreement"] == "87.5"
    one["annotations"][0]["history"] = []
    del one["agreement"]
    (row,) = rows(flatten([one], "csv").body)
    assert not {"history", "agreement"} & set(row)


def test_untouched_tasks_are_rows_and_skipped_ones_are_not(flatten: Flatten) -> None:
    skipped = task({"n": 2}, [])
    skipped["annotations"][0]["was_cancelled"] = True
    made = flatten([task({"n": 1}), skipped], "csv")
    (row,) = rows(made.body)
    assert (row["n"], row["annotation_id"]) == ("1", "")
    assert made.report.tasks_written == 1


cells = st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.floats()


@given(st.lists(cells, min_size=2, max_size=5))
def test_rows_read_back_equal_what_went_in(row: list[Any]) -> None:
    spelling = _Spelling(delimiter=",", escapes_formulas=False)
    line = spelling.row(map(spelling.value, row)).decode()
    assert next(csv.reader(io.StringIO(line, newline=""))) == [str(x) for x in row]
    table = io.StringIO(newline="")
    csv.writer(table, quoting=csv.QUOTE_NONNUMERIC).writerow(row)
    assert line == table.getvalue()
