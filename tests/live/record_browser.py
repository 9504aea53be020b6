"""Write what a browser makes to ``tests/formats/corpus``, from a real server.

Run as ``PYTHONPATH=tests python tests/live/record_browser.py`` after a change of
``live/browser_made.py`` or of the server's version. Ids and places differ a little
each time.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from formats.browser_rig import read
from live.browser_made import MAKERS
from live.every_control import CORPUS, corpus_text, export

from services import install
from services.api import Api
from services.browser import Browser
from services.label_studio import LabelStudio
from services.labeling import LabelingPage, sign_in


def record(folder: Path, names: list[str]) -> None:
    """Start a server and a browser, draw, and write what the server exports."""
    server = LabelStudio(install.LABEL_STUDIO.find(), folder / "data")
    try:
        site = server.start()
        home = folder / "browser"
        with Api(site) as api, Browser(install.BROWSER.find(), home) as browser:
            for name in names:
                with browser.page() as page:
                    labeling = LabelingPage(page, site, sign_in(site))
                    project = MAKERS[name](labeling, api, site.document_root)
                source = folder / f"{name}.json"
                export(site, project, source)
                text = corpus_text(read(source))
                (CORPUS / source.name).write_text(text, encoding="utf-8")
                config = source.with_suffix(".xml").read_bytes()
                (CORPUS / f"{name}.xml").write_bytes(config)
    finally:
        server.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        record(Path(scratch), sys.argv[1:] or list(MAKERS))
