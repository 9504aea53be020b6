"""What only a browser makes: regions drawn by mouse in the server's labeling page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from formats.browser_rig import (
    BLUE,
    ERASED,
    GREEN,
    HTML,
    PATCHES,
    RED,
    SEA,
    SIZE,
    STROKE,
    TALK,
    TEXT,
    TURNS,
)

from services.api import Api
from services.corpus import serve_local_files, write_media
from services.labeling import LabelingPage
from services.pictures import painted_png

IMAGE_CONFIG = """<View>
  <View style="display: flex; flex-wrap: wrap">
    <BrushLabels name="brush" toName="media">
      <Label value="Sky"/><Label value="Sea"/>
    </BrushLabels>
    <BitmaskLabels name="bitmask" toName="media"><Label value="Mask"/></BitmaskLabels>
    <VectorLabels name="vector" toName="media"><Label value="Path"/></VectorLabels>
    <RectangleLabels name="rectangle" toName="media">
      <Label value="Car"/>
    </RectangleLabels>
    <PolygonLabels name="polygon" toName="media"><Label value="Roof"/></PolygonLabels>
    <EllipseLabels name="ellipse" toName="media"><Label value="Eye"/></EllipseLabels>
    <KeyPointLabels name="keypoint" toName="media">
      <Label value="Nose"/>
    </KeyPointLabels>
  </View>
  <MagicWand name="wand" toName="media"/>
  <Image name="media" value="$image" maxWidth="400px" rotateControl="true"/>
</View>"""
TEXT_CONFIG = """<View>
  <Labels name="entity" toName="media">
    <Label value="PER"/><Label value="LOC"/>
  </Labels>
  <Text name="media" value="$text"/>
</View>"""
HTML_CONFIG = """<View>
  <HyperTextLabels name="entity" toName="media">
    <Label value="PER"/><Label value="LOC"/>
  </HyperTextLabels>
  <HyperText name="media" value="$html"/>
</View>"""
TALK_CONFIG = """<View>
  <ParagraphLabels name="entity" toName="media">
    <Label value="PER"/><Label value="ASK"/>
  </ParagraphLabels>
  <Paragraphs name="media" value="$talk" layout="dialogue"
    nameKey="who" textKey="said"/>
</View>"""
VIDEO_CONFIG = """<View>
  <Labels name="what" toName="media"><Label value="Man"/></Labels>
  <Video name="media" value="$video" framerate="10"/>
  <VideoRectangle name="box" toName="media"/>
</View>"""

Make = Callable[[LabelingPage, Api, Path], int]
"""Makes a project, and labels it; returns its id."""


def draw_on_pictures(labeling: LabelingPage, api: Api, root: Path) -> int:
    """The same shapes on the same picture, turned by 0, 90 and 270 degrees."""
    names = [f"turned-{turns}.png" for turns in TURNS]
    project, tasks = _picture_tasks(api, root, "Turned pictures", names)
    for turns, task in zip(TURNS, tasks, strict=True):
        labeling.open(project, task)
        labeling.turn_right(turns)
        labeling.find_picture(PATCHES)
        _draw_every_shape(labeling)
        labeling.submit()
    return project


def _draw_every_shape(labeling: LabelingPage) -> None:
    left, top, right, bottom = RED
    with labeling.region("Car"):
        labeling.drag((left, top), (right, bottom))
    with labeling.region("Eye"):
        left, top, right, bottom = GREEN
        center = ((left + right) / 2, (top + bottom) / 2)
        labeling.drag(center, (right, bottom))
    with labeling.region("Nose"):
        labeling.click((48, 32))
    with labeling.region("Roof"):
        left, top, right, bottom = BLUE
        corners = ((left, top), (right, top), (right, bottom))
        labeling.click(*corners, corners[0])
    with labeling.region("Sky"):
        labeling.drag(*STROKE)
    with labeling.region("Path"):
        labeling.click((40, 8), (50, 8), (50, 14))


def paint_masks(labeling: LabelingPage, api: Api, root: Path) -> int:
    """Brush strokes of two labels, erased in part; the magic wand; a bitmask."""
    project, [task] = _picture_tasks(api, root, "Masks", ["masks.png"])
    labeling.open(project, task)
    labeling.find_picture(PATCHES)
    with labeling.region("Sky"):
        labeling.drag(*STROKE)
    with labeling.region("Sea"):
        labeling.drag(*SEA)
        labeling.tool("eraser")
        labeling.drag(*ERASED)
    labeling.tool("brush-tool")
    with labeling.region("Mask"):
        labeling.drag((70, 40), (80, 48))
    labeling.tool("magicwand")
    labeling.drag((66, 15), (67, 17))
    labeling.unselect()
    labeling.submit()
    return project


def select_text(labeling: LabelingPage, api: Api, root: Path) -> int:
    """An emoji of many code points, Chinese, and a span over the end of a line."""
    del root
    project = api.create_project("Selected text", TEXT_CONFIG)
    [task] = api.import_tasks(project, [{"data": {"text": TEXT}}])
    labeling.open(project, task)
    spans = {"👩‍👩‍👧": "PER", "查尔斯": "PER", "Zürich.It": "LOC"}
    for part, label in spans.items():
        with labeling.region(label):
            labeling.select_text(part)
    labeling.submit()
    return project


def select_hypertext(labeling: LabelingPage, api: Api, root: Path) -> int:
    """Spans over several elements, and after an emoji."""
    del root
    project = api.create_project("Selected hypertext", HTML_CONFIG)
    [task] = api.import_tasks(project, [{"data": {"html": HTML}}])
    labeling.open(project, task)
    for part, label in {"Lovelace": "PER", "👋 Co": "PER", "London": "LOC"}.items():
        with labeling.region(label):
            labeling.select_text(part)
    labeling.submit()
    return project


def select_paragraphs(labeling: LabelingPage, api: Api, root: Path) -> int:
    """Spans after emoji, one over the end of a line."""
    del root
    project = api.create_project("Selected paragraphs", TALK_CONFIG)
    [task] = api.import_tasks(project, [{"data": {"talk": TALK}}])
    labeling.open(project, task)
    for part, label in {"Charles!": "PER", "How\nare you": "ASK"}.items():
        with labeling.region(label):
            labeling.select_text(part)
    labeling.submit()
    return project


def follow_in_video(labeling: LabelingPage, api: Api, root: Path) -> int:
    """A box that follows the red patch of a video, moved at three frames."""
    write_media(root)
    project = api.create_project("Followed", VIDEO_CONFIG)
    serve_local_files(api, project, root)
    clip = "/data/local-files/?d=controls/1/clip.webm"
    [task] = api.import_tasks(project, [{"data": {"video": clip}}])
    labeling.open(project, task)
    labeling.wait_for_video()
    left, top, right, bottom = labeling.find_red()
    labeling.choose("Man")
    labeling.page.drag([(left, top), (right, bottom)])
    for frame in (11, 20):
        before = (left + right) / 2, (top + bottom) / 2
        labeling.step_forward_to(frame)
        left, top, right, bottom = labeling.find_red()
        labeling.page.drag([before, ((left + right) / 2, (top + bottom) / 2)])
    labeling.submit()
    return project


def _picture_tasks(
    api: Api, root: Path, title: str, names: list[str]
) -> tuple[int, list[int]]:
    project = api.create_project(title, IMAGE_CONFIG)
    write_media(root)
    for name in names:
        picture = painted_png(*SIZE, PATCHES)
        (root / "controls" / name).write_bytes(picture)
    serve_local_files(api, project, root)
    places = [f"/data/local-files/?d=controls/{name}" for name in names]
    tasks = api.import_tasks(project, [{"data": {"image": one}} for one in places])
    return project, tasks


MAKERS: dict[str, Make] = {
    "browser_turned": draw_on_pictures,
    "browser_masks": paint_masks,
    "browser_text": select_text,
    "browser_hypertext": select_hypertext,
    "browser_paragraphs": select_paragraphs,
    "browser_video": follow_in_video,
}
"""What a browser makes, by the name of its export in the corpus."""
