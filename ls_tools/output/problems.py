"""What reading reported, as losses of the conversion at hand.

A region that could not be read counts where its annotation was selected; what
is wrong elsewhere in the input is no loss of this output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ls_tools.models import Annotation, Problem, Task
    from ls_tools.output.tally import Tally
    from ls_tools.selection import Selection

_KINDS = {"predictions": "predictions", "drafts": "drafts"}


def count_task_problems(
    task: Task, picked: Sequence[Annotation], selection: Selection, tally: Tally
) -> None:
    """Count what could not be read in a task.

    Args:
        task: The task.
        picked: What the selection took of it.
        selection: The selection.
        tally: Where to count.
    """
    kind = _KINDS.get(selection.policy, "annotations")
    candidates = selection.candidates(task)
    chosen = {id(annotation) for annotation in picked}
    for problem in task.problems:
        if problem.kind not in {"", kind}:
            continue
        if problem.annotations:
            tally.annotations_in += problem.annotations
            tally.degrade(
                f"{kind[:-1]} unreadable: {problem.reason}",
                task_id=task.id,
                count=problem.annotations,
            )
        elif _is_chosen(problem, candidates, chosen):
            _count_region(problem, task, tally)
        elif not problem.kind:
            tally.note(problem.reason, task_id=task.id)


def count_lost_task(problem: Problem, tally: Tally) -> None:
    """Count the tasks that a problem cost altogether, or note what else was odd.

    Args:
        problem: Something that reading reported.
        tally: Where to count.
    """
    if problem.tasks:
        tally.tasks_in += problem.tasks
        tally.skip_task(
            f"unreadable: {problem.reason}",
            task_id=problem.task_id,
            count=problem.tasks,
        )
    elif problem.index is None:
        tally.note(problem.reason, task_id=problem.task_id)


def _is_chosen(
    problem: Problem, candidates: Sequence[Annotation], chosen: set[int]
) -> bool:
    position = problem.position
    if not problem.kind or position is None or not 0 <= position < len(candidates):
        return False
    return id(candidates[position]) in chosen


def _count_region(problem: Problem, task: Task, tally: Tally) -> None:
    if problem.regions:
        tally.regions_in += problem.regions
        tally.skip(
            f"unreadable: {problem.reason}",
            task_id=task.id,
            region_id=problem.region_id,
            count=problem.regions,
        )
    elif problem.region_id is not None:
        tally.degrade(
            f"read in part: {problem.reason}",
            task_id=task.id,
            region_id=problem.region_id,
        )
    else:
        tally.note(problem.reason, task_id=task.id)
