"""A real Label Studio, data in it, and faults in front of it.

The shared server and the seeded projects are for reading, and for projects of a
test's own; a test that stops, reconfigures or empties a server asks for
``own_label_studio``.

``s3_project``, ``s3_presign_project``, ``gcs_project`` and ``azure_project`` have
pictures in buckets as tasks, ``s3_target_project`` sends its annotations to one. The
stores themselves are ``s3_store``, ``gcs_store`` and ``azure_store``, as described in
``tests/stores/conftest.py``; ``store_proxy`` puts faults before one, and
``cloud_env`` has the variables for a server of one's own that is to reach them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from services.api import Api
from services.buckets import AzureSite, GcsSite, S3Site
from services.cloud_projects import (
    CloudProject,
    seed_import_project,
    seed_target_project,
)
from services.fault_proxy import FaultProxy, StartProxy
from services.label_studio import LabelStudio, StartLabelStudio
from services.projects import (
    SeededProject,
    seed_image_project,
    seed_large_project,
    seed_text_project,
)
from services.shared import LABEL_STUDIO, Ask, Outcome, checked, site_of, venv_of
from services.sites import Site
from services.store_fixtures import (
    azure_store,
    gcs_store,
    s3_credentials,
    s3_store,
    store_proxy,
)

__all__ = ["azure_store", "gcs_store", "s3_credentials", "s3_store", "store_proxy"]


@pytest.fixture(scope="session")
def label_studio_outcome(ask_server: Ask) -> Outcome:
    """What became of the server that all tests of the run share."""
    return ask_server(LABEL_STUDIO)


@pytest.fixture(scope="session")
def label_studio(label_studio_outcome: Outcome) -> Site:
    """The server that all tests of the run share."""
    return site_of(label_studio_outcome)


@pytest.fixture(scope="module")
def own_label_studio(
    label_studio_outcome: Outcome, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartLabelStudio]:
    """Start servers to kill, restart or configure; they end with the module.

    Takes the options ``env`` and ``knows_its_url`` of LabelStudio.
    """
    venv = venv_of(label_studio_outcome)
    with ExitStack() as running:

        def start(
            *, env: Mapping[str, str] | None = None, knows_its_url: bool = False
        ) -> LabelStudio:
            folder = tmp_path_factory.mktemp("label-studio") / "data"
            server = LabelStudio(venv, folder, env=env, knows_its_url=knows_its_url)
            running.callback(server.stop)
            server.start()
            return server

        yield start


@pytest.fixture(scope="session")
def personal_token(label_studio: Site) -> str:
    """A personal access token of the shared server; do not revoke it."""
    return label_studio.personal_token


@pytest.fixture(scope="session")
def api(label_studio: Site) -> Iterator[Api]:
    """Puts data into the shared server."""
    with Api(label_studio) as client:
        yield client


@pytest.fixture(scope="session")
def image_project(label_studio: Site, api: Api) -> SeededProject:
    """Pictures, uploaded and local, with every kind of region; read only."""
    folder = f"pictures-{uuid.uuid4().hex[:8]}"
    return seed_image_project(api, label_studio.document_root / folder)


@pytest.fixture(scope="session")
def text_project(api: Api) -> SeededProject:
    """Texts with spans, relations and choices; read only."""
    return seed_text_project(api)


@pytest.fixture(scope="session")
def large_project(api: Api) -> SeededProject:
    """One picture of four megabytes, to be cut off in the middle; read only."""
    return seed_large_project(api)


@pytest.fixture
def fault_proxy(label_studio: Site) -> Iterator[StartProxy]:
    """Put a proxy in front of a server, by default the shared one."""
    with ExitStack() as running:

        def start(url: str = label_studio.url) -> FaultProxy:
            return running.enter_context(FaultProxy(url))

        yield start


@pytest.fixture(scope="session")
def cloud_env(label_studio_outcome: Outcome) -> Mapping[str, str]:
    """Variables that lead a server of one's own to the stores of the run."""
    env: Mapping[str, str] = checked(label_studio_outcome)["cloud_env"]
    return env


@pytest.fixture(scope="session")
def s3_project(api: Api, s3_store: S3Site) -> CloudProject:
    """Pictures in a bucket of S3, whose bytes the server passes on; read only."""
    return seed_import_project(api, "s3", s3_store)


@pytest.fixture(scope="session")
def s3_presign_project(api: Api, s3_store: S3Site) -> CloudProject:
    """Pictures in a bucket of S3, which the server redirects to; read only."""
    return seed_import_project(api, "s3", s3_store, is_presigned=True)


@pytest.fixture(scope="session")
def gcs_project(api: Api, gcs_store: GcsSite) -> CloudProject:
    """Pictures in a bucket of Google, whose bytes the server passes on; read only."""
    return seed_import_project(api, "gcs", gcs_store)


@pytest.fixture(scope="session")
def azure_project(api: Api, azure_store: AzureSite) -> CloudProject:
    """Pictures in a container, whose bytes the server passes on; read only."""
    return seed_import_project(api, "azure", azure_store)


@pytest.fixture(scope="session")
def s3_target_project(api: Api, s3_store: S3Site) -> CloudProject:
    """Annotated pictures; a bucket of S3 has an object per annotation; read only."""
    return seed_target_project(api, s3_store)
