"""Names bound to code that is imported when the name is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from ls_tools.errors import UnknownFormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class Registry(Generic[T]):
    """A set of implementations by name, loaded on first use.

    Args:
        noun: What is registered, for messages: ``"format"``.
        targets: ``{"coco": "ls_tools.formats.coco:CocoFormat"}``.
    """

    def __init__(self, noun: str, targets: dict[str, str]) -> None:
        self._noun = noun
        self._targets: dict[str, str | T] = dict(targets)

    def __iter__(self) -> Iterator[str]:
        """The registered names, in registration order."""
        return iter(tuple(self._targets))

    def __contains__(self, name: object) -> bool:
        """Whether ``name`` is registered."""
        return name in self._targets

    def register(self, name: str, target: str | T, *, replace: bool = False) -> None:
        """Add an implementation, or the ``"module:attribute"`` that names it.

        Raises:
            UsageError: The name is taken and ``replace`` is not given.
        """
        if name in self._targets and not replace:
            msg = f"The {self._noun} {name!r} is already registered."
            raise UsageError(msg, hint="Pass replace=True to put another in its place.")
        self._targets[name] = target

    def load(self, name: str) -> T:
        """The implementation registered under ``name``.

        Raises:
            UnknownFormatError: Nothing has this name.
        """
        try:
            target = self._targets[name]
        except KeyError:
            known = ", ".join(sorted(self._targets))
            msg = f"Unknown {self._noun} {name!r}."
            raise UnknownFormatError(msg, hint=f"Known: {known}.") from None
        if isinstance(target, str):
            module, _, attribute = target.partition(":")
            target = cast("T", getattr(import_module(module), attribute))
            self._targets[name] = target
        return target
