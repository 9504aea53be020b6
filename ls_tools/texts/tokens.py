"""Texts into tokens: words and signs, by rules that hold in every language.

No token holds white space or a control character.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from ls_tools.texts.scripts import UNSPACED, ranges_of, unwritable_pattern

TOKENIZERS = ("auto", "words", "characters", "whitespace")
"""``auto`` takes words, and characters where a script has no spaces between them."""

Tokenize: TypeAlias = Callable[[str], "list[str]"]
"""The tokens of a text in their order. Between them are white space and
characters that cannot be written only."""

_ASCII = r"""
    [A-Za-z_][A-Za-z0-9_]*(?![A-Za-z0-9_.'-]) # most words
  | [0-9]+(?:[.,:][0-9]+)+(?![A-Za-z0-9])     # 1,000.50 and 12:30
  | (?:[A-Za-z]\.){2,}                        # U.S.
  | (?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|vs|Inc|Ltd|Co|Corp|No)\.(?!\w)
  | [A-Za-z]+(?=n't(?!\w)) | n't(?!\w)        # do|n't
  | [A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*          # foo-bar
  | '(?:s|S|m|M|d|D|ll|LL|re|RE|ve|VE)(?!\w)
  | \.\.+ | --+
  | [!-/:-@\[-`{-~]
"""
_WIDE = r"""
    {picture}
  | {single}
  | [0-9]+(?:[.,:][0-9]+)+(?![{word}])
  | (?:[A-Za-z]\.){{2,}}
  | (?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|vs|Inc|Ltd|Co|Corp|No)\.(?![{word}])
  | [A-Za-z]+(?=n['\u2019]t(?![{word}])) | n['\u2019]t(?![{word}])
  | [{word}]+(?:[-\u2010\u2011][{word}]+)*
  | ['\u2019](?:s|S|m|M|d|D|ll|LL|re|RE|ve|VE)(?![{word}])
  | \.\.+ | --+
  | {sign}
"""


def tokenizer(name: str = "auto") -> Tokenize:
    """A way to split texts.

    Args:
        name: ``auto``; ``words``, whatever the script; ``characters``, each
            with its marks; ``whitespace``, which leaves signs at their words.
    """
    if name in {"characters", "whitespace"}:
        return lambda text: _visible(_pattern(name).findall(text), text)
    find_ascii = re.compile(_ASCII, re.VERBOSE).findall
    find_sign = re.compile(r"[^A-Za-z0-9_\s]").search

    def tokenize(text: str) -> list[str]:
        if not text.isascii():
            return _visible(_pattern(name).findall(text), text)
        if text.isalnum():
            return [text]
        sign = find_sign(text)
        if sign is None:
            return text.split()
        # Up to the word with the first sign, words are what lies between spaces.
        start = text.rfind(" ", 0, sign.start()) + 1
        return text[:start].split() + find_ascii(text[start:])

    return tokenize


def unwritable_characters(text: str) -> int:
    """How many characters of a text no token can hold."""
    if text.isprintable():
        return 0
    return len(unwritable_pattern().findall(text))


@cache
def _pattern(name: str) -> re.Pattern[str]:
    unwritable = unwritable_pattern().pattern[1:-1]
    if name == "whitespace":
        return re.compile(f"-(?=DOCSTART-)|[^\\s{unwritable}]+")
    marks, formats = ranges_of("M"), ranges_of("Cf")
    if name == "characters":
        single = f"[^\\s{unwritable}][{marks}{formats}]*"
        return re.compile(f"{_picture()}|{single}")
    signs = ranges_of("Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S")  # not "_"
    word = f"^\\s{unwritable}{signs}"
    single = r"(?!)"
    if name == "auto":
        single = f"[{UNSPACED}][{marks}{formats}]*"
        word += UNSPACED
    source = _WIDE.format(
        picture=_picture(),
        single=single,
        word=word,
        sign=f"[{signs}][{marks}]*",
    )
    return re.compile(source, re.VERBOSE)


def _picture() -> str:
    """The pattern of an emoji with all that belongs to it."""
    sign = f"[{ranges_of('So')}][\\ufe0e\\ufe0f\\u20e3\\U0001f3fb-\\U0001f3ff]*"
    return f"[\\U0001f1e6-\\U0001f1ff]{{2}}|{sign}(?:\\u200d{sign})*"


@cache
def _invisible() -> re.Pattern[str]:
    return re.compile(f"[{ranges_of('Cf')}]")


def _visible(tokens: list[str], text: str) -> list[str]:
    """The tokens that show something: not those of format characters alone."""
    if text.isprintable() or _invisible().search(text) is None:
        return tokens
    shows = _invisible().sub
    return [token for token in tokens if shows("", token)]
