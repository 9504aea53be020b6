"""Predictions in Label Studio's form, from what models give: pixels, masks, spans.

With a label config, ``PredictionBuilder`` finds the control for each region and
refuses what none takes. Without one, there is a function for each kind of result;
it takes a ``Target`` that names control and object. All return plain dicts.
"""

from ls_tools.predictions.aiming import How, Shown
from ls_tools.predictions.answers import (
    Direction,
    choices,
    datetime,
    number,
    rating,
    relation,
    taxonomy,
    textarea,
)
from ls_tools.predictions.builder import PredictionBuilder
from ls_tools.predictions.drawn import (
    Clip,
    Keyframe,
    brush,
    ellipse,
    keypoint,
    polygon,
    rectangle,
    video_rectangle,
)
from ls_tools.predictions.predictions import (
    PredictedTask,
    Prediction,
    predicted_task,
    prediction,
)
from ls_tools.predictions.results import (
    Labels,
    Mark,
    Offsets,
    Relation,
    Result,
    Target,
)
from ls_tools.predictions.spans import (
    hypertext,
    paragraph,
    segment,
    span,
    time_range,
    timeline,
)
from ls_tools.texts import document_text

__all__ = [
    "Clip",
    "Direction",
    "How",
    "Keyframe",
    "Labels",
    "Mark",
    "Offsets",
    "PredictedTask",
    "Prediction",
    "PredictionBuilder",
    "Relation",
    "Result",
    "Shown",
    "Target",
    "brush",
    "choices",
    "datetime",
    "document_text",
    "ellipse",
    "hypertext",
    "keypoint",
    "number",
    "paragraph",
    "polygon",
    "predicted_task",
    "prediction",
    "rating",
    "rectangle",
    "relation",
    "segment",
    "span",
    "taxonomy",
    "textarea",
    "time_range",
    "timeline",
    "video_rectangle",
]
