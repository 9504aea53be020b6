from __future__ import annotations

import itertools
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.texts import TOKENIZERS, keep_apart, sentence_ends, tokenizer
from ls_tools.texts.scripts import unwritable_pattern
from ls_tools.texts.tokens import _ASCII, _MOST_KEPT, _find_in_any, _KnownWords


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don't know.", "I do n't know ."),
        ("Mr. Smith's U.S. foo-bar", "Mr. Smith 's U.S. foo-bar"),
        ("1,000.50 at 12:30...", "1,000.50 at 12:30 ..."),
        ("(a_b), \u201cc\u201d!", "( a_b ) , \u201c c \u201d !"),
        ("na\u00efve \u00e9t\u00e9 d\u2019or", "na\u00efve \u00e9t\u00e9 d \u2019 or"),
        ("\ud55c\uad6d\uc5b4 hello", "\ud55c\uad6d\uc5b4 hello"),
        ("\u65e5\u672c\u8a9e\u3002", "\u65e5 \u672c \u8a9e \u3002"),
        ("\u0e19\u0e35\u0e49a", "\u0e19\u0e35\u0e49 a"),  # marks stay
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940",
            "\u0939\u093f\u0928\u094d\u0926\u0940",
        ),
        ("\U0001f600\U0001f600x", "\U0001f600 \U0001f600 x"),
        ("\U0001f1eb\U0001f1f7\U0001f1e9", "\U0001f1eb\U0001f1f7 \U0001f1e9"),
    ],
)
def test_words_and_signs_are_tokens(text: str, tokens: str) -> None:
    assert tokenizer()(text) == tokens.split()


def test_an_emoji_keeps_what_belongs_to_it() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    thumb = "\U0001f44d\U0001f3fd"
    assert tokenizer()(f"a{family}{thumb}b") == ["a", family, thumb, "b"]


def test_scripts_without_spaces_are_words_when_told() -> None:
    """F21."""
    assert tokenizer("words")("\u65e5\u672c\u8a9e\u3002") == [
        "\u65e5\u672c\u8a9e",
        "\u3002",
    ]
    assert tokenizer("characters")("ab c") == ["a", "b", "c"]
    assert tokenizer("whitespace")("it's, so") == ["it's,", "so"]


hostile = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("a.-'\n\t\x00\u2028\u200b\ufeff\u202e\u0301\U0001f600\u6f22 "),
    ),
    max_size=40,
)


@pytest.mark.parametrize("name", TOKENIZERS)
@given(text=hostile)
def test_every_visible_character_is_in_one_token(name: str, text: str) -> None:
    tokens = tokenizer(name)(text)
    for token in tokens:
        assert token.split() == [token]
        assert not unwritable_pattern().search(token)
        assert not token.startswith("-DOCSTART-")
    assert _visible("".join(tokens)) == _visible(text)


def _visible(text: str) -> str:
    return "".join(
        c for c in text if not c.isspace() and unicodedata.category(c) not in "CcCf"
    )


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? four", ["One. ", "Two! ", "Three? four"]),
        ("Dr. No met J. Doe in U.S. Army.", ["Dr. No met J. Doe in U.S. Army."]),
        ("a\nb\n\nc", ["a\n", "b\n\n", "c"]),
        ("By J.\nNext", ["By J.\n", "Next"]),
        ("\u00e9 by J. X. \u00c9t\u00e9", ["\u00e9 by J. X. \u00c9t\u00e9"]),
        ("\u00e9 is. \u00c9t\u00e9", ["\u00e9 is. ", "\u00c9t\u00e9"]),
        ("\u4f60\u597d\u3002\u518d\u89c1", ["\u4f60\u597d\u3002", "\u518d\u89c1"]),
        ("Yes?! \u201cSo.\u201d X", ["Yes?! ", "\u201cSo.\u201d ", "X"]),
        ("3.14 is e.g. this", ["3.14 is e.g. this"]),
        ("", [""]),
    ],
)
def test_sentences_end_at_full_stops_and_lines(text: str, sentences: list[str]) -> None:
    """F21."""
    ends = sentence_ends(text)
    starts = [0, *ends]
    assert [text[a:b] for a, b in zip(starts, ends, strict=False)] == sentences


def test_no_sentence_ends_within_a_span() -> None:
    text = "By St. Paul. End.\nX"
    assert sentence_ends(text, [(3, 17)]) == [18, 19]
    assert sentence_ends(text, [(0, len(text))]) == [len(text)]
    assert sentence_ends("ab cd", [(0, 5)], breaks=[3]) == [5]
    assert sentence_ends("ab cd", breaks=[3]) == [3, 5]


spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda p: (p[0], p[0] + p[1]))
)


@given(spans)
def test_spans_that_are_kept_do_not_overlap(found: list[tuple[int, int]]) -> None:
    kept = [found[index] for index in keep_apart(found)]
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(kept))
    for start, end in found:  # each one left out overlaps one as long or longer
        assert any(a < end and start < b and b - a >= end - start for a, b in kept)


def test_the_longest_of_overlapping_spans_stays_as_spacy_has_it() -> None:
    assert keep_apart([(0, 4), (3, 9), (9, 10), (8, 12)]) == [1, 2]
    assert keep_apart([(0, 3), (0, 3)]) == [0]


@pytest.mark.parametrize(
    "pattern", [".", "a.", "-", "'", "\u3002", '."', " ", ". ", "n't", "a-", "1,"]
)
def test_monotonous_texts_take_no_longer_than_others(pattern: str) -> None:
    text = pattern * 50_000
    sentence_ends(text)
    for name in TOKENIZERS:
        tokenizer(name)(text)
        tokenizer(name)(text + "\u00e9")


@given(st.text("abt1_ .,'-\n\t\x1c", max_size=20))
def test_the_short_cut_for_plain_words_changes_nothing(text: str) -> None:
    whole = re.compile(_ASCII, re.VERBOSE).findall(text)
    assert tokenizer()(text) == whole


@pytest.mark.parametrize("name", ["auto", "words"])
@given(text=hostile)
def test_words_are_the_same_alone_and_in_a_text(name: str, text: str) -> None:
    text += "\u00e9"
    assert tokenizer(name)(text) == _find_in_any(name, text)


def test_words_are_kept_in_bounded_number_and_length() -> None:
    known = _KnownWords(str.split)
    assert known["a" * 1000] == ("a" * 1000,)
    assert not known
    for number in range(_MOST_KEPT + 1):
        assert known[f"{number}."] == (f"{number}.",)
    assert len(known) == 1
