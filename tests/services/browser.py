"""A headless Chromium, told what to do over its debugging pipe; knows no pytest.

Only what tests of a page need: open it, run a script in it, and move the mouse as a
person does. No request leaves this machine.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services import install

if TYPE_CHECKING:
    from typing_extensions import Self

Point = tuple[float, float]
"""Pixels of the window: x to the right, y down."""

_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--font-render-hinting=none",
    "--force-device-scale-factor=1",
    # All but loopback goes to a proxy that is not there.
    "--proxy-server=127.0.0.1:1",
    "--proxy-bypass-list=127.0.0.1",
    "--remote-debugging-pipe",
)
_WINDOW = (1200, 1000)
_PATIENCE_S = 60.0
# Chromium speaks over the file descriptors 3 and 4.
_SHIM = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


class Browser:
    """A running Chromium, which ends with the block.

    Args:
        folder: Where ``install.BROWSER`` is.
        home: A new folder for its profile and its log.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        commands, answers = os.pipe(), os.pipe()
        ends = [_out_of_the_way(fd) for fd in (*commands, *answers)]
        self._write, self._read = ends[1], ends[2]
        theirs = (ends[0], ends[3])
        window = f"--window-size={_WINDOW[0]},{_WINDOW[1]}"
        switches = (*_SWITCHES, window, f"--user-data-dir={home / 'profile'}")
        shim = [sys.executable, "-c", _SHIM, *map(str, theirs)]
        with (home / "browser.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*shim, str(install.chromium(folder)), *switches, "about:blank"],
                env=_environment(folder, home),
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        for fd in theirs:
            os.close(fd)
        self._log = home / "browser.log"
        self._numbers = itertools.count(1)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser and wait for it."""
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def page(self) -> Page:
        """A new, empty page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, target, attached["sessionId"])

    def call(self, method: str, *, session: str = "", **params: Any) -> Any:
        """The answer to a command of the DevTools protocol.

        Raises:
            RuntimeError: The browser refused it, ended, or stayed silent.
        """
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            answer = self._next_message(deadline)
            if answer.get("id") != number:
                continue
            if "error" in answer:
                msg = f"{method}: {answer['error']}"
                raise RuntimeError(msg)
            return answer["result"]

    def _next_message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            left_s = max(deadline - time.monotonic(), 0)
            ready, _, _ = select.select([self._read], [], [], left_s)
            more = os.read(self._read, 2**20) if ready else b""
            if not more:
                log = self._log.read_text(errors="replace")[-2000:]
                msg = f"the browser {'ended' if ready else 'is silent'}:\n{log}"
                raise RuntimeError(msg)
            self._unread += more
        head, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(head)
        return message


class Page:
    """One tab, closed with the block."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        self._mouse: Point = (0, 0)
        width, height = _WINDOW
        self.call("Page.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def call(self, method: str, **params: Any) -> Any:
        """The answer to a command of the DevTools protocol about this page."""
        return self._browser.call(method, session=self._session, **params)

    def set_cookies(self, url: str, cookies: Mapping[str, str]) -> None:
        """Cookies for every page of a site."""
        for name, value in cookies.items():
            self.call("Network.setCookie", name=name, value=value, url=url)

    def open(self, url: str) -> None:
        """Go to a page; it may not be drawn yet."""
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The JSON-like value of an expression, awaited where it is a promise.

        Raises:
            RuntimeError: The script raised.
        """
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            msg = f"{script}: {answer['exceptionDetails']}"
            raise RuntimeError(msg)
        return answer["result"].get("value")

    def wait_for(self, condition: str, *, timeout_s: float = 30) -> Any:
        """The value of an expression, as soon as it is true.

        Raises:
            TimeoutError: It never was.
        """
        script = f"""new Promise((resolve) => {{
            const end = Date.now() + {timeout_s * 1000};
            const look = () => {{
                let found = null;
                try {{ found = ({condition}); }} catch (error) {{ found = null; }}
                if (found || Date.now() > end) resolve(found);
                else setTimeout(look, 20);
            }};
            look();
        }})"""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                found = self.run(script)
            except RuntimeError:  # the page went away under the script
                continue
            if found:
                return found
        msg = f"never true: {condition}"
        raise TimeoutError(msg)

    def settle(self) -> None:
        """Wait until what was done is drawn."""
        frame = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
        self.run(frame)

    def drag(self, points: Sequence[Point], *, step_px: float = 24) -> None:
        """Press at the first point, move along all, and let go at the last."""
        self.move(points[0])
        self._mouse_event("mousePressed", buttons=1)
        for point in points[1:]:
            self.move(point, step_px=step_px, buttons=1)
        self._mouse_event("mouseReleased", buttons=0)
        self.settle()

    def click(self, point: Point, *, count: int = 1) -> None:
        """Press and let go at a point."""
        self.move(point)
        for number in range(1, count + 1):
            self._mouse_event("mousePressed", buttons=1, clickCount=number)
            self._mouse_event("mouseReleased", buttons=0, clickCount=number)
        self.settle()

    def move(self, to: Point, *, step_px: float = 1e9, buttons: int = 0) -> None:
        """Move the mouse in a straight line."""
        (x, y), (end_x, end_y) = self._mouse, to
        steps = max(int(max(abs(end_x - x), abs(end_y - y)) / step_px), 1)
        for step in range(1, steps + 1):
            part = step / steps
            self._mouse = (x + (end_x - x) * part, y + (end_y - y) * part)
            self._mouse_event("mouseMoved", buttons=buttons)

    def press(self, key: str, *, code: int = 0) -> None:
        """Type one key, such as ``b`` or ``Enter``."""
        text = key if len(key) == 1 else ""
        name = f"Key{key.upper()}" if key.isalpha() and text else key
        number = code or ord(key[0].upper())
        common = {"key": key, "code": name, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)
        self.settle()

    def screenshot(self) -> bytes:
        """What is to be seen, as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        return base64.b64decode(data)

    def _mouse_event(self, kind: str, *, buttons: int, clickCount: int = 1) -> None:  # noqa: N803 -- as the protocol calls it
        x, y = self._mouse
        pressed = kind in {"mousePressed", "mouseReleased"}
        self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left" if pressed or buttons else "none",
            buttons=buttons,
            clickCount=clickCount if pressed else 0,
        )


def _out_of_the_way(fd: int) -> int:
    """The same end of a pipe, at a number that Chromium does not use."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


def _environment(folder: Path, home: Path) -> dict[str, str]:
    """Nothing of the machine's own: libraries and fonts come with the browser."""
    fonts = home / "fonts.conf"
    fonts.write_text(
        f"<fontconfig><dir>{folder / 'fonts'}</dir>"
        f"<cachedir>{home / 'fonts'}</cachedir></fontconfig>"
    )
    return {
        "HOME": str(home),
        "TMPDIR": str(home),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "LD_LIBRARY_PATH": str(folder / "al2023" / "lib"),
        "FONTCONFIG_FILE": str(fonts),
    }
