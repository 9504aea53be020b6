"""Whole predictions, and tasks that bring theirs along. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from ls_tools.errors import UsageError
from ls_tools.predictions.plain import share
from ls_tools.predictions.results import Relation, Result, content_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class _Found(TypedDict):
    result: list[Result | Relation]


class Prediction(_Found, total=False):
    """A prediction as Label Studio takes it, in plain JSON types."""

    score: float
    model_version: str


class PredictedTask(TypedDict):
    """A task to be imported with its predictions, in plain JSON types."""

    data: dict[str, Any]
    predictions: list[Prediction]


def prediction(
    results: Iterable[Result | Relation],
    *,
    score: Any = None,
    model_version: str | None = None,
) -> Prediction:
    """A prediction: what an ML backend answers for a task.

    Args:
        results: In the order in which they are to be shown; none for a
            prediction of nothing.
        score: Of all of it, 0 to 1.
        model_version: Names the model.

    Returns:
        The prediction. Results that are the same twice over get an id each.

    Raises:
        UsageError: The score is not 0 to 1, different results of one control
            have the same id, or a relation leads to a region that is not there.
    """
    found: Prediction = {"result": _with_own_ids(results)}
    if score is not None:
        found["score"] = share(score, "The score of a prediction")
    if model_version is not None:
        found["model_version"] = model_version
    return found


def predicted_task(
    data: Mapping[str, Any], predictions: Prediction | Iterable[Prediction]
) -> PredictedTask:
    """A task for ``POST /api/projects/ID/import``.

    Args:
        data: The task data: ``{"image": "s3://…"}``.
        predictions: One, or several of different models.
    """
    single = isinstance(predictions, dict)
    several: Any = [predictions] if single else list(predictions)
    return {"data": dict(data), "predictions": several}


def _with_own_ids(
    results: Iterable[Result | Relation],
) -> list[Result | Relation]:
    """The results, those that repeat another under an id of their own."""
    kept: list[Result | Relation] = []
    seen: dict[tuple[str, str, str], list[Any]] = {}
    for found in results:
        if "id" not in found:
            kept.append(found)
            continue
        result: Any = found
        known = seen.setdefault((result["from_name"], result["type"], result["id"]), [])
        if known and known[0]["value"] != result["value"]:
            msg = f"Two results of {result['from_name']!r} have the id {result['id']}."
            raise UsageError(msg, hint="Give each region an id of its own.")
        known.append(result)
        again = len(known) - 1
        if again:
            result = {**result, "id": content_id([result["id"], again])}
        kept.append(result)
    _check_relations(kept)
    return kept


def _check_relations(results: list[Result | Relation]) -> None:
    ids = {result.get("id") for result in results}
    for found in results:
        for end in (found.get("from_id"), found.get("to_id")):
            if end is not None and end not in ids:
                msg = f"A relation leads to the region {end}, which is not there."
                raise UsageError(msg)
