"""The Resolver: a reference in, the path of a file on this machine out."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, final

from ls_tools.cache import Cache, CacheRequest, Entry, default_cache_dir
from ls_tools.errors import LsToolsError, NotFoundError
from ls_tools.forks import PerProcess
from ls_tools.pacing import Pace
from ls_tools.progress import NullProgress
from ls_tools.resolver.batch import BytesRelay, run_all
from ls_tools.resolver.files import Files
from ls_tools.resolver.references import References
from ls_tools.resolver.values import MediaRequest, Resolved
from ls_tools.settings import Settings
from ls_tools.sources import Services, Sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from ls_tools.locator import Locator
    from ls_tools.progress import Progress
    from ls_tools.settings import Mode
    from ls_tools.transport import Transport


@final
class Resolver:
    """Resolves references to paths, through the cache.

    Safe for many threads, and for processes forked from this one. What is
    cached is answered without the network and without reading the cache again.

    Args:
        settings: What to resolve with; from the environment where None.
        progress: Told about downloads of ``paths``.
    """

    def __init__(
        self, settings: Settings | None = None, *, progress: Progress | None = None
    ) -> None:
        self.settings: Settings = settings or Settings.from_env()
        self._progress = progress or NullProgress()
        self._references = References(self.settings)
        self.cache: Cache = Cache(
            self.settings.cache_dir or default_cache_dir(), self.settings.cache_limits
        )
        self._relay = BytesRelay()
        self._pace = Pace(self.settings.jobs)
        services = Services(
            settings=self.settings,
            connect=self._connect,
            progress=self._relay,
            pace=self._pace,
        )
        self._files = Files(
            self.cache,
            self._references,
            Sources(services),
            default_mode=self.settings.mode,
        )
        self._transport = PerProcess(self._open_transport)

    def __enter__(self) -> Resolver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Resolver], tuple[Settings]]:
        """Pickle as the settings alone, token included."""
        return Resolver, (self.settings,)

    def close(self) -> None:
        """Close the connections. The resolver stays usable and opens new ones."""
        transport = self._transport.take()
        if transport is not None:
            transport.close()

    def path(
        self,
        reference: str,
        *,
        task_id: int | None = None,
        project_id: int | None = None,
        mode: Mode | None = None,
    ) -> Path:
        """The path of the file that ``reference`` names.

        Args:
            reference: A value of task data.
            task_id: Task whose storage serves a bucket reference.
            project_id: Likewise, of a project.
            mode: ``if-missing``, ``revalidate`` or ``offline``; that of the
                settings where None.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: Following it would be unsafe.
            NotFoundError: There is no such file.
            LsToolsError: It cannot be had.
        """
        known = self._files.recall(reference, mode)
        if known is not None:
            return known.path
        request = MediaRequest(
            reference=reference, task_id=task_id, project_id=project_id
        )
        return self._files.obtain(request, mode)[0].path

    @contextmanager
    def lease(
        self,
        reference: str,
        *,
        task_id: int | None = None,
        project_id: int | None = None,
        mode: Mode | None = None,
    ) -> Iterator[Path]:
        """As ``path``, for a ``with`` block in which no eviction takes the file.

        A file that does not lie in the cache is given as it is.

        Raises:
            LsToolsError: As ``path``.
        """
        find = partial(
            self.path, reference, task_id=task_id, project_id=project_id, mode=mode
        )
        path = find()
        with ExitStack() as stack:
            try:
                path = stack.enter_context(self._files.lease(reference, path))
            except NotFoundError:
                path = stack.enter_context(self._files.lease(reference, find()))
            yield path

    def resolve(
        self,
        reference: str,
        *,
        task_id: int | None = None,
        project_id: int | None = None,
        mode: Mode | None = None,
    ) -> Resolved:
        """As ``path``, with what else is known; an error is returned in it."""
        request = MediaRequest(
            reference=reference, task_id=task_id, project_id=project_id
        )
        return self._resolve_any(mode, request)

    def paths(
        self,
        references: Iterable[str | MediaRequest],
        *,
        task_id: int | None = None,
        project_id: int | None = None,
        mode: Mode | None = None,
    ) -> list[Resolved]:
        """Resolve many references at once, ``settings.jobs`` of them or fewer.

        There are fewer under way after a store asked for less, until it copes.

        Args:
            references: References, or requests with ids of their own.
            task_id: As in ``path``, for the references.
            project_id: Likewise.
            mode: As in ``path``.

        Returns:
            One result per reference, in the order given. A failed one has its
            error in it and stops no other.
        """
        asked = [
            item
            if isinstance(item, MediaRequest)
            else MediaRequest(reference=item, task_id=task_id, project_id=project_id)
            for item in references
        ]
        distinct = {request.identity: request for request in asked}
        keys, requests = list(distinct), list(distinct.values())
        found = dict(zip(keys, self._resolve_all(mode, requests), strict=True))
        return [found[request.identity] for request in asked]

    def iter_paths(
        self, requests: Iterable[MediaRequest], *, mode: Mode | None = None
    ) -> Iterator[tuple[int, Resolved]]:
        """As ``paths``, for more than fit in memory, and without an order.

        Requests are taken some thousand ahead of what is yielded. One that comes
        twice is resolved twice. Progress counts files; the stage is the caller's.

        Args:
            requests: What to resolve; iterated in the caller's thread.
            mode: As in ``path``.

        Yields:
            The place of a request in ``requests``, from 0, and its result.
        """
        work = partial(self._resolve_any, mode)
        self._relay.target = self._progress
        try:
            for found in run_all(
                work, requests, jobs=self.settings.jobs, pace=self._pace
            ):
                self._progress.advance()
                yield found
        finally:
            self._relay.target = NullProgress()

    def open(
        self,
        reference: str,
        *,
        task_id: int | None = None,
        project_id: int | None = None,
        mode: Mode | None = None,
    ) -> BinaryIO:
        """Open the file that ``reference`` names for reading.

        Raises:
            LsToolsError: As ``path``.
            OSError: The file cannot be opened.
        """
        path = self.path(reference, task_id=task_id, project_id=project_id, mode=mode)
        return path.open("rb")

    def parse(self, reference: str) -> Locator:
        """The locator of ``reference`` on the configured server.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: Following it would be unsafe.
        """
        return self._references.parse(reference)

    def cache_request(self, reference: str) -> CacheRequest:
        """What the cache is asked for when ``reference`` is resolved.

        Raises:
            BadReferenceError: It is no reference.
            RefusedError: Following it would be unsafe.
        """
        return self._files.cache_request(self.parse(reference))

    def entry(self, reference: str) -> Entry | None:
        """The cache entry of ``reference``; None where it is not cached.

        Raises:
            BadReferenceError: It is no reference.
            CacheError: The cache cannot be read.
        """
        return self._files.entry(reference)

    def pin(self, reference: str, holder: Path) -> None:
        """Keep the cached file of ``reference`` for as long as ``holder`` exists.

        Does nothing for a file that is not in the cache.

        Args:
            reference: Something that was resolved.
            holder: The folder or file that links to it.

        Raises:
            CacheError: The cache cannot be written.
        """
        entry = self.entry(reference)
        if entry is not None:
            self.cache.pin(entry, holder)

    def expected_path(self, reference: str) -> Path:
        """Where ``reference`` is or would be, without fetching or creating it.

        A file that is neither cached nor on this machine gets a path below the
        cache folder that ends in its name and does not exist.

        Raises:
            BadReferenceError: It is no reference.
        """
        return self._files.expected_path(reference)

    def _resolve_all(
        self, mode: Mode | None, requests: list[MediaRequest]
    ) -> list[Resolved]:
        found = [self._resolve_known(mode, request) for request in requests]
        missing = [index for index, known in enumerate(found) if known is None]
        self._progress.start("media", len(requests), "files")
        self._relay.target = self._progress
        try:
            self._progress.advance(len(requests) - len(missing))
            work = partial(self._resolve, mode)
            rest = [requests[index] for index in missing]
            for index, one in run_all(
                work, rest, jobs=self.settings.jobs, pace=self._pace
            ):
                found[missing[index]] = one
                self._progress.advance()
        finally:
            self._relay.target = NullProgress()
            self._progress.finish()
        return [one for one in found if one is not None]

    def _resolve_known(
        self, mode: Mode | None, request: MediaRequest
    ) -> Resolved | None:
        known = self._files.recall(request.reference, mode)
        return known and request.answer(known, from_cache=True)

    def _resolve_any(self, mode: Mode | None, request: MediaRequest) -> Resolved:
        return self._resolve_known(mode, request) or self._resolve(mode, request)

    def _resolve(self, mode: Mode | None, request: MediaRequest) -> Resolved:
        try:
            known, from_cache = self._files.obtain(request, mode)
        except LsToolsError as exc:
            return Resolved(reference=request.reference, error=exc)
        return request.answer(known, from_cache=from_cache)

    def _connect(self) -> Transport:
        return self._transport.get()

    def _open_transport(self) -> Transport:
        from ls_tools.transport import Transport

        return Transport(self.settings, pace=self._pace)
