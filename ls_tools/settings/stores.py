"""How bucket stores are reached, and which way: data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

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
