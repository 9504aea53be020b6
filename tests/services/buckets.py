"""The stores as a test meets them: credentials, clients, buckets and objects."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ls_tools.settings import AzureSettings, GcsSettings, S3Settings
from services.emulators import AZURE_ACCOUNT, AZURE_KEY, PUBLIC_PREFIX

if TYPE_CHECKING:
    import pytest
    from azure.storage.blob import BlobServiceClient
    from google.cloud.storage import Client
    from mypy_boto3_s3 import S3Client
    from typing_extensions import Self

_GCS_PROJECT = "tests"


class BucketSite(Protocol):
    """What all stores have."""

    @property
    def url(self) -> str:
        """Where it listens."""

    @property
    def settings(self) -> Any:
        """How ls_tools is told to reach it."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that hold credentials for it."""

    def log_in(self, patch: pytest.MonkeyPatch) -> None:
        """Set the variables that hold credentials for it."""

    def at(self, url: str) -> Self:
        """The same store by another URL, such as that of a proxy."""

    def reference(self, bucket: str, key: str, version: str | None = None) -> str:
        """How task data name an object."""

    def new_bucket(self) -> str:
        """Make an empty bucket that nobody else uses; its name."""

    def put(self, bucket: str, key: str, content: bytes) -> str | None:
        """Store an object; its version where the store has them."""

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object."""


@dataclass(frozen=True, kw_only=True)
class _Site:
    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        return {}

    def log_in(self, patch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment.items():
            patch.setenv(name, value)

    def at(self, url: str) -> Self:
        return replace(self, url=url)


@dataclass(frozen=True, kw_only=True)
class S3Site(_Site):
    """SeaweedFS, or moto where keys do not matter.

    Attributes:
        url: The endpoint.
        access_key: Of one who may do anything.
        secret_key: Likewise.
    """

    access_key: str = "moto"
    secret_key: str = "moto"

    @property
    def settings(self) -> S3Settings:
        return S3Settings(endpoint_url=self.url, region="us-east-1")

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def client(self) -> S3Client:
        """A client of boto3, to put data in; do not close it."""
        return _s3_client(self, checksums="when_supported")

    def reference(self, bucket: str, key: str, version: str | None = None) -> str:
        suffix = f"?versionId={version}" if version else ""
        return f"s3://{bucket}/{key}{suffix}"

    def new_bucket(self, *, is_versioned: bool = False, is_public: bool = False) -> str:
        """Make an empty bucket that nobody else uses; its name.

        Args:
            is_versioned: Keep old versions.
            is_public: Let it be read without credentials; not of moto.
        """
        name = _unique(PUBLIC_PREFIX if is_public else "set-")
        client: Any = self.client()
        client.create_bucket(Bucket=name)
        if is_versioned:
            status = {"Status": "Enabled"}
            client.put_bucket_versioning(
                Bucket=name,
                VersioningConfiguration=status,
            )
        return name

    def put(self, bucket: str, key: str, content: bytes, **options: Any) -> str | None:
        """Store an object; its version where the bucket keeps them.

        Args:
            bucket: Where.
            key: Its name.
            content: Its bytes.
            **options: More for ``put_object`` of boto3: ``ChecksumAlgorithm``…
        """
        sent = self.client().put_object(Bucket=bucket, Key=key, Body=content, **options)
        return sent.get("VersionId")

    def put_in_parts(
        self, bucket: str, key: str, content: bytes, *, part_bytes: int = 5 * 2**20
    ) -> None:
        """Store an object in parts and without checksums, as older clients do."""
        client: Any = _s3_client(self, checksums="when_required")
        name = {"Bucket": bucket, "Key": key}
        upload = client.create_multipart_upload(**name)["UploadId"]
        parts = []
        for number, start in enumerate(range(0, len(content), part_bytes), start=1):
            piece = content[start : start + part_bytes]
            sent = client.upload_part(
                **name, UploadId=upload, PartNumber=number, Body=piece
            )
            parts.append({"ETag": sent["ETag"], "PartNumber": number})
        client.complete_multipart_upload(
            **name,
            UploadId=upload,
            MultipartUpload={"Parts": parts},
        )

    def delete(self, bucket: str, key: str) -> None:
        self.client().delete_object(Bucket=bucket, Key=key)


@dataclass(frozen=True, kw_only=True)
class GcsSite(_Site):
    """fake-gcs-server: no credentials, and no version but the current one."""

    @property
    def settings(self) -> GcsSettings:
        return GcsSettings(endpoint_url=self.url, anonymous=True)

    def client(self) -> Client:
        """A client of google-cloud-storage, to put data in; do not close it."""
        return _gcs_client(self)

    def reference(self, bucket: str, key: str, version: str | None = None) -> str:
        suffix = f"?generation={version}" if version else ""
        return f"gs://{bucket}/{key}{suffix}"

    def new_bucket(self) -> str:
        name = _unique("set-")
        self.client().create_bucket(name)
        return name

    def put(self, bucket: str, key: str, content: bytes) -> str | None:
        blob = self.client().bucket(bucket).blob(key)
        blob.upload_from_string(content, content_type="application/octet-stream")
        return str(blob.generation)

    def delete(self, bucket: str, key: str) -> None:
        self.client().bucket(bucket).blob(key).delete()


@dataclass(frozen=True, kw_only=True)
class AzureSite(_Site):
    """Azurite: keys and signatures checked, no versions.

    Attributes:
        url: The endpoint, account included.
        account: Name of the account.
        key: Key of the account.
    """

    account: str = AZURE_ACCOUNT
    key: str = AZURE_KEY

    @property
    def settings(self) -> AzureSettings:
        return AzureSettings(account_url=self.url, account_key=self.key)

    @property
    def connection_string(self) -> str:
        """Account, key and endpoint at once."""
        named = f"AccountName={self.account};AccountKey={self.key}"
        return f"DefaultEndpointsProtocol=http;{named};BlobEndpoint={self.url};"

    def client(self) -> BlobServiceClient:
        """A client of azure-storage-blob, to put data in; to be closed."""
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient.from_connection_string(self.connection_string)

    def reference(self, bucket: str, key: str, version: str | None = None) -> str:
        suffix = f"?versionId={version}" if version else ""
        return f"azure-blob://{bucket}/{key}{suffix}"

    def new_bucket(self) -> str:
        name = _unique("set-")
        _azure_client(self).create_container(name)
        return name

    def put(self, bucket: str, key: str, content: bytes, **options: Any) -> str | None:
        """Store an object.

        Args:
            bucket: Where.
            key: Its name.
            content: Its bytes.
            **options: More for ``upload_blob``.
        """
        blob = _azure_client(self).get_blob_client(bucket, key)
        blob.upload_blob(content, overwrite=True, **options)
        return None

    def put_in_blocks(
        self, bucket: str, key: str, content: bytes, *, block_bytes: int = 2**20
    ) -> None:
        """Store an object in blocks, so that the store knows no MD5 of it."""
        blob = _azure_client(self).get_blob_client(bucket, key)
        names = []
        for start in range(0, len(content), block_bytes):
            names.append(f"{start:012}")
            blob.stage_block(names[-1], content[start : start + block_bytes])
        blob.commit_block_list([_block(name) for name in names])

    def delete(self, bucket: str, key: str) -> None:
        _azure_client(self).get_blob_client(bucket, key).delete_blob()


@cache
def _s3_client(
    site: S3Site, *, checksums: Literal["when_supported", "when_required"]
) -> S3Client:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=site.url,
        aws_access_key_id=site.access_key,
        aws_secret_access_key=site.secret_key,
        region_name="us-east-1",
        config=Config(
            s3={"addressing_style": "path"}, request_checksum_calculation=checksums
        ),
    )


@cache
def _gcs_client(site: GcsSite) -> Client:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    return Client(
        project=_GCS_PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": site.url},
    )


@cache
def _azure_client(site: AzureSite) -> BlobServiceClient:
    return site.client()


def _block(name: str) -> Any:
    from azure.storage.blob import BlobBlock

    return BlobBlock(block_id=name)


def _unique(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex[:12]}"
