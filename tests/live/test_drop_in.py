"""``get_local_path`` in the place of the existing ones: the same calls to each.

The existing functions run in environments of their own: that of label-studio-sdk is
Label Studio's, that of the older label-studio-tools is installed for this.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from services.api import Api
from services.cloud_projects import CloudProject
from services.fault_proxy import StartProxy
from services.faults import Cut
from services.install import Installation
from services.pictures import png
from services.shared import Outcome, venv_of
from services.sites import Site

SDK = "label_studio_sdk._extensions.label_studio_tools.core.utils.io"
OLD = "label_studio_tools.core.utils.io"
NEW = "ls_tools"
CONFIG = '<View><Image name="media" value="$image"/></View>'
OLD_TOOLS = Installation(
    name="label-studio-tools-0.0.4",
    variable="LS_TOOLS_TEST_LABEL_STUDIO_TOOLS",
    packages=("label-studio-tools==0.0.4", "requests"),  # which it does not ask for
    proof="bin/python",
)

Call = dict[str, Any]
Answer = dict[str, Any]

CALL = """
import builtins, hashlib, importlib, json, os, sys

module, calls = json.load(sys.stdin)
get_local_path = importlib.import_module(module).get_local_path

def answer(call):
    try:
        path = get_local_path(*call.get("args", []), **call.get("kwargs", {}))
    except Exception as error:
        kinds = {kind.__name__: kind for kind in type(error).__mro__}
        return {"error": [n for n, k in kinds.items() if getattr(builtins, n, 0) is k]}
    content = open(path, "rb").read() if os.path.isfile(path) else None
    return {
        "type": type(path).__name__,
        "path": path,
        "digest": content and hashlib.sha256(content).hexdigest(),
    }

json.dump([answer(call) for call in calls], sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """An importable ``get_local_path`` and the interpreter that has it."""

    python: Path
    module: str

    def answers(self, *calls: Call, **env: str) -> list[Answer]:
        """What the calls return or raise, all made in one new process."""
        done = subprocess.run(
            [str(self.python), "-W", "ignore", "-c", CALL],
            input=json.dumps([self.module, calls]),
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers: list[Answer] = json.loads(done.stdout)
        return answers


@pytest.fixture(scope="session")
def sdk(label_studio_outcome: Outcome) -> Peer:
    return Peer(venv_of(label_studio_outcome) / "bin" / "python", SDK)


@pytest.fixture(scope="session")
def old_tools() -> Peer:
    return Peer(OLD_TOOLS.find() / "bin" / "python", OLD)


@pytest.fixture(scope="session")
def new() -> Peer:
    return Peer(Path(sys.executable), NEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """References to pictures of one project."""

    upload: str
    local: str


@pytest.fixture(scope="module")
def media(api: Api, label_studio: Site) -> Media:
    project = api.create_project("Drop in", CONFIG)
    uploaded = api.upload(project, "cat.png", png(40, 30, seed=901))
    folder = label_studio.document_root / f"drop-in-{project}"
    folder.mkdir()
    (folder / "dog é.png").write_bytes(png(40, 30, seed=902))
    (local,) = api.add_local_files(project, folder)
    data = api.tasks(project)
    return Media(upload=data[uploaded]["image"], local=data[local]["image"])


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment that says nothing of Label Studio."""
    folder = tmp_path / "home"
    folder.mkdir()
    return {"HOME": str(folder)}


@pytest.fixture
def env(label_studio: Site, home: dict[str, str]) -> dict[str, str]:
    """The environment that an ML backend has."""
    url, token = label_studio.url, label_studio.token
    return {"LABEL_STUDIO_URL": url, "LABEL_STUDIO_API_KEY": token, **home}


def call(*args: Any, **kwargs: Any) -> Call:
    return {"args": args, "kwargs": kwargs}


def essence(answer: Answer) -> tuple[str, bool, str, str | None]:
    """What both sides must agree on; the existing ones put ``hash__`` first."""
    path = answer["path"]
    name = unquote(Path(path).name.rpartition("__")[2])
    return answer["type"], Path(path).is_absolute(), name, answer["digest"]


def test_the_same_calls_give_the_same_files(
    sdk: Peer,
    old_tools: Peer,
    new: Peer,
    media: Media,
    s3_project: CloudProject,
    label_studio: Site,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    url, token = label_studio.url, label_studio.token
    calls = [
        call(media.upload),
        call(media.upload.removeprefix("/data")),  # /upload/…
        call(media.upload.removeprefix("/data/")),  # upload/…
        call(url + media.upload),
        call(media.local),
        call(media.upload, str(cache), None, url, None, token, 1, None),
        call(media.upload, image_dir=str(label_studio.upload_dir)),
        call(media.upload, project_dir=str(label_studio.upload_dir.parent)),
    ]
    tasks = s3_project.tasks
    calls += [call(task.reference, task_id=task.id) for task in tasks.values()]
    expected = list(map(essence, sdk.answers(*calls, **env)))
    assert all(digest for *_, digest in expected)
    assert list(map(essence, new.answers(*calls, **env))) == expected
    # The old one does not encode what it puts into URLs.
    assert list(tasks)[-1] == "nested"
    assert list(map(essence, old_tools.answers(*calls[:-1], **env))) == expected[:-1]


def test_a_file_that_is_on_this_machine_is_used_where_it_is(
    sdk: Peer, new: Peer, media: Media, label_studio: Site, home: dict[str, str]
) -> None:
    calls = [
        call(media.upload, image_dir=str(label_studio.upload_dir)),
        call(media.upload, project_dir=str(label_studio.upload_dir.parent)),
        call(media.local),
    ]
    root = str(label_studio.document_root)
    for prefix in ("", "LABEL_STUDIO_", "HEARTEX_"):
        name = f"{prefix}LOCAL_FILES_DOCUMENT_ROOT"
        expected = sdk.answers(*calls, **home, **{name: root})
        assert Path(expected[2]["path"]).is_relative_to(root)
        assert new.answers(*calls, **home, **{name: root}) == expected


def test_arguments_win_over_variables_and_newer_variables_over_older(
    sdk: Peer, new: Peer, media: Media, label_studio: Site, home: dict[str, str]
) -> None:
    url, token = label_studio.url, label_studio.token
    nowhere = "http://127.0.0.1:1"
    explicit = call(media.upload, hostname=url, access_token=token)
    cases: list[tuple[Call, dict[str, str]]] = [
        (explicit, {"LABEL_STUDIO_URL": nowhere, "LABEL_STUDIO_API_KEY": "wrong"}),
        (
            call(media.upload),
            {"LABEL_STUDIO_HOST": url, "LABEL_STUDIO_ACCESS_TOKEN": token},
        ),
        (
            call(media.upload),
            {
                "LABEL_STUDIO_URL": url,
                "LABEL_STUDIO_API_KEY": token,
                "LABEL_STUDIO_HOST": nowhere,
                "LABEL_STUDIO_ACCESS_TOKEN": "wrong",
            },
        ),
    ]
    for one, variables in cases:
        expected, answer = (
            essence(peer.answers(one, **home, **variables)[0]) for peer in (sdk, new)
        )
        assert answer == expected


def test_without_download_a_path_that_is_not_there_is_returned(
    sdk: Peer, new: Peer, media: Media, env: dict[str, str], tmp_path: Path
) -> None:
    for peer in (sdk, new):
        cache = tmp_path / peer.module
        cache.mkdir()
        one = call(media.upload, str(cache), download_resources=False)
        (answer,) = peer.answers(one, **env)
        kind, is_absolute, _, digest = essence(answer)
        assert (kind, is_absolute, digest) == ("str", True, None)
        assert Path(answer["path"]).is_relative_to(cache)
        assert not any(cache.rglob("*.png"))


def test_what_is_cached_needs_no_server(
    sdk: Peer, new: Peer, media: Media, env: dict[str, str], fault_proxy: StartProxy
) -> None:
    """Of the existing ones this holds for other kinds than uploads (G14)."""
    with closing(fault_proxy()) as proxy:
        env["LABEL_STUDIO_URL"] = proxy.url
        first = [peer.answers(call(media.local), **env) for peer in (sdk, new)]
    assert [peer.answers(call(media.local), **env) for peer in (sdk, new)] == first


def test_code_that_catches_errors_goes_on_catching_them(
    sdk: Peer,
    new: Peer,
    media: Media,
    label_studio: Site,
    env: dict[str, str],
    home: dict[str, str],
) -> None:
    url, root = label_studio.url, str(label_studio.document_root)
    impatient = {"LS_TOOLS_RETRY_TOTAL_S": "0.1"}
    wrong = call(media.upload, access_token="0" * 40)
    cases: list[tuple[str, Call, dict[str, str]]] = [
        ("FileNotFoundError", call(media.upload), home),
        ("FileNotFoundError", call(media.upload), {**home, "LABEL_STUDIO_URL": url}),
        ("FileNotFoundError", call("/data/local-files/?d="), env),
        ("ValueError", call(media.upload, hostname="labels.example.com"), env),
        (
            "ValueError",
            call("/data/local-files/?d=../../etc/hostname"),
            {**env, "LOCAL_FILES_DOCUMENT_ROOT": root},
        ),
        ("ValueError", call("no-reference.png"), env),
        ("Exception", call("s3://bucket/key.png"), env),
        ("OSError", call("/data/upload/1/00000000-none.png"), env),
        ("OSError", call("/data/local-files/?d=none/none.png"), env),
        ("OSError", call(f"{url}/none/none.png"), env),
        ("OSError", call("http://127.0.0.1:1/none.png"), {**env, **impatient}),
        ("OSError", wrong, env),
    ]
    for caught, one, variables in cases:
        for peer in (sdk, new):
            (answer,) = peer.answers(one, **variables)
            assert caught in answer.get("error", ()), (peer.module, one, answer)


def test_what_failed_before_works(
    sdk: Peer,
    new: Peer,
    media: Media,
    label_studio: Site,
    env: dict[str, str],
    fault_proxy: StartProxy,
    tmp_path: Path,
) -> None:
    """G1, G7, G15, G22."""
    proxy = fault_proxy()
    env["LABEL_STUDIO_URL"] = proxy.url
    size = (label_studio.data_dir / media.upload.replace("data", "media", 1)[1:]).stat()
    cases = [
        call(media.upload, access_token=label_studio.personal_token),
        call(media.local, str(tmp_path / "new" / "folder")),
    ]
    for one in cases:
        (before,), (after,) = (peer.answers(one, **env) for peer in (sdk, new))
        assert before.get("digest") is None
        assert after["digest"]
    for peer, is_right in ((sdk, False), (new, True)):
        proxy.plan(Cut(after_bytes=100), target="^/data/upload/")
        (answer,) = peer.answers(call(media.upload, str(fresh(tmp_path))), **env)
        assert (Path(answer["path"]).stat().st_size == size.st_size) is is_right
        proxy.clear()


def fresh(tmp_path: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=tmp_path))


PATCHED = """
import sys

sys.path.append(sys.argv[1])  # where label-studio-sdk is
exec(sys.argv[2])  # what the page says

from label_studio_sdk._extensions.label_studio_tools.core.utils.io import (
    get_local_path,  # as code does that nobody can edit
)

print(get_local_path(sys.argv[3]))
"""


def test_code_that_cannot_be_edited_is_given_the_new_function(
    sdk: Peer, media: Media, env: dict[str, str]
) -> None:
    (packages,) = sdk.python.parents[1].glob("lib/python*/site-packages")
    page = (Path(__file__).parents[2] / "docs/compatibility.md").read_text("utf-8")
    (patch,) = re.findall(r"```python\n([^`]*io\.get_local_path = [^`]*)```", page)
    done = subprocess.run(
        [sys.executable, "-c", PATCHED, str(packages), patch, media.upload],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "/ls-tools/v1/entries/" in done.stdout
