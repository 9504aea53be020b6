"""Shapes to masks, and masks to polygons. NumPy is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.lazy import importer

if TYPE_CHECKING:
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

_HOMES = {
    "Outline": "outlines",
    "Patch": "patches",
    "alpha_of": "encoded",
    "bands_of": "patches",
    "crop": "patches",
    "encode_patch": "png",
    "encode_png": "png",
    "load_pillow": "encoded",
    "mask_of": "filling",
    "mask_of_rings": "filling",
    "outlines_of": "outlines",
    "own_size": "encoded",
    "patch_of": "filling",
    "require_vision": "encoded",
    "whole_size": "encoded",
}

# Where nothing is painted, little of this is needed.
if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)
