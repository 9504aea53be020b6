"""Clients of boto3, set up as the settings say. Knows no request."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ls_tools.errors import MissingDependencyError, SettingsError
from ls_tools.sources.buckets.muting import mute, muted
from ls_tools.sources.buckets.parts import MOST_THREADS
from ls_tools.sources.buckets.s3_errors import call_failure
from ls_tools.transport.addresses import (
    AddressPolicy,
    ForbiddenAddressError,
    address_failure,
)
from ls_tools.transport.quiet import install_filter

if TYPE_CHECKING:
    from ls_tools.settings import Settings

_AMAZON = re.compile(r"\.amazonaws\.com(?:\.cn)?\Z")


@dataclass(frozen=True, slots=True)
class S3Link:
    """The way to a bucket.

    Attributes:
        client: A client of boto3.
        session: What it was made with; has the credentials.
    """

    client: Any
    session: Any

    @property
    def has_ca_bundle(self) -> bool:
        """Whether the AWS configuration or the environment names a CA file."""
        core = self.session._session  # noqa: SLF001 - boto3 has no name for it
        return bool(core.get_config_variable("ca_bundle"))


def connect(settings: Settings, bucket: str) -> S3Link:
    """The way to ``bucket``: credentials as boto3 finds them.

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
            session = boto3.Session(profile_name=s3.profile, region_name=s3.region)
            client = session.client(
                "s3",
                endpoint_url=s3.endpoint_url,
                verify=None if settings.verify is True else settings.verify,
                config=_config(settings),
            )
        except BotoCoreError as exc:
            raise call_failure(exc, name=f"s3://{bucket}", host="") from None
        except ValueError:
            msg = f"The endpoint set for s3://{bucket} is not the URL of a store."
            hint = "Give it as https://HOST[:PORT]."
            raise SettingsError(msg, hint=hint) from None
    mute("botocore")
    _bind_to_addresses(client, settings)
    return S3Link(client, session)


def _bind_to_addresses(client: Any, settings: Settings) -> None:
    """Let ``client`` contact nothing that the settings forbid."""
    endpoint = client.meta.endpoint_url
    # An endpoint that the user chose is exempt from rules for what data name.
    home = None if _AMAZON.search(urlsplit(endpoint).netloc) else endpoint
    policy = AddressPolicy.of(settings.evolve(url=home))
    looks_up = settings.network == "public" and not settings.proxies

    def check(request: Any, **_: object) -> None:
        parts = urlsplit(request.url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            if looks_up:
                policy.approve(host, port)
            policy.check_host(host, port)
        except socket.gaierror:
            return
        except ForbiddenAddressError as exc:
            failure = address_failure(exc, settings.network)
        else:
            return
        raise failure

    client.meta.events.register("before-send.s3", check)


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
