"""Digests of bytes as stores announce them; knows no store and no cache."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import warnings
import zlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, final

from ls_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

BLOCK_BYTES = 1 << 20
"""Size of the blocks in which files are read."""

_HASHLIB = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
_CRCS = {"crc32": 4, "crc32c": 4, "crc64nvme": 8}
_SIZES_BYTES = {**_HASHLIB, **_CRCS}

KNOWN = frozenset(_SIZES_BYTES)
"""Every algorithm that may be checkable, given the right packages."""


class Digest(Protocol):
    """A digest that bytes are fed to."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """``data`` comes next."""

    def hexdigest(self) -> str:
        """The digest of all bytes so far, lower-case hex."""
        raise NotImplementedError


def can_check(algorithm: str) -> bool:
    """Whether bytes can be checked by ``algorithm`` here, at a useful speed.

    md5, sha1, sha256, sha512 and crc32 always; crc32c with google-crc32c or
    awscrt, crc64nvme with awscrt.
    """
    return algorithm in _HASHLIB or _crc_function(algorithm) is not None


def decode_digest(algorithm: str, text: str | None) -> str | None:
    """The digest that a header gives in base64, as lower-case hex.

    Returns:
        None for what is no digest of ``algorithm``, such as one of several parts.
    """
    try:
        digest = base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == _SIZES_BYTES.get(algorithm) else None


def new_digest(algorithm: str) -> Digest:
    """A fresh digest.

    Raises:
        UsageError: ``can_check`` is false for ``algorithm``.
    """
    if algorithm in _HASHLIB:
        return hashlib.new(algorithm, usedforsecurity=False)
    extend = _crc_function(algorithm)
    if extend is None:
        known = sorted(name for name in KNOWN if can_check(name))
        msg = f"Files cannot be checked by {algorithm!r}."
        raise UsageError(msg, hint=f"Known: {', '.join(known)}.")
    return _Crc(extend, 2 * _CRCS[algorithm])


def digest_file(fd: int, algorithms: Collection[str]) -> dict[str, str]:
    """Hex digests by algorithm of the open file ``fd``, read from its start.

    Raises:
        OSError: The file cannot be read.
        UsageError: An algorithm is not known.
    """
    return digest_blocks(_read_blocks(fd) if algorithms else (), algorithms)


def digest_blocks(
    blocks: Iterable[bytes], algorithms: Collection[str]
) -> dict[str, str]:
    """Hex digests by algorithm of ``blocks``, one after the other.

    Raises:
        UsageError: An algorithm is not known.
    """
    digests = {algorithm: new_digest(algorithm) for algorithm in algorithms}
    for block in blocks:
        for digest in digests.values():
            digest.update(block)
    return {algorithm: digest.hexdigest() for algorithm, digest in digests.items()}


def _read_blocks(fd: int) -> Iterator[bytes]:
    offset, size_bytes = 0, os.fstat(fd).st_size
    # Blocks of just the size: a buffer of a mebibyte costs more than a small file.
    while block := os.pread(fd, min(BLOCK_BYTES, size_bytes - offset), offset):
        offset += len(block)
        yield block


def find_difference(
    expected: Mapping[str, str], found: Mapping[str, str]
) -> str | None:
    """How the digests ``found`` differ from those ``expected``, for messages.

    Args:
        expected: Hex by algorithm, in any case of letters.
        found: Those of the same algorithms, lower-case hex.

    Returns:
        The first difference, as part of a sentence; None where there is none.
    """
    for algorithm, digest in expected.items():
        if found[algorithm] != digest.lower():
            return f"its {algorithm} is {found[algorithm]}, not {digest}"
    return None


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Hex sha256 of the file ``path``, read in blocks.

    Raises:
        OSError: The file cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return digest_file(fd, ("sha256",))["sha256"]
    finally:
        os.close(fd)


@final
class _Crc:
    """A cyclic redundancy check as a digest, most significant byte first."""

    def __init__(self, extend: Callable[[bytes, int], int], digits: int) -> None:
        self._extend = extend
        self._digits = digits
        self._value = 0

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """``data`` comes next."""
        self._value = self._extend(bytes(data), self._value)

    def hexdigest(self) -> str:
        """The check as hex digits."""
        return f"{self._value:0{self._digits}x}"


@cache
def _crc_function(algorithm: str) -> Callable[[bytes, int], int] | None:
    """What extends a check by bytes: ``function(data, value)``."""
    if algorithm == "crc32":
        return zlib.crc32
    if algorithm == "crc32c":
        return _google_crc32c() or _awscrt(algorithm)
    return _awscrt(algorithm) if algorithm == "crc64nvme" else None


def _google_crc32c() -> Callable[[bytes, int], int] | None:
    module = _find_module("google_crc32c")
    # Its fallback in pure Python takes minutes per gigabyte.
    if module is None or module.implementation == "python":
        return None
    extend = module.extend
    return lambda data, value: int(extend(value, data))


def _awscrt(algorithm: str) -> Callable[[bytes, int], int] | None:
    return getattr(_find_module("awscrt.checksums"), algorithm, None)


def _find_module(name: str) -> Any:
    """An optional module; None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return import_module(name)
    except ImportError:
        return None
