"""Where obstore is used: the stores that it opens with the credentials of the SDKs.

obstore reads variables of the environment that the SDKs do not know; what could lead
elsewhere is therefore always said.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies

from ls_tools.sources.buckets.fast import FastFirst
from ls_tools.sources.buckets.gcs import gcs_store
from ls_tools.sources.buckets.gcs_credentials import token_request
from ls_tools.sources.buckets.muting import muted
from ls_tools.sources.buckets.s3 import s3_store
from ls_tools.transport.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from obstore.store import ClientConfig, GCSStore, S3Store

    from ls_tools.settings import Settings
    from ls_tools.sources.buckets.gcs import GcsStore
    from ls_tools.sources.buckets.protocol import Store
    from ls_tools.sources.buckets.s3 import S3Store as SdkStore

T = TypeVar("T")

_KEPT_S = 720.0
"""Seconds for which obstore may keep keys. It asks again 5 minutes before their end;
boto3 renews them 10 minutes before theirs."""

_AWS = re.compile(r"https://s3(?:\.[a-z0-9-]+)?\.amazonaws\.com/?\Z")
_NOWHERE = "http://127.0.0.1:0"
"""A proxy that cannot be connected to: nothing listens at port 0."""

_NO_TIMEOUT = "7days"
_NO_RETRIES = {"max_retries": 0}


def fast_s3_store(settings: Settings, bucket: str) -> Store:
    """The store of an S3 bucket: on obstore where it will do, else on boto3."""
    sdk = s3_store(settings, bucket)
    if not _is_expressible(settings) or settings.s3.requester_pays or ":" in bucket:
        return sdk
    return FastFirst(sdk, partial(_open_s3, sdk, settings, bucket))


def fast_gcs_store(settings: Settings, bucket: str) -> Store:
    """The store of a bucket of Google: on obstore where it will do, else the SDK."""
    sdk = gcs_store(settings, bucket)
    if not _is_expressible(settings) or settings.gcs.project:
        return sdk
    return FastFirst(sdk, partial(_open_gcs, sdk, settings, bucket))


def _is_expressible(settings: Settings) -> bool:
    """Whether obstore can do what is set.

    It would trust a CA file beside the system's own, knows no client certificate,
    checks no address, and is told of a proxy that keeps it from other hosts.
    """
    return (
        settings.verify is True
        and settings.client_cert is None
        and settings.proxies is None
        and settings.network == "any"
        and not getproxies()
    )


def _open_s3(sdk: SdkStore, settings: Settings, bucket: str) -> S3Store | None:
    """The store of obstore for ``bucket``, set up as the client of boto3 is."""
    link = sdk.link
    try:
        from obstore import store as stores
    except ImportError:
        return None
    from botocore.exceptions import BotoCoreError

    client, session = link.client, link.session
    try:
        with quiet(), muted():
            found = None if settings.s3.anonymous else session.get_credentials()
    except BotoCoreError:
        return None
    url = client.meta.endpoint_url
    is_trusted = url.startswith("http://") or not link.has_ca_bundle
    if not is_trusted or not (found or settings.s3.anonymous):
        return None
    region = client.meta.region_name
    region = "us-east-1" if region in {None, "aws-global"} else region
    endpoint = _s3_endpoint(url, region, bucket)
    return _make(
        stores.S3Store,
        bucket,
        config={
            **endpoint,
            "region": region,
            "skip_signature": settings.s3.anonymous,
        },
        client_options=_client_options(settings, endpoint["endpoint"]),
        credential_provider=_AwsKeys(found) if found else None,
    )


def _s3_endpoint(url: str, region: str, bucket: str) -> dict[str, Any]:
    """The endpoint, under each name by which the environment could set another."""
    is_virtual = _AWS.match(url) is not None and "." not in bucket
    if _AWS.match(url):
        host = f"s3.{region}.amazonaws.com"
        url = f"https://{bucket}.{host}" if is_virtual else f"https://{host}"
    url = url.rstrip("/")
    return {
        "endpoint": url,
        "aws_endpoint_url_s3": url,
        "virtual_hosted_style_request": is_virtual,
    }


def _make(
    kind: Callable[..., T], bucket: str, *, config: dict[str, Any], **options: Any
) -> T | None:
    """A store of obstore; None where it makes nothing of what it is told."""
    from obstore.exceptions import BaseError, UnknownConfigurationKeyError

    try:
        try:
            return kind(bucket, config=config, retry_config=_NO_RETRIES, **options)
        except UnknownConfigurationKeyError:
            config.pop("aws_endpoint_url_s3", None)
            return kind(bucket, config=config, retry_config=_NO_RETRIES, **options)
    except (BaseError, ValueError, OSError):
        return None


def _open_gcs(sdk: GcsStore, settings: Settings, bucket: str) -> GCSStore | None:
    """The store of obstore for ``bucket``, set up as the client of Google is."""
    link = sdk.link
    try:
        from obstore import store as stores
    except ImportError:
        return None
    keys = (
        None if link.is_anonymous else _GoogleKeys(link.session.credentials, settings)
    )
    return _make(
        stores.GCSStore,
        bucket,
        config={"base_url": link.endpoint, "skip_signature": link.is_anonymous},
        client_options=_client_options(settings, link.endpoint),
        credential_provider=keys,
    )


def _client_options(settings: Settings, url: str) -> ClientConfig:
    return {
        "allow_http": url.startswith("http://"),
        "allow_invalid_certificates": False,
        "connect_timeout": _duration(settings.connect_timeout_s),
        "read_timeout": _duration(settings.read_timeout_s),
        "timeout": _NO_TIMEOUT,
        "pool_max_idle_per_host": str(settings.jobs * 2),
        # It would follow redirects to any host, with a session token.
        "proxy_url": _NOWHERE,
        "proxy_excludes": urlsplit(url).hostname or "",
    }


def _duration(seconds: float) -> str:
    return f"{max(int(seconds * 1000), 1)}ms"


class _AwsKeys:
    """Gives obstore the keys that boto3 has, renewed as boto3 renews them."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def __call__(self) -> Any:
        with quiet(), muted():
            keys = self._credentials.get_frozen_credentials()
        return {
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key,
            "token": keys.token,
            "expires_at": datetime.now(timezone.utc) + timedelta(seconds=_KEPT_S),
        }


class _GoogleKeys:
    """Gives obstore the token that google-auth has, renewed as it renews it."""

    def __init__(self, credentials: Any, settings: Settings) -> None:
        self._credentials = credentials
        self._settings = settings

    def __call__(self) -> Any:
        credentials = self._credentials
        if not credentials.valid:
            credentials.refresh(token_request(self._settings))
        expiry = credentials.expiry
        expires_at = expiry and expiry.replace(tzinfo=timezone.utc)
        return {"token": credentials.token, "expires_at": expires_at}
