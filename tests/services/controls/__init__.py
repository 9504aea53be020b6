"""A project for every object tag, with results of every control tag on it.

The values have the form in which the labeling page of Label Studio 1.23.2 sends them.
"""

from __future__ import annotations

from services.controls import drawn, timed, written
from services.controls.parts import SIZE, ControlProject, Result

__all__ = ["SIZE", "ControlProject", "Result", "control_projects"]


def control_projects() -> dict[str, ControlProject]:
    """A project for each object tag, by a name for it."""
    return {
        "image": drawn.image(),
        "images": drawn.images(),
        "text": written.text(),
        "hypertext": written.hypertext(),
        "paragraphs": written.paragraphs(),
        "audio": timed.audio(),
        "video": timed.video(),
        "timeseries": timed.timeseries(),
        "table": written.table(),
        "ranker": written.ranker(),
        "pairwise": written.pairwise(),
        "chat": written.chat(),
        "pdf": written.pdf(),
        "video_vector": timed.video_vector(),
        "reactcode": written.reactcode(),
    }
