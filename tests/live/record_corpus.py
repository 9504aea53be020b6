"""Write the exports of every control to ``tests/formats/corpus``, from a real server.

Run as ``PYTHONPATH=tests python tests/live/record_corpus.py`` after a change of
``services/controls.py`` or of the server's version; look at the difference then.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from live.every_control import CORPUS, NAMES, EveryControl, corpus_text

from services import install
from services.api import Api
from services.label_studio import LabelStudio


def record(folder: Path) -> None:
    """Start a server in ``folder``, and write what it exports."""
    server = LabelStudio(install.LABEL_STUDIO.find(), folder / "data")
    try:
        site = server.start()
        with Api(site) as api:
            controls = EveryControl(site, api, folder / "exports")
            for name in NAMES:
                exported = controls.export(name)
                text = corpus_text(exported.tasks)
                (CORPUS / f"{name}.json").write_text(text, encoding="utf-8")
                config = exported.config.read_bytes()
                (CORPUS / f"{name}.xml").write_bytes(config)
    finally:
        server.stop()


if __name__ == "__main__":
    CORPUS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        record(Path(scratch))
