from __future__ import annotations

import math

import pytest

from ls_tools import Settings
from ls_tools.errors import SettingsError


@pytest.mark.parametrize("name", ["retry_total_s", "retry_wait_s", "retry_wait_max_s"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_waits_are_finite_and_not_below_zero(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings().evolve(**{name: value})
    assert getattr(Settings().evolve(**{name: 0}), name) == 0


@pytest.mark.parametrize(
    "name", ["connect_timeout_s", "read_timeout_s", "jobs", "processes"]
)
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_timeouts_and_threads_are_above_zero(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings().evolve(**{name: value})


def test_the_environment_is_held_to_the_same() -> None:
    with pytest.raises(SettingsError, match="retry_total_s"):
        Settings.from_env({"LS_TOOLS_RETRY_TOTAL_S": "nan"})
