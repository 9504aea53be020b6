"""The server's labeling page in a browser, used as a person uses it; knows no pytest.

What is drawn is drawn by the mouse. The page's own store is asked only where things
are, and when they are done.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests

from services.browser import Page, Point
from services.pictures import Patch
from services.sites import EMAIL, PASSWORD, Site

Colour = tuple[int, int, int]

_SELECTED = "Htx.annotationStore.selected"
_READY = f"window.Htx && Htx.task && {_SELECTED} && 'yes'"


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

    def wait_for_picture(self) -> None:
        """Wait until the picture is there, and its stage has its size."""
        self.page.wait_for(
            f"{_SELECTED}.objects.every((o) => o.type !== 'image' || "
            "(o.stageWidth > 1 && o.imageIsLoaded !== false))"
        )
        self.page.settle()

    def choose(self, label: str) -> None:
        """Click a label."""
        self._click_on(
            "[...document.querySelectorAll('.lsf-label')]"
            f".find((e) => e.innerText.trim().split('\\n')[0] === {json.dumps(label)})"
        )

    def tool(self, name: str, *, number: int = 0) -> None:
        """Click a tool of the toolbar by its accessible name."""
        self._click_on(
            f"document.querySelectorAll('button.lsf-tool[aria-label=\"{name}\"]')"
            f"[{number}]"
        )

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

    def find_picture(self, patches: Mapping[Patch, Colour]) -> None:
        """See where in the window the picture is, and how it is turned.

        Told by three patches of colour in a picture of the window, whatever the page
        says of itself.

        Args:
            patches: Of the task's picture, by their place in it in pixels; no two
                in a row or column.
        """
        left, top, right, bottom = self.page.run(
            "(() => { const r = document.querySelector('.konvajs-content canvas')"
            ".getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })()"
        )
        shot = self.page.screenshot()
        within = (round(left), round(top), round(right), round(bottom))
        pairs = [
            (_center(place), _center(find_colour(shot, colour, within)))
            for place, colour in patches.items()
        ]
        self._to_window = _affine(pairs[:3])

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

    def _click_on(self, element: str) -> None:
        self.page.wait_for(f"{element} && 'yes'")
        x, y = self.page.run(
            f"(() => {{ const e = {element}; e.scrollIntoView({{block: 'nearest'}});"
            "const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.page.click((x, y))


def find_colour(png: bytes, colour: Colour, within: Patch) -> Patch:
    """The bounds of what has exactly this colour in a part of a picture."""
    from PIL import Image, ImageChops

    with Image.open(io.BytesIO(png)) as picture:
        part = picture.convert("RGB").crop(within)
    difference = ImageChops.difference(part, Image.new("RGB", part.size, colour))
    red, green, blue = difference.split()
    distance = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    bounds = distance.point([255] + [0] * 255).getbbox()
    assert bounds, f"nothing is {colour}"
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
