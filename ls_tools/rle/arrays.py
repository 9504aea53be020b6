"""NumPy, or the error that says how to install it."""

from __future__ import annotations

from ls_tools.errors import MissingDependencyError

try:
    import numpy as np
except ImportError as exc:
    raise MissingDependencyError(
        "Masks need NumPy.", hint="Run: pip install 'ls-tools[vision]'"
    ) from exc

__all__ = ["np"]
