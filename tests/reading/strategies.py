"""Exports for property tests: clean ones, and the messy ones of real life.

``messy_export()`` gives bytes that a reader must survive; ``clean_tasks()`` gives
tasks as the server writes them.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

HOSTILE_TEXTS = (
    "",
    " ",
    "null",
    "NaN",
    "640",
    "1e400",
    "../../etc/passwd",
    "a\nb\tc\x00\x1b[31m",
    "\ud800",
    "\U0001f642 日本語",
    '"}],[{"',
    "=1+1",
    "<script>",
    "\u2028\u202e",
    "x" * 300,
)
HUGE_NUMBERS = (10**30, -(10**30), 2**53 + 1, 1e308, float("nan"), float("inf"))
TASK_KEYS = (
    "id",
    "data",
    "annotations",
    "completions",
    "predictions",
    "drafts",
    "meta",
    "file_upload",
    "project",
)
ANNOTATION_KEYS = (
    "id",
    "completed_by",
    "result",
    "was_cancelled",
    "skipped",
    "ground_truth",
    "created_at",
    "updated_at",
    "lead_time",
    "model_version",
    "score",
    "unique_id",
    "history",
)
RESULT_KEYS = (
    "id",
    "type",
    "from_name",
    "to_name",
    "value",
    "original_width",
    "original_height",
    "image_rotation",
    "score",
    "parentID",
    "item_index",
    "from_id",
    "labels",
    "meta",
)

Json = Any

numbers = st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15)
ids = st.integers(1, 10**9)
texts = st.text(max_size=12)
percents = st.floats(0, 100)


def json_values(*, hostile: bool = True) -> st.SearchStrategy[Json]:
    """Any JSON value; with ``hostile`` also NaN, huge numbers, odd texts."""
    scalars = st.none() | st.booleans() | numbers | texts
    if hostile:
        scalars |= st.sampled_from(HOSTILE_TEXTS) | st.sampled_from(HUGE_NUMBERS)
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
        ),
        max_leaves=6,
    )


moments = st.datetimes().map(lambda moment: moment.isoformat() + "Z")

clean_values = st.fixed_dictionaries(
    {"x": percents, "y": percents, "width": percents, "height": percents},
    optional={
        "rotation": st.floats(-360, 360),
        "rectanglelabels": st.lists(texts, max_size=3),
        "text": st.lists(texts, max_size=2) | texts,
    },
)

clean_results = st.fixed_dictionaries(
    {
        "id": texts,
        "from_name": texts,
        "to_name": texts,
        "type": st.sampled_from(["rectanglelabels", "labels", "choices", "textarea"]),
        "value": clean_values,
    },
    optional={
        "original_width": st.integers(1, 10_000),
        "original_height": st.none() | st.integers(1, 10_000),
        "image_rotation": st.sampled_from([0, 90, 180, 270]),
        "score": percents,
        "parentID": st.none() | texts,
        "item_index": st.integers(0, 9),
        "meta": json_values(hostile=False),
        "origin": texts,
    },
)

clean_annotations = st.fixed_dictionaries(
    {"id": ids, "result": st.lists(clean_results, max_size=4)},
    optional={
        "completed_by": ids | st.fixed_dictionaries({"id": ids, "email": texts}),
        "was_cancelled": st.booleans(),
        "ground_truth": st.booleans(),
        "created_at": moments,
        "updated_at": moments,
        "lead_time": st.none() | percents,
        "model_version": texts,
        "score": percents,
        "unique_id": st.uuids().map(str),
        "history": json_values(hostile=False),
        "prediction": st.just({}),
    },
)

clean_task_objects = st.fixed_dictionaries(
    {
        "id": ids | texts,
        "data": st.dictionaries(texts, json_values(hostile=False), max_size=3),
    },
    optional={
        "annotations": st.lists(clean_annotations, max_size=3),
        "predictions": st.lists(clean_annotations | ids, max_size=2),
        "drafts": st.lists(clean_annotations | ids, max_size=2),
        "meta": json_values(hostile=False),
        "file_upload": st.none() | texts,
        "project": ids,
        "inner_id": ids,
    },
)


def clean_tasks() -> st.SearchStrategy[list[dict[str, Json]]]:
    """Tasks as the server writes them, every field of its right type."""
    return st.lists(clean_task_objects, min_size=1, max_size=4)


def spoiled(
    objects: st.SearchStrategy[dict[str, Json]], keys: tuple[str, ...]
) -> st.SearchStrategy[dict[str, Json]]:
    """Objects with keys dropped, null, of another type, or in another's place."""

    @st.composite
    def spoil(draw: st.DrawFn) -> dict[str, Json]:
        found = dict(draw(objects))
        for key in draw(st.lists(st.sampled_from(keys), max_size=3)):
            if draw(st.booleans()):
                found[key] = draw(json_values())
            else:
                found.pop(key, None)
        return found

    return spoil()


def _or_junk(entries: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Mostly ``entries``, sometimes anything."""
    return st.one_of(entries, entries, entries, json_values())


messy_results = spoiled(clean_results, RESULT_KEYS)
messy_annotations = spoiled(
    clean_annotations.flatmap(
        lambda annotation: st.fixed_dictionaries(
            {
                **{key: st.just(value) for key, value in annotation.items()},
                "result": _or_junk(st.lists(_or_junk(messy_results), max_size=4)),
            }
        )
    ),
    ANNOTATION_KEYS,
)


@st.composite
def messy_tasks(draw: st.DrawFn) -> dict[str, Json]:
    """A task that may be wrong in any of its fields, of either generation."""
    task = dict(draw(spoiled(clean_task_objects, TASK_KEYS)))
    lists = _or_junk(st.lists(_or_junk(messy_annotations), max_size=3))
    for key in draw(
        st.sets(st.sampled_from(("annotations", "completions", "predictions")))
    ):
        task[key] = draw(lists)
    if draw(st.integers(0, 9)) == 0:
        task = draw(messy_annotations)
        task["task"] = draw(_or_junk(clean_task_objects))
    return task


def to_text(value: Json, *, is_raw: bool = False) -> str:
    """JSON as Python writes it: NaN and lone surrogates included.

    Args:
        value: What to write.
        is_raw: Leave control characters in strings unescaped.
    """
    text = json.dumps(value, ensure_ascii=not is_raw)
    if is_raw:
        text = text.replace("\\u0000", "\x00").replace("\\u001b", "\x1b")
        text = text.replace("\\n", "\n").replace("\\t", "\t")
    return text


@st.composite
def messy_export(draw: st.DrawFn) -> bytes:
    """A whole file: a list or lines of messy tasks, and sometimes junk."""
    tasks = draw(st.lists(_or_junk(messy_tasks()), max_size=4))
    is_raw = draw(st.booleans())
    parts = [to_text(task, is_raw=is_raw) for task in tasks]
    if draw(st.booleans()):
        text = "\n".join(parts)
    else:
        end = draw(st.sampled_from(["]", "]", "]", ",]", "]\n", "] [", ""]))
        text = "[" + draw(st.sampled_from([",", ", ", ",\n", ""])).join(parts) + end
    encoded = text.encode("utf-8", draw(st.sampled_from(["surrogatepass", "replace"])))
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\n"])) + encoded


@st.composite
def broken_export(draw: st.DrawFn) -> bytes:
    """A messy export with bytes cut off, dropped, doubled or changed."""
    data = draw(messy_export())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["cut", "drop", "double", "change"]))
        if kind == "cut":
            data = data[:at]
        elif kind == "drop":
            data = data[:at] + data[at + draw(st.integers(1, 20)) :]
        elif kind == "double":
            data = data[:at] + data[max(0, at - 20) :]
        else:
            data = data[:at] + draw(st.binary(max_size=4)) + data[at + 1 :]
    return data
