"""What spaCy's converter and seqeval read from conll2003."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from formats.texts_rig import ADA, convert_texts, entities_of, sentences_of, span, task

from ls_tools import Report

Judge = Callable[[str], ModuleType]
Converted = Callable[[str], tuple[Path, Report]]

ENGLISH = (
    'Ada Lovelace met Mr. Babbage. He didn\'t live in New York, U.S. "No!" she said.'
)
CHINESE = (
    "\u738b\u5c0f\u660e\u5728\u5317\u4eac\u5927\u5b66\u8bfb\u4e66\u3002"
    "\u674e\u56db\u53bb\u4e86\u4e0a\u6d77\uff01"
)
EMOJI = (
    "\U0001f600\U0001f469\u200d\U0001f4bb Ada\u2764\ufe0f loves"
    "\U0001f1eb\U0001f1f7 Paris \U0001f44d\U0001f3fd!"
)


def converted_by_spacy(source: Path) -> Path:
    """What ``spacy convert -c conll`` makes of a file."""
    command = [sys.executable, "-m", "spacy", "convert", "-c", "conll"]
    subprocess.run([*command, source, source.parent], check=True, capture_output=True)
    return source.with_suffix(".spacy")


def entities_in(docs: Iterable[Any]) -> list[list[tuple[str, str]]]:
    return [[(str(entity), entity.label_) for entity in doc.ents] for doc in docs]


def cut(text: str, seed: int) -> list[dict[str, Any]]:
    """Spans over most of a text, which do not overlap and are not white space."""
    chance = random.Random(seed)
    edges = sorted(chance.sample(range(len(text) + 1), min(len(text) // 3, 12)))
    pairs = list(itertools.pairwise(edges))[:: chance.choice((1, 2))]
    labels = ("PER", "LOC", "ORG")
    return [
        span(text, text[a:b], chance.choice(labels), at=a)
        for a, b in pairs
        if any(c.isalnum() for c in text[a:b])
    ]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, EMOJI])
@pytest.mark.parametrize("scheme", ["bio", "bilou", "iob1"])
def test_every_span_is_in_what_spacy_converts(
    judge: Judge, tmp_path: Path, text: str, scheme: str
) -> None:
    tasks = [task(text, *cut(text, seed)) for seed in range(6)]
    made = convert_texts(tmp_path, "conll2003", tasks, scheme=scheme)
    assert made.losses == {}
    read = judge("spacy.training.converters").conll_ner_to_docs
    found = entities_in(read(made.text(), no_print=True))
    given = [one["annotations"][0]["result"] for one in tasks]
    assert [len(doc) for doc in found] == [len(results) for results in given]
    for doc, results in zip(found, given, strict=True):
        for (words, label), one in zip(doc, results, strict=True):
            wanted = "".join(one["value"]["text"].split())
            assert ("".join(words.split()), [label]) == (wanted, one["value"]["labels"])


def test_spacy_reads_the_golden_export(judge: Judge, converted: Converted) -> None:
    folder, report = converted("conll2003")
    vocab = judge("spacy").blank("xx").vocab
    path = converted_by_spacy(folder / "result.conll")
    docs = judge("spacy.tokens").DocBin().from_disk(path).get_docs(vocab)
    found = entities_in(docs)
    assert sum(map(len, found)) == report.regions_written
    body = (folder / "result.conll").read_text(encoding="utf-8")
    assert [_joined(one) for doc in found for one in doc] == [
        _joined(one) for one in entities_of(body)
    ]


def _joined(entity: tuple[str, str]) -> tuple[str, str]:
    return "".join(entity[0].split()), entity[1]


@pytest.mark.parametrize(
    ("scheme", "mode"), [("bio", "IOB2"), ("bilou", "BILOU"), ("iob1", "IOB1")]
)
@pytest.mark.parametrize("text", [ADA, ENGLISH, CHINESE, EMOJI])
def test_seqeval_counts_every_span(
    judge: Judge, tmp_path: Path, text: str, scheme: str, mode: str
) -> None:
    tasks = [task(text, *cut(text, seed)) for seed in range(6)]
    made = convert_texts(tmp_path, "conll2003", tasks, scheme=scheme)
    tags = [[tag for _, tag in s] for s in sentences_of(made.text())]
    schemes = judge("seqeval.scheme")
    entities = schemes.Entities(tags, getattr(schemes, mode))
    assert sum(map(len, entities.entities)) == made.report.regions_written
    metrics = judge("seqeval.metrics")
    assert (
        metrics.f1_score(tags, tags, mode="strict", scheme=getattr(schemes, mode)) == 1
    )
