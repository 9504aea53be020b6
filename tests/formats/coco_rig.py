"""Masks and keypoints as Label Studio has them, and what pycocotools loads."""

from __future__ import annotations

import base64
import contextlib
import io
from typing import Any

import pytest
from formats.pictures_rig import Converted, result

from ls_tools.rle import encode_brush

BRUSHES = """
<View>
  <Image name="img" value="$image"/>
  <BrushLabels name="brush" toName="img">
    <Label value="Sky"/><Label value="Sea"/>
  </BrushLabels>
  <BitmaskLabels name="bits" toName="img"><Label value="Sand"/></BitmaskLabels>
  <RectangleLabels name="rect" toName="img"><Label value="Car"/></RectangleLabels>
  <Choices name="state" toName="img" perRegion="true">
    <Choice value="Crowd"/><Choice value="Occluded"/>
  </Choices>
</View>"""

PEOPLE = """
<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="rect" toName="img">
    <Label value="Person"/><Label value="Car"/>
  </RectangleLabels>
  <KeyPointLabels name="kp" toName="img">
    <Label value="nose"/><Label value="left eye"/><Label value="right eye"/>
  </KeyPointLabels>
  <Choices name="state" toName="img" perRegion="true">
    <Choice value="Crowd"/><Choice value="Occluded"/>
  </Choices>
</View>"""


def holed_square() -> Any:
    """841 pixels with holes of 40 and 1: 800 are inside."""
    np = pytest.importorskip("numpy")
    mask = np.zeros((100, 200), bool)
    mask[20:49, 30:59] = True
    mask[30:34, 40:50] = mask[40, 40] = False
    return mask


def brush(mask: Any, *labels: str, **fields: Any) -> dict[str, Any]:
    """A brush region of a mask of (H, W)."""
    value = {
        "format": "rle",
        "rle": encode_brush(mask),
        "brushlabels": list(labels or ("Sky",)),
    }
    return result("brush", "brushlabels", value, **fields)


def bitmask(mask: Any, *labels: str, **fields: Any) -> dict[str, Any]:
    """A bitmask region of a mask of (H, W)."""
    pillow = pytest.importorskip("PIL.Image")
    np = pytest.importorskip("numpy")
    pixels = np.zeros((*mask.shape, 4), np.uint8)
    pixels[mask] = 255
    stream = io.BytesIO()
    pillow.fromarray(pixels, "RGBA").save(stream, "PNG")
    code = base64.b64encode(stream.getvalue()).decode()
    value = {
        "imageDataURL": f"data:image/png;base64,{code}",
        "bitmasklabels": list(labels or ("Sand",)),
    }
    return result("bits", "bitmasklabels", value, **fields)


def keypoint(
    x: float, y: float, label: str, parent: str | None = None, **fields: Any
) -> dict[str, Any]:
    """A keypoint at percent of the image."""
    value = {"x": x, "y": y, "width": 0.5, "keypointlabels": [label]}
    if parent:
        fields["parentID"] = parent
    return result("kp", "keypointlabels", value, **fields)


def state_of(region: dict[str, Any], choice: str) -> dict[str, Any]:
    """A per-region choice on another region."""
    value = {**region["value"], "choices": [choice]}
    return result("state", "choices", value, id=region["id"])


def load(done: Converted, name: str = "result.json") -> Any:
    """What pycocotools makes of the file."""
    judge = pytest.importorskip("pycocotools.coco")
    with contextlib.redirect_stdout(io.StringIO()):
        return judge.COCO(str(done.root / name))


def rows_of(done: Converted) -> list[dict[str, Any]]:
    return list(done.json("result.json")["annotations"])


def names_by_id(done: Converted) -> dict[int, str]:
    return {c["id"]: c["name"] for c in done.json("result.json")["categories"]}
