"""Rows of the tables: dictionaries by column, one item or task at a time."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.formats.parquet.cells import (
    as_double,
    as_int,
    as_json,
    as_text,
    as_time,
)
from ls_tools.formats.parquet.values import Cells, region_cells
from ls_tools.output import DROPPED
from ls_tools.output.records import annotator_of, history_of
from ls_tools.regions import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Annotation, Task
    from ls_tools.output import Item, Output

LABEL_DROPPED = "a label dropped by the rename file"
"""A region that keeps another label is written, and listed under this."""

_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class RowMaker:
    """Makes the rows of one conversion, and counts their regions.

    Args:
        rows: What a row stands for.
        config: Tells the objects that regions are on.
        output: Classes and tally.
    """

    def __init__(self, rows: str, config: LabelConfig, output: Output) -> None:
        self._rows = rows
        self._tags = {name: o.tag.lower() for name, o in config.objects.items()}
        self._classes = output.classes
        self._tally = output.tally

    def make(self, items: Iterable[Item]) -> Iterator[tuple[Item, list[Cells]]]:
        """The rows of each item, of which those of a task follow each other."""
        if self._rows == "task":
            for _, group in groupby(items, key=lambda item: item.task.index):
                of_task = list(group)
                yield of_task[0], [self._task_row(of_task)]
            return
        for item in items:
            yield item, self._flat_rows(item)

    def _task_row(self, items: list[Item]) -> Cells:
        task, unread = _task_cells(items[0].task)
        annotations = []
        for item in items:
            if item.annotation is not None:
                cells, odd = _annotation_cells(item.annotation)
                regions = self._regions(item, item.annotation, item.regions)
                cells |= {"unread": _unread(odd), "regions": regions}
                annotations.append(cells)
        whole = bytes(items[0].task.raw).decode()
        return {
            **task,
            "unread": _unread(unread),
            "annotations": annotations,
            "task": whole,
        }

    def _flat_rows(self, item: Item) -> list[Cells]:
        """A row for each region; one without region where there is none."""
        common, unread = _task_cells(item.task)
        regions: list[Cells] = []
        if item.annotation is not None:
            cells, odd = _annotation_cells(item.annotation)
            common |= cells
            unread |= odd
            regions = self._regions(item, item.annotation, item.regions)
        common["unread"] = _unread(unread)
        return [{**common, **region} for region in regions or [{}]]

    def _regions(
        self, item: Item, annotation: Annotation, regions: Iterable[Region]
    ) -> list[Cells]:
        found: list[Cells] = []
        for index, region in enumerate(regions):
            labels = self._labels(region)
            if self._is_kept(region, labels, item.task):
                self._tally.regions_written += 1
                rows = self._region_rows(region, labels, annotation)
                found.extend({"region_index": index, **cells} for cells in rows)
        return found

    def _region_rows(
        self, region: Region, labels: Sequence[str | None], annotation: Annotation
    ) -> Iterator[Cells]:
        if self._rows != "result" or len(region.results) == 1:
            kept = [label for label in labels if label is not None]
            yield {
                "labels": kept or None,
                **region_cells(region, annotation, self._tags),
            }
            return
        for result in region.results:
            part = Region(region.id, (result,))
            yield from self._region_rows(part, self._labels(part), annotation)

    def _labels(self, region: Region) -> list[str | None]:
        """The labels of a region after renaming; None for each that is dropped."""
        return [self._classes.name_of(label) for label in region.labels()]

    def _is_kept(
        self, region: Region, labels: Sequence[str | None], task: Task
    ) -> bool:
        """Whether the rename file leaves anything of a region; counts what not."""
        if None not in labels:
            return True
        if any(label is not None for label in labels):
            self._tally.degrade(LABEL_DROPPED, task_id=task.id, region_id=region.id)
            return True
        self._tally.skip(DROPPED, task_id=task.id, region_id=region.id)
        return False


def _task_cells(task: Task) -> tuple[Cells, Cells]:
    """The columns of a task, and what does not fit its column."""
    cells: Cells = {
        "task_id": as_int(task.id),
        "task_index": task.index,
        "data": _data_of(task),
    }
    return cells, _misfits(task, cells, {"task_id": "id"})


def _data_of(task: Task) -> str:
    """The task data as in the export, where it is there."""
    raw = bytes(_fields_of(task.raw).get("data", b""))
    return raw.decode() if raw.startswith(b"{") else as_json(task.data)


def _annotation_cells(annotation: Annotation) -> tuple[Cells, Cells]:
    """The columns of an annotation, and what does not fit its column."""
    history = history_of(annotation)
    who = annotation.completed_by
    cells: Cells = {
        "annotation_id": as_int(annotation.id),
        "annotation_unique_id": annotation.unique_id,
        "annotator": as_text(annotator_of(annotation)),
        "annotator_id": as_int(who.get("id") if isinstance(who, dict) else who),
        "ground_truth": annotation.ground_truth,
        "created_at": as_time(annotation.created_at),
        "updated_at": as_time(annotation.updated_at),
        "lead_time_s": as_double(annotation.lead_time),
        "model_version": annotation.model_version,
        "annotation_score": as_double(annotation.score),
        "history": history.decode() if history else None,
    }
    sources = {
        "annotation_id": "id",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "lead_time_s": "lead_time",
        "annotation_score": "score",
    }
    return cells, _misfits(annotation, cells, sources)


def _misfits(source: Any, cells: Cells, names: dict[str, str]) -> Cells:
    return {
        column: getattr(source, name)
        for column, name in names.items()
        if cells[column] is None and getattr(source, name) is not None
    }


def _unread(misfits: Cells) -> str | None:
    return as_json(misfits) if misfits else None
