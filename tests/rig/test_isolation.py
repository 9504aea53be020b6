"""The ground rules that every test runs under."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.settings import Settings


@pytest.fixture(scope="module", autouse=True)
def _variables_of_a_user() -> None:
    """Set before the environment is cleaned for the test."""
    os.environ["LABEL_STUDIO_URL"] = "https://labels.example.com"
    os.environ["VERIFY_SSL"] = "no"


def test_environment_gives_no_setting() -> None:
    assert Settings.from_env() == Settings()


def test_home_is_empty_and_not_the_users() -> None:
    assert list(Path.home().iterdir()) == []


@given(st.integers())
def test_environment_is_clean_under_hypothesis(number: int) -> None:
    prefix = "LABEL_STUDIO_"
    found = [name for name in os.environ if name.startswith(prefix)]
    assert not found, number


def test_no_connection_leaves_the_machine() -> None:
    with pytest.raises((RuntimeError, UserWarning), match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
