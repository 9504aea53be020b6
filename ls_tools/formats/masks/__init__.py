"""Masks of images: one of classes per image, or one per region."""

from ls_tools.formats.masks.masks import MasksFormat

__all__ = ["MasksFormat"]
