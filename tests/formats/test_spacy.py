from __future__ import annotations

import sys
from pathlib import Path

import pytest
from formats.texts_rig import ADA, convert_texts, task

from ls_tools.errors import MissingDependencyError, UsageError


def test_without_spacy_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingDependencyError, match="needs spacy") as caught:
        convert_texts(tmp_path, "spacy", [task(ADA)])
    assert caught.value.hint == "Run: pip install 'ls-tools[nlp]'"
    assert not (tmp_path / "out").exists()


def test_a_negative_number_of_documents_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        convert_texts(tmp_path, "spacy", [], docs_per_file=-1)
