from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.texts_rig import (
    ADA,
    DIALOGUE,
    NER,
    PAGE,
    choice,
    convert_texts,
    entities_of,
    result,
    sentences_of,
    span,
    task,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools import convert
from ls_tools.errors import UsageError

SAMPLES = Path(__file__).parent / "samples"


def run(folder: Path, *tasks: dict[str, Any], **options: Any) -> Any:
    return convert_texts(folder, "conll2003", list(tasks), **options)


def test_columns_are_those_of_label_studio(tmp_path: Path) -> None:
    made = run(
        tmp_path, task(ADA, span(ADA, "Ada Lovelace"), span(ADA, "London", "LOC"))
    )
    assert made.text() == (
        "-DOCSTART- -X- O O\n\n"
        "Ada -X- _ B-PER\nLovelace -X- _ I-PER\nmet -X- _ O\nCharles -X- _ O\n"
        "Babbage -X- _ O\nin -X- _ O\nLondon -X- _ B-LOC\n. -X- _ O\n\n"
    )
    assert made.losses == {}


def test_each_text_begins_with_a_header(tmp_path: Path) -> None:
    body = run(tmp_path, task("One."), task(""), task("Two.")).text()
    assert body.count("-DOCSTART- -X- O O\n\n") == 3
    assert sentences_of(body) == [
        [("One", "O"), (".", "O")],
        [("Two", "O"), (".", "O")],
    ]


def test_a_token_is_split_where_a_span_begins_or_ends(tmp_path: Path) -> None:
    """F21."""
    text = "foo-bar unhappily"
    spans = [span(text, "foo"), span(text, "bar", "LOC"), span(text, "happi", "ORG")]
    made = run(tmp_path, task(text, *spans))
    assert entities_of(made.text()) == [
        ("foo", "PER"),
        ("bar", "LOC"),
        ("happi", "ORG"),
    ]
    assert made.losses == {}


def test_spans_beside_each_other_stay_two(tmp_path: Path) -> None:
    """F21."""
    text = "AdaBob \u738b\u674e"
    spans = [span(text, x) for x in ("Ada", "Bob", "\u738b", "\u674e")]
    found = entities_of(run(tmp_path, task(text, *spans)).text())
    assert [words for words, _ in found] == ["Ada", "Bob", "\u738b", "\u674e"]


def test_spans_of_every_control_are_written(tmp_path: Path) -> None:
    """F21."""
    spans = [span(ADA, "London", "LOC"), span(ADA, "Ada", "Hero", from_name="roles")]
    made = run(tmp_path, task(ADA, *spans))
    assert entities_of(made.text()) == [("Ada", "Hero"), ("London", "LOC")]


def test_of_overlapping_spans_the_longest_is_written(tmp_path: Path) -> None:
    """F21."""
    spans = [
        span(ADA, "Ada", "Hero"),
        span(ADA, "Ada Lovelace"),
        span(ADA, "Ada Lovelace"),
    ]
    made = run(tmp_path, task(ADA, *spans))
    assert entities_of(made.text()) == [("Ada Lovelace", "PER")]
    assert made.losses == {"overlaps a longer span": 2}


def test_the_first_label_of_several_is_written(tmp_path: Path) -> None:
    """F21."""
    made = run(tmp_path, task(ADA, span(ADA, "Ada", "LOC", "PER")))
    assert entities_of(made.text()) == [("Ada", "LOC")]
    assert made.losses == {"second label dropped": 1}


def test_sentences_end_within_a_text_but_not_within_a_span(tmp_path: Path) -> None:
    """F21."""
    text = "It is. He said: Yes! No! Done.\nEnd"
    made = run(tmp_path, task(text, span(text, "Yes! No!")))
    found = [[token for token, _ in s] for s in sentences_of(made.text())]
    assert [words[0] for words in found] == ["It", "He", "Done", "End"]
    assert entities_of(made.text()) == [("Yes ! No !", "PER")]


def test_one_annotation_of_a_task_is_written(tmp_path: Path) -> None:
    """F21."""
    one = task(ADA, span(ADA, "Ada"))
    one["annotations"].append({"id": 99, "result": [span(ADA, "London", "LOC")]})
    one["annotations"][1]["updated_at"] = "2026-02-02T00:00:00Z"
    assert entities_of(run(tmp_path, one).text()) == [("London", "LOC")]
    both = run(tmp_path, one, select="all").text()
    assert len(entities_of(both)) == 2


def test_offsets_after_astral_characters_are_right(tmp_path: Path) -> None:
    """F20."""
    text = "\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600 Ada met Bob"
    wide = span(text, "Ada")
    wide["value"].update(start=11, end=14)
    plain = task(text, span(text, "Bob"))
    made = run(tmp_path, task(text, wide), plain)
    assert entities_of(made.text()) == [("Ada", "PER"), ("Bob", "PER")]


def test_a_span_that_does_not_match_its_text_is_reported(tmp_path: Path) -> None:
    """F20."""
    wrong = span(ADA, "London")
    wrong["value"]["text"] = "Berlin"
    moved = span(ADA, "Ada")
    moved["value"]["text"] = "Charles"
    made = run(tmp_path, task(ADA, wrong, moved))
    assert entities_of(made.text()) == [("Charles", "PER")]
    assert made.losses == {
        "span does not match its text": 1,
        "span moved to the only place of its text": 1,
    }


def test_chinese_is_written_by_character_unless_told(tmp_path: Path) -> None:
    """F21."""
    text = "\u738b\u5c0f\u660e\u53bb\u5317\u4eac\u3002"
    one = task(text, span(text, "\u5317\u4eac", "LOC"))
    by_character = run(tmp_path, one)
    assert entities_of(by_character.text()) == [("\u5317 \u4eac", "LOC")]
    by_word = run(tmp_path, one, tokenizer="words")
    assert entities_of(by_word.text()) == [("\u5317\u4eac", "LOC")]
    assert sentences_of(by_word.text())[0][0] == ("\u738b\u5c0f\u660e\u53bb", "O")


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("bio", ["B-PER", "I-PER", "B-PER", "B-LOC", "O", "B-PER"]),
        ("bilou", ["B-PER", "L-PER", "U-PER", "U-LOC", "O", "U-PER"]),
        ("iob1", ["I-PER", "I-PER", "B-PER", "I-LOC", "O", "I-PER"]),
    ],
)
def test_tags_follow_the_scheme(tmp_path: Path, scheme: str, tags: list[str]) -> None:
    text = "aa bb cc dd ee ff"
    spans = [span(text, x) for x in ("aa bb", "cc", "ff")] + [span(text, "dd", "LOC")]
    body = run(tmp_path, task(text, *spans), scheme=scheme).text()
    assert [tag for _, tag in sentences_of(body)[0]] == tags


@pytest.mark.parametrize("option", [{"scheme": "x"}, {"tokenizer": "x"}])
def test_an_unknown_way_is_a_usage_error(tmp_path: Path, option: Any) -> None:
    with pytest.raises(UsageError):
        run(tmp_path, task("a"), **option)


def test_labels_become_tags_that_stay_distinct(tmp_path: Path) -> None:
    text = "a b c d e"
    names = ["New York", "New_York", "New\nYork", "", " "]
    spans = [span(text, x, name) for x, name in zip("abcde", names, strict=True)]
    xml = NER.replace('value="ORG"', 'value="New_York"')
    made = run(tmp_path, task(text, *spans), xml=xml)
    tags = [label for _, label in entities_of(made.text())]
    assert tags[1] == "New_York"
    assert len(set(tags)) == len(tags)
    assert any("'New York' is written as" in text for text in made.report.warnings)


def test_what_is_not_on_a_text_is_reported(tmp_path: Path) -> None:
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    ada = span(ADA, "Ada", id="a", meta={"text": ["sure?"]}, score=0.5)
    note = {**result("note", "textarea", {"text": ["x"]}), "id": "a"}
    lost = span(ADA, "Ada", to_name="nothing")
    made = run(tmp_path, task(ADA, ada, note, choice("good"), relation, lost))
    assert made.losses == {
        "control not expressible: Choices": 1,
        "control not expressible: relation": 1,
        "control not expressible: TextArea": 1,
        "note dropped": 1,
        "score dropped": 1,
        "no text in the task data": 1,
    }
    assert made.report.regions_written == 1


def test_a_task_without_a_text_is_reported(tmp_path: Path) -> None:
    made = run(tmp_path, task(None, span("ab", "ab")), task("x"))
    (loss,) = made.report.tasks_skipped
    assert (loss.reason, loss.count) == ("no text in the task data", 1)
    assert made.losses == {"no text in the task data": 1}


def test_an_unlabeled_task_is_left_out_unless_told(tmp_path: Path) -> None:
    one = {"id": 1, "data": {"text": "nobody looked"}, "annotations": []}
    assert run(tmp_path, one).text() == ""
    assert "looked -X- _ O" in run(tmp_path, one, include_unlabeled=True).text()


def test_paragraphs_are_sentences_of_one_document(tmp_path: Path) -> None:
    rows = [{"who": "Ann", "said": "hi Bob"}, {"who": "Bob", "said": "hello Ann"}]
    value = {"start": "1", "end": "1", "startOffset": 6, "endOffset": 9, "text": "Ann"}
    value["paragraphlabels"] = ["PER"]
    one = task("", result("parts", "paragraphlabels", value, to_name="talk"))
    one["data"] = {"talk": rows}
    body = run(tmp_path, one, xml=DIALOGUE).text()
    assert [[t for t, _ in s] for s in sentences_of(body)] == [
        ["hi", "Bob"],
        ["hello", "Ann"],
    ]
    assert entities_of(body) == [("Ann", "PER")]


def test_words_of_two_blocks_of_html_do_not_run_together(tmp_path: Path) -> None:
    value = {"start": "/p[2]/text()[1]", "end": "/p[2]/text()[1]", "startOffset": 0,
             "endOffset": 3, "globalOffsets": {"start": 3, "end": 6}, "text": "two",
             "hypertextlabels": ["PER"]}  # fmt: skip
    one = task("", result("parts", "hypertextlabels", value, to_name="page"))
    one["data"] = {"page": "<p>one</p><p>two</p>"}
    body = run(tmp_path, one, xml=PAGE).text()
    assert sentences_of(body) == [[("one", "O")], [("two", "B-PER")]]


def test_a_text_behind_a_reference_is_read(tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text("Ada met Bob", encoding="utf-8-sig")
    xml = NER.replace('value="$text"', 'value="$text" valueType="url"')
    one = task("/data/local-files/?d=story.txt", span("Ada met Bob", "Bob"))
    gone = task("/data/local-files/?d=gone.txt", span("Ada met Bob", "Bob"))
    (tmp_path / "odd.txt").write_bytes(b"Ada \xff")
    odd = task("/data/local-files/?d=odd.txt", span("Ada", "Ada"))
    made = run(tmp_path, one, gone, odd, xml=xml, settings=_local(tmp_path))
    assert entities_of(made.text()) == [("Bob", "PER")]
    assert made.losses == {"text behind a reference not read": 2}
    causes = [failure.cause for failure in made.report.media.failed]
    assert len(causes) == 2
    assert "cannot be read: it is not UTF-8 at byte 4." in causes[1]


def _local(folder: Path) -> Any:
    from ls_tools import Settings

    return Settings(cache_dir=folder / "cache", mode="offline", document_root=folder)


def test_without_a_config_texts_are_found(tmp_path: Path) -> None:
    one = task(ADA, span(ADA, "Ada"))
    assert entities_of(run(tmp_path, one, xml=None).text()) == [("Ada", "PER")]
    other = {**one, "data": {"review": ADA}}
    assert entities_of(run(tmp_path, other, xml=None).text()) == [("Ada", "PER")]


HOSTILE = (
    "\x00a\u2028b\x85c\u200bd\te\ufefff\u202eg\x1ch\U0001f600i\x7f\r\nj-DOCSTART- k"
)


def test_no_character_of_a_text_breaks_a_line(tmp_path: Path) -> None:
    made = run(tmp_path, task(HOSTILE, span(HOSTILE, "b\x85c"), span(HOSTILE, "\x00")))
    body = made.text()
    sentences_of(body)  # asserts the grammar of every line
    assert entities_of(body) == [("b c", "PER")]
    assert made.losses == {"no token in the span": 1}
    assert any(
        w.startswith("Control characters left out") for w in made.report.warnings
    )


ALPHABET = st.sampled_from(
    "abA1.-'!? \n\t\x00\u2028\u200b\ufeff\u0301\u6f22\u0e01\U0001f600\u200d"
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    text=st.text(ALPHABET, min_size=1, max_size=30),
    pairs=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 6)), max_size=5),
    unit=st.sampled_from(["code points", "UTF-16"]),
    tokenizer=st.sampled_from(["auto", "words", "characters", "whitespace"]),
)
def test_every_span_that_stands_alone_survives(
    tmp_path: Path, text: str, pairs: list[tuple[int, int]], unit: str, tokenizer: str
) -> None:
    """F21."""
    ends = [(a, min(a + n, len(text))) for a, n in pairs if a < len(text)]
    spans = []
    for a, b in ends:
        scale = (
            (lambda n: len(text[:n].encode("utf-16-le")) // 2)
            if unit == "UTF-16"
            else int
        )
        value = {"start": scale(a), "end": scale(b), "text": text[a:b], "labels": ["X"]}
        spans.append(result("ner", "labels", value))
    made = run(tmp_path, task(text, *spans), tokenizer=tokenizer)
    found = entities_of(made.text())
    assert len(found) == made.report.regions_written
    if all(
        b <= c for (_, b), (c, _) in zip(sorted(ends), sorted(ends)[1:], strict=False)
    ):
        assert set(made.losses) <= {
            "no token in the span",
            "span moved to the only place of its text",
        }


def test_the_servers_sample_has_the_same_entities(tmp_path: Path) -> None:
    report = convert(SAMPLES / "text.json", "CONLL2003", tmp_path / "out")
    report.check()
    body = (tmp_path / "out/result.conll").read_text(encoding="utf-8")
    assert entities_of(body) == [
        ("Ada Lovelace", "PER"),
        ("Charles Babbage", "PER"),
        ("London", "LOC"),
    ]


def test_each_split_has_its_file(tmp_path: Path) -> None:
    tasks = [task(ADA, span(ADA, "Ada")) for _ in range(40)]
    made = run(tmp_path, *tasks, split="train=0.5,val=0.5")
    bodies = {path.name: path.read_text() for path in made.root.glob("*.conll")}
    assert sorted(bodies) == ["train.conll", "val.conll"]
    counts = [len(entities_of(body)) for body in bodies.values()]
    assert sum(counts) == 40
    assert min(counts) > 5
