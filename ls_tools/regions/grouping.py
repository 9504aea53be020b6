"""Regions: the results that share an id. Knows no format and no config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ls_tools.models import Result
from ls_tools.regions.values import labels_of

if TYPE_CHECKING:
    from ls_tools.models import Annotation


class Region(msgspec.Struct, frozen=True, gc=False):
    """What was labeled at one place: a shape, its labels, its text are one.

    Attributes:
        id: Region id; None for relations and in old data.
        results: Its results, in file order, at least one.
    """

    id: str | None
    results: tuple[Result, ...]

    def labels(self) -> list[str]:
        """Its labels, each once, in file order.

        They are what any key ending in ``labels`` of any of its results holds:
        ``labels``, ``rectanglelabels``, ``hypertextlabels``, …
        """
        found: dict[str, None] = {}
        for result in self.results:
            found.update(dict.fromkeys(labels_of(result)))
        return list(found)


def group_regions(annotation: Annotation) -> list[Region]:
    """The regions of an annotation, in the order in which they first appear.

    Results of one id are one region. Relations and results without an id are
    regions of their own.
    """
    results = annotation.result
    ids = {result.id for result in results}
    if len(ids) == len(results):
        return [Region(result.id, (result,)) for result in results]
    grouped: dict[str | int, list[Result]] = {}
    for index, result in enumerate(results):
        own = result.id is None or result.type == "relation"
        grouped.setdefault(index if own else str(result.id), []).append(result)
    return [Region(found[0].id, tuple(found)) for found in grouped.values()]
