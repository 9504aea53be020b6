"""A real Label Studio, data in it, and faults in front of it.

The shared server and the seeded projects are for reading, and for projects of a
test's own; a test that stops, reconfigures or empties a server asks for
``own_label_studio``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from services.api import Api
from services.fault_proxy import FaultProxy, StartProxy
from services.label_studio import LabelStudio, StartLabelStudio
from services.projects import (
    SeededProject,
    seed_image_project,
    seed_large_project,
    seed_text_project,
)
from services.shared import LABEL_STUDIO, Ask, Outcome, site_of, venv_of
from services.sites import Site


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
