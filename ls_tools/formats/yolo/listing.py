"""The files at the root of a YOLO data set, which list its classes and folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ls_tools.output import Output

_SPLITS = ("train", "val", "test")
_YAML_RISKY = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff]")


def write_listing(
    output: Output, splits: Collection[str], more_lines: Sequence[str] = ()
) -> None:
    """Write ``classes.txt``, ``notes.json`` and ``data.yaml``.

    Args:
        output: Where to; its classes are complete.
        splits: Those that have images; an empty name where there is no split.
        more_lines: Further lines of ``data.yaml``.
    """
    entries = output.classes.entries()
    lines = "".join(f"{name}\n" for name in output.classes.line_names())
    output.write_bytes("classes.txt", lines.encode())
    output.write_bytes("notes.json", _notes_json(entries))
    if splits and {"", "train"}.isdisjoint(splits):
        output.tally.warn("No task is for training: data.yaml names another split.")
    if "val" not in splits:
        output.tally.warn(
            "Nothing was set apart for validation: in data.yaml val equals train."
        )
    output.write_bytes("data.yaml", _data_yaml(entries, splits, more_lines))


def _data_yaml(
    entries: Sequence[tuple[int, str]],
    splits: Collection[str],
    more_lines: Sequence[str],
) -> bytes:
    """``data.yaml``, without ``path``: it is found beside the images."""
    folders = {split: f"images/{split}" for split in _SPLITS if split in splits}
    train = folders.setdefault("train", next(iter(folders.values()), "images"))
    folders.setdefault("val", train)
    lines = [f"{split}: {folders[split]}" for split in _SPLITS if split in folders]
    lines += more_lines
    lines += [f"nc: {len(entries)}", "names:" if entries else "names: {}"]
    lines += [f"  {class_id}: {_yaml_string(name)}" for class_id, name in entries]
    return "".join(f"{line}\n" for line in lines).encode()


def _yaml_string(text: str) -> str:
    """``text`` in YAML's double quotes, of which JSON's are nearly a subset."""
    quoted = msgspec.json.encode(text).decode()
    return _YAML_RISKY.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _notes_json(entries: Sequence[tuple[int, str]]) -> bytes:
    notes = {
        "categories": [{"id": class_id, "name": name} for class_id, name in entries],
        "info": {"version": "1.0", "contributor": "Label Studio"},
    }
    return msgspec.json.format(msgspec.json.encode(notes), indent=2) + b"\n"
