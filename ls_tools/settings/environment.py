"""The only reader of the process environment, and never at import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ls_tools.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """One environment variable: the field it sets and how it is read."""

    name: str
    setting: str
    parse: Callable[[str], Any]
    meaning: str


def _parse_verify(text: str) -> bool | str:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    if Path(text).exists():
        return text
    msg = f"{text!r} is neither true, false nor a CA file that exists"
    raise ValueError(msg)


def _parse_flag(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    msg = f"{text!r} is neither true nor false"
    raise ValueError(msg)


def _parse_offline(text: str) -> str:
    return "offline" if _parse_flag(text) else "if-missing"


def _parse_path(text: str) -> Path:
    return Path(text).expanduser()


def _variable(
    setting: str, parse: Callable[[str], Any], meaning: str, *names: str
) -> tuple[EnvironmentVariable, ...]:
    return tuple(EnvironmentVariable(n, setting, parse, meaning) for n in names)


ENVIRONMENT: tuple[EnvironmentVariable, ...] = (
    *_variable("url", str, "Server URL", "LABEL_STUDIO_URL", "LABEL_STUDIO_HOST"),
    *_variable(
        "token",
        str,
        "Token for that URL",
        "LABEL_STUDIO_API_KEY",
        "LABEL_STUDIO_ACCESS_TOKEN",
    ),
    *_variable("cache_dir", _parse_path, "Cache folder", "LS_TOOLS_CACHE_DIR"),
    *_variable("mode", _parse_offline, "True: no connections", "LS_TOOLS_OFFLINE"),
    *_variable(
        "document_root",
        _parse_path,
        "Local-files root as mounted here",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT",
        "HEARTEX_LOCAL_FILES_DOCUMENT_ROOT",
        "LOCAL_FILES_DOCUMENT_ROOT",
    ),
    *_variable("upload_dir", _parse_path, "Upload folder", "LS_UPLOAD_DIR"),
    *_variable(
        "verify",
        _parse_verify,
        "True, false, or a CA bundle",
        "LABEL_STUDIO_VERIFY_SSL",
        "HEARTEX_VERIFY_SSL",
        "VERIFY_SSL",
    ),
    *_variable("read_timeout_s", float, "Seconds", "LS_TOOLS_READ_TIMEOUT_S"),
    *_variable("connect_timeout_s", float, "Seconds", "LS_TOOLS_CONNECT_TIMEOUT_S"),
    *_variable("jobs", int, "Threads for transfers", "LS_TOOLS_JOBS"),
)
"""Every variable that is read, the first that is set winning per setting."""


def read_environment(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The settings that ``environ`` gives; empty values count as unset.

    Args:
        environ: The environment to read; the process's own by default.

    Raises:
        SettingsError: A value makes no sense.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for variable in ENVIRONMENT:
        text = environ.get(variable.name, "").strip()
        if not text or variable.setting in values:
            continue
        try:
            values[variable.setting] = variable.parse(text)
        except ValueError as exc:
            msg = f"The environment variable {variable.name} cannot be used: {exc}."
            raise SettingsError(msg, hint=variable.meaning) from exc
    return values


_FOLDER_VARIABLES = ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
_WATCHED = (*(variable.name for variable in ENVIRONMENT), *_FOLDER_VARIABLES)
_WATCHED_KEYS = tuple(map(os.environ.encodekey, _WATCHED))


def environment_fingerprint() -> tuple[object, ...]:
    """A value that changes whenever the environment gives other settings.

    It is meant to be compared, and takes under a microsecond.
    """
    # Reading a variable decodes it; this has to cost less than a cache hit.
    raw = getattr(os.environ, "_data", None)
    if raw is None:
        return tuple(map(os.environ.get, _WATCHED))
    return tuple(map(raw.get, _WATCHED_KEYS))
