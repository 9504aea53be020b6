"""Tasks in, predictions out; annotations in, a better model out. Knows no HTTP."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colours import Picture, nearest

from ls_tools import Client, LsToolsError, MediaRequest, Resolver, predictions
from ls_tools.geometry import Box, convert_from_ls
from ls_tools.label_config import parse_label_config
from ls_tools.predictions import prediction, rectangle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from memory import Learned, Memory, Sample

    from ls_tools import Resolved
    from ls_tools.predictions import Prediction

Json = dict[str, Any]
Pair = tuple[Json, Json]
"""A task, and an annotation of it."""

log = logging.getLogger("ml_backend")


@dataclass(frozen=True, slots=True)
class Target:
    """What the label config asks for: boxes on an image.

    Attributes:
        from_name: The control.
        to_name: The image that it labels.
        data_key: Where a task has the reference of that image.
        labels: The control's labels.
    """

    from_name: str
    to_name: str
    data_key: str
    labels: tuple[str, ...]

    @classmethod
    def of(cls, label_config: str) -> Target:
        """The first ``RectangleLabels`` on an ``Image``.

        Raises:
            ValueError: There is none, or the label config does not parse.
        """
        config = parse_label_config(label_config)
        for control in config.controls.values():
            for name in control.to_names:
                shown = config.objects.get(name)
                if control.tag == "RectangleLabels" and shown and shown.value:
                    labels = tuple(label.name for label in control.labels)
                    return cls(control.name, name, shown.value, labels)
        msg = "The label config has no RectangleLabels on an Image."
        raise ValueError(msg)

    def on(self, picture: Picture) -> predictions.Target:
        """Where a result on a picture belongs."""
        return predictions.Target(
            from_name=self.from_name, to_name=self.to_name, size=picture.size
        )


class Backend:
    """Finds the coloured part of a picture and names it by its colour.

    Args:
        resolver: Gets the pictures.
        memory: Keeps what was learned.
    """

    def __init__(self, resolver: Resolver, memory: Memory) -> None:
        self._resolver = resolver
        self._memory = memory

    def check(self, label_config: str) -> None:
        """Check that the model can do what the label config asks for.

        Raises:
            ValueError: It cannot.
        """
        Target.of(label_config)

    def version(self, project: int) -> str:
        """Names what the model knows now."""
        return self._memory.recall(project).version

    def predict(
        self, project: int, tasks: Sequence[Json], label_config: str
    ) -> list[Prediction | None]:
        """One prediction per task; None where its picture cannot be had."""
        target, learned = Target.of(label_config), self._memory.recall(project)
        return [
            None if picture is None else _prediction(picture, target, learned)
            for picture in self._pictures(tasks, target.data_key)
        ]

    def learn(self, project: int, pairs: Iterable[Pair], label_config: str) -> str:
        """Learn from annotations, each in place of what it taught before.

        Returns:
            The model version that this makes.
        """
        samples = self._samples(list(pairs), Target.of(label_config))
        with self._memory.change(project) as known:
            known.update(samples)
        return self.version(project)

    def learn_all(self, project: int, label_config: str) -> str:
        """Learn anew, from every annotation that the server has."""
        earlier = self._memory.annotations(project)
        with Client(self._resolver.settings) as client:
            pairs = [
                (task, annotation)
                for task in client.tasks(project)
                for annotation in task["annotations"]
            ]
        samples = self._samples(pairs, Target.of(label_config))
        with self._memory.change(project) as known:
            for gone in earlier - samples.keys():  # not those that came meanwhile
                known.pop(gone, None)
            known.update(samples)
        return self.version(project)

    def forget(self, project: int, annotation_ids: Iterable[int]) -> str:
        """Unlearn annotations that are gone."""
        with self._memory.change(project) as known:
            for annotation_id in annotation_ids:
                known.pop(str(annotation_id), None)
        return self.version(project)

    def _pictures(self, tasks: Sequence[Json], key: str) -> Iterator[Picture | None]:
        """The picture of each task: all fetched side by side, opened in turn."""
        requests = [
            MediaRequest.of(
                task["data"].get(key), task_id=task["id"], project_id=task["project"]
            )
            for task in tasks
        ]
        for task, media in zip(tasks, self._resolver.paths(requests), strict=True):
            yield self._open(task, media)

    def _open(self, task: Json, media: Resolved) -> Picture | None:
        """The picture of a task; None, and a line in the log, where that fails."""
        try:
            if media.error is not None:
                raise media.error
            # Leased: no process that makes room in the cache takes it meanwhile.
            with self._resolver.lease(media.reference, task_id=task["id"]) as path:
                return Picture(path)
        except (LsToolsError, OSError) as error:
            log.warning("Task %s has no picture: %s", task["id"], error)
            return None

    def _samples(
        self, pairs: Sequence[Pair], target: Target
    ) -> dict[str, list[Sample]]:
        """The samples in annotations, by annotation id."""
        pictures = self._pictures([task for task, _ in pairs], target.data_key)
        return {
            str(annotation["id"]): _samples_in(annotation, picture, target)
            for (_, annotation), picture in zip(pairs, pictures, strict=True)
            if picture is not None
        }


def _prediction(picture: Picture, target: Target, learned: Learned) -> Prediction:
    found = picture.find()
    if found is None or not target.labels:
        return prediction([], score=0.0, model_version=learned.version)
    # Untrained, the model can find but not name.
    label, closeness = target.labels[0], 0.5
    known = {
        name: learned.colours[name] for name in target.labels if name in learned.colours
    }
    if known:
        label, closeness = nearest(found.colour, known)
    score = round(closeness * found.fill, 4)
    box = Box.from_ltwh(found.ltwh_px)
    result = rectangle(target.on(picture), box, label, score=score)
    return prediction([result], score=score, model_version=learned.version)


def _samples_in(
    annotation: Mapping[str, Any], picture: Picture, target: Target
) -> list[Sample]:
    """A sample for each label of each upright box; none of a skipped annotation."""
    if annotation.get("was_cancelled"):
        return []
    samples: list[Sample] = []
    for result in annotation["result"]:
        value = result.get("value") or {}
        ltwh_px = convert_from_ls(result)
        if result.get("from_name") != target.from_name or value.get("rotation"):
            continue
        colour = ltwh_px and picture.colour_in(ltwh_px)
        if colour:
            samples += [(name, colour) for name in value.get("rectanglelabels", [])]
    return samples
