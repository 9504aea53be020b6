"""Shapes to masks, and masks to polygons. NumPy is imported on first use."""

from ls_tools.raster.encoded import (
    alpha_of,
    load_pillow,
    own_size,
    require_vision,
    whole_size,
)
from ls_tools.raster.filling import mask_of, mask_of_rings, patch_of
from ls_tools.raster.outlines import Outline, outlines_of
from ls_tools.raster.patches import Patch, bands_of, crop
from ls_tools.raster.png import encode_patch, encode_png

__all__ = [
    "Outline",
    "Patch",
    "alpha_of",
    "bands_of",
    "crop",
    "encode_patch",
    "encode_png",
    "load_pillow",
    "mask_of",
    "mask_of_rings",
    "outlines_of",
    "own_size",
    "patch_of",
    "require_vision",
    "whole_size",
]
