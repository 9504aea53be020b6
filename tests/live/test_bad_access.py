"""What a real server refuses is one clear line and the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.projects import SeededProject
from services.sites import Site

Failure = Callable[..., dict[str, Any]]


@pytest.fixture
def failure(label_studio: Site, tmp_path: Path) -> Failure:
    """Runs ``ls-tools`` to its failure: the JSON error with the exit code."""

    def call(
        *arguments: str, url: str = label_studio.url, **env: str
    ) -> dict[str, Any]:
        base = {**os.environ, "LS_TOOLS_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-m", "ls_tools", *arguments, "--json"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={**base, "LABEL_STUDIO_URL": url, **env},
        )
        assert "Traceback" not in done.stderr, done.stderr
        for secret in env.values():
            assert secret not in done.stdout + done.stderr
        error: dict[str, Any] = json.loads(done.stdout)["error"]
        assert error["message"]
        assert error["hint"]
        assert not (tmp_path / "out").exists()
        return {"code": done.returncode, **error}

    return call


@pytest.fixture
def pull(tmp_path: Path) -> list[str]:
    return ["--to", "yolo", "--out", str(tmp_path / "out")]


def test_no_token(
    failure: Failure, image_project: SeededProject, pull: list[str]
) -> None:
    error = failure("pull", str(image_project.id), *pull)
    assert (error["code"], error["kind"]) == (4, "missing-token")
    assert "LABEL_STUDIO_API_KEY" in error["hint"]


@pytest.mark.parametrize("kind", ["wrong", "expired", "garbled"])
def test_a_token_that_the_server_refuses(
    failure: Failure,
    label_studio: Site,
    image_project: SeededProject,
    pull: list[str],
    kind: str,
) -> None:
    tokens = {
        "wrong": "f" * 40,
        "expired": label_studio.mint_access_token(-60),
        "garbled": label_studio.personal_token[:-4] + "AAAA",
    }
    token = tokens[kind]
    error = failure("pull", str(image_project.id), *pull, LABEL_STUDIO_API_KEY=token)
    assert (error["code"], error["kind"]) == (4, "token-rejected")


def test_a_token_of_the_environment_stays_with_its_server(
    failure: Failure, label_studio: Site, pull: list[str]
) -> None:
    error = failure(
        *("pull", "1", *pull, "--url", label_studio.url),
        url="https://labels.example.com",
        LABEL_STUDIO_API_KEY=label_studio.token[::-1],
    )
    assert (error["code"], error["kind"]) == (4, "missing-token")
    assert "https://labels.example.com" in error["hint"]


@pytest.mark.parametrize("project", ["999999", "No such project"])
def test_a_project_that_is_not_there(
    failure: Failure, label_studio: Site, pull: list[str], project: str
) -> None:
    error = failure("pull", project, *pull, LABEL_STUDIO_API_KEY=label_studio.token)
    assert (error["code"], error["kind"]) == (3, "not-found")
    assert project in error["message"]


def test_a_view_that_is_not_there_exports_nothing(
    failure: Failure,
    label_studio: Site,
    image_project: SeededProject,
    pull: list[str],
) -> None:
    token = label_studio.token
    arguments = ("pull", str(image_project.id), *pull, "--view", "999999")
    error = failure(*arguments, LABEL_STUDIO_API_KEY=token)
    assert (error["code"], error["kind"]) == (3, "not-found")


def test_a_server_that_is_not_there(failure: Failure, pull: list[str]) -> None:
    error = failure("pull", "1", *pull, url="http://127.0.0.1:9")
    assert (error["code"], error["retryable"]) == (5, True)


def test_fewer_tasks_than_wanted_write_nothing(
    failure: Failure,
    label_studio: Site,
    image_project: SeededProject,
    pull: list[str],
) -> None:
    arguments = ("pull", str(image_project.id), *pull, "--min-tasks", "1000")
    error = failure(*arguments, LABEL_STUDIO_API_KEY=label_studio.token)
    assert (error["code"], error["kind"]) == (1, "export-failed")
