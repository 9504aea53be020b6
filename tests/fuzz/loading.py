"""Whether what was written can be loaded: by its grammar, and by judges at hand."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import importlib.util
import io
import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from defusedxml.ElementTree import parse


def check_output(out: Path) -> None:
    """Load every file of an output folder.

    Raises:
        AssertionError: One is not what its format promises.
        Exception: What a judge raises for what it cannot load.
    """
    report = _json((out / "report.json").read_bytes())
    listed = {
        line["file"]: line
        for line in map(_json, (out / "manifest.jsonl").read_bytes().splitlines())
    }
    found = {
        path.relative_to(out).as_posix(): path
        for path in out.rglob("*")
        if path.is_file() and path.name not in {"report.json", "manifest.jsonl"}
    }
    assert found.keys() == listed.keys()
    assert report["files_written"] == len(listed)
    for name, path in found.items():
        body = path.read_bytes()
        assert len(body) == listed[name]["size_bytes"]
        assert hashlib.sha256(body).hexdigest() == listed[name]["sha256"]
        load = _LOADERS.get(path.suffix)
        if report["format"] == "asr_manifest" and name != "splits.json":
            load = _load_json_lines
        if load is not None and not name.startswith(("images/", "audio/", "media/")):
            load(path)
    check = _FORMATS.get(report["format"])
    if check is not None:
        check(out)


def _json(body: bytes) -> Any:
    def refuse(name: str) -> Any:
        msg = f"{name} is not JSON"
        raise AssertionError(msg)

    return json.loads(body.decode("utf-8"), parse_constant=refuse)


def _load_json(path: Path) -> None:
    _json(path.read_bytes())


def _load_json_lines(path: Path) -> None:
    # Not splitlines(), which breaks at characters that JSON allows in a string.
    for line in path.read_bytes().split(b"\n")[:-1]:
        _json(line)


def _load_table(path: Path) -> None:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    # Python's own reader refuses NUL before 3.11.
    text = path.read_text(encoding="utf-8").replace("\0", "\ufffd")
    csv.field_size_limit(2**30)
    # Python's reader ends a line at \r within quotes as well, and copes.
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert len({len(row) for row in rows}) <= 1


def _load_conll(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for line in text.split("\n"):
        columns = line.split(" ")
        assert line == "" or len(columns) == 4, repr(line)
        assert line == "" or all(columns), repr(line)
        assert len(line.splitlines()) <= 1, repr(line)


def _load_numbers(path: Path) -> None:
    """A YOLO label file."""
    for line in path.read_text(encoding="ascii").splitlines():
        number, *rest = line.split(" ")
        assert number.isdecimal()
        assert len(rest) >= 4
        assert all(math.isfinite(float(word)) for word in rest)


def _load_text(path: Path) -> None:
    if path.parts[-2] == "labels" or path.parts[-3:-1] == ("labels", "train"):
        _load_numbers(path)
    elif path.name == "gt.txt":
        _load_tracks(path)
    else:
        path.read_text(encoding="utf-8")


def _load_tracks(path: Path) -> None:
    for line in path.read_text(encoding="ascii").splitlines():
        frame, track, *box = line.split(",")
        assert int(frame) >= 1
        assert int(track) >= 1
        assert all(math.isfinite(float(word)) for word in box)


def _load_rttm(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        words = line.split(" ")
        assert len(words) == 10, repr(line)
        assert words[0] == "SPEAKER"
        assert float(words[3]) >= 0
        assert float(words[4]) >= 0


def _load_picture(path: Path) -> None:
    if _is_here("PIL"):
        from PIL import Image

        with Image.open(path) as picture:
            picture.load()


def _load_array(path: Path) -> None:
    import numpy as np

    found = np.load(path, allow_pickle=False)
    assert found.ndim == 2


def _load_parquet(path: Path) -> None:
    import pyarrow.parquet as pq

    pq.read_table(path).validate(full=True)


def _load_spacy(path: Path) -> None:
    import spacy
    from spacy.tokens import DocBin

    for doc in DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab):
        assert all(span.text for span in doc.ents)


def _check_coco(out: Path) -> None:
    for path in _documents(out):
        document = _json(path.read_bytes())
        images = _ids(document["images"])
        categories = _ids(document["categories"])
        _ids(document["annotations"])
        for row in document["annotations"]:
            assert row["image_id"] in images
            assert row["category_id"] in categories
            assert all(math.isfinite(number) for number in row.get("bbox", ()))
        if document["annotations"] and _is_here("pycocotools"):
            from pycocotools.coco import COCO  # type: ignore[import-untyped]

            with contextlib.redirect_stdout(io.StringIO()):
                COCO(str(path))


def _documents(out: Path) -> Iterable[Path]:
    names = ("result.json", "train.json", "val.json", "test.json")
    return [out / name for name in names if (out / name).exists()]


def _ids(rows: list[dict[str, Any]]) -> set[int]:
    found = {row["id"] for row in rows}
    assert len(found) == len(rows)
    return found


def _check_yolo(out: Path) -> None:
    notes = _json((out / "notes.json").read_bytes())
    names = (out / "classes.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert [one["id"] for one in notes["categories"]] == list(range(len(names)))
    assert len(set(names)) == len(names)
    if _is_here("yaml"):
        import yaml  # type: ignore[import-untyped]

        data = yaml.safe_load((out / "data.yaml").read_text(encoding="utf-8"))
        assert data["nc"] == len(data["names"]) == len(names)


def _load_xml(path: Path) -> None:
    parse(path)


def _is_here(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


_LOADERS: dict[str, Callable[[Path], None]] = {
    ".json": _load_json,
    ".jsonl": _load_json_lines,
    ".csv": _load_table,
    ".tsv": _load_table,
    ".conll": _load_conll,
    ".txt": _load_text,
    ".rttm": _load_rttm,
    ".xml": _load_xml,
    ".png": _load_picture,
    ".npy": _load_array,
    ".parquet": _load_parquet,
    ".spacy": _load_spacy,
}
_FORMATS: dict[str, Callable[[Path], None]] = {
    "coco": _check_coco,
    "brush_coco": _check_coco,
    "video_coco": _check_coco,
    "yolo": _check_yolo,
}
