"""The server's labeling page in a browser, used as a person uses it; knows no pytest.

What is drawn is drawn by the mouse. The page's own store is asked only where things
are, and when they are done.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests

from services.browser import Page, Point
from services.pictures import Patch
from services.sites import EMAIL, PASSWORD, Site

if TYPE_CHECKING:
    from PIL import Image

Colour = tuple[int, int, int]

_SELECTED = "Htx.annotationStore.selected"
_READY = f"window.Htx && Htx.task && {_SELECTED} && 'yes'"

_CANVAS = "document.querySelector('.konvajs-content canvas')"
# What is done before the page has made its annotation for good is lost.
_STEADY = f"""(() => {{
  const same = window.lastSelected === {_SELECTED};
  window.lastSelected = {_SELECTED};
  window.timesSame = same ? window.timesSame + 1 : 0;
  return window.timesSame > 25;
}})()"""
_LOOKS = 50
_TRIES = 5
_TOOL = "document.querySelector('button.lsf-tool[aria-label=\"%s\"]')"
_HIGH = [0] * 128 + [255] * 128
_FRAME = "parseInt(document.querySelector('.lsf-frames-control').innerText)"
_TEXT_ROOT = (
    "(document.querySelector('iframe.lsf-richtext__iframe')?.contentDocument.body"
    " ?? document.querySelector('.lsf-richtext__container, .lsf-paragraphs'))"
)
_ENDS_OF_TEXT = """(() => {
  const part = %s, root = %s;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let text = "";
  while (walker.nextNode()) {
    nodes.push([text.length, walker.currentNode]);
    text += walker.currentNode.data;
  }
  const frame = root.ownerDocument.defaultView.frameElement?.getBoundingClientRect();
  const corner = (offset, isEnd) => {
    const at = isEnd ? offset - 1 : offset;
    const [start, node] = nodes.findLast(([start]) => start <= at);
    const range = root.ownerDocument.createRange();
    range.setStart(node, offset - start - (isEnd ? 1 : 0));
    range.setEnd(node, offset - start + (isEnd ? 0 : 1));
    const box = range.getBoundingClientRect();
    return [
      (isEnd ? box.right - 0.5 : box.left + 0.5) + (frame?.left ?? 0),
      (box.top + box.bottom) / 2 + (frame?.top ?? 0),
    ];
  };
  const first = text.indexOf(part);
  return [corner(first, false), corner(first + part.length, true)];
})()"""


class LabelingPage:
    """One user's labeling page.

    Args:
        page: An empty page of a browser.
        site: The server.
        cookies: Those of a session of the user.
    """

    def __init__(self, page: Page, site: Site, cookies: dict[str, str]) -> None:
        self.page = page
        self._url = site.url
        page.set_cookies(site.url, cookies)

    def open(self, project: int, task: int) -> None:
        """Open a task and wait until it can be labeled."""
        self.page.open(f"{self._url}/projects/{project}/data?task={task}")
        ready = f"{_READY} && String(Htx.task.id) === '{task}'"
        self.page.wait_for(ready)
        self.page.wait_for(f"{_SELECTED}.objects.every((one) => one.isReady)")
        self.page.wait_for(_STEADY)

    def choose(self, label: str) -> None:
        """Click a label, so that it is selected."""
        element = (
            "[...document.querySelectorAll('.lsf-label')]"
            f".find((e) => e.innerText.trim().split('\\n')[0] === {json.dumps(label)})"
        )
        self._click_until(element, f"{element}.className.includes('_selected')")

    def tool(self, name: str) -> None:
        """Click a tool of the toolbar by its accessible name, so that it is active."""
        button = _TOOL % name
        self._click_until(button, f"{button}.className.includes('_active')")

    def turn_right(self, times: int) -> None:
        """Turn the picture clockwise by the toolbar, a quarter each time."""
        for number in range(1, times + 1):
            is_turned = f"{_SELECTED}.objects[0].rotation === {90 * number}"
            self._click_until(_TOOL % "rotate-right", is_turned)

    def unselect(self) -> None:
        """Let go of the region that was made last."""
        self.page.press("Escape", code=27)

    def results(self) -> list[dict[str, Any]]:
        """What the page would send now."""
        text = self.page.run(f"JSON.stringify({_SELECTED}.serializeAnnotation())")
        found: list[dict[str, Any]] = json.loads(text)
        return found

    def submit(self) -> None:
        """Send the annotation and wait until the server has it."""
        before = self.page.run(f"String({_SELECTED}.pk || '')")
        name = "Update current annotation" if before else "Submit current annotation"
        self._click_on(f"document.querySelector('button[aria-label=\"{name}\"]')")
        self.page.wait_for(f"{_SELECTED}.pk && !Htx.isSubmitting")

    @contextmanager
    def region(self, label: str) -> Iterator[None]:
        """Choose a label for what is drawn in the block, and let go of it."""
        self.choose(label)
        yield
        self.unselect()

    def select_text(self, part: str) -> None:
        """Drag from the first to the last character of a part of the text.

        Args:
            part: As the page has it in its text nodes: without line breaks.
        """
        self.page.wait_for(f"{_TEXT_ROOT}?.textContent.includes({json.dumps(part)})")
        self.page.settle()
        script = _ENDS_OF_TEXT % (json.dumps(part), _TEXT_ROOT)
        (left, top), (right, bottom) = self.page.run(script)
        before = len(self.results())
        self.page.drag([(left, top), (right, bottom)])
        assert len(self.results()) == before + 1, f"nothing selected of {part!r}"

    def wait_for_video(self) -> None:
        """Wait until the first frame of a video is drawn."""
        self.page.wait_for("document.querySelector('video')?.readyState >= 2")
        self.page.wait_for(f"({_FRAME}) === 1")
        self.page.settle()

    def step_forward_to(self, frame: int) -> None:
        """Click the button that steps forward, and wait for the frame."""
        self._click_on("document.querySelector('button[aria-label=\"Step forward\"]')")
        self.page.wait_for(f"({_FRAME}) === {frame}")
        self.page.settle()

    def find_red(self) -> tuple[float, float, float, float]:
        """Where in the window something reddish is to be seen on the stage."""
        found = find_reddish(self.page.screenshot(), self._stage())
        assert found, "nothing is red"
        return found

    def find_picture(self, patches: Mapping[Patch, Colour]) -> None:
        """See where in the window the picture is, and how it is turned.

        Told by three patches of colour in a picture of the window, whatever the page
        says of itself.

        Args:
            patches: Of the task's picture, by their place in it in pixels; no two
                in a row or column.
        """
        seen: list[Point] = []
        for _ in range(_LOOKS):
            shot, within = self.page.screenshot(), self._stage()
            found = [find_colour(shot, colour, within) for colour in patches.values()]
            before, seen = seen, [_center(bounds) for bounds in found if bounds]
            if len(seen) == len(patches) and seen == before:
                break
        pairs = list(zip(map(_center, patches), seen, strict=True))
        self._to_window = _affine(pairs[:3])

    def _stage(self) -> Patch:
        self.page.wait_for(f"{_CANVAS} && 'yes'")
        left, top, right, bottom = self.page.run(
            f"(() => {{ const r = {_CANVAS}.getBoundingClientRect();"
            "return [r.left, r.top, r.right, r.bottom]; })()"
        )
        return round(left), round(top), round(right), round(bottom)

    def at(self, x_px: float, y_px: float) -> Point:
        """Where in the window a point of the picture was last seen."""
        return self._to_window(x_px, y_px)

    def drag(self, *points_px: Point) -> None:
        """Press at a point of the picture, move along the others, let go."""
        self.page.drag([self.at(*point) for point in points_px])

    def click(self, *points_px: Point) -> None:
        """Click at points of the picture, one after the other."""
        for point in points_px:
            self.page.click(self.at(*point))

    def _click_until(self, element: str, condition: str) -> None:
        """Click on something, again where the page did not take notice."""
        for _ in range(_TRIES):
            self._click_on(element)
            with suppress(TimeoutError):
                self.page.wait_for(condition, timeout_s=3)
                return
        msg = f"clicked in vain on {element}"
        raise TimeoutError(msg)

    def _click_on(self, element: str) -> None:
        self.page.wait_for(f"{element} && 'yes'")
        x, y = self.page.run(
            f"(() => {{ const e = {element}; e.scrollIntoView({{block: 'nearest'}});"
            "const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.page.click((x, y))


def find_colour(png: bytes, colour: Colour, within: Patch) -> Patch | None:
    """The bounds of what has exactly this colour in a part of a picture."""
    from PIL import Image, ImageChops

    part = _crop(png, within)
    difference = ImageChops.difference(part, Image.new("RGB", part.size, colour))
    red, green, blue = difference.split()
    distance = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return _bounds(distance.point([255] + [0] * 255), within)


def find_reddish(png: bytes, within: Patch) -> Patch | None:
    """The bounds of what is about red in a part of a picture."""
    from PIL import ImageChops

    red, green, blue = _crop(png, within).split()
    others = ImageChops.lighter(green, blue)
    return _bounds(ImageChops.subtract(red, others).point(_HIGH), within)


def _crop(png: bytes, within: Patch) -> Image.Image:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        part: Image.Image = picture.convert("RGB").crop(within)
    return part


def _bounds(mask: Image.Image, within: Patch) -> Patch | None:
    bounds = mask.getbbox()
    if bounds is None:
        return None
    left, top = within[:2]
    return bounds[0] + left, bounds[1] + top, bounds[2] + left, bounds[3] + top


def _center(bounds: Patch) -> Point:
    left, top, right, bottom = bounds
    return (left + right) / 2, (top + bottom) / 2


def _affine(pairs: Sequence[tuple[Point, Point]]) -> Callable[[float, float], Point]:
    """The affine map that takes three points to three others."""
    (a, to_a), (b, to_b), (c, to_c) = pairs
    ab, ac = (b[0] - a[0], b[1] - a[1]), (c[0] - a[0], c[1] - a[1])
    area = ab[0] * ac[1] - ab[1] * ac[0]

    def to_window(x: float, y: float) -> Point:
        px, py = x - a[0], y - a[1]
        along_b = (px * ac[1] - py * ac[0]) / area
        along_c = (ab[0] * py - ab[1] * px) / area
        first, second = (
            to_a[axis]
            + along_b * (to_b[axis] - to_a[axis])
            + along_c * (to_c[axis] - to_a[axis])
            for axis in (0, 1)
        )
        return first, second

    return to_window


def sign_in(site: Site) -> dict[str, str]:
    """Cookies of a new session of the first user."""
    with requests.Session() as session:
        session.trust_env = False
        url = f"{site.url}/user/login/"
        session.get(url, timeout=60).raise_for_status()
        fields = {
            "email": EMAIL,
            "password": PASSWORD,
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        answer = session.post(url, fields, headers={"Referer": url}, timeout=60)
        answer.raise_for_status()
        return dict(session.cookies)
