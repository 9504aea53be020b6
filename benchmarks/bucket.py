"""A bucket on loopback: a folder that nginx serves, as fast or as slow as wanted."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME = "bench"
_POLL_S = 0.05

_NGINX = """
worker_processes 1; daemon off; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root};
  uwsgi_temp_path {root}; scgi_temp_path {root};
  map_hash_max_size 65536; map_hash_bucket_size 256;
  map $uri $md5 {{ default ""; include {root}/etags.conf; }}
  server {{ listen 127.0.0.1:{port}; root {root}/objects; etag {etag};
    location / {{ add_header ETag $md5; }} }}
}}
"""


@dataclass(frozen=True)
class Bucket:
    """Objects that are served.

    Attributes:
        endpoint: The URL that the bucket lies below.
        sizes_bytes: Of the objects, by key.
    """

    endpoint: str
    sizes_bytes: Mapping[str, int]


@contextmanager
def serve(
    sizes_bytes: Sequence[int], folder: Path, *, has_digests: bool = True
) -> Iterator[Bucket]:
    """Make an object of each size and run nginx over them; it checks no signature.

    Args:
        sizes_bytes: The sizes.
        folder: Where to keep them.
        has_digests: Whether the ETag of each is its md5; stores have none for what
            was uploaded in parts.

    Raises:
        NotMeasuredError: There is no nginx.
    """
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        msg = "nginx is not on the PATH"
        raise NotMeasuredError(msg)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        root = Path(name)
        keys = _fill(root, sizes_bytes, has_digests=has_digests)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        etag = "off" if has_digests else "on"
        config = _NGINX.format(root=root, port=port, etag=etag)
        # Started by root, nginx would serve as another user, who may not look in here.
        user = "user root;" if os.geteuid() == 0 else ""
        (root / "nginx.conf").write_text(user + config)
        process = subprocess.Popen([nginx, "-c", f"{root}/nginx.conf", "-p", name])
        try:
            while process.poll() is None and not _answers(port):
                time.sleep(_POLL_S)
            yield Bucket(f"http://127.0.0.1:{port}", keys)
        finally:
            process.terminate()
            process.wait()


def _fill(
    root: Path, sizes_bytes: Sequence[int], *, has_digests: bool
) -> dict[str, int]:
    """Write the objects, and the list of their ETags for nginx; sizes by key."""
    folder = root / "objects" / NAME
    folder.mkdir(parents=True)
    source = random.Random(0)
    keys = {f"{n:05}.bin": size_bytes for n, size_bytes in enumerate(sizes_bytes)}
    lines = []
    for key, size_bytes in keys.items():
        digest = _write(folder / key, size_bytes, source)
        lines.append(f"/{NAME}/{key} '\"{digest}\"';\n")
    (root / "etags.conf").write_text("".join(lines) if has_digests else "")
    return keys


def _write(path: Path, size_bytes: int, source: random.Random) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("wb") as file:
        left = size_bytes
        while left:
            block = source.randbytes(min(left, 2**20))
            file.write(block)
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def delayed(endpoint: str, delay_s: float) -> Iterator[str]:
    """An endpoint in front of another that waits before each answer."""
    host, port = endpoint.removeprefix("http://").split(":")
    loop = asyncio.new_event_loop()

    async def forward(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        upstream, out = await asyncio.open_connection(host, int(port))
        answers = asyncio.create_task(_copy(upstream, writer))
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(delay_s)
                out.write(head)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            out.close()
            await answers
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(forward, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(2**18):
            writer.write(block)
            await writer.drain()
    except ConnectionError:
        return
