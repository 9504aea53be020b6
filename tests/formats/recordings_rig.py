"""Builds small audio projects with real recordings, and converts them."""

from __future__ import annotations

import json
import math
import struct
import wave
from pathlib import Path
from typing import Any

from formats.pictures_rig import Converted

from ls_tools.pipeline import convert
from ls_tools.settings import Settings

SPEECH = """
<View>
  <Labels name="seg" toName="audio">
    <Label value="Speech"/><Label value="Noise"/>
  </Labels>
  <Labels name="who" toName="audio"><Label value="Ann"/><Label value="Bob"/></Labels>
  <Audio name="audio" value="$audio"/>
  <TextArea name="words" toName="audio" perRegion="true"/>
  <TextArea name="remark" toName="audio" perRegion="true"/>
  <Choices name="language" toName="audio">
    <Choice value="en"/><Choice value="fr"/>
  </Choices>
  <Rating name="quality" toName="audio"/>
</View>"""


def reference(name: str) -> str:
    return f"/data/local-files/?d={name}"


def wav(folder: Path, name: str, length_s: float = 2.0, channels: int = 1) -> Path:
    """A small recording of a tone."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        for index in range(int(8000 * length_s)):
            sample = int(9000 * math.sin(index / 4))
            sound.writeframesraw(struct.pack("<h", sample) * channels)
    return path


def labels(
    region: str, start: Any, end: Any, *names: str, control: str = "seg", **more: Any
) -> dict[str, Any]:
    value = {"start": start, "end": end, "channel": 0, "labels": list(names)}
    return result(region, control, "labels", value, **more)


def words(
    region: str,
    text: Any,
    start: Any = None,
    end: Any = None,
    control: str = "words",
    **more: Any,
) -> dict[str, Any]:
    value = {"text": [text] if isinstance(text, str) else text}
    if start is not None:
        value |= {"start": start, "end": end, "channel": 0}
    return result(region, control, "textarea", value, **more)


def choice(region: str, *chosen: str) -> dict[str, Any]:
    return result(region, "language", "choices", {"choices": list(chosen)})


def result(
    region: str | None, control: str, kind: str, value: Any, **more: Any
) -> dict[str, Any]:
    return {
        "id": region,
        "from_name": control,
        "to_name": "audio",
        "type": kind,
        "value": value,
        "origin": "manual",
        **more,
    }


def said(
    region: str, start: float, end: float, text: str, label: str = "Speech"
) -> list[dict[str, Any]]:
    """A transcribed segment as the editor makes it: two results of one id."""
    return [labels(region, start, end, label), words(region, text, start, end)]


def annotation(*results: dict[str, Any], by: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": by, "completed_by": by, "result": list(results), **more}


def task(number: int, *annotations: dict[str, Any], audio: Any = None) -> Any:
    data = {"audio": reference(f"a{number}.wav") if audio is None else audio}
    return {"id": number, "data": data, "annotations": list(annotations)}


def convert_audio(
    folder: Path,
    to: str,
    tasks: list[Any],
    *,
    xml: str | None = SPEECH,
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


def lines(done: Converted, name: str = "manifest.json") -> list[dict[str, Any]]:
    """The lines of a manifest, held to what its readers demand."""
    body = (done.root / name).read_bytes()
    assert body == b"" or body.endswith(b"\n")
    found = [json.loads(line) for line in body.splitlines()]
    for line in found:
        assert isinstance(line["audio_filepath"], str)
        assert line.get("duration", 1) > 0 <= line.get("offset", 0)
    return found
