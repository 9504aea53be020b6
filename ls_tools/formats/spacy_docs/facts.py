"""What of an item is on no span: text categories, relations, ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ls_tools.formats.spacy_docs.docs import tokens_of
from ls_tools.regions import choices_of, fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spacy.tokens import Doc

    from ls_tools.formats.documents import Document, Span
    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Result
    from ls_tools.output import Item
    from ls_tools.regions import Region

CATEGORY_TYPES = frozenset({"choices", "taxonomy"})
UNLABELLED = "RELATED"
"""The label of a relation that has none."""

KEY = "label_studio"
"""Where ``Doc.user_data`` holds what spaCy has no place for."""

_REL = ("._.", "rel", None, None)
"""Where ``Doc.user_data`` holds ``doc._.rel``."""

_LEAST, _MOST = -(2**63), 2**64 - 1


class Categories:
    """Answers of ``Choices`` and ``Taxonomy`` as text categories."""

    def __init__(self, config: LabelConfig) -> None:
        self._config = config
        self._is_single = len(config.controls_of(*CATEGORY_TYPES)) < 2  # noqa: PLR2004 -- names cannot collide

    def of(self, results: Sequence[Result]) -> dict[str, float]:
        """1 for what was chosen, 0 for what the same control offers besides."""
        found: dict[str, float] = {}
        for result in results:
            control = self._config.control(result.from_name)
            offered = [] if control is None else [x.name for x in control.labels]
            if result.type == "choices":
                found.update(
                    (name, 0.0)
                    for choice in offered
                    if (name := self._name(choice, result)) not in found
                )
            for choice in choices_of(result) or _paths(result):
                found[self._name(choice, result)] = 1.0
        return found

    def _name(self, choice: str, result: Result) -> str:
        return choice if self._is_single else f"{result.from_name}:{choice}"


def _paths(result: Result) -> list[str]:
    """What was chosen in a taxonomy, each with what it is a part of."""
    if result.type != "taxonomy":
        return []
    paths = fields_of(result).get("taxonomy")
    if not isinstance(paths, list):
        return []
    return [" > ".join(map(str, path)) for path in paths if isinstance(path, list)]


def relation_between(
    result: Result, spans: Mapping[str | None, Span]
) -> tuple[Span, Span] | None:
    """The spans that a relation joins; None where they are not both here."""
    head, child = spans.get(result.from_id), spans.get(result.to_id)
    return None if head is None or child is None else (head, child)


def keep_facts(
    doc: Doc,
    document: Document,
    relations: Sequence[Result],
    answers: Sequence[Region],
    item: Item,
) -> None:
    """Put ids, relations, notes and scores where ``DocBin`` keeps them."""
    spans = {span.region.id: span for span in document.spans}
    facts: dict[str, Any] = {
        "task": item.task.id,
        "annotation": item.annotation.id if item.annotation else None,
        "object": document.name,
    }
    named = [(span.region.id, span.result) for span in document.spans]
    named += [(region.id, region.results[0]) for region in answers]
    notes = {name: result.meta for name, result in named if name and result.meta}
    scores = {
        name: result.score
        for name, result in named
        if name and result.score is not None
    }
    if notes:
        facts["notes"] = notes
    if scores:
        facts["scores"] = scores
    if relations:
        facts["relations"] = [_relation(result, spans, doc) for result in relations]
        user_data: dict[Any, Any] = doc.user_data
        user_data[_REL] = _pairs(facts["relations"])
    doc.user_data[KEY] = _storable(facts)


def _storable(value: Any) -> Any:
    """``value`` with integers that msgpack does not hold as text."""
    if isinstance(value, dict):
        return {key: _storable(found) for key, found in value.items()}
    if isinstance(value, list):
        return [_storable(found) for found in value]
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return str(value)
    return value


def _relation(
    result: Result, spans: Mapping[str | None, Span], doc: Doc
) -> dict[str, Any]:
    return {
        "from": result.from_id,
        "to": result.to_id,
        "direction": result.direction or "right",
        "labels": list(result.labels or ()),
        "from_tokens": _tokens(spans[result.from_id], doc),
        "to_tokens": _tokens(spans[result.to_id], doc),
    }


def _tokens(span: Span, doc: Doc) -> list[int]:
    found = tokens_of(doc, span)
    return [found.start, found.end]


def _pairs(relations: Sequence[dict[str, Any]]) -> dict[Any, dict[str, float]]:
    """Relations by the first tokens of what they join, as spaCy's example has it."""
    pairs: dict[Any, dict[str, float]] = {}
    for relation in relations:
        ends = relation["from_tokens"][0], relation["to_tokens"][0]
        labels = dict.fromkeys(relation["labels"] or [UNLABELLED], 1.0)
        if relation["direction"] != "left":
            pairs.setdefault(ends, {}).update(labels)
        if relation["direction"] != "right":
            pairs.setdefault(ends[::-1], {}).update(labels)
    return pairs
