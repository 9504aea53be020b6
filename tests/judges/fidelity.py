"""What each format makes of each control: the pages' table, by conversions.

Real exports of every control (``tests/formats/corpus``) are cut down to one control
at a time and converted to every format; what the Report says of it goes into
``docs/formats/fidelity.md``. ``python tests/judges/fidelity.py`` writes the page; a
test holds it to the code.
"""

from __future__ import annotations

import io
import json
import tempfile
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from ls_tools import Report, Settings, convert
from ls_tools.formats import FORMATS, load_format
from ls_tools.label_config import LabelConfig, parse_label_config

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "tests" / "services" / "media" / "clip.webm"
CORPUS = ROOT / "tests" / "formats" / "corpus"
SAMPLES = Path(__file__).parent / "samples"
PAGE = ROOT / "docs" / "formats" / "fidelity.md"

Results = list[dict[str, Any]]

TITLES = {
    "image": "`Image`",
    "poses": "`Image` with poses",
    "browser_turned": "`Image` turned in the editor",
    "browser_masks": "`Image` painted on by hand",
    "images": "`Image` with several pages",
    "text": "`Text`",
    "hypertext": "`HyperText`",
    "paragraphs": "`Paragraphs`",
    "audio": "`Audio`",
    "video": "`Video`",
    "video_vector": "`Video` with vectors",
    "timeseries": "`TimeSeries`",
    "table": "`Table`",
    "pdf": "`PDF`",
    "chat": "`Chat`",
    "pairwise": "`Pairwise`",
    "ranker": "`Ranker`, a list",
    "reactcode": "`ReactCode`",
}
OWN = frozenset({"poses"})
"""What no corpus has, in ``SAMPLES``."""

INTRODUCTION = """\
# What each format keeps of each control

Each control, as a real Label Studio exports it, converted on its own to every format.
*Exact*: the Report lists no loss. *Approximated*: written, with a loss that the Report
lists as degraded, or written in part. *Not expressible*: left out, and listed in the
Report. A reason stands where it says more than that the control is not expressible. A
format stands for all its presets where they agree.
"""
ANSWERS = frozenset({"choices", "textarea", "rating", "number", "taxonomy", "datetime"})
SHAPES = frozenset({"rectangle", "videorectangle", "magicwand"})
"""Shapes that some regions of the corpus have no label for."""


@dataclass(frozen=True)
class Variant:
    """A format, or a preset of its options."""

    label: str
    name: str
    format: str


@dataclass(frozen=True)
class Subject:
    """One control, or several that make a region together.

    Attributes:
        name: As the page calls it.
        ids: Of the regions that show it.
        types: Types of the results that it needs.
        base: What is converted without it, to tell its own losses; None where
            it stands alone.
    """

    name: str
    ids: frozenset[str | None]
    types: frozenset[str]
    base: Subject | None = None


@dataclass(frozen=True)
class Outcome:
    """What one conversion said."""

    written: int = 0
    regions: int = 0
    skipped: frozenset[str] = frozenset()
    degraded: frozenset[str] = frozenset()

    @classmethod
    def of(cls, report: Report) -> Outcome:
        return cls(
            written=report.regions_written,
            regions=report.regions_in,
            skipped=frozenset(loss.reason for loss in report.skipped),
            degraded=frozenset(loss.reason for loss in report.degraded),
        )


class Corpus:
    """Real exports of one object tag."""

    def __init__(self, name: str, media: Path) -> None:
        """Read it; its sounds and videos are laid out in ``media``."""
        self.media = media
        folder = SAMPLES if name in OWN else CORPUS
        self._tasks = json.loads((folder / f"{name}.json").read_bytes())
        self._xml = (folder / f"{name}.xml").read_text(encoding="utf-8")
        self._config = parse_label_config(self._xml)
        for task in self._tasks:
            place = media / "controls" / str(task["id"])
            place.mkdir(parents=True)
            (place / "clip.webm").write_bytes(CLIP.read_bytes())
            _write_silence(place / "sound.wav")

    def subjects(self) -> list[Subject]:
        """Every control of it, in the order in which they come."""
        found: dict[str, Subject] = {}
        for results in self._regions():
            for subject in self._subjects_of(results):
                known = found.setdefault(subject.name, subject)
                ids, base = known.ids | subject.ids, known.base
                if base is not None and subject.base is not None:
                    base_ids = base.ids | subject.base.ids
                    base = Subject(base.name, base_ids, base.types, base.base)
                found[subject.name] = Subject(known.name, ids, known.types, base)
        return list(found.values())

    def cut(self, subject: Subject) -> tuple[bytes, LabelConfig]:
        """An export with this subject alone, and its label config."""
        tasks = [
            {**task, "predictions": [], "drafts": [], "annotations": kept}
            for task in self._tasks
            if (kept := _cut_all(task["annotations"], subject))
        ]
        names = {
            result["from_name"]
            for task in tasks
            for annotation in task["annotations"]
            for result in annotation["result"]
            if "from_name" in result
        }
        return json.dumps(tasks).encode(), self._config_of(names)

    def _regions(self) -> Iterator[Results]:
        for task in self._tasks:
            for annotation in task["annotations"]:
                grouped: dict[str, Results] = {}
                for index, result in enumerate(annotation["result"]):
                    key = result.get("id") or str(index)
                    grouped.setdefault(key, []).append(result)
                yield from grouped.values()

    def _subjects_of(self, results: Results) -> Iterator[Subject]:
        if results[0]["type"] == "relation":
            ends = frozenset({results[0]["from_id"], results[0]["to_id"]})
            base = Subject("", ends, frozenset())
            yield Subject("`Relations`", ends | {None}, frozenset({"relation"}), base)
            return
        ids = frozenset({results[0].get("id")})
        if parent := results[0].get("parentID"):
            base = Subject("", frozenset({parent}), frozenset())
            types = frozenset({results[0]["type"]})
            yield Subject(
                f"{self._name(results)} of a region", ids | {parent}, types, base
            )
            return
        answers = [r for r in results if r["type"] in ANSWERS]
        drawn = [r for r in results if r["type"] not in ANSWERS]
        main = self._name(drawn or results) + _unlabeled(drawn)
        types = frozenset(r["type"] for r in drawn or results)
        own = Subject(main, ids, types)
        yield own
        for answer in answers if drawn else ():
            name = f"{self._name([answer])} on a region of {main}"
            yield Subject(name, ids, types | {answer["type"]}, own)

    def _name(self, results: Results) -> str:
        tags = []
        for result in results:
            control = self._config.control(result["from_name"])
            tags.append(f"`{control.tag if control else result['type']}`")
        return " with ".join(dict.fromkeys(tags))

    def _config_of(self, names: Iterable[str]) -> LabelConfig:
        """The label config without the controls that are not among ``names``."""
        root = ET.fromstring(self._xml)  # noqa: S314 -- our own file
        controls = set(self._config.controls) - set(names) - set(self._config.objects)
        for parent in list(root.iter()):
            for child in list(parent):
                if child.get("name") in controls:
                    parent.remove(child)
        return parse_label_config(ET.tostring(root, encoding="unicode"))


def _unlabeled(drawn: Results) -> str:
    """What the name of a region says that is a shape and nothing else."""
    is_shape = len(drawn) == 1 and drawn[0]["type"] in SHAPES
    has_label = any(
        k.endswith("labels") and v for r in drawn for k, v in r["value"].items()
    )
    return " without a label" if is_shape and not has_label else ""


def _write_silence(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 8000 * 2))


def _cut_all(annotations: Results, subject: Subject) -> Results:
    cut = [{**one, "result": list(_cut(one["result"], subject))} for one in annotations]
    return [annotation for annotation in cut if annotation["result"]][:1]


def _cut(results: Results, subject: Subject) -> Iterator[dict[str, Any]]:
    for result in results:
        is_base = subject.base is not None and _shows(result, subject.base)
        if is_base or _shows(result, subject):
            yield result


def _shows(result: dict[str, Any], subject: Subject) -> bool:
    is_one = not subject.types or result["type"] in subject.types
    return result.get("id") in subject.ids and is_one


@cache
def variants() -> list[Variant]:
    """Every format, and every preset of its options, in order of listing."""
    found = []
    for name in FORMATS:
        target = load_format(name)
        found.append(Variant(name, name, name))
        seen: list[Any] = [{}]
        for preset, options in target.presets.items():
            if options not in seen:
                seen.append(options)
                flags = " ".join(
                    f"--{k.replace('_', '-')} {v}" for k, v in options.items()
                )
                found.append(Variant(f"{name} {flags}", preset, name))
    return found


@cache
def _outcome(corpus: Corpus, subject: Subject, variant: Variant) -> Outcome:
    export, config = corpus.cut(subject)
    report = convert(
        io.BytesIO(export),
        variant.name,
        corpus.media / "out",
        config=config,
        settings=Settings(
            cache_dir=corpus.media / "cache", document_root=corpus.media, mode="offline"
        ),
        dry_run=True,
    )
    report.check()
    return Outcome.of(report)


def judge(corpus: Corpus, subject: Subject, variant: Variant) -> tuple[str, str]:
    """``exact``, ``approximated`` or ``no``, and the reasons."""
    own = _outcome(corpus, subject, variant)
    base = subject.base
    before = _outcome(corpus, base, variant) if base else Outcome()
    written, regions = own.written - before.written, own.regions - before.regions
    skipped, degraded = own.skipped - before.skipped, own.degraded - before.degraded
    if own.written == 0 or (regions > 0 and written <= 0):
        return "no", _reasons(skipped or own.skipped)
    if regions == 0 and degraded:
        return "no", _reasons(degraded)
    if degraded or (regions > 0 and written < regions):
        return "approximated", _reasons(skipped | degraded)
    return "exact", ""


def _reasons(found: Iterable[str]) -> str:
    told = sorted(reason for reason in found if "not expressible" not in reason)
    return "; ".join(told).replace("|", "\\|")


def section(name: str, folder: Path) -> str:
    """The part of the page about one object tag; ``folder`` is empty, for media."""
    corpus, known = Corpus(name, folder), variants()
    found = {
        (subject, variant): judge(corpus, subject, variant)
        for subject in corpus.subjects()
        for variant in known
    }
    useless = [
        variant
        for variant in known
        if all(
            status == "no" for (_, of), (status, _) in found.items() if of == variant
        )
    ]
    lines = [f"## {TITLES[name]}\n"]
    if useless:
        lines.append(f"Not for this: {_labels(useless)}.\n")
    lines += [
        "| control | exact | approximated | not expressible |",
        "|---|---|---|---|",
    ]
    for subject in corpus.subjects():
        cells: dict[str, list[tuple[Variant, str]]] = {}
        for variant in known:
            if variant not in useless:
                status, reasons = found[subject, variant]
                cells.setdefault(status, []).append((variant, reasons))
        columns = [_cell(cells.get(key, ())) for key in ("exact", "approximated", "no")]
        lines.append(f"| {subject.name} | {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


def _cell(found: Iterable[tuple[Variant, str]]) -> str:
    """Formats by reason: ``coco``, ``voc``: rotation dropped."""
    ordered = sorted(found, key=lambda pair: pair[1])
    parts = []
    for reasons, group in groupby(ordered, key=lambda pair: pair[1]):
        labels = _labels(variant for variant, _ in group)
        parts.append(f"{labels}: {reasons}" if reasons else labels)
    return "<br>".join(parts)


def _labels(found: Iterable[Variant]) -> str:
    """Names, of which that of a format stands for all its presets too."""
    listed = list(found)
    whole = {one.format for one in listed}
    whole -= {one.format for one in variants() if one not in listed}
    told = (v for v in listed if v.format not in whole or v.label == v.format)
    return ", ".join(f"`{variant.label}`" for variant in told)


def main() -> None:
    """Write the page."""
    parts = [INTRODUCTION]
    for name in TITLES:
        with tempfile.TemporaryDirectory() as folder:
            parts.append(section(name, Path(folder)))
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
