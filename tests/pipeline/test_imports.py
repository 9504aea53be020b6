"""What a conversion imports: what it needs, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pipeline.rig import CONFIG, box, task

from ls_tools import Settings, convert
from ls_tools.formats import FORMATS
from ls_tools.pipeline.division import crew, planning
from ls_tools.reading import inputs

TO = ("coco", "json_min", "csv", "yolo")
HOMES = {name: FORMATS.load(name).__module__ for name in FORMATS}

UNUSED = {
    "asyncio",
    "email",
    "gzip",
    "http",
    "ls_tools.auth",
    "ls_tools.cache",
    "ls_tools.client",
    "ls_tools.predictions",
    "ls_tools.raster.filling",
    "ls_tools.reading.buckets",
    "ls_tools.resolver.resolver",
    "ls_tools.rle.arrays",
    "ls_tools.sounds",
    "ls_tools.sources.buckets",
    "ls_tools.texts",
    "ls_tools.transport",
    "multiprocessing",
    "numpy",
    "platformdirs",
    "requests",
    "rich",
    "ssl",
    "urllib3",
    "zipfile",
}
"""What a conversion without media, from one plain file, has no use for."""

UNUSED_BY_WORKERS = UNUSED | {
    "click",
    "csv",
    "defusedxml",
    "json",
    "ls_tools.cli",
    "ls_tools.output.class_files",
    "ls_tools.output.staging",
    "ls_tools.pipeline.conversion",
    "ls_tools.reading.inputs",
    "ls_tools.reading.repair",
    "ls_tools.reading.tolerant",
    "ls_tools.settings.environment",
    "shutil",
    "socket",
    "tempfile",
    "xml",
}
"""Besides, what the process that divides the work does for all."""

CONVERSION = """
    import sys
    before = {*sys.modules}
    from ls_tools.cli.running import run
    assert run(sys.argv[1:]) == 0
    print(*{*sys.modules} - before)
"""
WORKER = """
    import os, sys
    before = {*sys.modules}
    sys.path[:] = sys.argv[4:]
    from ls_tools.pipeline.division import worker
    answer = worker._Worker._answer
    def tell(self, order):
        found = answer(self, order)
        with open(f"{FOLDER}/{os.getpid()}", "w") as file:
            print(*{*sys.modules} - before, file=file)
        return found  # after which it may be killed
    worker._Worker._answer = tell
    worker.main(*sys.argv[1:4])
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    tasks = [task(number, box(f"r{number}")) for number in range(1, 40)]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    (tmp_path / "config.xml").write_text(CONFIG)
    return tmp_path / "export.json"


def unneeded(to: str, loaded: set[str], unused: set[str]) -> set[str]:
    """Of what was loaded, what is for something else."""
    others = {*HOMES.values()} - {HOMES[to]}
    return {
        name
        for name in loaded
        if name in others
        or any(f"{name}.".startswith(f"{package}.") for package in unused)
    }


@pytest.mark.parametrize(
    ("to", "is_piped"), [*((to, False) for to in TO), ("csv", True)]
)
def test_a_conversion_imports_nothing_it_has_no_use_for(
    *, to: str, is_piped: bool, export: Path, tmp_path: Path
) -> None:
    source = "-" if is_piped else str(export)
    arguments = ["convert", source, "--to", to, "--out", str(tmp_path / "out")]
    arguments += ["--config", str(tmp_path / "config.xml"), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CONVERSION), *arguments],
        check=True,
        capture_output=True,
        input=export.read_text() if is_piped else None,
        text=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert HOMES[to] in loaded
    assert unneeded(to, loaded, UNUSED) == set()


@pytest.mark.parametrize("to", TO)
def test_a_worker_imports_nothing_it_has_no_use_for(
    to: str, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "CHUNK_BYTES", 1500)
    monkeypatch.setattr(planning, "WORTH_BYTES", 1)
    monkeypatch.setattr(planning, "core_count", lambda: 2)
    monkeypatch.setattr(inputs, "_MAPPED_FROM_BYTES", 1)
    told = tmp_path / "told"
    told.mkdir()
    boot = f"FOLDER = {str(told)!r}\n{textwrap.dedent(WORKER)}"
    monkeypatch.setattr(crew, "_BOOT", boot)
    settings = Settings(processes=2, mode="offline")
    config = tmp_path / "config.xml"
    convert(export, to, tmp_path / "out", config=config, settings=settings)
    loaded = [set(one.read_text().split()) for one in told.iterdir()]
    assert any(HOMES[to] in names for names in loaded)
    assert unneeded(to, set().union(*loaded), UNUSED_BY_WORKERS) == set()
