"""How many processors there are, where a container has fewer than the machine."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from ls_tools.pipeline.division import processors
from ls_tools.pipeline.division.processors import core_count, cpu_quota

V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/cpu"


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        ("0::/", {f"{V2}/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/", {f"{V2}/cpu.max": "max 100000\n"}, math.inf),
        ("0::/", {}, math.inf),
        ("0::/a/b\n", {f"{V2}/a/cpu.max": "200000 50000"}, 4),
        (
            "0::/a/b\n",
            {
                f"{V2}/a/b/cpu.max": "400000 100000",
                f"{V2}/a/cpu.max": "200000 100000",
                f"{V2}/cpu.max": "max 100000",
            },
            2,
        ),
        (
            "4:memory:/m\n3:cpu,cpuacct:/docker/1f\n0::/",
            {f"{V1}/cpu.cfs_quota_us": "50000\n", f"{V1}/cpu.cfs_period_us": "100000"},
            0.5,
        ),
        (
            "1:cpu:/a",
            {f"{V1}/a/cpu.cfs_quota_us": "-1", f"{V1}/a/cpu.cfs_period_us": "100000"},
            math.inf,
        ),
        (
            "1:cpuset:/a\n2:name=systemd:/a",
            {f"{V1}/a/cpu.cfs_quota_us": "1", f"{V1}/a/cpu.cfs_period_us": "1"},
            math.inf,
        ),
        ("1:cpu:/", {f"{V1}/cpu.cfs_quota_us": "1"}, math.inf),
        ("0::/a\r\u2028b", {f"{V2}/a\r\u2028b/cpu.max": "3 1"}, 3),
        ("nothing\n\n::\n", {}, math.inf),
    ],
)
def test_the_tightest_quota_of_all_groups_holds(
    groups: str, files: Mapping[str, str], quota: float, tmp_path: Path
) -> None:
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cpu_quota(tmp_path) == quota


def test_systems_without_groups_have_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) == math.inf


@pytest.mark.parametrize(
    ("quota", "count"), [(math.inf, 8), (20.0, 8), (1.5, 2), (1.0, 1), (0.1, 1)]
)
def test_processors_are_no_more_than_a_quota_can_use(
    quota: float, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(processors, "cpu_quota", lambda: quota)
    assert core_count() == count
