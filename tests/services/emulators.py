"""Start the servers that stand for cloud stores on loopback; knows no pytest.

SeaweedFS is a real S3 store that checks signatures; moto checks none, and is there
for what only it can do; fake-gcs-server checks none either; azurite does.
"""

from __future__ import annotations

import http.client
import json
import secrets
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services import install
from services.daemon import Daemon, Program, free_port

AZURE_ACCOUNT: Final = "devstoreaccount1"
AZURE_KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50u"
    "SRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""The key that azurite publishes for its one account; it opens nothing else."""

PUBLIC_PREFIX: Final = "public-"
"""S3 buckets of this name may be read without credentials."""

_BOOT_TIMEOUT_S = 120.0
_PORT_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one server is run on ports that are free now.

    Attributes:
        program: What is run.
        is_up: Whether it serves.
        site: What a client must know: ``url``, and keys where it has any.
    """

    program: Program
    is_up: Callable[[], bool]
    site: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A server that serves."""

    daemon: Daemon
    site: Mapping[str, str]


def start(name: str, folder: Path) -> Emulator:
    """Start ``s3``, ``moto``, ``gcs`` or ``azure``.

    Args:
        name: Which one.
        folder: A new folder for its data and log.

    Raises:
        RuntimeError: It ended or stayed silent; the message has its log.
    """
    installed = install.EMULATORS.find()
    for attempt in range(1, _PORT_TRIES + 1):
        place = folder / f"try-{attempt}"
        place.mkdir(parents=True)
        plan = _PLANS[name](installed, place)
        daemon = Daemon(plan.program)
        try:
            daemon.wait_until(plan.is_up, timeout_s=_BOOT_TIMEOUT_S)
        except RuntimeError:  # another process may have taken a port in between
            if attempt == _PORT_TRIES:
                raise
        else:
            return Emulator(daemon=daemon, site=plan.site)
    raise AssertionError


def _plan_seaweedfs(installed: Path, folder: Path) -> Plan:
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    ports = {name: free_port() for name in names}
    ports |= {f"{name}.grpc": free_port() for name in names}
    key, secret = "ls-tools-tests", secrets.token_hex(20)
    (folder / "s3.json").write_text(json.dumps(_s3_identities(key, secret)))
    options = {
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "dir": folder,
        "s3.config": folder / "s3.json",
        "s3.port.iceberg": 0,  # these two have fixed ports otherwise
        "s3.port.lance": 0,
        "master.volumeSizeLimitMB": 64,
        "volume.max": 10_000,
        **ports,
    }
    given = [f"-{name}={value}" for name, value in options.items()]
    weed = str(install.seaweedfs(installed))
    program = Program(
        arguments=[weed, "-logtostderr=true", "server", "-filer", "-s3", *given],
        folder=folder,
        env={"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},  # volumes per bucket
        ending=signal.SIGKILL,  # SIGTERM leaves it running, its ports taken
    )

    def is_up() -> bool:
        volumes = _get(ports["master.port"], "/dir/status").body
        return b'"Racks"' in volumes and _get(ports["s3.port"], "/").status != 0

    url = f"http://127.0.0.1:{ports['s3.port']}"
    site = {"url": url, "access_key": key, "secret_key": secret}
    return Plan(program=program, is_up=is_up, site=site)


def _s3_identities(key: str, secret: str) -> dict[str, object]:
    owner = {
        "name": "owner",
        "credentials": [{"accessKey": key, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    public = [f"Read:{PUBLIC_PREFIX}*", f"List:{PUBLIC_PREFIX}*"]
    return {"identities": [owner, {"name": "anonymous", "actions": public}]}


def _plan_moto(installed: Path, folder: Path) -> Plan:
    port = free_port()
    command = [str(install.moto(installed)), "-H", "127.0.0.1", "-p", str(port)]
    return Plan(
        program=Program(arguments=command, folder=folder, env={}),
        is_up=lambda: _get(port, "/moto-api/").status == 200,
        site={"url": f"http://127.0.0.1:{port}"},
    )


def _plan_fake_gcs(installed: Path, folder: Path) -> Plan:
    port = free_port()
    host, url = f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"
    command = [str(install.fake_gcs(installed)), "-scheme", "http"]
    command += ["-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    command += ["-public-host", host, "-external-url", url, "-log-level", "warn"]
    return Plan(
        program=Program(arguments=command, folder=folder, env={}),
        is_up=lambda: _get(port, "/storage/v1/b").status == 200,
        site={"url": url},
    )


def _plan_azurite(installed: Path, folder: Path) -> Plan:
    port = free_port()
    command = [str(install.node(installed)), str(install.azurite(installed))]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    command += ["--inMemoryPersistence", "--disableTelemetry", "--silent"]
    command += ["--skipApiVersionCheck"]  # the SDK is ahead of it
    return Plan(
        program=Program(arguments=command, folder=folder, env={}),
        is_up=lambda: _get(port, f"/{AZURE_ACCOUNT}").status != 0,
        site={"url": f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"},
    )


_PLANS: Mapping[str, Callable[[Path, Path], Plan]] = {
    "s3": _plan_seaweedfs,
    "moto": _plan_moto,
    "gcs": _plan_fake_gcs,
    "azure": _plan_azurite,
}
NAMES: Final = tuple(_PLANS)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int = 0
    body: bytes = b""


def _get(port: int, path: str) -> _Answer:
    """The answer to a request; one without status where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return _Answer(answer.status, answer.read())
    except (OSError, http.client.HTTPException):
        return _Answer()
    finally:
        connection.close()
