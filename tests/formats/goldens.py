"""Exports that were checked by hand, and what each format makes of them.

``python tests/formats/goldens.py FORMAT OUT`` writes the tree of a format for
review, as ``golden/FORMAT/expected`` has it.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ls_tools import Report, Settings, convert

ROOT = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Golden:
    """One folder of ``golden/``.

    Attributes:
        name: A format, or a format and a variant of it: ``yolo-obb``.
        folder: Holds ``export.json``, ``config.xml``, ``expected/`` and, where
            they are needed, ``options.json`` and ``media/``, which is the root of
            references like ``/data/local-files/?d=street.jpg``.
    """

    name: str
    folder: Path

    @property
    def format(self) -> str:
        """The format, also of a variant."""
        return self.name.partition("-")[0]

    def convert(self, out: Path) -> Report:
        """Convert the export, offline."""
        given, media = self.folder / "options.json", self.folder / "media"
        options = json.loads(given.read_bytes()) if given.exists() else {}
        with tempfile.TemporaryDirectory() as cache:
            return convert(
                self.folder / "export.json",
                self.format,
                out,
                config=self.folder / "config.xml",
                settings=Settings(
                    cache_dir=Path(cache),
                    mode="offline",
                    document_root=media if media.is_dir() else None,
                ),
                **options,
            )

    def expected(self) -> dict[str, bytes]:
        """What every file must hold, by its path."""
        return read_tree(self.folder / "expected")


def goldens() -> list[Golden]:
    """All of them, by name."""
    return [golden(path.parent.name) for path in sorted(ROOT.glob("*/export.json"))]


def golden(name: str) -> Golden:
    """The one of this name."""
    return Golden(name, ROOT / name)


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path with ``/``."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rendered(tree: dict[str, bytes]) -> dict[str, bytes]:
    """The same, with what another version of a library spells otherwise as text.

    Such a file stands as ``<path>.txt``; the manifest tells no digest of it.
    """
    found = {}
    for path, body in tree.items():
        render = RENDERERS.get(Path(path).suffix)
        if render is not None:
            found[f"{path}.txt"] = render(body).encode()
        elif path == "manifest.jsonl":
            found[path] = b"".join(map(_without_digest, body.splitlines(True)))  # noqa: FBT003
        else:
            found[path] = body
    return found


def _without_digest(line: bytes) -> bytes:
    row = json.loads(line)
    if Path(row["file"]).suffix not in RENDERERS:
        return line
    row = {key: value for key, value in row.items() if key not in _OF_BYTES}
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


_OF_BYTES = ("sha256", "size_bytes")


def _parquet_text(body: bytes) -> str:
    """Its rows as JSON lines, without what is null."""
    parquet = importlib.import_module("pyarrow.parquet")
    rows = parquet.read_table(io.BytesIO(body)).to_pylist()
    encode = json.JSONEncoder(default=str, ensure_ascii=False).encode
    return "".join(encode(_without_nulls(row)) + "\n" for row in rows)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _png_text(body: bytes) -> str:
    """Its mode and size, and its pixels row by row."""
    from PIL import Image

    with Image.open(io.BytesIO(body)) as picture:
        pixels = picture.tobytes()
        wide = len(pixels) // picture.height
        palette = bytes(picture.getpalette() or ()).hex()[:96]
        head = f"{picture.mode} {picture.width}x{picture.height} {palette}".rstrip()
        rows = (pixels[i : i + wide].hex() for i in range(0, len(pixels), wide))
        return "\n".join((head, *rows, ""))


def _spacy_text(body: bytes) -> str:
    """Its documents as JSON lines."""
    import spacy
    from spacy.tokens import DocBin

    found = DocBin().from_bytes(body).get_docs(spacy.blank("xx").vocab)
    rows = ({**doc.to_json(), "data": repr(doc.user_data)} for doc in found)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


RENDERERS: dict[str, Callable[[bytes], str]] = {
    ".parquet": _parquet_text,
    ".png": _png_text,
    ".spacy": _spacy_text,
}
"""By file extension: files whose bytes are those of a library's version."""


def main(name: str, out: Path) -> None:
    """Write what the format makes of the export, as ``expected`` has it."""
    with tempfile.TemporaryDirectory() as folder:
        golden(name).convert(Path(folder) / "out")
        for path, body in rendered(read_tree(Path(folder) / "out")).items():
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            (out / path).write_bytes(body)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
