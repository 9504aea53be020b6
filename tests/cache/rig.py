"""Requests, fetch functions and bodies for the tests of the cache."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ls_tools.cache import Cache, CacheRequest, Entry
from ls_tools.transfer import Fetched, Sink, Validator

SCRIPTS = Path(__file__).parent / "scripts"
"""Programs that the tests run in other processes."""


def answer(value: object) -> None:
    """Tell the test that started this program."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def names_in(folder: Path) -> list[str]:
    """Of what lies in it; nothing does where it was never needed."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def md5_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def key_of(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()[:32]


def request_for(text: object = "a", file_name: str = "photo.jpg") -> CacheRequest:
    return CacheRequest(
        key=key_of(text),
        file_name=file_name,
        reference=f"https://labels.example.com/data/{text}",
        source="test",
    )


@dataclass
class Store:
    """An object store with one object, and what was asked of it."""

    body: bytes = b"first"
    etag: str | None = '"1"'
    fetched: dict[str, Any] = field(default_factory=dict)
    asked: list[Validator | None] = field(default_factory=list)
    error: BaseException | None = None

    def put(self, body: bytes, etag: str | None) -> None:
        self.body, self.etag = body, etag

    def fill(self, sink: Sink, validator: Validator | None) -> Fetched:
        self.asked.append(validator)
        if self.error is not None:
            raise self.error
        if validator is not None and validator.etag == self.etag:
            return Fetched(not_modified=True)
        sink.write_at(0, self.body)
        return Fetched(
            **{
                "size_bytes": len(self.body),
                "validator": Validator(etag=self.etag),
                **self.fetched,
            }
        )


def body_of(index: int, seed: int) -> bytes:
    """Bytes that say what they are, so that any part of them can be told."""
    size_bytes = 1 + (seed * 7919) % 200_000
    line = f"{index}:{seed};".encode()
    return (line * (size_bytes // len(line) + 1)) + b"end"


def is_whole(body: bytes, index: int) -> bool:
    head, _, _ = body.partition(b";")
    owner, _, seed = head.partition(b":")
    return owner == str(index).encode() and body == body_of(index, int(seed))


def stored(cache: Cache, text: object, size_bytes: int) -> Entry:
    """The entry of ``text``, with so many bytes, fetched anew where they differ."""

    def fill(sink: Sink, _validator: Validator | None) -> Fetched:
        sink.write_at(0, b"x" * size_bytes)
        return Fetched(size_bytes=size_bytes)

    entry = cache.get(request_for(text), fill).entry
    if entry.size_bytes == size_bytes:
        return entry
    return cache.get(request_for(text), fill, mode="revalidate").entry


def make_used(entry: Entry, age_s: float) -> None:
    """Have the last use of ``entry`` noted so many seconds ago."""
    then_s = time.time() - age_s
    os.utime(entry.path.parent / "meta.json", (then_s, then_s))


def is_kept(entry: Entry) -> bool:
    return entry.path.exists()
