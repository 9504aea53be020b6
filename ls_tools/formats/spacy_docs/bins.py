"""``DocBin`` files, written without holding their documents in memory.

The layout is that of ``spacy.tokens.DocBin`` version 0.1: a zlib stream of one
msgpack map, whose long values wait in scratch files until all are there.
"""

from __future__ import annotations

import struct
import zlib
from typing import IO, TYPE_CHECKING

from msgspec import msgpack

from ls_tools.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacy.tokens import Doc

    from ls_tools.output import Output

_VERSION = "0.1"
_MAX_BYTES = 2**32 - 1
_CHUNK_BYTES = 2**20
_KEPT_STRINGS = 200_000
_NO_GROUPS = msgpack.encode([])
_FLAGS = msgpack.encode({"has_unknown_spaces": False})

_pack_span = struct.Struct(">QQQllll").pack


class DocBinFile:
    """One file in the making.

    Args:
        output: Gives the scratch files, which ``write`` closes.
    """

    def __init__(self, output: Output) -> None:
        from spacy.attrs import ENT_IOB, ENT_TYPE, ORTH, SPACY

        self._attributes = [ORTH, *sorted((ENT_IOB, ENT_TYPE))]
        self._space = SPACY
        self._docs = 0
        self._strings = 0
        self._known: set[str] = set()
        self._scratch = {
            name: output.scratch()
            for name in (
                *("tokens", "spaces", "lengths", "strings"),
                *("cats", "span_groups", "user_data"),
            )
        }

    def __len__(self) -> int:
        """How many documents it holds."""
        return self._docs

    def add(self, doc: Doc, words: Iterable[str], labels: Iterable[str]) -> None:
        """Append a document.

        Args:
            doc: The document.
            words: The texts of its tokens.
            labels: All other strings that it refers to by their hashes.
        """
        scratch = self._scratch
        scratch["tokens"].write(doc.to_array(self._attributes).tobytes("C"))
        spaces = doc.to_array(self._space).astype(bool)
        scratch["spaces"].write(spaces.tobytes("C"))
        scratch["lengths"].write(struct.pack("=i", len(doc)))
        scratch["cats"].write(msgpack.encode(doc.cats))
        scratch["span_groups"].write(msgpack.encode(_packed_spans(doc)))
        user_data = msgpack.encode(doc.user_data)
        scratch["user_data"].write(msgpack.encode(user_data))
        self._add_strings({*words, *labels})
        self._docs += 1

    def write(self, target: IO[bytes]) -> None:
        """Write the file.

        Raises:
            OutputError: There is more than one file of this kind can hold.
        """
        squeeze = zlib.compressobj()
        for piece in self._pieces():
            target.write(squeeze.compress(piece))
        target.write(squeeze.flush())
        for file in self._scratch.values():
            file.close()

    def _add_strings(self, strings: set[str]) -> None:
        """Take down strings; some again, since what is known is bounded."""
        new = sorted(strings - self._known)
        if len(self._known) + len(new) > _KEPT_STRINGS:
            self._known.clear()
        self._known.update(new)
        self._strings += len(new)
        self._scratch["strings"].write(b"".join(map(msgpack.encode, new)))

    def _pieces(self) -> Iterable[bytes]:
        """The map, key by key."""
        yield bytes([0x80 | 10])
        yield from map(msgpack.encode, ("version", _VERSION))
        yield from map(msgpack.encode, ("attrs", self._attributes))
        for name in ("tokens", "spaces", "lengths"):
            yield msgpack.encode(name)
            yield from self._binary(name)
        yield from self._array("strings", self._strings)
        yield from self._array("cats", self._docs)
        yield msgpack.encode("flags") + _array_header(self._docs)
        for _ in range(self._docs):
            yield _FLAGS
        yield from self._array("span_groups", self._docs)
        yield from self._array("user_data", self._docs)

    def _binary(self, name: str) -> Iterable[bytes]:
        size_bytes = self._scratch[name].tell()
        if size_bytes > _MAX_BYTES:
            msg = f"The documents are too many for one DocBin: {self._docs}."
            raise OutputError(msg, hint="Split them with --docs-per-file.")
        yield b"\xc6" + struct.pack(">I", size_bytes)
        yield from self._content(name)

    def _array(self, name: str, length: int) -> Iterable[bytes]:
        yield msgpack.encode(name) + _array_header(length)
        yield from self._content(name)

    def _content(self, name: str) -> Iterable[bytes]:
        file = self._scratch[name]
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _packed_spans(doc: Doc) -> bytes:
    """The span groups of a document, as ``doc.spans.to_bytes()`` gives them.

    That one looks for plugins of every package installed, for each group anew.
    """
    if not doc.spans:
        return _NO_GROUPS
    packed = {}
    for key, group in doc.spans.items():
        spans = [
            _pack_span(
                *(span.id, span.kb_id, span.label, span.start, span.end),
                *(span.start_char, span.end_char),
            )
            for span in group
        ]
        facts = {"name": group.name, "attrs": group.attrs, "spans": spans}
        packed[msgpack.encode(facts)] = [key]
    return msgpack.encode(packed)


def _array_header(length: int) -> bytes:
    return b"\xdd" + struct.pack(">I", length)
