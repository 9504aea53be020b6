"""Files mapped into memory, which other processes can map as well."""

from __future__ import annotations

import fcntl
import mmap
import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


_FIRST_OF_ITS_OWN = 3


class MappedFile(mmap.mmap):
    """The whole of a file, for reading.

    Attributes:
        descriptor: Of the file, whatever has become of its name.
    """

    descriptor: int

    def __new__(cls, descriptor: int, size_bytes: int) -> Self:
        """Map a file that is open.

        Args:
            descriptor: Of the file; may be closed afterwards.
            size_bytes: Its size, not 0.

        Raises:
            OSError: It cannot be mapped.
        """
        mapped = super().__new__(cls, descriptor, size_bytes, access=mmap.ACCESS_READ)
        mapped.descriptor = keep_open(descriptor)
        weakref.finalize(mapped, os.close, mapped.descriptor)
        return mapped


def keep_open(descriptor: int) -> int:
    """Another descriptor of a file, which is none of a standard stream.

    Raises:
        OSError: There are too many.
    """
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_OF_ITS_OWN)


def file_of(data: memoryview) -> MappedFile | None:
    """The file that ``data`` is the whole of, where it is one."""
    mapped = data.obj
    if isinstance(mapped, MappedFile) and len(data) == len(mapped):
        return mapped
    return None
