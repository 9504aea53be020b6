"""CoNLL-2003: a token and its tag a line, a blank line between sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ls_tools.formats.documents import (
    NO_TOKEN,
    OVERLAP,
    Document,
    DocumentReader,
    Span,
    TextFormat,
)
from ls_tools.formats.protocol import DivisibleFormat, Writing, option
from ls_tools.output import Layout, RecordFiles
from ls_tools.output.distinct import DistinctNames
from ls_tools.output.reasons import SECOND_LABEL
from ls_tools.texts import (
    TOKENIZERS,
    keep_apart,
    sentence_ends,
    tokenizer,
    unwritable_characters,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Output

UNWRITABLE = "control characters left out of a text"

_HEADER = "-DOCSTART- -X- O O\n\n"
_COLUMNS = " -X- _ "
_OUTSIDE = f"{_COLUMNS}O\n"
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConllOptions:
    """Options of the CoNLL-2003 format."""

    tokenizer: str = option(
        "auto",
        "Tokens are words; characters; what white space separates; or (auto) words, "
        "and characters in scripts that put no space between words.",
        choices=TOKENIZERS,
    )
    scheme: str = option(
        "bio",
        "How tags tell where a span begins and ends.",
        choices=("bio", "bilou", "iob1"),
    )


class Conll2003Format(TextFormat, DivisibleFormat):
    """CoNLL-2003; readable by ``spacy convert -c conll``."""

    name: ClassVar[str] = "conll2003"
    aliases: ClassVar[tuple[str, ...]] = ("CONLL2003", "conll")
    summary: ClassVar[str] = "CoNLL-2003: a token and its tag a line"
    options_type: ClassVar[type[Any]] = ConllOptions

    def begin(
        self, config: LabelConfig, output: Output, options: ConllOptions, survey: None
    ) -> Writing:
        """Begin ``result.conll``, or a file per split."""
        del survey
        return _Writer(
            DocumentReader(config, output),
            RecordFiles(output, "conll", Layout()),
            _Lines(output, options),
        )


class _Writer(Writing):
    """Documents being written."""

    def __init__(
        self, reader: DocumentReader, files: RecordFiles, lines: _Lines
    ) -> None:
        self._reader = reader
        self._files = files
        self._lines = lines

    def add(self, items: Iterable[Item]) -> None:
        """Write the lines of each text."""
        for item in items:
            for document in self._reader.read(item).documents:
                self._files.write(self._lines.of(document, item), item)

    def finish(self) -> None:
        """Complete the files."""
        self._files.finish()

    def names(self) -> Sequence[str]:
        """The classes that were given a tag."""
        return self._lines.tags.asked

    def learn(self, names: Sequence[str]) -> None:
        """Give these classes their tags."""
        self._lines.tags.give(names)


class _Lines:
    """Documents to lines.

    Attributes:
        tags: The classes as tags.
    """

    def __init__(self, output: Output, options: ConllOptions) -> None:
        self.tags: _TagNames = _TagNames(output)
        self._tally = output.tally
        self._tokenize = tokenizer(options.tokenizer)
        self._scheme = options.scheme
        self._endings: dict[tuple[str, bool], _Endings] = {}

    def of(self, document: Document, item: Item) -> bytes:
        """The lines of a text, counting its spans."""
        text = document.body.text
        spans = self._apart(document.spans, item)
        edges = [(span.start, span.end) for span in spans]
        ends = sentence_ends(text, edges, document.body.breaks)
        lines = [_HEADER]
        waiting = iter([*spans, None])
        span = next(waiting)
        start = 0
        for end in ends:
            before = len(lines)
            previous = ""
            while span is not None and span.start < end:
                previous = self._add(lines, text[start : span.start], previous)
                start = span.end
                piece = text[span.start : span.end]
                previous = self._add_span(lines, span, piece, previous, item)
                span = next(waiting)
            self._add(lines, text[start:end], previous)
            start = end
            if len(lines) > before:
                lines.append("\n")
        if unwritable_characters(text):
            self._tally.note(UNWRITABLE, task_id=item.task.id)
        return "".join(lines).encode("utf-8", "replace")

    def _apart(self, spans: list[Span], item: Item) -> list[Span]:
        """The spans that can stand beside each other; the others are counted."""
        kept = keep_apart([(span.start, span.end) for span in spans])
        if len(kept) < len(spans):
            for index in sorted({*range(len(spans))}.difference(kept)):
                self._skip(OVERLAP, spans[index], item)
        return [spans[index] for index in kept]

    def _add(self, lines: list[str], piece: str, previous: str) -> str:
        """Add what is outside of spans; the label of a span that ends just here."""
        tokens = self._tokenize(piece) if piece else ()
        if not tokens:
            return previous
        lines.append(_OUTSIDE.join(tokens) + _OUTSIDE)
        return ""

    def _add_span(
        self, lines: list[str], span: Span, piece: str, previous: str, item: Item
    ) -> str:
        tokens = self._tokenize(piece)
        if not tokens:
            self._skip(NO_TOKEN, span, item)
            return previous
        label = span.labels[0]
        key = label, previous == label
        endings = self._endings.get(key) or self._end(*key)
        if len(tokens) == 1:
            lines.append(tokens[0] + endings.single)
        else:
            lines += (tokens[0], endings.first)
            lines += [token + endings.middle for token in tokens[1:-1]]
            lines += (tokens[-1], endings.last)
        self._tally.regions_written += 1
        if len(span.labels) > 1:
            span.losses.append(SECOND_LABEL)
        for reason in span.losses:
            self._tally.degrade(reason, task_id=item.task.id, region_id=span.region.id)
        return label

    def _end(self, label: str, after_its_like: bool) -> _Endings:  # noqa: FBT001 -- a key
        tag = self.tags.of(label)
        letters = _PREFIXES_AFTER_ITS_LIKE if after_its_like else _PREFIXES
        endings = _Endings(
            *(f"{_COLUMNS}{letter}-{tag}\n" for letter in letters[self._scheme])
        )
        self._endings[label, after_its_like] = endings
        return endings

    def _skip(self, reason: str, span: Span, item: Item) -> None:
        self._tally.skip(reason, task_id=item.task.id, region_id=span.region.id)


class _TagNames:
    """Class names as tags can hold them: on one line, without white space.

    Attributes:
        asked: The classes that were given a tag, in order; that is what tags depend
            on.
    """

    def __init__(self, output: Output) -> None:
        self.asked: list[str] = []
        self._tally = output.tally
        self._safe: dict[str, str] = {}
        self._names = DistinctNames(filter(_is_safe, output.classes.names()))
        self._given: set[str] = set()

    def of(self, name: str) -> str:
        """The tag of a class; what was changed in it is reported."""
        safe = self._safe.get(name)
        if safe is None:
            safe = self._make(name)
            if safe != name:
                self._tally.warn(f"The class {name!r} is written as {safe!r}.")
        return safe

    def give(self, names: Iterable[str]) -> None:
        """Give classes their tags, in this order, without a word in the Report."""
        for name in names:
            if name not in self._safe:
                self._make(name)

    def _make(self, name: str) -> str:
        safe = name
        if _is_safe(name) and name not in self._given:
            self._names.taken.add(name)
        else:
            safe = self._names.give(_UNSAFE.sub("_", name.strip()) or "_")
        self.asked.append(name)
        self._given.add(safe)
        self._safe[name] = safe
        return safe


def _is_safe(name: str) -> bool:
    return bool(name) and _UNSAFE.search(name) is None


class _Endings(NamedTuple):
    """What stands after the tokens of a span of one class.

    Attributes:
        single: After the token of a span that has no other.
        first: After the first of several.
        middle: After those between.
        last: After the last of several.
    """

    single: str
    first: str
    middle: str
    last: str


_PREFIXES = {"bio": "BBII", "bilou": "UBIL", "iob1": "IIII"}
"""By scheme: the letters of a single, first, middle and last token."""

_PREFIXES_AFTER_ITS_LIKE = {**_PREFIXES, "iob1": "BBII"}
"""Likewise, of a span just after another one of its class."""
