"""Projects of a server that is connected to bucket stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.api import Api
from services.buckets import BucketSite, S3Site
from services.pictures import png
from services.projects import IMAGE_CONFIG, Posted, SeededProject, SeededTask
from services.regions import rectangle

_PREFIX = "set"
_SIZE_PX = (200, 100)
_PICTURES = {
    "plain": "plain.png",
    "spaced": "a b é.png",
    "nested": "deep/er/c+d%20.png",
}

StorageKind = Literal["s3", "gcs", "azure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudProject(SeededProject):
    """A project with media in a bucket, or with a bucket that annotations go to.

    Attributes:
        bucket: Name of the bucket.
        prefix: What the names of its objects begin with, without a slash.
        storage: Id of the storage of the server.
    """

    bucket: str
    prefix: str = _PREFIX
    storage: int


def seed_import_project(
    api: Api, kind: StorageKind, store: BucketSite, *, is_presigned: bool = False
) -> CloudProject:
    """A project whose tasks are the pictures of a new bucket.

    Args:
        api: The server.
        kind: What the server calls the store.
        store: The store.
        is_presigned: Redirect to the store instead of passing its bytes on.
    """
    bucket = store.new_bucket()
    media = {}
    for seed, (key, name) in enumerate(_PICTURES.items(), start=200):
        media[key] = png(*_SIZE_PX, seed=seed)
        store.put(bucket, f"{_PREFIX}/{name}", media[key])
    project = api.create_project(f"Bucket {bucket}", IMAGE_CONFIG)
    storage = import_bucket(
        api, project, kind, store, bucket, is_presigned=is_presigned
    )
    by_reference = {data["image"]: task for task, data in api.tasks(project).items()}
    tasks = {}
    for key, name in _PICTURES.items():
        reference = store.reference(bucket, f"{_PREFIX}/{name}")
        tasks[key] = SeededTask(
            id=by_reference[reference],
            reference=reference,
            name=name,
            media=media[key],
            size_px=_SIZE_PX,
        )
    return CloudProject(
        id=project,
        title=f"Bucket {bucket}",
        label_config=IMAGE_CONFIG,
        tasks=tasks,
        bucket=bucket,
        storage=storage,
    )


def import_bucket(
    api: Api,
    project: int,
    kind: StorageKind,
    store: BucketSite,
    bucket: str,
    *,
    is_presigned: bool = False,
) -> int:
    """Make a task of each picture below ``set/`` in a bucket; the storage's id."""
    storage = api.post(
        f"/api/storages/{kind}/",
        {
            "project": project,
            "container" if kind == "azure" else "bucket": bucket,
            "prefix": _PREFIX,
            "regex_filter": ".*png$",
            "use_blob_urls": True,
            "recursive_scan": True,
            "presign": is_presigned,
            "presign_ttl": 1,
            **_access(store),
        },
    )["id"]
    api.post(f"/api/storages/{kind}/{storage}/sync")
    return int(storage)


def seed_target_project(api: Api, store: S3Site) -> CloudProject:
    """A project of uploaded pictures whose annotations are objects of a new bucket."""
    bucket = store.new_bucket()
    title = f"Target {bucket}"
    project = api.create_project(title, IMAGE_CONFIG)
    fields = {"project": project, "bucket": bucket, "prefix": _PREFIX}
    storage = api.post("/api/storages/export/s3", {**fields, **_access(store)})["id"]
    tasks = {}
    for seed, (key, name) in enumerate(_PICTURES.items(), start=300):
        media = png(*_SIZE_PX, seed=seed)
        task = api.upload(project, name.rpartition("/")[2], media)
        box = [rectangle(_SIZE_PX, "Car", (10, 20, 30, 40))]
        posted = Posted(id=api.annotate(task, box), kind="annotation", result=box)
        tasks[key] = SeededTask(
            id=task,
            reference=api.tasks(project)[task]["image"],
            name=name,
            media=media,
            size_px=_SIZE_PX,
            posted=(posted,),
        )
    return CloudProject(
        id=project,
        title=title,
        label_config=IMAGE_CONFIG,
        tasks=tasks,
        bucket=bucket,
        storage=storage,
    )


def _access(store: BucketSite) -> Mapping[str, Any]:
    """What the server is told of S3; it finds the others by its environment."""
    if not isinstance(store, S3Site):
        return {}
    return {
        "aws_access_key_id": store.access_key,
        "aws_secret_access_key": store.secret_key,
        "region_name": "us-east-1",
        "s3_endpoint": store.url,
    }
