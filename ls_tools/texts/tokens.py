"""Texts into tokens: words and signs, by rules that hold in every language.

No token holds white space or a control character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import chain
from typing import TypeAlias

from ls_tools.texts.scripts import UNSPACED, ranges_of, unwritable_pattern

TOKENIZERS = ("auto", "words", "characters", "whitespace")
"""``auto`` takes words, and characters where a script has no spaces between them."""

Tokenize: TypeAlias = Callable[[str], "list[str]"]
"""The tokens of a text in their order. Between them are white space and
characters that cannot be written only."""

_LONGEST_KEPT = 32
_MOST_KEPT = 2**14
"""Words whose tokens are kept: some megabytes of them."""

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
    tokens_in_ascii = _KnownWords(_find_in_ascii).__getitem__
    tokens_in_any = _KnownWords(partial(_find_in_any, name)).__getitem__

    def tokenize(text: str) -> list[str]:
        words = text.split()
        if not text.isascii():
            return list(chain.from_iterable(map(tokens_in_any, words)))
        if "".join(words).isalnum():
            return words
        return list(chain.from_iterable(map(tokens_in_ascii, words)))

    return tokenize


class _KnownWords(dict[str, tuple[str, ...]]):
    """The tokens of words; what was found is kept, since few words make most texts.

    No token goes on behind white space, nor depends on what is there, so that a
    text may be taken word by word.

    Args:
        find: Finds the tokens of one word.
    """

    def __init__(self, find: Callable[[str], Sequence[str]]) -> None:
        self._find = find

    def __missing__(self, word: str) -> tuple[str, ...]:
        tokens = tuple(self._find(word))
        if len(word) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[word] = tokens
        return tokens


_find_in_ascii = re.compile(_ASCII, re.VERBOSE).findall


def _find_in_any(name: str, text: str) -> list[str]:
    return _visible(_pattern(name).findall(text), text)


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
