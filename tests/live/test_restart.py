"""A server that dies in the middle of a download harms nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ls_tools import Cache
from services.api import Api
from services.fault_proxy import FaultProxy
from services.faults import Trickle
from services.label_studio import LabelStudio, StartLabelStudio
from services.projects import SeededProject, seed_large_project


@pytest.fixture(scope="module")
def server(own_label_studio: StartLabelStudio) -> LabelStudio:
    return own_label_studio()


@pytest.fixture(scope="module")
def project(server: LabelStudio) -> SeededProject:
    with Api(server.site) as api:
        return seed_large_project(api)


class Pull:
    """A running ``ls-tools pull`` through a proxy."""

    def __init__(self, url: str, project: int, token: str, folder: Path) -> None:
        self.out, self.cache = folder / "out", folder / "cache"
        command = ["pull", str(project), "--to", "coco", "--out", str(self.out)]
        env = {
            **os.environ,
            "LABEL_STUDIO_URL": url,
            "LABEL_STUDIO_API_KEY": token,
            "LS_TOOLS_CACHE_DIR": str(self.cache),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ls_tools", *command, "--json"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> tuple[int, str]:
        """Exit code and stdout."""
        stdout, _ = self.process.communicate(timeout=120)
        return self.process.returncode, stdout


def size_of(path: Path) -> int:
    """Size of a file; 0 for a folder, or where it is gone by now."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def wait_for_bytes(pull: Pull, size_bytes: int) -> None:
    """Return once a file of that size is being written somewhere in the cache."""
    while pull.process.poll() is None:
        if any(size_of(path) >= size_bytes for path in pull.cache.rglob("*")):
            return
        threading.Event().wait(0.05)
    pytest.fail(f"the pull ended early: {pull.finish()}")


def check(pull: Pull, project: SeededProject) -> None:
    """The cache is whole, and so is the output."""
    assert Cache(pull.cache).verify() == []
    images = list((pull.out / "images").iterdir())
    assert [image.read_bytes() for image in images] == [project.tasks["large"].media]


def test_the_same_run_completes_when_the_server_comes_back(
    server: LabelStudio, project: SeededProject, tmp_path: Path
) -> None:
    with FaultProxy(server.site.url) as proxy:
        proxy.plan(Trickle(chunk_bytes=65536, pause_s=0.05), target="/data/upload/")
        pull = Pull(proxy.url, project.id, server.site.token, tmp_path)
        wait_for_bytes(pull, 500_000)
        server.kill()
        assert not pull.out.exists()
        assert Cache(pull.cache).verify() == []
        server.start()
        code, stdout = pull.finish()
    assert code == 0, stdout
    assert json.loads(stdout)["media"]["failed"] == []
    check(pull, project)


def test_a_run_that_was_killed_too_can_be_run_again(
    server: LabelStudio, project: SeededProject, tmp_path: Path
) -> None:
    with FaultProxy(server.site.url) as proxy:
        proxy.plan(Trickle(chunk_bytes=65536, pause_s=0.05), target="/data/upload/")
        first = Pull(proxy.url, project.id, server.site.token, tmp_path)
        wait_for_bytes(first, 500_000)
        first.process.kill()
        first.finish()
        server.kill()
        assert not first.out.exists()
        assert list(Cache(first.cache).entries()) == []
        server.start()
        second = Pull(proxy.url, project.id, server.site.token, tmp_path)
        code, stdout = second.finish()
    assert code == 0, stdout
    check(second, project)
