"""Every knob of ls_tools, from arguments and from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.lazy import importer

if TYPE_CHECKING:
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

_HOMES = {
    "AzureSettings": "stores",
    "Bounds": "limits",
    "BucketSettings": "stores",
    "CREDENTIAL_HEADERS": "settings",
    "CacheLimits": "limits",
    "Cloud": "stores",
    "ENVIRONMENT": "environment",
    "EnvironmentVariable": "environment",
    "GcsSettings": "stores",
    "Mode": "settings",
    "Network": "settings",
    "S3Settings": "stores",
    "Settings": "settings",
    "Token": "settings",
    "environment_fingerprint": "environment",
    "read_environment": "environment",
}

# Settings that were made elsewhere need no reader of the environment.
if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)
