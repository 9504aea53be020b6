"""A server that is connected to stores: what it makes of them, and of their media."""

from __future__ import annotations

import json

import pytest
import requests

from services.api import Api
from services.buckets import S3Site
from services.cloud_projects import CloudProject
from services.sites import Site

PROJECTS = ["s3_project", "s3_presign_project", "gcs_project", "azure_project"]


@pytest.fixture(params=PROJECTS)
def project(request: pytest.FixtureRequest) -> CloudProject:
    found: CloudProject = request.getfixturevalue(request.param)
    return found


def test_server_gives_the_media_of_its_storages(
    label_studio: Site, api: Api, project: CloudProject
) -> None:
    for seeded in project.tasks.values():
        task = api.get(f"/api/tasks/{seeded.id}")
        answer = requests.get(
            label_studio.url + task["data"]["image"],
            headers={"Authorization": f"Token {label_studio.token}"},
            timeout=30,
        )
        assert answer.content == seeded.media, seeded.name


def test_only_the_presigned_storage_redirects(
    api: Api,
    s3_project: CloudProject,
    s3_presign_project: CloudProject,
) -> None:
    for project, status in ((s3_project, 200), (s3_presign_project, 303)):
        task = api.get(f"/api/tasks/{project.tasks['plain'].id}")
        answer = api.request("GET", task["data"]["image"], allow_redirects=False)
        assert answer.status_code == status


def test_target_has_an_object_per_annotation(
    s3_store: S3Site, s3_target_project: CloudProject
) -> None:
    client = s3_store.client()
    bucket, prefix = s3_target_project.bucket, s3_target_project.prefix
    listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    objects = {}
    for item in listed:
        body = client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        objects[item["Key"]] = json.loads(body)
    annotations = {
        f"{prefix}/{task.annotations[0].id}": task
        for task in s3_target_project.tasks.values()
    }
    assert set(objects) == set(annotations)
    for key, task in annotations.items():
        assert objects[key]["result"] == task.annotations[0].result
        assert objects[key]["task"]["data"]["image"] == task.reference
