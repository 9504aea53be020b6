"""Shapes to masks, and masks to polygons. NumPy is imported on first use."""

from ls_tools.raster.filling import alpha_of, mask_of, mask_of_rings, whole_size
from ls_tools.raster.outlines import Outline, outlines_of

__all__ = [
    "Outline",
    "alpha_of",
    "mask_of",
    "mask_of_rings",
    "outlines_of",
    "whole_size",
]
