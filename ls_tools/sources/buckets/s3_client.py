"""Clients of boto3, set up as the settings say. Knows no request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ls_tools.errors import MissingDependencyError, SettingsError
from ls_tools.sources.buckets.muting import mute, muted
from ls_tools.sources.buckets.parts import MOST_THREADS
from ls_tools.sources.buckets.s3_errors import map_failure
from ls_tools.transport.quiet import install_filter

if TYPE_CHECKING:
    from ls_tools.settings import Settings


def make_client(settings: Settings, bucket: str) -> Any:
    """A client of boto3 for ``bucket``: credentials as boto3 finds them.

    Its own retries are off. Safe for threads, not for forks.

    Raises:
        MissingDependencyError: boto3 is not installed.
        MissingCredentialsError: The profile does not exist.
        SettingsError: The endpoint is no URL.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError as exc:
        msg = f"s3://{bucket} needs boto3, which is not installed."
        hint = "pip install 'ls-tools[s3]'"
        raise MissingDependencyError(msg, hint=hint) from exc
    s3 = settings.s3
    install_filter()
    mute("botocore")
    with muted():
        try:
            session = boto3.session.Session(
                profile_name=s3.profile, region_name=s3.region
            )
            client = session.client(
                "s3",
                endpoint_url=s3.endpoint_url,
                verify=None if settings.verify is True else settings.verify,
                config=_config(settings),
            )
        except BotoCoreError as exc:
            raise map_failure(exc, name=f"s3://{bucket}", host="") from None
        except ValueError:
            msg = f"The endpoint set for s3://{bucket} is not the URL of a store."
            hint = "Give it as https://HOST[:PORT]."
            raise SettingsError(msg, hint=hint) from None
    mute("botocore")
    return client


def _config(settings: Settings) -> Any:
    from botocore import UNSIGNED
    from botocore.config import Config

    s3 = settings.s3
    return Config(
        connect_timeout=settings.connect_timeout_s,
        read_timeout=settings.read_timeout_s,
        retries={"total_max_attempts": 1},
        max_pool_connections=settings.jobs + MOST_THREADS,
        signature_version=UNSIGNED if s3.anonymous else None,
        s3={"addressing_style": "path"} if s3.endpoint_url else None,
        proxies=dict(settings.proxies) if settings.proxies else None,
        client_cert=settings.client_cert,
    )
