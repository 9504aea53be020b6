"""The ways to fetch that are measured: scripts that time themselves.

Each reads an endpoint, how many threads, and keys as JSON from its standard input,
fetches the first, then all others into the folder that it is given, and prints the
seconds that those took: imports and logins do not count.
"""

from __future__ import annotations

PREAMBLE = """
import json, os, sys, time
from concurrent.futures import ThreadPoolExecutor
out = sys.argv[1]
endpoint, threads, *keys = json.load(sys.stdin)
BUCKET = "bench"
def commit(key, data):
    # As a cache entry is: file and sidecar, the file synchronised, renamed at once.
    draft = f"{out}/{key}.draft"
    os.mkdir(draft)
    for name, text in ((key, data), ("meta.json", b"{}" * 300)):
        fd = os.open(f"{draft}/{name}", os.O_WRONLY | os.O_CREAT)
        os.write(fd, text)
        if name == key:
            os.fsync(fd)
        os.close(fd)
    os.mkdir(f"{out}/{key}")
    os.rename(draft, f"{out}/{key}/1")
def run(get):
    first, *others = keys
    get(first)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(get, others))
    print(time.perf_counter() - started)
"""
BOTO3 = (
    PREAMBLE
    + """
import boto3
from botocore.config import Config
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
    config=Config(max_pool_connections=threads, s3={"addressing_style": "path"}))
run(lambda key: client.download_file(BUCKET, key, f"{out}/{key}"))
"""
)
HUB = (
    PREAMBLE
    + """
import threading, requests
local = threading.local()
def get(key):
    # As huggingface_hub fetches: streamed beside its place, then renamed.
    if not hasattr(local, "session"):
        local.session = requests.Session()
    with local.session.get(f"{endpoint}/{BUCKET}/{key}", stream=True, timeout=60) as r:
        r.raise_for_status()
        with open(f"{out}/{key}.incomplete", "wb") as file:
            for chunk in r.iter_content(10 * 2**20):
                file.write(chunk)
    os.replace(f"{out}/{key}.incomplete", f"{out}/{key}")
run(get)
"""
)
OPEN_OBSTORE = """
from obstore.store import S3Store
store = S3Store(BUCKET, endpoint=endpoint, region="us-east-1",
    client_options={"allow_http": True})
"""
OBSTORE = (
    PREAMBLE
    + OPEN_OBSTORE
    + """
run(lambda key: commit(key, bytes(store.get(key).bytes())))
"""
)
CHECKED_OBSTORE = (
    PREAMBLE
    + OPEN_OBSTORE
    + """
import hashlib
def get(key):
    answer = store.get(key)
    data = bytes(answer.bytes())
    hashlib.sha256(data).hexdigest()
    if hashlib.md5(data).hexdigest() != answer.meta["e_tag"].strip('"'):
        raise ValueError(key)
    commit(key, data)
run(get)
"""
)
SDK = (
    PREAMBLE
    + """
from label_studio_sdk._extensions.label_studio_tools.core.utils.io import get_local_path
run(lambda key: get_local_path(f"{endpoint}/{BUCKET}/{key}", cache_dir=out))
"""
)
OURS = """
import json, sys, time
out = sys.argv[1]
endpoint, threads, *keys = json.load(sys.stdin)
from pathlib import Path
from ls_tools import Resolver, Settings
from ls_tools.settings import S3Settings
s3 = S3Settings(endpoint_url=endpoint, region="us-east-1")
jobs = {"jobs": threads} if threads else {}
settings = Settings(cache_dir=Path(out), cloud="direct", s3=s3, **jobs)
first, *others = [f"s3://bench/{key}" for key in keys]
with Resolver(settings) as resolver:
    resolver.path(first)
    started = time.perf_counter()
    found = resolver.paths(others)
    elapsed_s = time.perf_counter() - started
for one in found:
    if one.error:
        raise one.error
print(elapsed_s)
"""
WITHOUT_OBSTORE = """
import sys
sys.modules["obstore"] = None
"""
CALL_CURL = """
import subprocess
def get(key):
    url = f"{endpoint}/{BUCKET}/{key}"
    subprocess.run(["curl", "-sSfo", f"{out}/{key}", url], check=True)
"""
CURL = PREAMBLE + CALL_CURL + "run(get)\n"
CURL_AND_SYNC = (
    PREAMBLE
    + CALL_CURL
    + """
def get_synced(key):
    get(key)
    subprocess.run(["sync", f"{out}/{key}"], check=True)
run(get_synced)
"""
)
