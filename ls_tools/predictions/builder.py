"""Builds the prediction of one task by what the label config asks for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ls_tools.errors import UsageError
from ls_tools.label_config import parse_label_config
from ls_tools.predictions import answers, drawn, spans
from ls_tools.predictions.aiming import Aim, split
from ls_tools.predictions.controls import IMAGES, SOUNDS, TEXTS, Wanted, attribute_of
from ls_tools.predictions.plain import finite, integer, several, strings
from ls_tools.predictions.predictions import prediction
from ls_tools.predictions.results import answer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike
    from typing_extensions import Unpack

    from ls_tools.geometry import Box, Ellipse, Keypoint, Polygon
    from ls_tools.label_config import Control, LabelConfig
    from ls_tools.predictions.aiming import How, Shown
    from ls_tools.predictions.answers import Direction
    from ls_tools.predictions.drawn import Clip, Keyframe
    from ls_tools.predictions.predictions import Prediction
    from ls_tools.predictions.results import (
        Labels,
        Mark,
        Offsets,
        Relation,
        Result,
        Target,
    )


class PredictionBuilder:
    """Collects the regions and answers of one task; finds the control for each.

    Every method adds a result and returns it. One that no control of the label
    config takes is refused with a ``UsageError`` that says what there is.

    Args:
        config: The label config, parsed or as XML.
        **shown: What the task shows: ``size``, ``text``, ``duration_s``,
            ``item_index``, ``to_name``.

    Example:
        >>> from ls_tools.geometry import Box, Size
        >>> xml = '''<View><Image name="image" value="$image"/>
        ... <RectangleLabels name="box" toName="image"><Label value="Car"/>
        ... </RectangleLabels></View>'''
        >>> builder = PredictionBuilder(xml, size=Size(200, 100))
        >>> car = builder.rectangle(Box.from_ltrb((10, 20, 50, 30)), "Car", score=0.9)
        >>> car["from_name"], car["value"]["x"]
        ('box', 5.0)
        >>> sorted(builder.prediction(score=0.9, model_version="v1"))
        ['model_version', 'result', 'score']
    """

    def __init__(self, config: LabelConfig | str, **shown: Unpack[Shown]) -> None:
        parsed = parse_label_config(config) if isinstance(config, str) else config
        self._aim = Aim(parsed, shown)
        self._results: list[Result | Relation] = []

    def on(self, **shown: Unpack[Shown]) -> PredictionBuilder:
        """The same prediction, from here on about another object or image.

        Args:
            **shown: In place of what was said so far; what is left out stays.
        """
        together: Shown = {**self._aim.shown, **shown}
        other = PredictionBuilder(self._aim.config, **together)
        other._results = self._results
        return other

    def rectangle(self, box: Box, labels: Labels = (), **how: Unpack[How]) -> Result:
        """Add a box in pixels; see ``predictions.rectangle``."""
        return self._draw(("rectangle", drawn.rectangle), box, labels, how)

    def polygon(
        self, shape: Polygon, labels: Labels = (), **how: Unpack[How]
    ) -> Result:
        """Add a polygon in pixels; see ``predictions.polygon``."""
        return self._draw(("polygon", drawn.polygon), shape, labels, how)

    def ellipse(
        self, shape: Ellipse, labels: Labels = (), **how: Unpack[How]
    ) -> Result:
        """Add an ellipse in pixels; see ``predictions.ellipse``."""
        return self._draw(("ellipse", drawn.ellipse), shape, labels, how)

    def keypoint(
        self, point: Keypoint, labels: Labels = (), **how: Unpack[How]
    ) -> Result:
        """Add a keypoint in pixels; see ``predictions.keypoint``."""
        return self._draw(("keypoint", drawn.keypoint), point, labels, how)

    def brush(self, mask: ArrayLike, labels: Labels = (), **how: Unpack[How]) -> Result:
        """Add an (H, W) mask; see ``predictions.brush``."""
        return self._draw(("brush", drawn.brush), mask, labels, how)

    def video_rectangle(
        self,
        clip: Clip,
        keyframes: Iterable[Keyframe],
        labels: Labels = (),
        **how: Unpack[How],
    ) -> Result:
        """Add a track; see ``predictions.video_rectangle``."""
        name, mark = split(**how)
        names = strings(labels, "A label")
        wanted = Wanted(tags=("videorectangle",), name=name)
        target, picked = self._aim.find(wanted)
        if names:
            to_name = picked.to_name
            self._aim.find(Wanted(tags=("labels",), labels=names, to_name=to_name))
        return self._add(drawn.video_rectangle(target, clip, keyframes, names, **mark))

    def timeline(
        self, frames: Iterable[tuple[int, int]], labels: Labels, **how: Unpack[How]
    ) -> Result:
        """Add ranges of frames; see ``predictions.timeline``."""
        target, names, mark = self._label(("timelinelabels",), (), labels, how)
        return self._add(spans.timeline(target, frames, names, **mark))

    def span(self, offsets: Offsets, labels: Labels, **how: Unpack[How]) -> Result:
        """Add a span of a text or hypertext; see ``predictions.span``."""
        name, mark = split(**how)
        names = strings(labels, "A label")
        tags = ("labels", "hypertextlabels")
        wanted = Wanted(tags=tags, labels=names, objects=TEXTS, name=name)
        target, picked = self._aim.find(wanted)
        kind: Any = picked.control.result_type
        is_hypertext = self._aim.is_hypertext(picked)
        make: Any = spans.hypertext if is_hypertext else spans.span
        return self._add(make(target, offsets, names, kind=kind, **mark))

    def paragraph(
        self,
        index: int,
        labels: Labels,
        *,
        offsets: Offsets | None = None,
        **how: Unpack[How],
    ) -> Result:
        """Add a span of an utterance; see ``predictions.paragraph``."""
        target, names, mark = self._label(("paragraphlabels",), (), labels, how)
        return self._add(spans.paragraph(target, index, names, offsets=offsets, **mark))

    def segment(
        self,
        seconds: tuple[float, float],
        labels: Labels,
        *,
        channel: int = 0,
        **how: Unpack[How],
    ) -> Result:
        """Add a segment of an audio; see ``predictions.segment``."""
        target, names, mark = self._label(("labels",), SOUNDS, labels, how)
        return self._add(spans.segment(target, seconds, names, channel=channel, **mark))

    def time_range(
        self, limits: tuple[float, float], labels: Labels, **how: Unpack[How]
    ) -> Result:
        """Add a range of a time series; see ``predictions.time_range``."""
        target, names, mark = self._label(("timeserieslabels",), (), labels, how)
        return self._add(spans.time_range(target, limits, names, **mark))

    def choices(
        self, chosen: Labels, *, region: Result | None = None, **how: Unpack[How]
    ) -> Result:
        """Add a choice, of all or of a region; see ``predictions.choices``."""
        name, mark = split(**how)
        names = strings(chosen, "A choice")
        wanted = Wanted(tags=("choices",), labels=names, name=name)
        target, picked = self._aim.find_answer(wanted, region)
        many = attribute_of(picked.control, "choice") == "multiple"
        if len(names) > 1 and not many:
            msg = f"{picked.from_name} takes one choice, not {', '.join(names)}."
            raise UsageError(msg, hint='Its tag would need choice="multiple".')
        return self._add(answers.choices(target, names, region=region, **mark))

    def textarea(
        self,
        texts: str | Iterable[str],
        *,
        region: Result | None = None,
        **how: Unpack[How],
    ) -> Result:
        """Add texts, about all or a region; see ``predictions.textarea``."""
        target, _, mark = self._answer("textarea", region, how)
        return self._add(answers.textarea(target, texts, region=region, **mark))

    def rating(
        self, stars: int, *, region: Result | None = None, **how: Unpack[How]
    ) -> Result:
        """Add a rating; see ``predictions.rating``."""
        target, control, mark = self._answer("rating", region, how)
        most = int(_attribute(control, "maxRating", 5.0))
        if integer(stars, "A rating") > most:
            msg = f"{control.name} goes up to {most}, not {stars}."
            raise UsageError(msg)
        return self._add(answers.rating(target, stars, region=region, **mark))

    def number(
        self, found: Any, *, region: Result | None = None, **how: Unpack[How]
    ) -> Result:
        """Add a number; see ``predictions.number``."""
        target, control, mark = self._answer("number", region, how)
        least = _attribute(control, "min", float("-inf"))
        most = _attribute(control, "max", float("inf"))
        if not least <= finite(found, "A number") <= most:
            msg = f"{control.name} goes from {least:g} to {most:g}, not {found}."
            raise UsageError(msg)
        return self._add(answers.number(target, found, region=region, **mark))

    def datetime(
        self,
        when: dt.date | dt.time | str,
        *,
        region: Result | None = None,
        **how: Unpack[How],
    ) -> Result:
        """Add a date or time; see ``predictions.datetime``."""
        target, _, mark = self._answer("datetime", region, how)
        return self._add(answers.datetime(target, when, region=region, **mark))

    def taxonomy(
        self,
        paths: Iterable[Sequence[str]],
        *,
        region: Result | None = None,
        **how: Unpack[How],
    ) -> Result:
        """Add paths of a taxonomy; see ``predictions.taxonomy``."""
        name, mark = split(**how)
        chosen = [answers.checked_path(path) for path in several(paths, "Paths")]
        names = list(dict.fromkeys(name for path in chosen for name in path))
        wanted = Wanted(tags=("taxonomy",), labels=names, name=name)
        target, _ = self._aim.find_answer(wanted, region)
        return self._add(answers.taxonomy(target, chosen, region=region, **mark))

    def relation(
        self,
        source: Result,
        other: Result,
        labels: Labels = (),
        *,
        direction: Direction = "right",
    ) -> Relation:
        """Add a relation between two regions; see ``predictions.relation``."""
        made = answers.relation(source, other, labels, direction=direction)
        self._results.append(made)
        return made

    def prediction(
        self, *, score: Any = None, model_version: str | None = None
    ) -> Prediction:
        """The prediction with all that was added; see ``predictions.prediction``."""
        return prediction(self._results, score=score, model_version=model_version)

    def _draw(
        self,
        maker: tuple[str, Callable[..., Result]],
        shape: Any,
        labels: Labels,
        how: How,
    ) -> Result:
        """Add a shape: with labels of its tool, or of ``Labels`` beside the tool."""
        kind, make = maker
        name, mark = split(**how)
        names = strings(labels, "A label")
        tags: tuple[str, ...] = (f"{kind}labels",) if names else (kind,)
        if names and self._aim.has_tool(kind):
            tags = (*tags, "labels")
        target, picked = self._aim.find(
            Wanted(tags=tags, labels=names, objects=IMAGES, name=name)
        )
        if picked.control.result_type != "labels":
            return self._add(make(target, shape, names, **mark))
        tool = Wanted(tags=(kind,), to_name=picked.to_name)
        region = self._add(make(self._aim.find(tool)[0], shape, **mark))
        self._add(answer(target, "labels", {"labels": names}, mark, region))
        return region

    def _label(
        self, tags: tuple[str, ...], objects: tuple[str, ...], labels: Labels, how: How
    ) -> tuple[Target, list[str], Mark]:
        name, mark = split(**how)
        names = strings(labels, "A label")
        wanted = Wanted(tags=tags, labels=names, objects=objects, name=name)
        return self._aim.find(wanted)[0], names, mark

    def _answer(
        self, tag: str, region: Result | None, how: How
    ) -> tuple[Target, Control, Mark]:
        name, mark = split(**how)
        wanted = Wanted(tags=(tag,), name=name)
        target, picked = self._aim.find_answer(wanted, region)
        return target, picked.control, mark

    def _add(self, result: Result) -> Result:
        self._results.append(result)
        return result


def _attribute(control: Control, name: str, otherwise: float) -> float:
    """A number among the attributes of a control."""
    try:
        return float(attribute_of(control, name))
    except ValueError:
        return otherwise
