from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from formats.texts_rig import ADA, convert_texts, task

from ls_tools.errors import MissingDependencyError, UsageError


def test_without_spacy_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "spacy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match="needs spaCy") as caught:
        convert_texts(tmp_path, "spacy", [task(ADA)])
    assert caught.value.hint == "pip install 'ls-tools[nlp]'"
    assert not (tmp_path / "out").exists()


def test_a_negative_number_of_documents_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        convert_texts(tmp_path, "spacy", [], docs_per_file=-1)
