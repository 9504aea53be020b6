"""A model's predictions for a project's tasks, as a file to import.

    export LABEL_STUDIO_URL=https://labels.example.com LABEL_STUDIO_API_KEY=...
    python predict.py "My project" predictions.json

The project has RectangleLabels on an Image. Import the file into a project with the
same label config: each task brings its prediction along.
"""

import json
import sys
from pathlib import Path

from PIL import Image, ImageOps

from ls_tools import Client, PredictionBuilder, resolve_task
from ls_tools.geometry import Box
from ls_tools.label_config import parse_label_config
from ls_tools.predictions import predicted_task

VERSION = "middle-1"


def detect(picture: Image.Image) -> list[tuple[tuple[float, ...], float]]:
    """Left, top, right and bottom of each find, in pixels, and how sure it is."""
    width, height = picture.size
    return [((width / 4, height / 4, 3 * width / 4, 3 * height / 4), 0.5)]


project, out = sys.argv[1:]
with Client() as client:
    config = parse_label_config(client.project(project).label_config)
    tasks = list(client.tasks(project))
label = config.controls_of("RectangleLabels")[0].labels[0].name

found = []
for task in tasks:
    (path,) = resolve_task(task).values()
    picture = ImageOps.exif_transpose(Image.open(path))  # as the editor shows it
    build = PredictionBuilder(config, size=picture.size)
    for ltrb, score in detect(picture):
        build.rectangle(Box.from_ltrb(ltrb), label, score=score)
    found.append(predicted_task(task["data"], build.prediction(model_version=VERSION)))

Path(out).write_text(json.dumps(found), encoding="utf-8")
print(f"{len(found)} tasks with predictions in {out}")
