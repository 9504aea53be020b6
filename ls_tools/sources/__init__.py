"""Where bytes come from: one file per backend, chosen by the kind of a reference.

Sources know the transport and the settings; they know no cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.lazy import importer

if TYPE_CHECKING:
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

_HOMES = {
    "SOURCES": "routes",
    "Services": "protocol",
    "Source": "protocol",
    "SourceFactory": "protocol",
    "Sources": "routes",
    "register_source": "routes",
    "schemes": "routes",
}

# What only names references fetches nothing.
if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)
