"""Where judges are required, none is missing in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

RUN = """
import sys, pytest
sys.modules["pandas"] = None
sys.exit(pytest.main(["-n", "0", "-p", "no:cacheprovider", sys.argv[1]]))
"""


@pytest.mark.parametrize(("value", "status"), [("required", 1), ("if-there", 0)])
def test_a_judge_that_is_missing_fails_the_run_where_it_is_required(
    value: str, status: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(HERE / "test_json.py")],
        cwd=HERE.parents[1],
        env={**os.environ, "LS_TOOLS_TEST_JUDGES": value},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == status, done.stdout
    assert ("yet skipped" in done.stdout) == bool(status)
