"""Shapes on images: percent and pixels, rotation, areas, clipping. Pure.

Pixels have their origin at the image's top left corner, x to the right, y down;
an image of W x H pixels covers 0..W and 0..H. Percent are those of Label Studio:
0..100 of the image's width (x, widths, horizontal radii) and of its height (y,
heights, vertical radii). Angles are degrees, clockwise as seen on the screen.

::

    (x, y)───── width ─────┐        rotation turns a box clockwise about
       │                   │ height its top left corner, in pixel space
       └───────────────────┘

All of it is in the frame of the image as a browser shows it unrotated, EXIF
orientation applied. A result's ``image_rotation`` changes nothing: the editor
turns its stage with the image, and writes regions as if neither were turned
(HumanSignal/label-studio, web/libs/editor/src: ``components/ImageView/
ImageView.jsx`` EntireStage, ``tags/object/Image/Image.js`` fixZoomedCoords and
createSerializedResult; label-studio-frontend since b6f5b5b73, the commit before
the field was introduced).
"""

from ls_tools.geometry.clipping import (
    are_on_image,
    clip_ltwh,
    clip_points,
)
from ls_tools.geometry.shapes import (
    Box,
    Ellipse,
    EncodedMask,
    Keypoint,
    Polygon,
    Shape,
    area,
    corners,
    ellipse_points,
    hull,
    outline,
    points_hull,
    polygon_area,
    rotate_point,
)
from ls_tools.geometry.turned import convex_hull, ellipse_box, smallest_box
from ls_tools.geometry.units import (
    Ltwh,
    Point,
    Size,
    convert_from_ls,
    convert_to_ls,
    ltwh_to_pct,
    ltwh_to_px,
    points_to_pct,
    points_to_px,
)
from ls_tools.geometry.values import (
    BoxValue,
    EllipseValue,
    KeypointValue,
    PolygonValue,
    box_to_pct,
    box_to_px,
    ellipse_to_pct,
    ellipse_to_px,
    keypoint_to_pct,
    keypoint_to_px,
    polygon_to_pct,
    polygon_to_px,
)

__all__ = [
    "Box",
    "BoxValue",
    "Ellipse",
    "EllipseValue",
    "EncodedMask",
    "Keypoint",
    "KeypointValue",
    "Ltwh",
    "Point",
    "Polygon",
    "PolygonValue",
    "Shape",
    "Size",
    "are_on_image",
    "area",
    "box_to_pct",
    "box_to_px",
    "clip_ltwh",
    "clip_points",
    "convert_from_ls",
    "convert_to_ls",
    "convex_hull",
    "corners",
    "ellipse_box",
    "ellipse_points",
    "ellipse_to_pct",
    "ellipse_to_px",
    "hull",
    "keypoint_to_pct",
    "keypoint_to_px",
    "ltwh_to_pct",
    "ltwh_to_px",
    "outline",
    "points_hull",
    "points_to_pct",
    "points_to_px",
    "polygon_area",
    "polygon_to_pct",
    "polygon_to_px",
    "rotate_point",
    "smallest_box",
]
