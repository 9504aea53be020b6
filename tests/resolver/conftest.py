"""A resolver before a media server, with a cache of its own."""

from __future__ import annotations

from resolver.fixtures import elsewhere, resolver, server, settings

__all__ = ["elsewhere", "resolver", "server", "settings"]
