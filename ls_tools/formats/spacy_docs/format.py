"""spaCy's ``DocBin``: entities, span groups, text categories, relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ls_tools.errors import UsageError
from ls_tools.formats.documents import (
    NO_TOKEN,
    Document,
    DocumentReader,
    Reading,
    Span,
    TextFormat,
)
from ls_tools.formats.protocol import option
from ls_tools.formats.spacy_docs.bins import DocBinFile
from ls_tools.formats.spacy_docs.docs import ALL_SPANS, DocMaker, spans_in
from ls_tools.formats.spacy_docs.facts import (
    CATEGORY_TYPES,
    Categories,
    keep_facts,
    relation_between,
)
from ls_tools.texts import trimmed

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output
    from ls_tools.regions import Region

TRIMMED = "white space at the edges of a span dropped"
BROKEN_RELATION = "relation of regions that are not written together"

_FILE_OF_SPLIT = {"": "train", "val": "dev"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacyOptions:
    """Options of the spaCy format."""

    lang: str = option(
        "en", "Language whose rules make the tokens: a code that spaCy knows."
    )
    docs_per_file: int = option(
        0, "Most documents in a file; then each split is a folder of files. 0: any."
    )

    def __post_init__(self) -> None:
        if self.docs_per_file < 0:
            msg = f"A file cannot hold {self.docs_per_file} documents."
            raise UsageError(msg, hint="Give docs_per_file 0 or more.")


class SpacyFormat(TextFormat):
    """spaCy; readable by ``DocBin().from_disk`` and ``spacy train``."""

    name: ClassVar[str] = "spacy"
    aliases: ClassVar[tuple[str, ...]] = ("docbin",)
    summary: ClassVar[str] = "spaCy's DocBin: entities, span groups, categories"
    classless_controls: ClassVar[frozenset[str]] = frozenset(
        {"Choices", "Taxonomy", "Relations"}
    )
    options_type: ClassVar[type[Any]] = SpacyOptions
    extra: ClassVar[str] = "nlp"
    requires: ClassVar[tuple[str, ...]] = ("spacy",)

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: SpacyOptions
    ) -> None:
        """Write ``train.spacy``, and ``dev.spacy`` and ``test.spacy`` if split."""
        maker = DocMaker(options.lang)
        reader = DocumentReader(
            config, output, CATEGORY_TYPES | {"relation"}, keeps_notes=True
        )
        writer = _Writer(_Bins(output, options), maker, config, output)
        for item in items:
            writer.add(reader.read(item), item)
        writer.finish()


class _Bins:
    """The files of all splits."""

    def __init__(self, output: Output, options: SpacyOptions) -> None:
        self._output = output
        self._limit = options.docs_per_file
        self._open: dict[str, DocBinFile] = {}
        self._closed: dict[str, int] = {}

    def of(self, item: Item | None) -> DocBinFile:
        """The file that a document of the item goes into."""
        split = self._output.split_of(item)
        name = _FILE_OF_SPLIT.get(split, split)
        found = self._open.get(name)
        if found is not None and self._limit and len(found) >= self._limit:
            self._close(name)
            found = None
        if found is None:
            found = self._open[name] = DocBinFile(self._output)
        return found

    def finish(self) -> None:
        """Write what is open, an empty file if that is all there is."""
        if not self._open:
            self.of(None)
        for name in list(self._open):
            self._close(name)

    def _close(self, name: str) -> None:
        number = self._closed[name] = self._closed.get(name, 0) + 1
        path = f"{name}/{number:05}.spacy" if self._limit else f"{name}.spacy"
        with self._output.open(path) as file:
            self._open.pop(name).write(file)


class _Writer:
    """One conversion."""

    def __init__(
        self, bins: _Bins, maker: DocMaker, config: LabelConfig, output: Output
    ) -> None:
        self._bins = bins
        self._maker = maker
        self._categories = Categories(config)
        self._has_layers = len(config.controls_of(*SpacyFormat.controls)) > 1
        self._tally = output.tally

    def add(self, reading: Reading, item: Item) -> None:
        """Write the documents of an item."""
        relations = [r for r in reading.others if r.results[0].type == "relation"]
        answers = [r for r in reading.others if r.results[0].type != "relation"]
        for document in reading.documents:
            document.spans = [
                s for s in document.spans if self._fits(s, document, item)
            ]
            spans = {span.region.id: span for span in document.spans}
            own = [r for r in relations if relation_between(r.results[0], spans)]
            relations = [r for r in relations if r not in own]
            chosen = [r for r in answers if self._is_on(r, document, reading)]
            doc = self._make(document, item)
            doc.cats = self._categories.of([r.results[0] for r in chosen])
            keep_facts(doc, document, [r.results[0] for r in own], chosen, item)
            labels = [s for group in doc.spans.values() for s in _strings(group)]
            self._bins.of(item).add(doc, [token.text for token in doc], labels)
            self._count(document, len(own) + len(chosen), item)
        for region in relations if reading.documents else ():
            self._tally.skip(BROKEN_RELATION, task_id=item.task.id, region_id=region.id)

    def finish(self) -> None:
        """Write the files."""
        self._bins.finish()

    def _make(self, document: Document, item: Item) -> Doc:
        is_labelled = item.annotation is not None
        doc = self._maker.make(
            document.body.text, document.spans, is_labelled=is_labelled
        )
        if self._has_layers:
            layers: dict[str, list[Span]] = {}
            for span in document.spans:
                layers.setdefault(span.result.from_name, []).append(span)
            for name, spans in layers.items():
                if name and name != ALL_SPANS:
                    doc.spans[name] = spans_in(doc, spans)
        return doc

    def _is_on(self, region: Region, document: Document, reading: Reading) -> bool:
        name = region.results[0].to_name or reading.documents[0].name
        return name == document.name

    def _fits(self, span: Span, document: Document, item: Item) -> bool:
        """Whether a span has text; the white space at its ends is taken off."""
        start, end = trimmed(document.body.text, span.start, span.end)
        if start == end:
            task_id = item.task.id
            self._tally.skip(NO_TOKEN, task_id=task_id, region_id=span.region.id)
            return False
        if (start, end) != (span.start, span.end):
            span.start, span.end = start, end
            span.losses.append(TRIMMED)
        return True

    def _count(self, document: Document, others: int, item: Item) -> None:
        self._tally.regions_written += len(document.spans) + others
        for span in document.spans:
            for reason in span.losses:
                task_id, region_id = item.task.id, span.region.id
                self._tally.degrade(reason, task_id=task_id, region_id=region_id)


def _strings(group: Any) -> list[str]:
    return [text for span in group for text in (span.label_, span.id_)]
