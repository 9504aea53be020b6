"""COCO: boxes, outlines, masks and keypoints in one JSON file.

Upright boxes have a ``bbox`` alone; what is turned or has an outline has a
``segmentation`` too, masks as run-length codes.
"""

from ls_tools.formats.coco.coco import (
    BrushCocoFormat,
    BrushCocoOptions,
    CocoFormat,
    CocoOptions,
)

__all__ = ["BrushCocoFormat", "BrushCocoOptions", "CocoFormat", "CocoOptions"]
