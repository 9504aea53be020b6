"""Builds small video projects with real videos, and converts them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from formats.pictures_rig import Converted

from ls_tools.pipeline import convert
from ls_tools.settings import Settings

TRACKS = """
<View>
  <Labels name="what" toName="video"><Label value="Car"/><Label value="Bird"/></Labels>
  <Video name="video" value="$video"/>
  <VideoRectangle name="box" toName="video"/>
  <TimelineLabels name="scene" toName="video"><Label value="Rain"/></TimelineLabels>
  <Choices name="sky" toName="video"><Choice value="blue"/></Choices>
</View>"""

SIZE = {"original_width": 200, "original_height": 100}


def reference(name: str) -> str:
    return f"/data/local-files/?d={name}"


def make_video(
    folder: Path,
    name: str = "v1.mp4",
    *,
    frames: int = 10,
    rate: int = 10,
    size: tuple[int, int] = (64, 48),
) -> Path:
    """A real video whose frames get brighter one by one; needs PyAV."""
    av = pytest.importorskip("av")
    image = pytest.importorskip("PIL.Image")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, rate)
        for index in range(frames):
            level = brightness(index)
            picture = image.new("RGB", size, (level, level, level))
            frame = av.VideoFrame.from_image(picture)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def brightness(index: int) -> int:
    """How bright the frame at ``index`` of ``make_video`` is, from 0."""
    return 10 + 20 * index


def key(frame: Any, x: Any = 10, *, enabled: Any = True, **more: Any) -> dict[str, Any]:
    return {
        "frame": frame,
        "enabled": enabled,
        "rotation": 0,
        "x": x,
        "y": 20,
        "width": 20,
        "height": 30,
        **more,
    }


def track(
    region: str, *sequence: Any, labels: Any = ("Car",), count: Any = 10, **more: Any
) -> dict[str, Any]:
    """A region on video as the editor makes it."""
    value: dict[str, Any] = {"sequence": list(sequence), "labels": list(labels)}
    if count is not None:
        value |= {"framesCount": count, "duration": count / 10}
    fields = {**SIZE, **more}
    return result(region, "box", "videorectangle", value, **fields)


def result(
    region: str | None, control: str, kind: str, value: Any, **more: Any
) -> dict[str, Any]:
    return {
        "id": region,
        "from_name": control,
        "to_name": "video",
        "type": kind,
        "value": value,
        **more,
    }


def annotation(*results: dict[str, Any], by: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": by, "completed_by": by, "result": list(results), **more}


def task(number: int, *annotations: dict[str, Any], video: Any = None) -> Any:
    data = {"video": reference(f"v{number}.mp4") if video is None else video}
    return {"id": number, "data": data, "annotations": list(annotations)}


def convert_video(
    folder: Path,
    to: str,
    tasks: list[Any],
    *,
    xml: str | None = TRACKS,
    out: str = "out",
    **options: Any,
) -> Converted:
    """Convert, with ``folder`` as the server's local files; offline."""
    source = folder / "export.json"
    source.write_text(json.dumps(tasks), encoding="utf-8")
    if xml is not None:
        config = folder / "config.xml"
        config.write_text(xml, encoding="utf-8")
        options["config"] = config
    settings = Settings(
        cache_dir=folder / "cache", mode="offline", document_root=folder
    )
    report = convert(source, to, folder / out, settings=settings, **options)
    report.check()
    return Converted(report, folder / out, tasks)


def mot_rows(done: Converted, stem: str = "v1", folder: str = "sequences") -> list[Any]:
    """The rows of a ground truth, held to MOTChallenge's grammar."""
    text = done.text(f"{folder}/{stem}/gt/gt.txt")
    assert text == "" or text.endswith("\n")
    found = []
    for line in text.splitlines():
        words = line.split(",")
        assert len(words) == 9
        frame, number, counts, kind = (int(words[i]) for i in (0, 1, 6, 7))
        left, top, width, height = map(float, words[2:6])
        assert (frame >= 1, number >= 1, counts, kind >= 1) == (True, True, 1, True)
        assert "e" not in line
        assert min(width, height) > 0
        found.append((frame, number, (left, top, width, height), kind))
    assert [row[:2] for row in found] == sorted(row[:2] for row in found)
    return found


def tree(done: Converted) -> set[str]:
    """Every file of the output, but the manifest and the report."""
    files = {
        path.relative_to(done.root).as_posix()
        for path in done.root.rglob("*")
        if path.is_file()
    }
    return files - {"manifest.jsonl", "report.json"}
