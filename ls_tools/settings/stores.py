"""How bucket stores are reached, and which way: data, and how they are spelt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

Cloud = Literal["auto", "direct", "server"]
"""How bucket references are fetched: from the bucket itself with credentials of
one's own, through the Label Studio server, or the one and then the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """How S3 and what speaks its protocol is reached.

    What is None is found as boto3 finds it: environment, profile, container or
    instance role.

    Attributes:
        endpoint_url: That of an S3-compatible store.
        region: Region of the buckets.
        profile: Profile of the AWS configuration.
        anonymous: Send no credentials: public buckets.
        requester_pays: Agree to pay for the transfer.
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    anonymous: bool = False
    requester_pays: bool = False

    @property
    def endpoint(self) -> str:
        """The endpoint in one spelling; empty where none is given."""
        return _normalise(self.endpoint_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class GcsSettings:
    """How Google Cloud Storage is reached.

    Credentials are the application default ones: environment, gcloud, workload
    identity.

    Attributes:
        endpoint_url: That of an emulator or a private endpoint.
        project: Project that is billed where the requester pays.
        anonymous: Send no credentials: public buckets.
    """

    endpoint_url: str | None = None
    project: str | None = None
    anonymous: bool = False

    @property
    def endpoint(self) -> str:
        """The endpoint in one spelling; empty where none is given."""
        return _normalise(self.endpoint_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """How Azure Blob Storage is reached.

    Without connection string, key or SAS token, azure-identity finds
    credentials: environment, workload identity, managed identity, az login.

    Attributes:
        account_url: ``https://ACCOUNT.blob.core.windows.net``, or an endpoint of
            one's own.
        connection_string: Names account and key at once. Never shown.
        account_key: Key of the account. Never shown.
        sas_token: Shared access signature. Never shown.
        anonymous: Send no credentials: public containers.
    """

    account_url: str | None = None
    connection_string: str | None = field(default=None, repr=False)
    account_key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)
    anonymous: bool = False

    @property
    def endpoint(self) -> str:
        """The account URL in one spelling; empty where none is given."""
        if not self.connection_string:
            return _normalise(self.account_url)
        try:
            return _normalise(parse_connection_string(self.connection_string).url)
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSettings:
    """What is different for one bucket; None is as for all others.

    Attributes:
        cloud: How its objects are fetched.
        s3: How its store is reached, if it is one that speaks S3.
        gcs: Likewise, of Google Cloud Storage.
        azure: Likewise, of Azure Blob Storage.
    """

    cloud: Cloud | None = None
    s3: S3Settings | None = None
    gcs: GcsSettings | None = None
    azure: AzureSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionString:
    """What a connection string of Azure Storage says of blobs.

    Attributes:
        url: The blob endpoint, without a slash at the end.
        account_name: Name of the account, None where it is not said.
        key: Key of the account.
        sas_token: Shared access signature.
    """

    url: str
    account_name: str | None = None
    key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)


def parse_connection_string(text: str) -> ConnectionString:
    """What a connection string says, as the portal of Azure gives it.

    Raises:
        ValueError: It makes no sense. The text says so for a person, and does not
            quote it.
    """
    parts = {}
    for piece in filter(None, map(str.strip, text.split(";"))):
        name, separator, value = (part.strip() for part in piece.partition("="))
        if not (name.isalpha() and separator):
            msg = "is not NAME=VALUE with ; between"
            raise ValueError(msg)
        parts[name.lower()] = value
    account, url = parts.get("accountname"), parts.get("blobendpoint")
    if not url and account:
        scheme = parts.get("defaultendpointsprotocol", "https")
        suffix = parts.get("endpointsuffix", "core.windows.net")
        url = f"{scheme}://{account}.blob.{suffix}"
    if not url or urlsplit(url).scheme not in {"http", "https"}:
        msg = "names no account and no blob endpoint"
        raise ValueError(msg)
    return ConnectionString(
        url=url.rstrip("/"),
        account_name=account,
        key=parts.get("accountkey"),
        sas_token=parts.get("sharedaccesssignature"),
    )


def _normalise(url: str | None) -> str:
    """The URL with scheme and host in lower case and without what follows a path."""
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")


def parse_cloud(text: str) -> Cloud:
    """A way to fetch bucket references, by its name.

    Raises:
        ValueError: There is no such way. The text says so for a person.
    """
    if text.lower() in get_args(Cloud):
        return cast("Cloud", text.lower())
    msg = f"{text!r} is none of {', '.join(get_args(Cloud))}"
    raise ValueError(msg)


def parse_buckets(text: str) -> dict[str, BucketSettings]:
    """The ways of single buckets: ``imgs=server,raw=direct``.

    Raises:
        ValueError: It is written in another way, or names a bucket twice.
    """
    found: dict[str, BucketSettings] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, separator, way = (piece.strip() for piece in part.partition("="))
        if not (name and separator):
            msg = f"{part!r} is not NAME=WAY"
            raise ValueError(msg)
        if name in found:
            msg = f"the bucket {name!r} is named twice"
            raise ValueError(msg)
        found[name] = BucketSettings(cloud=parse_cloud(way))
    return found


def parse_endpoint(text: str) -> str:
    """The URL of a store, checked.

    Raises:
        ValueError: It is no http or https URL, or holds more than one needs. The
            text does not quote it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        msg = "it is not a URL"
        raise ValueError(msg) from None
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        msg = "it is not an http or https URL"
        raise ValueError(msg)
    if port == 0 or "@" in parts.netloc or parts.query or parts.fragment:
        msg = "it holds more than scheme, host, port and path"
        raise ValueError(msg)
    return text


def parse_account(text: str) -> str:
    """The account URL of an Azure storage account, from its name or URL.

    Raises:
        ValueError: It is neither. The text does not quote it.
    """
    if "://" in text:
        return parse_endpoint(text)
    if not _ACCOUNT.fullmatch(text):
        msg = "an account name is 3 to 24 lower-case letters and digits"
        raise ValueError(msg)
    return f"https://{text}.blob.core.windows.net"
