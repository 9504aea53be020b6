"""One object out of a store, however many requests that takes.

Works with any Store; knows no SDK. Every request after the first names the version
that was begun, so that versions never mix.
"""

from __future__ import annotations

import logging
from threading import Event
from typing import TYPE_CHECKING

from ls_tools.errors import IntegrityError
from ls_tools.sources.buckets.copying import ChangedError, Stretch
from ls_tools.sources.buckets.parts import (
    FAST_BYTES_PER_S,
    MOST_THREADS,
    PARALLEL_BYTES,
    PART_BYTES,
    pull_parts,
    split,
)
from ls_tools.transfer import Fetched
from ls_tools.transport.retrying import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ls_tools.sources.buckets.copying import ObjectCopy
    from ls_tools.sources.buckets.parts import PartThreads
    from ls_tools.sources.buckets.protocol import Body, ObjectInfo, Store
    from ls_tools.transfer import Validator
    from ls_tools.transport.retrying import RetryPolicy

_LOGGER = logging.getLogger("ls_tools")


class _StoppedError(Exception):
    """Another part failed; this one is of no use any more."""


class _Speed:
    """How long one connection is waited for, looked at every PART_BYTES.

    The time to write does not count: a slow disk gets no faster by more connections.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waited_s = 0.0
        self._next = PART_BYTES

    def watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the chunks, and note how long they take to come."""
        while True:
            asked_s = self._clock()
            chunk = next(chunks, None)
            self._waited_s += self._clock() - asked_s
            if chunk is None:
                return
            yield chunk

    def is_low(self, position: int) -> bool:
        """Whether the last part was slow to come; False within a part."""
        if position < self._next:
            return False
        waited_s, self._waited_s = self._waited_s, 0.0
        self._next = position + PART_BYTES
        return waited_s * FAST_BYTES_PER_S > PART_BYTES


class Pull:
    """Gets one version of an object.

    Args:
        store: Where it is.
        retry: How often and when requests are tried again. Tries count anew after
            each one that brought bytes.
        copy: What is got, and where it goes.
        threads: For the parts of a large object.
    """

    def __init__(
        self, store: Store, retry: RetryPolicy, copy: ObjectCopy, threads: PartThreads
    ) -> None:
        self._store = store
        self._retry = retry
        self._copy = copy
        self._threads = threads
        self._stopped: Event | None = None
        self._speed: _Speed | None = None

    def run(self, unless: Validator | None) -> Fetched:
        """Get it.

        Args:
            unless: The version at hand; only another one is got.

        Raises:
            ChangedError: It was replaced under way.
            DamagedError: What came is not what the store vouches for.
            LsToolsError: It cannot be got.
        """
        first = Stretch()
        if not self._retry.call(lambda: self._step(first, unless)):
            return Fetched(not_modified=True, validator=unless or Fetched().validator)
        self._pull(first)
        if self._copy.info and first.position < self._copy.info.size_bytes:
            self._pull_rest(split(first.position, self._copy.info.size_bytes))
        return self._copy.finish()

    def _pull_rest(self, parts: list[Stretch]) -> None:
        self._stopped, self._speed = Event(), None
        with self._threads.taken(min(len(parts), MOST_THREADS)) as threads:
            pull_parts(self._pull, parts, threads=threads, stopped=self._stopped)

    def _check_stopped(self) -> None:
        if self._stopped is not None and self._stopped.is_set():
            raise _StoppedError

    def _pull(self, stretch: Stretch) -> None:
        while not stretch.is_done:
            self._retry.call(lambda: self._step(stretch, None))

    def _step(self, stretch: Stretch, unless: Validator | None) -> bool:
        """One request and its bytes; False where ``unless`` is current."""
        copy = self._copy
        self._check_stopped()
        if copy.info is None:
            body = self._store.get(copy.name, unless=unless)
        else:
            body = self._ask_on(stretch)
        if body is None:
            return False
        try:
            copy.adopt(body.info)
            if stretch.stop is None:
                stretch.stop = body.info.size_bytes
                self._speed = self._measure_for(body.info)
            self._pour(body, stretch)
        finally:
            body.close()
        return True

    def _ask_on(self, stretch: Stretch) -> Body | None:
        copy = self._copy
        try:
            return self._store.get(
                copy.name,
                start=stretch.position,
                stop=stretch.stop,
                match=copy.validator,
            )
        except IntegrityError:
            raise ChangedError from None

    def _measure_for(self, info: ObjectInfo) -> _Speed | None:
        """What tells whether the rest is better had in parts."""
        if info.size_bytes <= PARALLEL_BYTES or self._copy.is_packed:
            return None
        return _Speed(self._retry.clock) if self._threads.are_useful else None

    def _pour(self, body: Body, stretch: Stretch) -> None:
        """Write the body; a cut that brought something new is no failure."""
        began = stretch.position
        failure = self._pour_all(body, stretch)
        if stretch.is_done:
            return
        name, position = self._copy.name.canonical, stretch.position
        if position == began:
            if failure is not None:
                raise failure
            msg = f"{name} stops at byte {position}."
            raise TransientError(IntegrityError(msg, hint="Try again."))
        _LOGGER.info("%s was cut at byte %d, going on.", name, position)
        self._retry.pause()

    def _pour_all(self, body: Body, stretch: Stretch) -> TransientError | None:
        # A store that knows no ranges answers with what is there already.
        surplus = stretch.position - body.start
        if surplus < 0:
            raise ChangedError
        chunks = self._speed.watch(body.chunks) if self._speed else body.chunks
        try:
            for chunk in chunks:
                if surplus >= len(chunk):
                    surplus -= len(chunk)
                    continue
                self._copy.write(stretch, chunk[surplus:] if surplus else chunk)
                surplus = 0
                if self._speed and self._speed.is_low(stretch.position):
                    stretch.stop, self._speed = stretch.position, None
                if stretch.is_done:
                    break
                self._check_stopped()
        except TransientError as exc:
            return exc
        return None
