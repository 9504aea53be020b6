"""Exports that nobody would wish for, each made from a number.

A real export is taken, and what is in it is dropped, repeated, exchanged, made
huge, or made hostile. The same number makes the same export, so that whatever
fails can be looked at again.
"""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FORMATS_FOLDER = Path(__file__).parents[1] / "formats"

STRINGS = (
    "",
    " ",
    "../../escape",
    "..",
    "/etc/passwd",
    "C:\\windows\\system32",
    "con",
    "a/b",
    "a\\b",
    "line\nbreak",
    "car\r\nreturn",
    "tab\there",
    "nul\0byte",
    "\x01\x08\x1f\x7f\x85",
    "\u2028\u2029\ufeff\ufffe",
    "\u202egnp.exe",
    "שלום עולם",
    "日本語の文字",
    "👩‍👩‍👧‍👦🚀",
    "e\u0301",
    "\ud800",
    "=1+1",
    "@SUM(A1)",
    "-2+3",
    "<script>&amp;]]>",
    "&xxe;",
    "'; DROP TABLE",
    '"',
    "%2e%2e%2f",
    "x" * 5000,
    "null",
    "NaN",
    "1e999",
    "B-PER",
    "O",
    "-DOCSTART-",
    "s3://bucket/../key",
    "file:///etc/passwd",
    "/data/local-files/?d=../../etc/passwd",
    "/data/upload/1/..%2f..%2fx.jpg",
    "http://169.254.169.254/latest",
    "data:image/png;base64,AAAA",
)
"""What strings are exchanged for."""

NUMBERS = (
    0,
    -1,
    1,
    0.5,
    99.999999,
    100,
    100.0000001,
    1e-300,
    1e9,
    -1e9,
    1e300,
    10**30,
    -(10**30),
    2**53,
    float("nan"),
    float("inf"),
    float("-inf"),
    True,
)
"""What numbers are exchanged for."""

LARGEST = 300_000
"""Characters from which on an export is not spoilt any more."""

OTHERS: tuple[Any, ...] = (None, {}, [], [[]], [None], {"": None}, [[[[[1]]]]], "5", 5)
"""What anything is exchanged for."""

RARE_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("include_unlabeled", True),
    ("clip", False),
    ("names", "task-id"),
    ("split", "train=0.5,val=0.5"),
    ("dry_run", True),
)

SELECTIONS = ("latest", "oldest", "all", "ground-truth", "predictions", "drafts")


@dataclass(frozen=True)
class Hostile:
    """One export to convert.

    Attributes:
        number: What it was made from.
        body: The file.
        config: The label config; None to have it inferred.
        options: How to convert it.
    """

    number: int
    body: bytes
    config: str | None
    options: dict[str, Any] = field(default_factory=dict)


def hostile(number: int) -> Hostile:
    """The export of this number."""
    chance = random.Random(number)
    text, config = chance.choice(seeds())
    tasks = json.loads(text)
    chance.shuffle(tasks)
    tasks = tasks[: chance.choice((1, 2, 4, 8))]
    for _ in range(_count(chance)):
        _mutate(chance, tasks)
        if len(repr(tasks)) > LARGEST:
            break
    return Hostile(
        number,
        _spell(chance, tasks),
        _choose_config(chance, config),
        _choose_options(chance),
    )


@cache
def seeds() -> list[tuple[str, str]]:
    """Real and hand-checked exports with their label configs."""
    golden = sorted(FORMATS_FOLDER.glob("golden/*/export.json"))
    corpus = sorted(FORMATS_FOLDER.glob("corpus/*.json"))
    found = [(export, export.with_name("config.xml")) for export in golden]
    found += [(export, export.with_suffix(".xml")) for export in corpus]
    return [
        (export.read_text(encoding="utf-8"), config.read_text(encoding="utf-8"))
        for export, config in found
    ]


def _count(chance: random.Random) -> int:
    """How many things to spoil: mostly few, now and then very many."""
    return chance.choice((0, 1, 1, 2, 2, 3, 5, 8, 20, 60))


def _mutate(chance: random.Random, tasks: list[Any]) -> None:
    """Spoil one thing somewhere."""
    parent, key = _somewhere(chance, tasks)
    if parent is None:
        return
    chance.choice(_WAYS)(chance, parent, key)


def _somewhere(chance: random.Random, root: Any) -> tuple[Any, Any]:
    """A place in a document: deep ones and shallow ones alike."""
    parent, key, node = None, None, root
    while isinstance(node, (dict, list)) and node:
        keys: Sequence[Any] = list(node) if isinstance(node, dict) else range(len(node))
        parent, key = node, chance.choice(keys)
        node = parent[key]
        if chance.random() < 0.12:
            break
    return parent, key


def _drop(_chance: random.Random, parent: Any, key: Any) -> None:
    del parent[key]


def _repeat(chance: random.Random, parent: Any, key: Any) -> None:
    again = json.loads(json.dumps(parent[key]))
    if isinstance(parent, list):
        parent.insert(chance.randrange(len(parent) + 1), again)
    else:
        parent[chance.choice((f"{key}2", chance.choice(STRINGS)))] = again


def _exchange(chance: random.Random, parent: Any, key: Any) -> None:
    old = parent[key]
    if isinstance(old, str) and chance.random() < 0.7:
        parent[key] = chance.choice(STRINGS)
    elif isinstance(old, (int, float)) and chance.random() < 0.7:
        parent[key] = chance.choice((*NUMBERS, str(old), -old))
    else:
        other = chance.choice((*OTHERS, *STRINGS[:12], *NUMBERS))
        parent[key] = copy.deepcopy(other)  # which may be spoilt in its turn


def _splice(chance: random.Random, parent: Any, key: Any) -> None:
    """Put a hostile string into one that is there."""
    old = parent[key]
    if isinstance(old, str):
        at = chance.randrange(len(old) + 1)
        parent[key] = old[:at] + chance.choice(STRINGS) + old[at:]
    else:
        _exchange(chance, parent, key)


def _wrap(chance: random.Random, parent: Any, key: Any) -> None:
    wrap: Callable[[Any], Any] = chance.choice(
        (lambda x: [x], lambda x: {"value": x}, lambda x: [x, x], json.dumps)
    )
    parent[key] = wrap(parent[key])


def _deepen(chance: random.Random, parent: Any, key: Any) -> None:
    for _ in range(chance.choice((5, 40, 300))):
        parent[key] = [parent[key]]


def _flood(chance: random.Random, parent: Any, key: Any) -> None:
    times = chance.choice((3, 30, 300))
    if isinstance(parent, list) and len(repr(parent)) * times < LARGEST:
        parent.extend([parent[key]] * times)
    else:
        _repeat(chance, parent, key)


_WAYS = (
    _drop,
    _drop,
    _repeat,
    _exchange,
    _exchange,
    _exchange,
    _splice,
    _wrap,
    _deepen,
    _flood,
)


def _spell(chance: random.Random, tasks: list[Any]) -> bytes:
    """The document as bytes, not always as a well-behaved server would send it."""
    try:
        return _spoil(chance, tasks)
    except RecursionError:  # deeper than Python's own encoder goes
        return b"[" * 5000 + b"]" * 5000


def _spoil(chance: random.Random, tasks: list[Any]) -> bytes:
    way = chance.random()
    if way < 0.1:
        lines = [json.dumps(task) for task in tasks]
        return "\n".join(lines).encode("utf-8", "surrogatepass")
    is_ascii = chance.random() < 0.5
    body = json.dumps(tasks, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    if way < 0.13:
        return b"\xef\xbb\xbf" + body
    if way < 0.16:
        return gzip.compress(body, mtime=0)
    if way < 0.2:
        return body[: chance.randrange(len(body) + 1)]
    if way < 0.25:
        at = chance.randrange(len(body) + 1)
        junk = bytes(chance.randrange(256) for _ in range(chance.choice((1, 3))))
        return body[:at] + junk + body[at:]
    return body


def _choose_config(chance: random.Random, config: str) -> str | None:
    way = chance.random()
    if way < 0.15:
        return None
    if way < 0.3:
        return chance.choice(seeds())[1]
    if way < 0.5:
        parts = config.split('"')
        index = chance.randrange(1, len(parts), 2) if len(parts) > 2 else 0
        parts[index] = _xml_text(chance.choice(STRINGS))
        return '"'.join(parts)
    if way < 0.55:
        lines = config.splitlines()
        del lines[chance.randrange(len(lines))]
        return "\n".join(lines)
    return config


def _xml_text(text: str) -> str:
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
        text = text.replace(raw, safe)
    return text


def _choose_options(chance: random.Random) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if chance.random() < 0.6:
        options["select"] = chance.choice(SELECTIONS)
    return options | {
        name: value for name, value in RARE_OPTIONS if chance.random() < 0.15
    }
