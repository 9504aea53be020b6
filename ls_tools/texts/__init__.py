"""Texts: labelled spans on their characters, tokens, sentences.

Knows no format, no label config and no file.
"""

from ls_tools.texts.bodies import Body, open_body
from ls_tools.texts.markup import document_text
from ls_tools.texts.offsets import (
    EMPTY_SPAN,
    MOVED,
    NO_MATCH,
    OUTSIDE_TEXT,
    Place,
    trimmed,
)
from ls_tools.texts.overlaps import keep_apart
from ls_tools.texts.sentences import sentence_ends
from ls_tools.texts.tokens import (
    TOKENIZERS,
    Tokenize,
    tokenizer,
    unwritable_characters,
)
from ls_tools.texts.values import SPAN_TYPES, SpanValue, read_span_value

__all__ = [
    "EMPTY_SPAN",
    "MOVED",
    "NO_MATCH",
    "OUTSIDE_TEXT",
    "SPAN_TYPES",
    "TOKENIZERS",
    "Body",
    "Place",
    "SpanValue",
    "Tokenize",
    "document_text",
    "keep_apart",
    "open_body",
    "read_span_value",
    "sentence_ends",
    "tokenizer",
    "trimmed",
    "unwritable_characters",
]
