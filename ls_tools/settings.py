"""Every knob of ls_tools: its meaning, unit, bound and environment variable.

The only module that reads the process environment, and never at import.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from ls_tools.errors import SettingsError
from ls_tools.origin import Origin

Token = str | Callable[[], str]
Network = Literal["any", "public", "allow-list"]
Mode = Literal["if-missing", "revalidate", "offline"]
Cloud = Literal["auto", "direct", "server"]

CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "x-api-key"})
"""Headers, in lower case, that log in by themselves; they go where a token may."""

_LARGEST = 1e9
_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Numeric limits on what hostile data may make ls_tools do.

    Attributes:
        response_bytes: Largest API answer held in memory.
        download_bytes: Largest single file downloaded.
        expanded_bytes: Largest size that gzip or zip input may expand to.
        xml_bytes: Largest labeling configuration.
        task_bytes: Largest single task in an export.
        nesting: Deepest nesting of JSON containers in a task.
        image_pixels: Most pixels of a picture that is opened.
        references_per_value: Most media references in one value of task data.
        redirects: Most redirects of one request.
    """

    response_bytes: int = 64 * 2**20
    download_bytes: int = 2**40
    expanded_bytes: int = 64 * 2**30
    xml_bytes: int = 8 * 2**20
    task_bytes: int = 2**30
    nesting: int = 200
    image_pixels: int = 2**30
    references_per_value: int = 100_000
    redirects: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a Resolver or a Client needs to know.

    Attributes:
        url: Server URL, a sub-path included.
        token: Legacy token, personal access token, access token, or a callable
            that returns one. Never shown in ``repr``.
        token_url: The URL that a token from the environment belongs to; a
            request to another server then needs an explicit token.
        aliases: Other URLs of the same server, as task data may spell it.
        cache_dir: The cache folder.
        cache_namespace: Keeps principals apart that share a cache folder.
        document_root: The server's local-files root as mounted here.
        upload_dir: The server's ``media/upload`` folder as mounted here.
        verify: True, False, or the path of a CA bundle.
        client_cert: Path of a PEM file, or (certificate, key).
        proxies: Proxy URL by scheme; None for those of the environment.
        headers: Extra headers, sent to the configured origin only.
        connect_timeout_s: Seconds to connect.
        read_timeout_s: Seconds without a byte before a read counts as stalled.
        retry_attempts: Tries per request, the first included.
        retry_total_s: Seconds after which no further try starts.
        retry_wait_s: First back-off in seconds; doubles, with jitter.
        retry_wait_max_s: Longest back-off in seconds, ``Retry-After`` included.
        jobs: Threads for transfers.
        mode: ``if-missing`` trusts the cache, ``revalidate`` asks the store,
            ``offline`` opens no connection.
        cloud: How bucket references are fetched.
        network: Which addresses may be contacted. Link-local and metadata
            addresses are refused under every choice.
        allowed_hosts: Host names for ``network="allow-list"``.
        allowed_buckets: Bucket names that may be read; None for all.
        allow_paths: Accept plain file paths as references, below these roots.
        bounds: Numeric limits.
    """

    url: str | None = None
    token: Token | None = field(default=None, repr=False)
    token_url: str | None = None
    aliases: tuple[str, ...] = ()
    cache_dir: Path | None = None
    cache_namespace: str = ""
    document_root: Path | None = None
    upload_dir: Path | None = None
    verify: bool | str = True
    client_cert: str | tuple[str, str] | None = None
    proxies: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    retry_attempts: int = 8
    retry_total_s: float = 300.0
    retry_wait_s: float = 0.5
    retry_wait_max_s: float = 60.0
    jobs: int = 16
    mode: Mode = "if-missing"
    cloud: Cloud = "auto"
    network: Network = "any"
    allowed_hosts: tuple[str, ...] = ()
    allowed_buckets: tuple[str, ...] | None = None
    allow_paths: tuple[Path, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        """Check what can be checked without I/O."""
        if self.url is not None:
            Origin.parse(self.url)
        for name in ("connect_timeout_s", "read_timeout_s", "retry_attempts", "jobs"):
            if not 0 < getattr(self, name) <= _LARGEST:
                msg = f"The setting {name} must be greater than zero, and finite."
                raise SettingsError(msg, hint="Give a number of 1 or more.")

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **overrides: Any
    ) -> Settings:
        """Settings from the environment; keyword arguments win where not None.

        Args:
            environ: The environment to read; the process's own by default.
            **overrides: Fields of Settings.

        Raises:
            SettingsError: A variable has a value that makes no sense, or an
                override names no field.
        """
        values = read_environment(os.environ if environ is None else environ)
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(overrides) - known):
            msg = f"There is no setting {', '.join(unknown)}."
            raise SettingsError(msg, hint=f"Known: {', '.join(sorted(known))}.")
        given = {name: value for name, value in overrides.items() if value is not None}
        if "token" in values and "token" not in given:
            values["token_url"] = values.get("url")
        return cls(**{**values, **given})

    def evolve(self, **changes: Any) -> Settings:
        """A copy with some fields changed."""
        return replace(self, **changes)

    @property
    def origin(self) -> Origin | None:
        """The configured server's origin, None without a URL."""
        return None if self.url is None else Origin.parse(self.url)


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


def _parse_offline(text: str) -> Mode:
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


def read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that ``environ`` gives; empty values count as unset.

    Raises:
        SettingsError: A value makes no sense.
    """
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
