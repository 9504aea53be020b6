"""What spaCy itself reads from spacy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from formats.texts_rig import (
    ADA,
    DIALOGUE,
    NER,
    choice,
    convert_texts,
    result,
    span,
    task,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ls_tools import Report
from ls_tools.errors import MissingDependencyError, UsageError

Judge = Callable[[str], ModuleType]
Converted = Callable[[str], tuple[Path, Report]]

CHINESE = "\u738b\u5c0f\u660e\u5728\u5317\u4eac\u5927\u5b66\u3002"
EMOJI = (
    "\U0001f600\U0001f600 Ada\u2764\ufe0f  loves \U0001f1eb\U0001f1f7\n\n"
    "Paris\U0001f44d\U0001f3fd!"
)


@pytest.fixture
def docs(judge: Judge, tmp_path: Path) -> Callable[..., Any]:
    """Converts tasks, and gives the documents and what was written."""
    spacy = judge("spacy")

    def run(*tasks: dict[str, Any], **options: Any) -> Any:
        made = convert_texts(tmp_path, "spacy", list(tasks), **options)
        return read(judge, made.root / "train.spacy", spacy), made

    return run


def read(judge: Judge, path: Path, spacy: ModuleType) -> list[Any]:
    found = judge("spacy.tokens").DocBin().from_disk(path)
    return list(found.get_docs(spacy.blank("xx").vocab))


@pytest.mark.parametrize("lang", ["en", "zh", "xx", "de"])
@pytest.mark.parametrize("text", [ADA, CHINESE, EMOJI])
def test_every_span_is_an_entity(docs: Any, text: str, lang: str) -> None:
    """F21."""
    parts = text.split()
    spans = [span(text, part, "PER") for part in parts if part.isalpha()]
    spans += [span(text, CHINESE[4:6], "LOC")] if text == CHINESE else []
    spans += [span(text, "da", "LOC")] if "Ada" in parts else []
    (doc,), made = docs(task(text, *spans), lang=lang)
    assert doc.text == text
    assert len(doc.spans["sc"]) == len(spans)
    given = [(one["value"]["text"], one["id"]) for one in spans]
    assert [(str(one), one.id_) for one in doc.spans["sc"]] == given
    assert made.losses == {}


def test_overlapping_spans_are_in_the_group(docs: Any) -> None:
    """F21."""
    spans = [
        span(ADA, "Ada"),
        span(ADA, "Ada Lovelace"),
        span(ADA, "London", "LOC", "ORG"),
    ]
    (doc,), made = docs(task(ADA, *spans))
    assert [str(x) for x in doc.ents] == ["Ada Lovelace", "London"]
    assert [(str(x), x.label_) for x in doc.spans["sc"]] == [
        ("Ada", "PER"),
        ("Ada Lovelace", "PER"),
        ("London", "LOC"),
        ("London", "ORG"),
    ]
    assert made.report.regions_written == 3
    assert made.losses == {}


def test_each_control_has_a_group_where_there_are_several(docs: Any) -> None:
    spans = [span(ADA, "Ada"), span(ADA, "Ada", "Hero", from_name="roles")]
    (doc,), _ = docs(task(ADA, *spans))
    assert {name: len(group) for name, group in doc.spans.items()} == {
        "sc": 2,
        "ner": 1,
        "roles": 1,
    }


def test_choices_are_categories(docs: Any) -> None:
    found, made = docs(task(ADA, choice("good")), task(ADA))
    assert [doc.cats for doc in found] == [{"good": 1.0, "bad": 0.0}, {}]
    assert made.report.regions_written == 1


def test_categories_of_several_controls_stay_apart(docs: Any) -> None:
    xml = NER.replace(
        "</View>",
        '<Taxonomy name="topic" toName="text"><Choice value="a"/></Taxonomy></View>',
    )
    topic = result("topic", "taxonomy", {"taxonomy": [["art", "music"], ["good"]]})
    (doc,), _ = docs(task(ADA, choice("good"), topic), xml=xml)
    assert doc.cats == {
        "mood:good": 1.0,
        "mood:bad": 0.0,
        "topic:art > music": 1.0,
        "topic:good": 1.0,
    }


def test_relations_are_kept(docs: Any, judge: Judge) -> None:
    spans = [span(ADA, "Ada Lovelace", id="a"), span(ADA, "Babbage", id="b")]
    met = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    lost = {**met, "to_id": "gone"}
    both = {**met, "direction": "bi", "labels": ["knows"]}
    (doc,), made = docs(task(ADA, *spans, met, both, lost))
    doc_type = judge("spacy.tokens").Doc
    doc_type.set_extension("rel", default={}, force=True)
    try:
        assert doc._.rel == {
            (0, 4): {"RELATED": 1.0, "knows": 1.0},
            (4, 0): {"knows": 1.0},
        }
    finally:
        doc_type.remove_extension("rel")
    (first, _) = doc.user_data["label_studio"]["relations"]
    assert (first["from"], first["to"], first["from_tokens"]) == ("a", "b", (0, 2))
    assert made.losses == {"relation of regions that are not written together": 1}


def test_ids_notes_and_scores_are_kept(docs: Any) -> None:
    one = task(ADA, span(ADA, "Ada", id="a", meta={"text": ["?"]}, score=0.5))
    (doc,), made = docs(one)
    facts = doc.user_data["label_studio"]
    assert (facts["task"], facts["annotation"], facts["object"]) == (
        one["id"],
        one["id"],
        "text",
    )
    assert facts["notes"] == {"a": {"text": ("?",)}}
    assert facts["scores"] == {"a": 0.5}
    assert made.losses == {}


def test_scores_of_answers_are_kept(docs: Any) -> None:
    (doc,), _ = docs(task(ADA, choice("good", id="c", score=0.25)))
    assert doc.cats == {"good": 1.0, "bad": 0.0}
    assert doc.user_data["label_studio"]["scores"] == {"c": 0.25}


def test_notes_on_what_has_no_id_are_listed(docs: Any) -> None:
    ada = span(ADA, "Ada", id=None, meta={"text": ["?"]}, score=0.5)
    (doc,), made = docs(task(ADA, ada))
    assert {"notes", "scores"}.isdisjoint(doc.user_data["label_studio"])
    assert made.losses == {"note dropped": 1, "score dropped": 1}


def test_an_answer_about_something_else_is_listed(docs: Any) -> None:
    (doc,), made = docs(task(ADA, choice("good", to_name="elsewhere")))
    assert doc.cats == {}
    assert made.losses == {"no text in the task data": 1}


def test_an_answer_about_a_part_is_no_category_of_the_text(docs: Any) -> None:
    part = {"start": 0, "end": 3, "text": "Ada", "choices": ["good"]}
    (doc,), made = docs(task(ADA, result("mood", "choices", part)))
    assert doc.cats == {}
    assert made.losses == {"no label": 1}


def test_numbers_that_do_not_fit_are_kept_as_text(docs: Any) -> None:
    one = task(ADA, span(ADA, "Ada", meta={"n": [10**25]}))
    one["id"] = 10**30
    (doc,), _ = docs(one)
    facts = doc.user_data["label_studio"]
    assert facts["task"] == str(10**30)
    assert next(iter(facts["notes"].values())) == {"n": (str(10**25),)}


def test_white_space_at_the_edges_of_a_span_goes(docs: Any) -> None:
    (doc,), made = docs(task(ADA, span(ADA, " met "), span(ADA, " ")))
    assert [str(x) for x in doc.ents] == ["met"]
    assert made.losses == {
        "white space at the edges of a span dropped": 1,
        "no token in the span": 1,
    }


def test_where_nobody_looked_entities_are_missing(docs: Any) -> None:
    one = {"id": 1, "data": {"text": ADA}, "annotations": []}
    (first, second), _ = docs(one, task(ADA), include_unlabeled=True)
    assert not first.has_annotation("ENT_IOB")
    assert second.has_annotation("ENT_IOB")


def test_paragraphs_are_one_document(docs: Any) -> None:
    value = {"start": "1", "end": "1", "startOffset": 0, "endOffset": 2,
             "paragraphlabels": ["PER"]}  # fmt: skip
    one = task("", result("parts", "paragraphlabels", value, to_name="talk"))
    one["data"] = {"talk": [{"said": "one"}, {"said": "two"}]}
    (doc,), _ = docs(one, xml=DIALOGUE)
    assert (doc.text, [str(x) for x in doc.ents]) == ("one\ntwo", ["tw"])


def test_documents_are_spread_over_files_when_told(
    judge: Judge, tmp_path: Path
) -> None:
    spacy = judge("spacy")
    tasks = [task(ADA, span(ADA, "Ada")) for _ in range(5)]
    made = convert_texts(tmp_path, "spacy", tasks, docs_per_file=2)
    paths = sorted((made.root / "train").iterdir())
    assert [len(read(judge, path, spacy)) for path in paths] == [2, 2, 1]
    assert [path.name for path in paths] == [
        "00001.spacy",
        "00002.spacy",
        "00003.spacy",
    ]


def test_each_split_has_its_file(judge: Judge, tmp_path: Path) -> None:
    spacy = judge("spacy")
    tasks = [task(ADA, span(ADA, "Ada")) for _ in range(60)]
    split = "train=0.4,val=0.3,test=0.3"
    made = convert_texts(tmp_path, "spacy", tasks, split=split)
    paths = sorted(made.root.glob("*.spacy"))
    assert [path.name for path in paths] == ["dev.spacy", "test.spacy", "train.spacy"]
    assert sum(len(read(judge, path, spacy)) for path in paths) == 60


def test_two_runs_give_the_same_bytes(judge: Judge, tmp_path: Path) -> None:
    judge("spacy")
    tasks = [task(ADA, span(ADA, "Ada"), choice("bad")) for _ in range(5)]
    bodies = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made = convert_texts(tmp_path / name, "spacy", tasks)
        bodies.append((made.root / "train.spacy").read_bytes())
    assert bodies[0] == bodies[1]


def test_what_is_written_equals_what_spacy_would_write(docs: Any, judge: Judge) -> None:
    """Read and written again by spaCy's own DocBin, nothing changes."""
    found, made = docs(
        task(ADA, span(ADA, "Ada"), choice("good")), task(EMOJI), task("")
    )
    tokens, spacy = judge("spacy.tokens"), judge("spacy")
    again = tokens.DocBin(
        attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True, docs=found
    )
    ours = tokens.DocBin().from_disk(made.root / "train.spacy")
    theirs = tokens.DocBin().from_bytes(again.to_bytes())
    assert ours.attrs == theirs.attrs
    assert [x.tolist() for x in ours.tokens] == [x.tolist() for x in theirs.tokens]
    assert [x.tolist() for x in ours.spaces] == [x.tolist() for x in theirs.spaces]
    assert ours.cats == theirs.cats
    assert ours.flags == theirs.flags
    assert ours.span_groups == theirs.span_groups
    assert ours.strings <= theirs.strings
    assert spacy.blank("en").vocab is not None


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=40,
    deadline=None,
)
@given(
    text=st.text(
        st.sampled_from("abA1.-'! \n\t\x00\u2028\u200b\u6f22\U0001f600\u200d")
    ),
    pairs=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=5),
    lang=st.sampled_from(["en", "zh", "xx"]),
)
def test_any_text_and_any_span_survives(
    docs: Any, text: str, pairs: list[tuple[int, int]], lang: str
) -> None:
    ends = [(a, min(a + n, len(text))) for a, n in pairs if a < len(text)]
    spans = [
        result(
            "ner", "labels", {"start": a, "end": b, "text": text[a:b], "labels": ["X"]}
        )
        for a, b in ends
    ]
    (doc,), made = docs(task(text, *spans), lang=lang)
    assert doc.text == text
    parts = [part for a, b in ends if (part := text[a:b].strip())]
    assert [str(one) for one in doc.spans["sc"]] == parts
    assert made.report.regions_written == len(parts)


def test_an_unknown_language_is_a_usage_error(judge: Judge, tmp_path: Path) -> None:
    judge("spacy")
    with pytest.raises(UsageError, match="knows no language 'qq'"):
        convert_texts(tmp_path, "spacy", [], lang="qq")


def test_a_language_that_needs_more_says_so(judge: Judge, tmp_path: Path) -> None:
    judge("spacy")
    with pytest.raises(MissingDependencyError) as caught:
        convert_texts(tmp_path, "spacy", [], lang="ja")
    assert caught.value.hint == "pip install 'spacy[ja]'"


def test_spacy_reads_the_golden_export(judge: Judge, converted: Converted) -> None:
    folder, report = converted("spacy")
    found = read(judge, folder / "train.spacy", judge("spacy"))
    spans = sum(len({one.id_ for one in doc.spans["sc"]}) for doc in found)
    others = sum(
        len(doc.user_data["label_studio"].get("relations", ())) + bool(doc.cats)
        for doc in found
    )
    assert spans + others == report.regions_written


@pytest.mark.slow
def test_spacy_debugs_the_data_without_an_error(judge: Judge, tmp_path: Path) -> None:
    judge("spacy")
    tasks = [
        task(ADA, span(ADA, "Ada Lovelace"), span(ADA, "London", "LOC"))
        for _ in range(120)
    ]
    made = convert_texts(tmp_path, "spacy", tasks)
    path = made.root / "train.spacy"
    config = tmp_path / "config.cfg"
    spacy = [sys.executable, "-m", "spacy"]
    subprocess.run(
        [*spacy, "init", "config", config, "--pipeline", "ner,spancat"],
        check=True,
        capture_output=True,
    )
    paths = ["--paths.train", str(path), "--paths.dev", str(path)]
    done = subprocess.run(
        [*spacy, "debug", "data", config, *paths, "--ignore-warnings"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "120 training docs" in done.stdout
