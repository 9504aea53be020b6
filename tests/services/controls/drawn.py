"""Pictures: every tool that draws on them."""

from __future__ import annotations

import base64

from services.controls.parts import (
    DESCRIPTION,
    FRAME,
    PER_REGION,
    RELATIONS,
    SIZE,
    ControlProject,
    Result,
    asked,
    described,
    region,
    relation,
)
from services.pictures import clear_png

_RLE = (
    "AABgADkb/yvvAIxSPpyX/x/EaVwEjAIxKPpyf/xvvAXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4"
    "C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH"
    "/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEbDH/xv/AXM"
    "AjYY/+N/4C5gEbDH/xv/AXMAjYY/+N/4C5gEZjHgRpHFDMAA"
)
"""A stroke of the brush, as the page encoded it."""


def _shapes() -> dict[str, Result]:
    """The value of every tool that draws on pictures, without labels."""
    vertices = [
        {"x": 30.25, "y": 8.5, "id": "v1", "isBezier": False},
        {"x": 52.125, "y": 8.5, "id": "v2", "prevPointId": "v1", "isBezier": False},
        {
            "x": 51.75,
            "y": 23.375,
            "id": "v3",
            "prevPointId": "v2",
            "isBezier": True,
            "controlPoint1": {"x": 50, "y": 12.5},
            "controlPoint2": {"x": 54, "y": 30.5},
        },
    ]
    mask = clear_png(*SIZE, {(50, 30, 70, 45): 255, (70, 30, 71, 45): 127})
    url = f"data:image/png;base64,{base64.b64encode(mask).decode()}"
    return {
        "rectangle": {"x": 8.5, "y": 12.5, "width": 16.75, "height": 18, "rotation": 0},
        "polygon": {
            "points": [[10.5, 62.5], [18.75, 62.5], [18.75, 93.125], [12.25, 80]],
            "closed": True,
        },
        "ellipse": {"x": 78, "y": 25, "radiusX": 9.5, "radiusY": 7.25, "rotation": 30},
        "keypoint": {"x": 60.0625, "y": 21.609375, "width": 0.25},
        "brush": {"format": "rle", "rle": list(base64.b64decode(_RLE))},
        "bitmask": {"imageDataURL": url},
        "vector": {"vertices": vertices, "closed": False},
    }


_TAGS = {
    "rectangle": "Rectangle",
    "polygon": "Polygon",
    "ellipse": "Ellipse",
    "keypoint": "KeyPoint",
    "brush": "Brush",
    "bitmask": "Bitmask",
    "vector": "Vector",
}


def image() -> ControlProject:
    """Tools with labels of their own, and tools that take those of ``Labels``."""
    labelled = "".join(
        f"""
  <{tag}Labels name="{name}" toName="media">
    <Label value="{tag} one" background="#d22"/><Label value="{tag}, two"/>
  </{tag}Labels>"""
        for name, tag in _TAGS.items()
    )
    plain = "".join(
        f"""
  <{tag} name="plain-{name}" toName="media"/>"""
        for name, tag in {**_TAGS, "magicwand": "MagicWand"}.items()
    )
    config = f"""<View>{labelled}
  <Labels name="label" toName="media">
    <Label value="Car"/><Label value="Person, adult"/>
  </Labels>
  <Image name="media" value="$image"/>{plain}{PER_REGION}{DESCRIPTION}
  {RELATIONS}
</View>"""
    shapes = [*_labelled_shapes(), _turned_box()]
    relations = [
        relation("rectangle", "ellipse", "on", "behind"),
        relation("brush", "keypoint", direction="bi"),
    ]
    results = [*shapes, *asked(shapes[0]), *_plain_shapes(), *described()]
    data = {"image": "/data/local-files/?d=controls/picture.png"}
    return ControlProject(config=config, data=data, results=[*results, *relations])


def _labelled_shapes() -> list[Result]:
    return [
        region(
            name,
            name,
            f"{name}labels",
            {**value, f"{name}labels": [f"{_TAGS[name]} one"]},
            **FRAME,
        )
        for name, value in _shapes().items()
    ]


def _turned_box() -> Result:
    box = {"x": 60, "y": 60, "width": 20, "height": 10, "rotation": 345}
    value = {**box, "rectanglelabels": ["Rectangle one", "Rectangle, two"]}
    return region("turned", "rectangle", "rectanglelabels", value, **FRAME)


def _plain_shapes() -> list[Result]:
    """A shape and its label are two results of one id; a shape may have none."""
    shapes = _shapes()
    shapes["magicwand"] = shapes["brush"]
    results = []
    for name, value in shapes.items():
        key = f"plain-{name}"
        labels = {**value, "labels": ["Car"]}
        results.append(region(key, key, name, value, **FRAME))
        results.append(region(key, "label", "labels", labels, **FRAME))
    bare = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}
    bare_box = region("bare", "plain-rectangle", "rectangle", bare, **FRAME)
    return [*results, bare_box]


def images() -> ControlProject:
    """A list of pictures in one task."""
    config = """<View>
  <RectangleLabels name="rectangle" toName="media">
    <Label value="Car"/>
  </RectangleLabels>
  <BrushLabels name="brush" toName="media"><Label value="Sky"/></BrushLabels>
  <Image name="media" valueList="$images"/>
  <Choices name="page" toName="media" perItem="true">
    <Choice value="front"/><Choice value="back"/>
  </Choices>
  <Choices name="set" toName="media"><Choice value="good"/></Choices>
</View>"""
    box, stroke = _shapes()["rectangle"], _shapes()["brush"]
    results = [
        region(
            f"box{index}",
            "rectangle",
            "rectanglelabels",
            {**box, "rectanglelabels": ["Car"]},
            **FRAME,
            item_index=index,
        )
        for index in (0, 2)
    ]
    results.append(
        region(
            "stroke",
            "brush",
            "brushlabels",
            {**stroke, "brushlabels": ["Sky"]},
            **FRAME,
            item_index=1,
        )
    )
    results.append(
        region("page", "page", "choices", {"choices": ["back"]}, item_index=1)
    )
    results.append(region("set", "set", "choices", {"choices": ["good"]}))
    names = ("picture.png", "second%20picture.png", "%C3%A9%233.png")
    places = [f"/data/local-files/?d=controls/{name}" for name in names]
    return ControlProject(config=config, data={"images": places}, results=results)
