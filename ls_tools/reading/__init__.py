"""Tasks out of exports: every shape of input, one reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.lazy import importer
from ls_tools.models import Problem

if TYPE_CHECKING:
    from ls_tools.reading.chunks import Chunk, ChunkReader, Pass
    from ls_tools.reading.elements import read_task
    from ls_tools.reading.entries import Division
    from ls_tools.reading.inputs import is_bucket_uri
    from ls_tools.reading.mapping import MappedFile
    from ls_tools.reading.reader import TaskReader, read_tasks
    from ls_tools.reading.several import SeveralTasks, Tasks

__all__ = [
    "Chunk",
    "ChunkReader",
    "Division",
    "MappedFile",
    "Pass",
    "Problem",
    "SeveralTasks",
    "TaskReader",
    "Tasks",
    "is_bucket_uri",
    "read_task",
    "read_tasks",
]

_HOMES = {
    "Chunk": "chunks",
    "ChunkReader": "chunks",
    "Division": "entries",
    "MappedFile": "mapping",
    "Pass": "chunks",
    "SeveralTasks": "several",
    "TaskReader": "reader",
    "Tasks": "several",
    "is_bucket_uri": "inputs",
    "read_task": "elements",
    "read_tasks": "reader",
}

# What reads chunks opens no inputs.
if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)
