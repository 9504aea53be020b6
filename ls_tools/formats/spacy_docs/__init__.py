"""spaCy: texts as ``Doc`` objects in a ``DocBin``."""

from ls_tools.formats.spacy_docs.format import SpacyFormat, SpacyOptions

__all__ = ["SpacyFormat", "SpacyOptions"]
