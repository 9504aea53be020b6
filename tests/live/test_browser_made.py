"""Draws by mouse in the server's labeling page: it still makes what the corpus has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from formats.browser_rig import CHECKS, form_of, read
from live.browser_made import MAKERS
from live.every_control import CORPUS, export

from services import install
from services.api import Api
from services.browser import Browser
from services.corpus import normalised
from services.labeling import LabelingPage, sign_in
from services.sites import Site


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = install.BROWSER.find()
    with Browser(folder, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_still_makes_what_the_corpus_has(
    browser: Browser, label_studio: Site, api: Api, tmp_path: Path, name: str
) -> None:
    with browser.page() as page:
        labeling = LabelingPage(page, label_studio, sign_in(label_studio))
        project = MAKERS[name](labeling, api, label_studio.document_root)
    source = tmp_path / f"{name}.json"
    export(label_studio, project, source)
    CHECKS[name](source, tmp_path)
    committed = read(CORPUS / source.name)
    today = normalised(json.loads(source.read_bytes()))
    assert form_of(today) == form_of(committed)


@pytest.mark.parametrize("host", ["example.com", "192.0.2.1", "[2001:db8::1]"])
def test_the_browser_asks_nobody_outside(browser: Browser, host: str) -> None:
    with browser.page() as page:
        answer = page.call("Page.navigate", url=f"http://{host}/")
    assert answer["errorText"] == "net::ERR_PROXY_CONNECTION_FAILED"
