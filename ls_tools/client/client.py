"""The Client: a Label Studio server's projects, tasks and exports."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ls_tools.client.conversions import ServerConversion
from ls_tools.client.downloads import (
    RAW_TYPE,
    SnapshotFile,
    download_converted,
    download_raw,
)
from ls_tools.client.exports import ExportFile, ExportRequest, export_tasks
from ls_tools.client.filters import SnapshotFilter
from ls_tools.client.formats import ExportFormat, choose_format, list_formats
from ls_tools.client.partial import check_target
from ls_tools.client.projects import ProjectRef, Projects
from ls_tools.client.server import WORK_S, Server
from ls_tools.client.snapshots import Snapshots
from ls_tools.client.tasks import DEFAULT_PAGE_SIZE, Tasks, TaskSelection
from ls_tools.client.views import View, Views
from ls_tools.errors import MissingUrlError, NotFoundError, UsageError
from ls_tools.progress import NullProgress
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from ls_tools.models import Project, Snapshot
    from ls_tools.progress import Progress
    from ls_tools.transport import Transport

DEFAULT_DEADLINE_S = 3600.0
_LONGEST_ID = 18


class Client:
    """A Label Studio server; safe to share between threads.

    Projects are given by id, by exact title, or as a ``Project``. Use it as a
    context manager, or call ``close``.

    Args:
        settings: Where the server is and how to talk to it; read from the
            environment by default.
        transport: What sends the requests; one of its own by default.
        progress: Told how far downloads are.
        sleep: Waits a number of seconds; for tests.
        clock: Monotonic seconds; for tests.

    Raises:
        MissingUrlError: The settings name no server.
        UsageError: The settings' mode is offline.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        transport: Transport | None = None,
        progress: Progress | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        settings = Settings.from_env() if settings is None else settings
        if settings.origin is None:
            msg = "No Label Studio server is configured."
            hint = "Set LABEL_STUDIO_URL, or pass Settings(url=...)."
            raise MissingUrlError(msg, hint=hint)
        if settings.mode == "offline":
            msg = "A Client needs connections, and the mode is offline."
            raise UsageError(msg, hint="Unset LS_TOOLS_OFFLINE, or drop --offline.")
        self._is_owner = transport is None
        self._server = Server(
            transport=transport or _connect(settings),
            origin=settings.origin,
            settings=settings,
            progress=progress or NullProgress(),
            sleep=sleep,
            clock=clock,
        )
        self._projects = Projects(self._server)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless the transport was passed in."""
        if self._is_owner:
            self._server.transport.close()

    def projects(self) -> Iterator[Project]:
        """Yield every project that the token's user may see, by id.

        Raises:
            AccessError: The server refuses the token.
            NetworkError: The server does not answer as it should.
        """
        return iter(self._projects)

    def project(self, id_or_title: ProjectRef) -> Project:
        """The project with this id or exact title.

        Digits are taken as an id first, then as a title.

        Raises:
            NotFoundError: There is none; the hint lists near titles.
            UsageError: Several have this title; the hint lists their ids.
        """
        return self._projects.find(id_or_title)

    def tasks(
        self,
        project: ProjectRef,
        *,
        view: int | None = None,
        query: Mapping[str, Any] | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        fields_all: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Yield tasks by ascending id, each once, as the server describes them.

        References in the data stay as they were imported (``s3://…``).

        Args:
            project: Whose tasks.
            view: Id of a Data Manager view; only the tasks in it. Its order
                does not count.
            query: A Data Manager query instead:
                ``{"filters": {"conjunction": "and", "items": […]}}``.
            page_size: Tasks per request, 1 or more.
            fields_all: With annotations, predictions and drafts.

        Raises:
            NotFoundError: No such project or view.
            UsageError: The query is malformed, or a view was given, too.
        """
        selection = TaskSelection(
            view=view, query=query, page_size=page_size, fields_all=fields_all
        )
        return Tasks(self._server, self._projects.find_id(project)).read(selection)

    def views(self, project: ProjectRef) -> list[View]:
        """The Data Manager views of a project.

        Raises:
            NotFoundError: No such project.
        """
        return Views(self._server, self._projects.find_id(project)).all()

    def formats(self, project: ProjectRef) -> list[ExportFormat]:
        """The export types that the server offers for a project.

        Raises:
            NotFoundError: No such project.
        """
        return list_formats(self._server, self._projects.find_id(project))

    def export(  # noqa: PLR0913 -- the command's options, by name
        self,
        project: ProjectRef,
        type: str,  # noqa: A002 -- as the API and the command call it
        out: str | os.PathLike[str],
        *,
        all_tasks: bool = False,
        ids: Collection[int] = (),
        with_media: bool | None = None,
        force: bool = False,
        timeout_s: float = WORK_S,
    ) -> ExportFile:
        """Write the easy export of a project to a file.

        The server works while the request waits; for large projects take a
        snapshot.

        Args:
            project: Whose tasks.
            type: The export type, in any case.
            out: The file; replaced at once when all is there.
            all_tasks: Tasks without annotations, too.
            ids: Only the tasks with these ids.
            with_media: Whether the server adds media files to archives; None
                leaves that to the server and the type.
            force: Take a type that does not fit the project's label config.
            timeout_s: Seconds that the server may work in silence.

        Raises:
            NotFoundError: No such project.
            UnknownFormatError: The server has no such type.
            UsageError: The type does not fit the project.
            OutputError: ``out`` cannot be written.
            IntegrityError: What came is not a whole file.
            NetworkError: It did not come.
        """
        request = ExportRequest(
            type=type,
            all_tasks=all_tasks,
            ids=ids,
            with_media=with_media,
            force=force,
            timeout_s=timeout_s,
        )
        project_id = self._projects.find_id(project)
        return export_tasks(self._server, project_id, request, Path(out))

    def create_snapshot(
        self,
        project: ProjectRef,
        filter: SnapshotFilter | None = None,  # noqa: A002 -- as the API calls it
        *,
        title: str | None = None,
        wait_s: float | None = None,
    ) -> Snapshot:
        """Make a snapshot: exactly one, even where the server's answer is lost.

        Args:
            project: Of which project.
            filter: What goes into it; everything by default.
            title: Its title; a unique suffix is added.
            wait_s: Seconds to wait until it is completed; None returns it as
                it is.

        Raises:
            NotFoundError: No such project, or it has no such view.
            ExportFailedError: The snapshot failed.
            DeadlineError: It is not completed in time; the hint says how to go on.
            NetworkError: No answer came, and no snapshot.
        """
        snapshots = self._snapshots(project)
        made = snapshots.create(filter or SnapshotFilter(), title)
        if wait_s is None or made.status == "completed":
            return made
        return snapshots.wait(made.id, self._server.deadline(wait_s))

    def list_snapshots(self, project: ProjectRef) -> list[Snapshot]:
        """The newest snapshots of a project, newest first; the server gives 100.

        Raises:
            NotFoundError: No such project.
        """
        return self._snapshots(project).all()

    def get_snapshot(
        self, project: ProjectRef, snapshot_id: int | Literal["latest"]
    ) -> Snapshot:
        """One snapshot; ``latest`` is the newest completed one.

        Raises:
            NotFoundError: No such project or snapshot.
        """
        snapshots = self._snapshots(project)
        if snapshot_id == "latest":
            return snapshots.newest()
        return snapshots.find(_snapshot_id(snapshot_id))

    def wait_snapshot(
        self,
        project: ProjectRef,
        snapshot_id: int,
        *,
        deadline_s: float = DEFAULT_DEADLINE_S,
    ) -> Snapshot:
        """Wait until a snapshot is completed.

        Args:
            project: Of which project.
            snapshot_id: Which snapshot.
            deadline_s: Seconds to wait at most.

        Raises:
            ExportFailedError: The snapshot failed.
            DeadlineError: It is not completed in time; the hint says how to go on.
            NotFoundError: No such project or snapshot.
        """
        deadline = self._server.deadline(deadline_s)
        return self._snapshots(project).wait(_snapshot_id(snapshot_id), deadline)

    def delete_snapshot(self, project: ProjectRef, snapshot_id: int) -> None:
        """Delete a snapshot from the server.

        Raises:
            NotFoundError: No such project or snapshot.
        """
        self._snapshots(project).delete(_snapshot_id(snapshot_id))

    def download_snapshot(  # noqa: PLR0913 -- the command's options, by name
        self,
        project: ProjectRef,
        snapshot_id: int | Literal["latest"],
        out: str | os.PathLike[str],
        *,
        type: str = RAW_TYPE,  # noqa: A002 -- as the API and the command call it
        deadline_s: float = DEFAULT_DEADLINE_S,
        with_media: bool = False,
    ) -> SnapshotFile:
        """Write a snapshot to a file, waiting for it where it is unfinished.

        JSON is checked against the md5 that the server announced; cut off, it
        lies in ``<out>.part`` and the next call goes on from there. For other
        types the server converts, and only their length and form are checked.

        Args:
            project: Of which project.
            snapshot_id: Which snapshot; ``latest`` is the newest completed one.
            out: The file; replaced at once when all is there.
            type: ``JSON``, or an export type in any case.
            deadline_s: Seconds to wait for the snapshot and its conversion.
            with_media: Whether the server adds media files to archives.

        Raises:
            ExportFailedError: The snapshot or the conversion failed.
            DeadlineError: They were not ready in time.
            IntegrityError: The bytes are not those announced.
            NotFoundError: No such project or snapshot.
            UnknownFormatError: The server has no such type.
            UsageError: The type does not fit the project.
            OutputError: ``out`` cannot be written.
            NetworkError: The file did not come.
        """
        path = Path(out)
        check_target(path)
        snapshots = self._snapshots(project)
        deadline = self._server.deadline(deadline_s)
        export_type = self._type(snapshots.project_id, type)
        if snapshot_id == "latest":
            snapshot = snapshots.newest()
        else:
            snapshot = snapshots.wait(_snapshot_id(snapshot_id), deadline)
        if export_type == RAW_TYPE:
            return download_raw(snapshots, snapshot, path)
        conversion = ServerConversion(snapshots, snapshot.id, export_type)
        conversion.ensure(deadline, with_media=with_media)
        return download_converted(snapshots, snapshot, export_type, path)

    def _snapshots(self, project: ProjectRef) -> Snapshots:
        return Snapshots(self._server, self._projects.find_id(project))

    def _type(self, project_id: int, name: str) -> str:
        export_type = name.strip().upper()
        if export_type == RAW_TYPE:
            return RAW_TYPE
        try:
            formats = list_formats(self._server, project_id)
        except NotFoundError:
            # Enterprise has no such list; the conversion itself will tell.
            if self._server.has_project(project_id):
                return export_type
            raise
        return choose_format(formats, name)


def _connect(settings: Settings) -> Transport:
    """A transport; imported here, since who converts files needs none."""
    from ls_tools.transport import Transport

    return Transport(settings)


def _snapshot_id(value: int | str) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID):
        msg = f"{text[:40]!r} is not the id of a snapshot."
        raise UsageError(msg, hint="Give a number, as the list of snapshots shows it.")
    return int(text)
