from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

import pytest

from ls_tools.geometry import clipping, shapes, units, values

if TYPE_CHECKING:
    from types import ModuleType


@pytest.mark.parametrize(
    "module", [clipping, shapes, units, values], ids=lambda m: m.__name__
)
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
