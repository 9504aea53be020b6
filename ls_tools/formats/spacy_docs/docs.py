"""Texts with labelled spans as spaCy's ``Doc`` objects."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ls_tools.errors import MissingDependencyError, UsageError
from ls_tools.texts import keep_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Doc
    from spacy.tokens import Span as TokenSpan

    from ls_tools.formats.documents import Span

ALL_SPANS = "sc"
"""The span group that spaCy's span categorizer learns from unless told otherwise."""

_FRESH_AFTER = 2_000


class DocMaker:
    """Makes documents by the rules of a language.

    Args:
        lang: Code of a language that spaCy knows: ``en``, or ``xx`` for any.

    Raises:
        MissingDependencyError: What spaCy needs to tokenise this language is
            not installed.
        UsageError: spaCy does not know the language.
    """

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._made = 0
        self._tokenize = _tokenizer(lang)

    def make(self, text: str, spans: Sequence[Span], *, is_labelled: bool) -> Doc:
        """A document with its entities, and with every span in a group.

        Tokens are split where a span begins or ends within one; white space at
        the edges must be off the spans already.

        Args:
            text: All of its text.
            spans: The spans, which may overlap.
            is_labelled: Without any span, there is nothing to be found; else
                nobody has looked.
        """
        self._made += 1
        if self._made % _FRESH_AFTER == 0:  # the vocabulary grows with every word
            self._tokenize = _tokenizer(self._lang)
        doc = self._cut(_encodable(text), spans)
        kept = keep_apart([(span.start, span.end) for span in spans])
        entities = [tokens_of(doc, spans[i], label=spans[i].labels[0]) for i in kept]
        doc.set_ents(entities, default="outside" if is_labelled else "missing")
        if is_labelled:
            doc.spans[ALL_SPANS] = spans_in(doc, spans)
        return doc

    def _cut(self, text: str, spans: Sequence[Span]) -> Doc:
        """The tokens of a text, none of which is on both sides of a span's edge."""
        from spacy.tokens import Doc

        doc = self._tokenize(text)
        if doc.text != text:
            doc = Doc(doc.vocab, words=list(text), spaces=[False] * len(text))
        if all(doc.char_span(span.start, span.end) is not None for span in spans):
            return doc
        edges = {edge for span in spans for edge in (span.start, span.end)}
        words: list[str] = []
        spaces: list[bool] = []
        for token in doc:
            pieces = _pieces(token.text, token.idx, edges)
            words += pieces
            spaces += [False] * (len(pieces) - 1) + [bool(token.whitespace_)]
        return Doc(doc.vocab, words=words, spaces=spaces)


def tokens_of(doc: Doc, span: Span, **named: Any) -> TokenSpan:
    """The tokens of a span; those of a document are cut at the edges of its spans."""
    found = doc.char_span(span.start, span.end, **named)
    if found is None:
        msg = f"No tokens end at {span.start} and {span.end}."
        raise ValueError(msg)
    return found


def spans_in(doc: Doc, spans: Sequence[Span]) -> list[Any]:
    """A span of the document for each label of each region, named by the region."""
    return [
        tokens_of(doc, span, label=_encodable(label), span_id=span.region.id or 0)
        for span in spans
        for label in span.labels
    ]


def _pieces(word: str, start: int, edges: set[int]) -> list[str]:
    inner = [i for i in range(1, len(word)) if start + i in edges]
    if not inner:
        return [word]
    bounds = [0, *inner, len(word)]
    return [word[a:b] for a, b in pairwise(bounds)]


def _tokenizer(lang: str) -> Any:
    import spacy

    try:
        spacy.util.get_lang_class(lang)
    except ImportError as exc:
        msg = f"spaCy knows no language {lang!r}."
        raise UsageError(msg, hint="Take xx for any language.") from exc
    try:
        return spacy.blank(lang).tokenizer
    except ImportError as exc:
        msg = f"spaCy needs more to tokenise the language {lang!r}."
        hint = f"pip install 'spacy[{lang}]'"
        raise MissingDependencyError(msg, hint=hint) from exc


def _encodable(text: str) -> str:
    """The text without lone surrogates, as long as it was."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
