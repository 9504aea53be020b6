"""Tasks, annotations and results as Label Studio writes them.

The structs are what every way of reading ends in. They hold what was in the
file, normalised in form only: no geometry, no selection, no I/O. Source of the
field names: Label Studio's export guide and the exports of version 1.23.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, Union

import msgspec

EMPTY_OBJECT = msgspec.Raw(b"{}")
NULL = msgspec.Raw(b"null")

Integer: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""An integer that is exact as a float, so that arithmetic on it never fails."""

Number: TypeAlias = Union[Integer, float, None]  # noqa: UP007 -- pyright wants it


class Result(msgspec.Struct, gc=False, kw_only=True):
    """One entry of an annotation's ``result`` list.

    Attributes:
        type: Type of the control tag in lower case (``rectanglelabels``), or
            ``relation``.
        id: Region id; several results may share it. None for relations and in
            old data.
        from_name: Name of the control tag.
        to_name: Name of the object tag.
        value: The value as undecoded JSON, so that a reader decodes only what
            it needs and a malformed value harms its own region only. It is
            valid UTF-8 and bounded in depth, but need not be an object, and
            a number in it may be out of range (``msgspec.DecodeError``).
        original_width: Natural width of the image in pixels, where known.
        original_height: Natural height of the image in pixels, where known.
        image_rotation: Rotation of the whole image in the editor, degrees
            clockwise: 0, 90, 180 or 270.
        original_length: Length of the audio in seconds, where known.
        score: Confidence of a predicted result, 0 to 1 by convention.
        parent_id: Id of the region that this one belongs to.
        item_index: Index of the image in a multi-image task.
        from_id: Source region id of a relation.
        to_id: Target region id of a relation.
        direction: ``left``, ``right`` or ``bi``; of a relation.
        labels: Labels of a relation.
        meta: Meta data of the region, such as ``{"text": ["note"]}``.
    """

    type: str = ""
    id: str | None = None
    from_name: str = ""
    to_name: str = ""
    value: msgspec.Raw = EMPTY_OBJECT
    original_width: Number = None
    original_height: Number = None
    image_rotation: Number = None
    original_length: Number = None
    score: Number = None
    parent_id: str | None = msgspec.field(default=None, name="parentID")
    item_index: int | None = None
    from_id: str | None = None
    to_id: str | None = None
    direction: str | None = None
    labels: list[str] | None = None
    meta: Any = None


class Annotation(msgspec.Struct, kw_only=True):
    """One annotation, prediction or draft of a task.

    Attributes:
        id: Id as in the file; None where the file has none.
        completed_by: User id, email, or the user object as in the file.
        result: The results, in file order.
        was_cancelled: Skipped by the annotator.
        ground_truth: Marked as ground truth.
        created_at: ISO 8601 as in the file.
        updated_at: ISO 8601 as in the file.
        lead_time: Seconds spent.
        model_version: Of a prediction.
        score: Of a prediction.
        unique_id: UUID that survives import and export.
        agreement: As Enterprise exports it.
        history: As exported, undecoded JSON; ``null`` where there is none.
    """

    id: int | str | None = None
    completed_by: Any = None
    result: list[Result] = msgspec.field(default_factory=list)
    was_cancelled: bool = False
    ground_truth: bool = False
    created_at: str | None = None
    updated_at: str | None = None
    lead_time: Number = None
    model_version: str | None = None
    score: Number = None
    unique_id: str | None = None
    agreement: Any = None
    history: msgspec.Raw = NULL


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the input that could not be read, or not as it stands.

    The three counts say what is lost; all are 0 where nothing is: a field that
    was unreadable, a NaN that became null, a duplicate id.

    Attributes:
        reason: What is wrong, in words that do not depend on the data.
        detail: What was found, in short.
        source: Name of the file inside a directory or zip; else empty.
        index: Position of the task in the input, from 0.
        task_id: Id of the task, where known.
        kind: ``annotations``, ``predictions`` or ``drafts`` where it concerns
            one of these; else empty.
        position: Which entry of the task's list of that kind it concerns,
            from 0; None for an entry that is not in the list.
        annotation_id: Id of that entry, where known.
        region_id: Id of the region, where known.
        tasks: Number of tasks lost.
        annotations: Number of annotations, predictions or drafts lost.
        regions: Number of results lost from what was read of the annotation.
        input: Which of several inputs it is in, from 0.
    """

    reason: str
    detail: str = ""
    source: str = ""
    index: int | None = None
    task_id: int | str | None = None
    kind: str = ""
    position: int | None = None
    annotation_id: int | str | None = None
    region_id: str | None = None
    tasks: int = 0
    annotations: int = 0
    regions: int = 0
    input: int = 0


class Task(msgspec.Struct, kw_only=True):
    """One task with everything that was labeled on it.

    Attributes:
        id: Task id; None where the file has none.
        data: The task data: references and texts by key.
        annotations: Annotations (``completions`` of before Label Studio 1.0
            are read into this), skipped ones included.
        predictions: Predictions in full; ones exported as bare ids are left
            out, ``bare_predictions`` counts them.
        drafts: Drafts in full, likewise.
        bare_predictions: Number of predictions exported as bare ids.
        bare_drafts: Number of drafts exported as bare ids.
        meta: The task's meta data.
        file_upload: Name of the uploaded file that made this task.
        project: Project id.
        agreement: As Enterprise exports it.
        index: Position in the input, from 0.
        raw: The task as it stands in the input: one valid JSON object in
            UTF-8. Where the input is no valid JSON there (NaN, control
            characters, lone surrogates), it is the repaired text.
        problems: What could not be read in this task.
        input: Which of several inputs it is from, from 0.
    """

    id: int | str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    annotations: list[Annotation] = msgspec.field(default_factory=list)
    predictions: list[Annotation] = msgspec.field(default_factory=list)
    drafts: list[Annotation] = msgspec.field(default_factory=list)
    bare_predictions: int = 0
    bare_drafts: int = 0
    meta: Any = None
    file_upload: str | int | None = None
    project: int | str | None = None
    agreement: Any = None
    index: int = 0
    raw: bytes = b"{}"
    problems: tuple[Problem, ...] = ()
    input: int = 0


class Project(msgspec.Struct, kw_only=True):
    """A project of the server.

    Attributes:
        id: Project id.
        title: Its title; not unique on the server.
        label_config: The labeling XML.
        task_number: Number of tasks, None where the server does not say.
    """

    id: int
    title: str = ""
    label_config: str = ""
    task_number: int | None = None


class Snapshot(msgspec.Struct, kw_only=True):
    """An export snapshot of the server.

    Attributes:
        id: Snapshot id within its project.
        title: Its title.
        status: ``created``, ``in_progress``, ``completed`` or ``failed``.
        md5: Hex md5 of the JSON body; empty where there is none.
        created_at: ISO 8601.
        finished_at: ISO 8601, None while unfinished.
        task_count: Number of tasks in it, None where unknown.
    """

    id: int
    title: str = ""
    status: str = ""
    md5: str = ""
    created_at: str | None = None
    finished_at: str | None = None
    task_count: int | None = None
