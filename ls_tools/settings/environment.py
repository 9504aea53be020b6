"""The only reader of the process environment, and never at import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ls_tools.errors import SettingsError
from ls_tools.settings.limits import CacheLimits
from ls_tools.settings.quantities import parse_duration_s, parse_size
from ls_tools.settings.stores import (
    AzureSettings,
    GcsSettings,
    S3Settings,
    parse_account,
    parse_buckets,
    parse_cloud,
    parse_endpoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """One environment variable: the field it sets and how it is read.

    Attributes:
        name: The variable.
        setting: The field of Settings; ``s3.region`` for one of a group in it.
        parse: Text to value; raises ValueError, which never quotes a secret.
        meaning: For a person.
    """

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
    try:
        return Path(text).expanduser()
    except RuntimeError as exc:
        msg = f"there is no home folder for {text!r}"
        raise ValueError(msg) from exc


def _parse_names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _parse_emulator(text: str) -> str:
    return parse_endpoint(text if "://" in text else f"http://{text}")


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
    *_variable(
        "retry_total_s",
        float,
        "Seconds after which no further try starts",
        "LS_TOOLS_RETRY_TOTAL_S",
    ),
    *_variable("jobs", int, "Most transfers at once", "LS_TOOLS_JOBS"),
    *_variable(
        "processes", int, "Most processes of one conversion", "LS_TOOLS_PROCESSES"
    ),
    *_variable("cloud", parse_cloud, "auto, direct or server", "LS_TOOLS_CLOUD"),
    *_variable(
        "buckets",
        parse_buckets,
        "The way of single buckets: imgs=server,raw=direct",
        "LS_TOOLS_BUCKETS",
    ),
    *_variable(
        "allowed_buckets",
        _parse_names,
        "Buckets that may be read, with commas between",
        "LS_TOOLS_ALLOWED_BUCKETS",
    ),
    *_variable(
        "cache_limits.max_bytes",
        parse_size,
        "Size of the cache: 50GB",
        "LS_TOOLS_CACHE_MAX_SIZE",
    ),
    *_variable(
        "cache_limits.min_free_bytes",
        parse_size,
        "Free space to leave on its disk: 10GB",
        "LS_TOOLS_CACHE_MIN_FREE",
    ),
    *_variable(
        "cache_limits.max_age_s",
        parse_duration_s,
        "Time since the last use after which a file goes: 30d",
        "LS_TOOLS_CACHE_MAX_AGE",
    ),
    *_variable(
        "cache_limits.ttl_s",
        parse_duration_s,
        "Time after which the store is asked whether a file changed: 12h",
        "LS_TOOLS_CACHE_TTL",
    ),
    *_variable(
        "cache_limits.read_only",
        _parse_flag,
        "True: the cache is never written",
        "LS_TOOLS_CACHE_READ_ONLY",
    ),
    *_variable(
        "s3.endpoint_url",
        parse_endpoint,
        "URL of an S3-compatible store",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL",
    ),
    *_variable(
        "gcs.endpoint_url",
        _parse_emulator,
        "URL of an emulator of Google Cloud Storage",
        "STORAGE_EMULATOR_HOST",
    ),
    *_variable(
        "azure.connection_string",
        str,
        "Account and key at once",
        "AZURE_STORAGE_CONNECTION_STRING",
    ),
    *_variable(
        "azure.account_url",
        parse_account,
        "Name of the storage account",
        "AZURE_STORAGE_ACCOUNT",
    ),
    *_variable("azure.account_key", str, "Key of the account", "AZURE_STORAGE_KEY"),
    *_variable(
        "azure.sas_token", str, "Shared access signature", "AZURE_STORAGE_SAS_TOKEN"
    ),
)
"""Every variable that is read, the first that is set winning per setting."""


def read_environment(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The fields of Settings that ``environ`` gives; empty values count as unset.

    Args:
        environ: The environment to read; the process's own by default.

    Raises:
        SettingsError: A value makes no sense.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for setting, value in _read(environ):
        field, _, part = setting.partition(".")
        if part:
            values.setdefault(field, {})[part] = value
        else:
            values[field] = value
    groups = {
        field: _GROUPS[field](**values[field]) for field in _GROUPS & values.keys()
    }
    return values | groups


_GROUPS: dict[str, Callable[..., object]] = {
    "cache_limits": CacheLimits,
    "s3": S3Settings,
    "gcs": GcsSettings,
    "azure": AzureSettings,
}


def _read(environ: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Each setting that is given, once, with its value."""
    seen: set[str] = set()
    for variable in ENVIRONMENT:
        text = environ.get(variable.name, "").strip()
        if not text or variable.setting in seen:
            continue
        seen.add(variable.setting)
        try:
            yield variable.setting, variable.parse(text)
        except ValueError as exc:
            msg = f"The environment variable {variable.name} cannot be used: {exc}."
            raise SettingsError(msg, hint=variable.meaning) from exc


_FOLDER_VARIABLES = ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
CREDENTIAL_VARIABLES: tuple[str, ...] = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
)
"""Variables that the SDKs of the stores read by themselves."""

_WATCHED = (
    *(variable.name for variable in ENVIRONMENT),
    *_FOLDER_VARIABLES,
    *CREDENTIAL_VARIABLES,
)
_WATCHED_KEYS = tuple(map(os.environ.encodekey, _WATCHED))


def environment_fingerprint() -> tuple[object, ...]:
    """A value that changes whenever the environment gives other settings.

    What decides the credentials of the stores' SDKs counts too. It is meant to
    be compared, and takes between one and two microseconds.
    """
    # Reading a variable decodes it; this has to cost less than a cache hit.
    raw = getattr(os.environ, "_data", None)
    if raw is None:
        return tuple(map(os.environ.get, _WATCHED))
    return tuple(map(raw.get, _WATCHED_KEYS))
