"""Pascal VOC: an XML file per image with boxes, and outlines where there are some.

The layout is that of Label Studio's own converter, byte for byte where it is right.
"""

from ls_tools.formats.voc.voc import VocFormat, VocOptions

__all__ = ["VocFormat", "VocOptions"]
