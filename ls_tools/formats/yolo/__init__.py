"""YOLO: a text file of normalised coordinates per image, as Ultralytics reads it.

One geometry per dataset: boxes (``detect``), outlines (``segment``), turned boxes
(``obb``), or boxes with keypoints (``pose``).
"""

from ls_tools.formats.yolo.yolo import YoloFormat, YoloOptions

__all__ = ["YoloFormat", "YoloOptions"]
