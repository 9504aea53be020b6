"""Putting media beside the labels: fetched ahead in batches, placed one by one.

Knows no format and no server: references become paths through ``MediaPlan.fetch``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from ls_tools.errors import (
    IntegrityError,
    LsToolsError,
    MissingDependencyError,
    UnreadableMediaError,
)
from ls_tools.output.copying import copy_file, link_file
from ls_tools.output.items import Item
from ls_tools.output.picture import image_size
from ls_tools.output.video import VideoFacts, read_video_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ls_tools.models import Task
    from ls_tools.output.names import NamePlan
    from ls_tools.output.tally import Tally
    from ls_tools.output.tree import Tree
    from ls_tools.resolver import MediaRequest, Resolved

MediaPolicy = Literal["copy", "symlink", "none"]

Fetch: TypeAlias = "Callable[[Sequence[MediaRequest]], Sequence[Resolved]]"
"""Resolves many references at once, answers in the order of the requests, and
raises for none of them: ``Resolver.paths``."""

_Fact = TypeVar("_Fact")

IN_TWO_SPLITS = (
    "Some media are in two splits: they are not the first of their tasks, or their "
    "tasks differ in the field to split by."
)

_MAX_KEPT = 10_000

MAX_TEXT_BYTES = 64 * 2**20
"""Largest file that is read as a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlan:
    """What is done with media.

    Attributes:
        policy: ``copy`` or ``symlink`` puts them into the output; ``none``
            only names them.
        fetch: How references become files; None where nothing is fetched.
        references_of: The media references of a task, for fetching ahead.
        max_pixels: Most pixels of a picture that is measured.
    """

    policy: MediaPolicy = "none"
    fetch: Fetch | None = None
    references_of: Callable[[Task], Sequence[str]] = lambda _: ()
    max_pixels: int = 2**30


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A medium in the output.

    Attributes:
        name: Its file name.
        relative: Its path below the output root, with ``/``. Also set where
            media are not placed: this is where it would be.
        reference: The reference without secrets, for manifests and labels.
        path: Where its bytes can be read now; None where it was not placed or
            could not be had.
        failed: It should be in the output and is not; the Report says why.
    """

    name: str
    relative: str
    reference: str
    path: Path | None = None
    failed: bool = False


class MediaPlacer:
    """Places media below the output root, each one once.

    Args:
        tree: The output folder.
        names: Their file names.
        tally: Where media and failures are counted.
        plan: What is done with them.
    """

    def __init__(
        self, tree: Tree, names: NamePlan, tally: Tally, plan: MediaPlan
    ) -> None:
        self._tree = tree
        self._names = names
        self._tally = tally
        self._plan = plan
        self._resolved: dict[str, Resolved] = {}
        self._task: Task | None = None
        self._of_task: dict[str, Placed] = {}
        self._of_several: dict[str, Placed] = {}
        self._homes: dict[str, str] = {}

    @property
    def policy(self) -> MediaPolicy:
        """What is done with media."""
        return self._plan.policy

    def prefetch(self, items: Sequence[Item]) -> None:
        """Fetch the media of the next items together; ``Items.prefetch``."""
        if self._plan.fetch is None:
            return
        requests: dict[str, MediaRequest] = {}
        for item in items:
            if item.part == 0:
                for reference in self._plan.references_of(item.task):
                    requests.setdefault(reference, _request(reference, item.task))
        found = self._plan.fetch(list(requests.values()))
        self._resolved = dict(zip(requests, found, strict=True))

    def _note_home(self, medium: str, relative: str) -> None:
        """Notice what stands in two splits."""
        folder = relative.rpartition("/")[0]
        if self._homes.setdefault(medium, folder) != folder:
            self._tally.warn(IN_TWO_SPLITS)

    def place(self, reference: str, item: Item, folder: str = "images") -> Placed:
        """Put one medium of ``item`` into the output.

        Never raises for a medium that cannot be had: that is in the Report.

        Args:
            reference: As in the task data.
            item: The item that refers to it.
            folder: ``images`` or ``audio``; the split is added here.

        Raises:
            OutputError: The output cannot be written.
        """
        if item.task is not self._task:
            self._task = item.task
            self._of_task.clear()
        named = self._names.named(reference, item.task)
        relative = f"{self._tree.folder(folder, item)}/{named.name}"
        kept = self._of_several if named.is_shared else self._of_task
        placed = kept.get(relative)
        if placed is None:
            if named.is_shared:
                self._note_home(f"{folder}/{named.canonical}", relative)
            self._tally.references += 1
            placed = Placed(
                name=named.name, relative=relative, reference=named.canonical
            )
            if self._plan.policy != "none":
                placed = self._put(placed, reference, item)
            kept[relative] = placed
        return placed

    def picture_size(self, reference: str, item: Item) -> tuple[int, int] | None:
        """Width and height in pixels as displayed, read from the file.

        None where the file is not to be had or is no picture; the Report then
        says why, unless nothing is fetched at all.
        """
        max_pixels = self._plan.max_pixels
        return self.measure(
            reference,
            item,
            lambda path: image_size(path, max_pixels=max_pixels),
            what=("picture", "size"),
        )

    def video_facts(self, reference: str, item: Item) -> VideoFacts | None:
        """Size and frame rate of a video, likewise."""
        max_pixels = self._plan.max_pixels
        return self.measure(
            reference,
            item,
            lambda path: read_video_facts(path, max_pixels=max_pixels),
            what=("video", "size"),
        )

    def measure(
        self,
        reference: str,
        item: Item,
        read: Callable[[Path], _Fact],
        *,
        what: tuple[str, str],
    ) -> _Fact | None:
        """What ``read`` finds in the file of a medium.

        None where the file is not to be had or cannot be read; the Report then
        says why, unless that the file failed is in it already.

        Args:
            reference: As in the task data.
            item: The item that refers to it.
            read: Raises UnreadableMediaError or MissingDependencyError.
            what: What kind of medium it is and what is sought, for the Report:
                ``("recording", "length")``.
        """
        resolved = self._resolve(reference, item.task)
        if resolved is None or (resolved.error and self._plan.policy != "none"):
            return None
        if resolved.error is not None:
            self._warn_of_unknown(what, resolved.error, item.task)
            return None
        try:
            return read(Path(resolved.path or ""))
        except (MissingDependencyError, UnreadableMediaError) as exc:
            self._warn_of_unknown(what, exc, item.task)
        return None

    def source(self, reference: str, item: Item) -> Path | None:
        """Where a medium is read from that goes into the output in another form.

        It is counted, and its failure reported, as by ``place``. None under the
        policy ``none``, and where it cannot be had.

        Args:
            reference: As in the task data.
            item: The item that refers to it.
        """
        self._tally.references += 1
        if self._plan.policy == "none":
            return None
        resolved = self._resolve(reference, item.task)
        if resolved is None or resolved.path is None:
            error = resolved.error if resolved else None
            self.fail(reference, error or "nothing fetches media", item)
            return None
        self._count_source(resolved)
        return Path(resolved.path)

    def text_of(self, reference: str, item: Item) -> str | None:
        """The text in a file that task data refer to, which is UTF-8.

        It is counted, and its failure reported, as by ``place``.

        Args:
            reference: As in the task data.
            item: The item that refers to it.
        """
        self._tally.references += 1
        resolved = self._resolve(reference, item.task)
        if resolved is None or resolved.path is None:
            error = resolved.error if resolved else None
            self.fail(reference, error or "nothing fetches media", item)
            return None
        try:
            text = _read_text(Path(resolved.path))
        except UnreadableMediaError as exc:
            self.fail(reference, exc, item)
            return None
        self._count_source(resolved)
        return text

    def fail(self, reference: str, cause: LsToolsError | str, item: Item) -> None:
        """Report a medium that could not be put into the output.

        Args:
            reference: As in the task data.
            cause: The error, or a sentence that holds no secret.
            item: The item that refers to it.
        """
        self._tally.media_failed(reference, cause, task_id=item.task.id)

    def _warn_of_unknown(
        self, what: tuple[str, str], error: LsToolsError, task: Task
    ) -> None:
        """Count the medium; the first of each kind of error says it in full."""
        thing, fact = what
        self._tally.note(f"{thing} {fact} unknown ({error.kind})", task_id=task.id)
        text = f"The {fact} of a {thing} is unknown. {error}"
        self._tally.warn(text, kind=f"{fact} {error.kind}")

    def _put(self, placed: Placed, reference: str, item: Item) -> Placed:
        resolved = self._resolve(reference, item.task)
        if resolved is None or resolved.path is None:
            error = resolved.error if resolved else None
            return self._fail(placed, error or "nothing fetches media", item)
        try:
            self._copy(resolved, placed, item)
        except (IntegrityError, UnreadableMediaError) as exc:
            return self._fail(placed, exc, item)
        self._count_source(resolved)
        return replace(placed, path=Path(resolved.path))

    def _count_source(self, resolved: Resolved) -> None:
        if resolved.from_cache:
            self._tally.from_cache += 1
        else:
            self._tally.fetched += 1

    def _fail(self, placed: Placed, cause: LsToolsError | str, item: Item) -> Placed:
        self.fail(placed.reference, cause, item)
        return replace(placed, failed=True)

    def _copy(self, resolved: Resolved, placed: Placed, item: Item) -> None:
        put = link_file if self._plan.policy == "symlink" else copy_file
        target = Path(self._tree.reserve(placed.relative))
        facts = put(Path(resolved.path or ""), target)
        if facts.size_bytes != resolved.size_bytes:
            target.unlink()
            msg = (
                f"The file has {facts.size_bytes} bytes instead of "
                f"{resolved.size_bytes}."
            )
            raise IntegrityError(msg, hint="Something changed it; run again.")
        self._tree.record(
            placed.relative,
            facts.sha256,
            facts.size_bytes,
            item=Item(task=item.task),
            reference=placed.reference,
        )

    def _resolve(self, reference: str, task: Task) -> Resolved | None:
        """What ``prefetch`` found, or what is found now; None without a fetcher."""
        resolved = self._resolved.get(reference)
        if resolved is None and self._plan.fetch is not None:
            if len(self._resolved) >= _MAX_KEPT:
                self._resolved.clear()
            resolved = self._plan.fetch([_request(reference, task)])[0]
            self._resolved[reference] = resolved
        return resolved


def _request(reference: str, task: Task) -> MediaRequest:
    from ls_tools.resolver import MediaRequest

    return MediaRequest.of(reference, task_id=task.id, project_id=task.project)


def _read_text(path: Path) -> str:
    """The content of a file.

    Raises:
        UnreadableMediaError: It cannot be read, is too large, or no UTF-8.
    """
    try:
        with path.open("rb") as file:
            body = file.read(MAX_TEXT_BYTES + 1)
        if len(body) <= MAX_TEXT_BYTES:
            return body.decode("utf-8-sig")
        cause = f"it has more than {MAX_TEXT_BYTES} bytes"
    except OSError as exc:
        cause = str(exc.strerror)
    except UnicodeDecodeError as exc:
        cause = f"it is not UTF-8 at byte {exc.start}"
    msg = f"The text {path.name!r} cannot be read: {cause}."
    raise UnreadableMediaError(msg, hint="Look at the file.", path=str(path))
