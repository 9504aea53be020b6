"""Regions: the results that share an id, their labels, and what they draw.

Decodes the values that reading left undecoded; knows no format and no config.
"""

from ls_tools.regions.drawings import (
    NO_SIZE,
    Drawing,
    image_size,
    read_drawing,
    stated_size,
)
from ls_tools.regions.grouping import Region, group_regions
from ls_tools.regions.shapes import NOT_DRAWN, OUT_OF_RANGE, Drawn
from ls_tools.regions.values import choices_of, fields_of, labels_of, number_in

__all__ = [
    "NOT_DRAWN",
    "NO_SIZE",
    "OUT_OF_RANGE",
    "Drawing",
    "Drawn",
    "Region",
    "choices_of",
    "fields_of",
    "group_regions",
    "image_size",
    "labels_of",
    "number_in",
    "read_drawing",
    "stated_size",
]
