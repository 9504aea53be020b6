"""Where bytes come from: one file per backend, chosen by the kind of a reference.

Sources know the transport and the settings; they know no cache.
"""

from __future__ import annotations

from ls_tools.sources.protocol import Services, Source, SourceFactory
from ls_tools.sources.routes import SOURCES, Sources, register_source, schemes

__all__ = [
    "SOURCES",
    "Services",
    "Source",
    "SourceFactory",
    "Sources",
    "register_source",
    "schemes",
]
