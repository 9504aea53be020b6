"""The whole flows: pull, convert, media. They join client, reader and formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.lazy import importer

if TYPE_CHECKING:
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

_HOMES = {
    "Conversion": "plan",
    "Input": "inputs",
    "MediaOutcome": "media",
    "Pull": "pulling",
    "convert": "conversion",
    "fetch_media": "media",
    "pull": "pulling",
    "run_conversion": "conversion",
    "run_pull": "pulling",
}

# A process that does a part of a conversion needs little of this.
if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)
