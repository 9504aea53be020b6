"""Every knob of ls_tools, from arguments and from the environment."""

from __future__ import annotations

from ls_tools.settings.environment import (
    ENVIRONMENT,
    EnvironmentVariable,
    environment_fingerprint,
    read_environment,
)
from ls_tools.settings.limits import Bounds, CacheLimits
from ls_tools.settings.settings import (
    CREDENTIAL_HEADERS,
    Mode,
    Network,
    Settings,
    Token,
)
from ls_tools.settings.stores import (
    AzureSettings,
    BucketSettings,
    Cloud,
    GcsSettings,
    S3Settings,
)

__all__ = [
    "CREDENTIAL_HEADERS",
    "ENVIRONMENT",
    "AzureSettings",
    "Bounds",
    "BucketSettings",
    "CacheLimits",
    "Cloud",
    "EnvironmentVariable",
    "GcsSettings",
    "Mode",
    "Network",
    "S3Settings",
    "Settings",
    "Token",
    "environment_fingerprint",
    "read_environment",
]
