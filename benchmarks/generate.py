"""Write an export of any size, as Label Studio's server writes them.

Seeded: the same arguments give the same bytes. Streams, so that memory does not
grow with the number of tasks.

    python benchmarks/generate.py detection --tasks 50000 --out detection.json
    python benchmarks/generate.py ner --tasks 50000 --lines --out ner.jsonl

50,000 detection tasks are about 180 MB.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from contents import KINDS, label_config, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BEGINNING = datetime(2026, 11, 22, 4, 50, 33, tzinfo=timezone.utc)


def make_task(
    kind: str, rng: random.Random, number: int, labels: Sequence[str]
) -> dict[str, Any]:
    """One task with one annotation and every field that the server writes."""
    data, results = KINDS[kind][0](rng, number, labels)
    moment = _BEGINNING + timedelta(seconds=number)
    created, updated = (
        (moment + timedelta(microseconds=rng.randrange(10**6))).isoformat()[:-6] + "Z"
        for _ in range(2)
    )
    annotation = {
        "id": number,
        "completed_by": {
            "id": 1,
            "email": "admin@example.com",
            "first_name": "",
            "last_name": "",
        },
        "result": results,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": created,
        "updated_at": updated,
        "draft_created_at": None,
        "lead_time": round(rng.uniform(1, 60), 3),
        "prediction": {},
        "result_count": len(results),
        "unique_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "import_id": None,
        "last_action": None,
        "bulk_created": False,
        "task": number,
        "project": 1,
        "updated_by": 1,
        "parent_prediction": None,
        "parent_annotation": None,
        "last_created_by": None,
    }
    return {
        "id": number,
        "annotations": [annotation],
        "file_upload": uploaded_name(data),
        "drafts": [],
        "predictions": [],
        "data": data,
        "meta": {},
        "created_at": created,
        "updated_at": updated,
        "allow_skip": True,
        "inner_id": number,
        "total_annotations": 1,
        "cancelled_annotations": 0,
        "total_predictions": 0,
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "project": 1,
        "updated_by": 1,
        "comment_authors": [],
    }


def uploaded_name(data: dict[str, Any]) -> str:
    """The file that a task was uploaded with."""
    file = data.get("image") or data.get("audio") or "texts.json"
    return Path(file).name


def generate_texts(
    kind: str, tasks: int, seed: int, classes: int | None = None
) -> Iterator[str]:
    """The JSON of each task, as a snapshot has it."""
    rng = random.Random(seed)
    labels = labels_of(kind, classes)
    for number in range(1, tasks + 1):
        task = make_task(kind, rng, number, labels)
        yield json.dumps(task, ensure_ascii=False)


def write_export(file: TextIO, texts: Iterator[str], *, lines: bool = False) -> None:
    """Write a whole export.

    Args:
        file: Where to.
        texts: The JSON of each task.
        lines: One task a line instead of a list.
    """
    before, between, after = ("", "\n", "\n") if lines else ("[", ", ", "]")
    file.write(before)
    file.writelines(f"{between}{x}" if place else x for place, x in enumerate(texts))
    file.write(after)


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--classes", type=int, help="how many; else those of the kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", action="store_true", help="one task a line")
    parser.add_argument("--out", default="-", help="a file, or - for stdout")
    parser.add_argument("--config", help="write the label config to this file")
    args = parser.parse_args()
    if args.config:
        config = label_config(args.kind, args.classes)
        Path(args.config).write_text(config, encoding="utf-8")
    texts = generate_texts(args.kind, args.tasks, args.seed, args.classes)
    if args.out == "-":
        write_export(sys.stdout, texts, lines=args.lines)
        return
    with Path(args.out).open("w", encoding="utf-8") as file:
        write_export(file, texts, lines=args.lines)


if __name__ == "__main__":
    main()
