"""Whether what a format cannot work without is installed; imports none of it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from ls_tools.errors import MissingDependencyError

if TYPE_CHECKING:
    from ls_tools.formats.protocol import Format


def missing_modules(target: Format) -> list[str]:
    """Those of ``target.requires`` that are not installed."""
    return [name for name in target.requires if find_spec(name) is None]


def check_requirements(target: Format) -> None:
    """Refuse a format that cannot work here.

    Raises:
        MissingDependencyError: A module is missing that it requires.
    """
    missing = missing_modules(target)
    if missing:
        wanted = f"'ls-tools[{target.extra}]'" if target.extra else " ".join(missing)
        msg = f"The format {target.name} needs {' and '.join(missing)}."
        raise MissingDependencyError(msg, hint=f"Run: pip install {wanted}")
