"""Digests as stores announce them."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ls_tools import digests
from ls_tools.errors import UsageError

CHECKED = b"123456789"


@pytest.fixture(autouse=True)
def _forget_what_is_installed() -> None:
    digests._crc_function.cache_clear()


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("md5", "25f9e794323b453885f5181f1b624d0b"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("crc32", "cbf43926"),
    ],
)
def test_a_digest_fed_in_parts_is_that_of_the_whole(
    algorithm: str, expected: str
) -> None:
    digest = digests.new_digest(algorithm)
    digest.update(CHECKED[:4])
    digest.update(CHECKED[4:])
    assert digest.hexdigest() == expected
    assert digests.can_check(algorithm)


def test_crc32c_is_that_of_castagnoli() -> None:
    pytest.importorskip("google_crc32c")
    digest = digests.new_digest("crc32c")
    digest.update(CHECKED[:4])
    digest.update(memoryview(CHECKED)[4:])
    assert digest.hexdigest() == "e3069283"


def test_a_crc_keeps_its_leading_zeros() -> None:
    assert digests.new_digest("crc32").hexdigest() == "00000000"


def test_what_no_package_can_compute_is_not_checked_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "google_crc32c", None)
    monkeypatch.setitem(sys.modules, "awscrt.checksums", None)
    assert not digests.can_check("crc32c")
    assert not digests.can_check("crc64nvme")
    with pytest.raises(UsageError, match="crc32c"):
        digests.new_digest("crc32c")


def test_awscrt_does_where_google_crc32c_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = SimpleNamespace(implementation="python")
    monkeypatch.setitem(sys.modules, "google_crc32c", slow)
    awscrt = SimpleNamespace(crc32c=lambda data, value: value + len(data))
    monkeypatch.setitem(sys.modules, "awscrt.checksums", awscrt)
    monkeypatch.setitem(sys.modules, "awscrt", SimpleNamespace(checksums=awscrt))
    digest = digests.new_digest("crc32c")
    digest.update(CHECKED)
    assert digest.hexdigest() == "00000009"


def test_an_unknown_algorithm_is_refused_with_those_known() -> None:
    assert not digests.can_check("rot13")
    with pytest.raises(UsageError) as caught:
        digests.new_digest("rot13")
    assert "sha256" in caught.value.hint


def test_a_file_is_digested_by_all_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CHECKED)
    with path.open("rb") as file:
        found = digests.digest_file(file.fileno(), {"md5", "crc32"})
    assert found["crc32"] == "cbf43926"
    assert digests.sha256_of(path).startswith("15e2b0d3c33891eb")
