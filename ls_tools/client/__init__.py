"""The client of a Label Studio server: projects, tasks, exports, snapshots."""

from ls_tools.client.client import Client
from ls_tools.client.downloads import SnapshotFile
from ls_tools.client.exports import ExportFile
from ls_tools.client.filters import SnapshotFilter
from ls_tools.client.formats import ExportFormat
from ls_tools.client.views import View

__all__ = [
    "Client",
    "ExportFile",
    "ExportFormat",
    "SnapshotFile",
    "SnapshotFilter",
    "View",
]
