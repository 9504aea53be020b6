"""NumPy, or the error that says how to install it."""

from __future__ import annotations

from ls_tools.errors import MissingDependencyError

try:
    import numpy as np
except ImportError as _exc:
    _MESSAGE = "Masks need NumPy."
    _HINT = "Run: pip install 'ls-tools[vision]'"
    raise MissingDependencyError(_MESSAGE, hint=_HINT) from _exc

__all__ = ["np"]
