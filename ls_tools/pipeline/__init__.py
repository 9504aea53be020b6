"""The whole flows: pull, convert, media. They join client, reader and formats."""

from __future__ import annotations

from ls_tools.pipeline.conversion import convert, run_conversion
from ls_tools.pipeline.inputs import Input
from ls_tools.pipeline.media import MediaOutcome, fetch_media
from ls_tools.pipeline.plan import Conversion
from ls_tools.pipeline.pulling import Pull, pull, run_pull

__all__ = [
    "Conversion",
    "Input",
    "MediaOutcome",
    "Pull",
    "convert",
    "fetch_media",
    "pull",
    "run_conversion",
    "run_pull",
]
