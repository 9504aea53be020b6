"""Results that are answers: about a whole medium, or about one region. Pure."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from ls_tools.errors import UsageError
from ls_tools.predictions.plain import finite, integer, several, strings
from ls_tools.predictions.results import (
    Labels,
    Mark,
    Relation,
    Result,
    Target,
    answer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from typing_extensions import Unpack

Direction = Literal["left", "right", "bi"]
"""Where the arrow of a relation points."""


def choices(
    target: Target,
    chosen: Labels,
    *,
    region: Result | None = None,
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``Choices``.

    Args:
        target: Where it belongs.
        chosen: One or several choices.
        region: The region that it is about; None for the whole medium.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: Nothing is chosen.

    Example:
        >>> from ls_tools.predictions import Target
        >>> at = Target(from_name="scene", to_name="image")
        >>> choices(at, "day")["value"]
        {'choices': ['day']}
    """
    names = strings(chosen, "A choice")
    if not names:
        msg = "Nothing is chosen."
        raise UsageError(msg, hint="Leave the result out.")
    return answer(target, "choices", {"choices": names}, mark, region)


def textarea(
    target: Target,
    texts: str | Iterable[str],
    *,
    region: Result | None = None,
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``TextArea``: a caption, or with a region, its transcript.

    Args:
        target: Where it belongs.
        texts: One or several.
        region: The region that it is about; None for the whole medium.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: One of them is no text.
    """
    found = [texts] if isinstance(texts, str) else several(texts, "Texts")
    if not found or not all(isinstance(text, str) for text in found):
        msg = f"A text area takes texts, not {texts!r:.60}."
        raise UsageError(msg)
    return answer(target, "textarea", {"text": found}, mark, region)


def rating(
    target: Target, stars: int, *, region: Result | None = None, **mark: Unpack[Mark]
) -> Result:
    """A result of ``Rating``.

    Args:
        target: Where it belongs.
        stars: From 0.
        region: The region that it is about; None for the whole medium.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: It is no integer of 0 or more.
    """
    count = integer(stars, "A rating")
    if count < 0:
        msg = f"A rating is {count}."
        raise UsageError(msg)
    return answer(target, "rating", {"rating": count}, mark, region)


def number(
    target: Target, found: Any, *, region: Result | None = None, **mark: Unpack[Mark]
) -> Result:
    """A result of ``Number``.

    Args:
        target: Where it belongs.
        found: A finite number.
        region: The region that it is about; None for the whole medium.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: It is NaN, infinite, or no number.
    """
    value = finite(found, "A number")
    plain = int(value) if value.is_integer() else value
    return answer(target, "number", {"number": plain}, mark, region)


def datetime(
    target: Target,
    when: dt.date | dt.time | str,
    *,
    region: Result | None = None,
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``DateTime``.

    Args:
        target: Where it belongs.
        when: A date (``2024-02-29``), a date and time (``2024-02-29T13:05``), a
            time (``13:05``); or text, where the control has a format of its own.
            A zone is left out, as the editor knows none.
        region: The region that it is about; None for the whole medium.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: It is none of these.
    """
    return answer(target, "datetime", {"datetime": _date_text(when)}, mark, region)


def taxonomy(
    target: Target,
    paths: Iterable[Sequence[str]],
    *,
    region: Result | None = None,
    **mark: Unpack[Mark],
) -> Result:
    """A result of ``Taxonomy``.

    Args:
        target: Where it belongs.
        paths: Each from the root to what is chosen: ``[["Animal", "Cat"]]``.
        region: The region that it is about; None for the whole medium.
        **mark: ``score`` and ``region_id``.

    Raises:
        UsageError: There is no path, or one of them is no list of names.
    """
    chosen = [checked_path(path) for path in several(paths, "Paths of a taxonomy")]
    if not chosen:
        msg = "A taxonomy has no path."
        raise UsageError(msg, hint="Leave the result out.")
    return answer(target, "taxonomy", {"taxonomy": chosen}, mark, region)


def relation(
    source: Result | str,
    other: Result | str,
    labels: Labels = (),
    *,
    direction: Direction = "right",
) -> Relation:
    """A relation from one region to another.

    Args:
        source: A region, or its id.
        other: Another one.
        labels: As the ``Relations`` of the label config have them.
        direction: ``right`` points from the first to the second.

    Raises:
        UsageError: Both are the same.
    """
    from_id, to_id = (
        region if isinstance(region, str) else region["id"]
        for region in (source, other)
    )
    if from_id == to_id:
        msg = f"The region {from_id} has a relation to itself."
        raise UsageError(msg)
    made: Relation = {
        "type": "relation",
        "from_id": from_id,
        "to_id": to_id,
        "direction": direction,
    }
    names = strings(labels, "A label")
    if names:
        made["labels"] = names
    return made


def checked_path(path: Sequence[str]) -> list[str]:
    """A path of a taxonomy as a list.

    Raises:
        UsageError: It is no list of names.
    """
    names = several(path, "The names of a path, such as ['Animal', 'Cat'],")
    if not names or not all(isinstance(name, str) and name for name in names):
        msg = f"A path of a taxonomy is no list of names: {path!r:.60}."
        raise UsageError(msg)
    return names


def _date_text(when: Any) -> str:
    if isinstance(when, (dt.datetime, dt.time)):
        return when.replace(tzinfo=None).isoformat(timespec="minutes")
    if isinstance(when, dt.date):
        return when.isoformat()
    if not isinstance(when, str) or not when:
        msg = f"This is no date, time or text: {when!r:.60}."
        raise UsageError(msg)
    return when
