"""The main job on data that ships with the package, offline."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ls_tools.errors import OutputError
from ls_tools.output.disk_errors import mapped_to_output
from ls_tools.pipeline import Conversion, Input, fetch_media, run_conversion
from ls_tools.settings import Settings

if TYPE_CHECKING:
    import os

    from ls_tools.output import MediaPolicy, Report
    from ls_tools.pipeline import MediaOutcome
    from ls_tools.progress import Progress

STEPS: tuple[tuple[str, str, MediaPolicy], ...] = (
    ("pictures", "yolo", "copy"),
    ("pictures", "coco", "copy"),
    ("texts", "conll2003", "none"),
    ("texts", "csv", "none"),
    ("sounds", "asr_manifest", "copy"),
)
"""What is converted: export, format, media."""

_MARK = "ls-tools-demo.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOutcome:
    """What the demo did.

    Attributes:
        out: The folder that holds everything.
        media: The media of the exports, resolved.
        reports: The Report of each conversion, by folder.
    """

    out: Path
    media: tuple[MediaOutcome, ...]
    reports: tuple[tuple[Path, Report], ...]


def run_demo(
    out: str | os.PathLike[str] = "ls-tools-demo", *, progress: Progress | None = None
) -> DemoOutcome:
    """Resolve and convert the bundled exports below ``out``.

    ``out/source`` gets the exports, their label configs, and their media under
    a local-files root; each conversion gets a folder of its own beside it.

    Raises:
        OutputError: ``out`` is there, and no earlier demo made it; or it cannot
            be written.
    """
    root = Path(out).absolute()
    source = _lay_out_source(root)
    settings = Settings(
        document_root=source / "media", cache_dir=root / "cache", mode="offline"
    )
    exports = dict.fromkeys(name for name, _, _ in STEPS)
    media = tuple(
        fetch_media(source / f"{name}.json", settings=settings, progress=progress)
        for name in exports
    )
    reports = []
    for name, target, policy in STEPS:
        plan = Conversion(to=target, out=root / f"{name}-{target}", media=policy)
        inputs = Input.each(source / f"{name}.json", source / f"{name}.xml")
        report = run_conversion(inputs, plan, settings=settings, progress=progress)
        reports.append((plan.out, report))
    return DemoOutcome(out=root, media=media, reports=tuple(reports))


def _lay_out_source(root: Path) -> Path:
    """Put the bundled data below ``root``, in place of an earlier demo's."""
    mark = root / _MARK
    source = root / "source"
    with mapped_to_output(root):
        if root.exists() and any(root.iterdir()) and not mark.exists():
            msg = f"The folder {root} is not empty, and no demo made it."
            raise OutputError(msg, hint="Name another with --out.")
        root.mkdir(parents=True, exist_ok=True)
        mark.write_text("Made by ls-tools demo; it may be deleted.\n", "utf-8")
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(Path(__file__).parent / "data", source)
    return source
