"""Many processes and threads that want the same media fetch each of them once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.api import Api
from services.fault_proxy import StartProxy
from services.pictures import png
from services.sites import Site

PROCESSES, THREADS, REFERENCES = 16, 4, 50
CONFIG = '<View><Image name="media" value="$image"/></View>'

WORKER = """
import json, sys, threading
from pathlib import Path
from ls_tools import Resolver, Settings

url, token, cache, references = json.loads(sys.argv[1])
settings = Settings(url=url, token=token, cache_dir=Path(cache), retry_wait_s=0.01)
found = []

def resolve_all(resolver, start):
    # Each thread begins elsewhere, so that they meet on the same keys.
    order = references[start:] + references[:start]
    found.append({r: str(resolver.path(r)) for r in order})

with Resolver(settings) as resolver:
    print("ready", flush=True)
    sys.stdin.readline()
    starts = [(resolver, start) for start in (0, 13, 26, 39)]
    threads = [threading.Thread(target=resolve_all, args=a) for a in starts]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
assert len(found) == 4 and all(one == found[0] for one in found)
print(json.dumps(found[0]))
"""


@pytest.fixture(scope="module")
def pictures(api: Api) -> dict[str, bytes]:
    """Uploaded pictures by reference."""
    project = api.create_project("Stampede", CONFIG)
    media = {f"{n:02d}.png": png(40, 30, seed=n) for n in range(REFERENCES)}
    tasks = {api.upload(project, name, body): body for name, body in media.items()}
    data = api.tasks(project)
    return {data[task]["image"]: body for task, body in tasks.items()}


def test_16_processes_of_4_threads_fetch_50_files_50_times(
    label_studio: Site,
    fault_proxy: StartProxy,
    pictures: dict[str, bytes],
    tmp_path: Path,
) -> None:
    proxy = fault_proxy()
    job = json.dumps(
        [proxy.url, label_studio.token, str(tmp_path / "cache"), list(pictures)]
    )
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in crowd:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n", timeout=120)[0] for process in crowd]
    assert [process.returncode for process in crowd] == [0] * PROCESSES
    for answer in answers:
        paths = json.loads(answer)
        assert {r: Path(p).read_bytes() for r, p in paths.items()} == pictures
    assert len(proxy.seen("/data/upload/")) == REFERENCES
