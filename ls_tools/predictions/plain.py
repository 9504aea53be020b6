"""What models give, as plain numbers and strings; refuses what is neither.

Scalars of NumPy, PyTorch and others are taken by what they can do, without
importing any of them.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def finite(found: Any, what: str) -> float:
    """A finite float.

    Args:
        found: A number of any kind, of one element if it is an array.
        what: Names it in the error.

    Raises:
        UsageError: It is not a number, or NaN, or infinite.

    Example:
        >>> finite(3, "The width")
        3.0
    """
    try:
        value = math.nan if isinstance(found, (str, bytes)) else float(found)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        msg = f"{what} is no finite number: {found!r:.60}."
        raise UsageError(msg)
    return value


def length(found: Any, what: str) -> float:
    """A finite float of 0 or more.

    Raises:
        UsageError: It is not.
    """
    value = finite(found, what)
    if value < 0:
        msg = f"{what} is negative: {value:g}."
        raise UsageError(msg)
    return value


def share(found: Any, what: str) -> float:
    """A float from 0 to 1.

    Raises:
        UsageError: It is not.
    """
    value = finite(found, what)
    if not 0 <= value <= 1:
        hint = "Label Studio takes 0 to 1; turn logits and percent into that first."
        msg = f"{what} is {value:g}."
        raise UsageError(msg, hint=hint)
    return value


def integer(found: Any, what: str) -> int:
    """An integer of any kind, as ``int``.

    Raises:
        UsageError: It is not an integer.
    """
    try:
        return int(operator.index(found))
    except TypeError as exc:
        msg = f"{what} is no integer: {found!r:.60}."
        raise UsageError(msg) from exc


def pair(found: Any, what: str) -> tuple[Any, Any]:
    """Two of anything.

    Raises:
        UsageError: They are not two.
    """
    try:
        first, second = found
    except (TypeError, ValueError) as exc:
        msg = f"{what} are two, not {found!r:.60}."
        raise UsageError(msg) from exc
    return first, second


def several(found: Any, what: str) -> list[Any]:
    """A list of anything but the letters of a text.

    Raises:
        UsageError: It is a text, or cannot be walked through.
    """
    if isinstance(found, (str, bytes)) or not hasattr(found, "__iter__"):
        msg = f"{what} are a list, not {found!r:.60}."
        raise UsageError(msg)
    return list(found)


def strings(found: str | Iterable[str], what: str) -> list[str]:
    """One string or several, as a list without repetitions.

    Raises:
        UsageError: One of them is empty, or no string.

    Example:
        >>> strings("Car", "A label")
        ['Car']
    """
    single = isinstance(found, str) or not hasattr(found, "__iter__")
    several: list[Any] = [found] if single else list(found)
    for name in several:
        if not isinstance(name, str) or not name:
            msg = f"{what} is no name: {name!r:.60}."
            hint = "Give its name as the label config has it, not its number."
            raise UsageError(msg, hint=hint)
    return list(dict.fromkeys(str(name) for name in several))
