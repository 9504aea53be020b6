"""Every knob of ls_tools in one value: its meaning, unit and bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from ls_tools.errors import SettingsError
from ls_tools.origin import Origin
from ls_tools.settings.limits import Bounds, CacheLimits
from ls_tools.settings.stores import (
    AzureSettings,
    BucketSettings,
    Cloud,
    GcsSettings,
    S3Settings,
    parse_endpoint,
)

if TYPE_CHECKING:
    from pathlib import Path

Token = str | Callable[[], str]
Network = Literal["any", "public", "allow-list"]
Mode = Literal["if-missing", "revalidate", "offline"]

CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "x-api-key"})
"""Headers, in lower case, that log in by themselves; they go where a token may."""

_LARGEST = 1e9
_POSITIVE = (
    "connect_timeout_s",
    "read_timeout_s",
    "retry_attempts",
    "jobs",
    "processes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a Resolver or a Client needs to know.

    Attributes:
        url: Server URL, a sub-path included.
        token: Legacy token, personal access token, access token, or a callable
            that returns one. Never shown in ``repr``.
        token_url: The URL that a token from the environment belongs to; a
            request to another server then needs an explicit token.
        aliases: Other URLs of the same server, as task data may spell it.
        cache_dir: The cache folder.
        cache_namespace: Keeps principals apart that share a cache folder.
        cache_limits: How large and how old it may grow.
        document_root: The server's local-files root as mounted here.
        upload_dir: The server's ``media/upload`` folder as mounted here.
        verify: True, False, or the path of a CA bundle.
        client_cert: Path of a PEM file, or (certificate, key).
        proxies: Proxy URL by scheme; None for those of the environment.
        headers: Extra headers, sent to the configured origin only.
        connect_timeout_s: Seconds to connect.
        read_timeout_s: Seconds without a byte before a read counts as stalled.
        retry_attempts: Tries per request, the first included.
        retry_total_s: Seconds after which no further try starts.
        retry_wait_s: First back-off in seconds; doubles, with jitter.
        retry_wait_max_s: Longest back-off in seconds, ``Retry-After`` included.
        jobs: Most transfers at once. There are 16 at first, and more only from
            stores of buckets, while this process mostly waits for them.
        processes: Most processes of one conversion; None for as many as there are
            processors, but eight at most. A small input is converted by one anyway.
        mode: ``if-missing`` trusts the cache, ``revalidate`` asks the store,
            ``offline`` opens no connection.
        cloud: How bucket references are fetched.
        s3: How S3 buckets are reached.
        gcs: How Google Cloud Storage buckets are reached.
        azure: How Azure containers are reached.
        buckets: What is different for single buckets, by name. What is given for
            one takes the place of the whole group ``s3``, ``gcs`` or ``azure``.
        network: Which addresses may be contacted. Link-local and metadata
            addresses are refused under every choice.
        allowed_hosts: Host names for ``network="allow-list"``.
        allowed_buckets: Bucket names that may be read; None for all.
        allow_paths: Accept plain file paths as references, below these roots.
        bounds: Numeric limits.
    """

    url: str | None = None
    token: Token | None = field(default=None, repr=False)
    token_url: str | None = None
    aliases: tuple[str, ...] = ()
    cache_dir: Path | None = None
    cache_namespace: str = ""
    cache_limits: CacheLimits = field(default_factory=CacheLimits)
    document_root: Path | None = None
    upload_dir: Path | None = None
    verify: bool | str = True
    client_cert: str | tuple[str, str] | None = None
    proxies: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    retry_attempts: int = 8
    retry_total_s: float = 300.0
    retry_wait_s: float = 0.5
    retry_wait_max_s: float = 60.0
    jobs: int = 64
    processes: int | None = None
    mode: Mode = "if-missing"
    cloud: Cloud = "auto"
    s3: S3Settings = field(default_factory=S3Settings)
    gcs: GcsSettings = field(default_factory=GcsSettings)
    azure: AzureSettings = field(default_factory=AzureSettings)
    buckets: Mapping[str, BucketSettings] = field(default_factory=dict)
    network: Network = "any"
    allowed_hosts: tuple[str, ...] = ()
    allowed_buckets: tuple[str, ...] | None = None
    allow_paths: tuple[Path, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        """Check what can be checked without I/O."""
        if self.url is not None:
            Origin.parse(self.url)
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and not 0 < value <= _LARGEST:
                msg = f"The setting {name} must be greater than zero, and finite."
                raise SettingsError(msg, hint="Give a number of 1 or more.")
        for name in ("retry_total_s", "retry_wait_s", "retry_wait_max_s"):
            if not 0 <= getattr(self, name) <= _LARGEST:
                msg = f"The setting {name} must be a finite number, not below zero."
                raise SettingsError(msg, hint="Give seconds.")
        self._check_stores()

    def _check_stores(self) -> None:
        own = self.buckets.values()
        ways = {self.cloud, *(one.cloud for one in own)} - {None, *get_args(Cloud)}
        if ways:
            msg = f"The setting cloud is {ways.pop()!r}, which is no way to a bucket."
            raise SettingsError(msg, hint=f"Known: {', '.join(get_args(Cloud))}.")
        azure = [one for one in (self.azure, *(x.azure for x in own)) if one]
        stores = [self.s3, self.gcs, *(x.s3 for x in own), *(x.gcs for x in own)]
        urls = [one.endpoint_url for one in stores if one]
        for url in (*urls, *(one.account_url for one in azure)):
            _check_endpoint(url)

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **overrides: Any
    ) -> Settings:
        """Settings from the environment; keyword arguments win where not None.

        A group such as ``s3`` is taken whole from where it is given: credentials
        of the environment never mix with an account that is passed.

        Args:
            environ: The environment to read; the process's own by default.
            **overrides: Fields of Settings.

        Raises:
            SettingsError: A variable has a value that makes no sense, or an
                override names no field.
        """
        from ls_tools.settings.environment import read_environment

        values = read_environment(environ)
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(overrides) - known):
            msg = f"There is no setting {', '.join(unknown)}."
            raise SettingsError(msg, hint=f"Known: {', '.join(sorted(known))}.")
        given = {name: value for name, value in overrides.items() if value is not None}
        if "token" in values and "token" not in given:
            values["token_url"] = values.get("url")
        return cls(**{**values, **given})

    def evolve(self, **changes: Any) -> Settings:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def for_bucket(self, name: str) -> Settings:
        """The settings as they are for one bucket: its own in place of the general."""
        own = self.buckets.get(name)
        if own is None:
            return self
        return replace(
            self,
            cloud=own.cloud or self.cloud,
            s3=own.s3 or self.s3,
            gcs=own.gcs or self.gcs,
            azure=own.azure or self.azure,
        )

    def cloud_of(self, bucket: str) -> Cloud:
        """How the objects of ``bucket`` are fetched."""
        own = self.buckets.get(bucket)
        return (own and own.cloud) or self.cloud

    def endpoint_of(self, bucket: str, store: Literal["s3", "gs", "azure"]) -> str:
        """The endpoint or account that ``bucket`` is configured to be on.

        Empty where the SDK of the store decides.
        """
        own = self.buckets.get(bucket) or BucketSettings()
        if store == "s3":
            return (own.s3 or self.s3).endpoint
        if store == "gs":
            return (own.gcs or self.gcs).endpoint
        return (own.azure or self.azure).endpoint

    @property
    def origin(self) -> Origin | None:
        """The configured server's origin, None without a URL."""
        return None if self.url is None else Origin.parse(self.url)


def _check_endpoint(url: str | None) -> None:
    try:
        if url is not None:
            parse_endpoint(url)
    except ValueError as exc:
        msg = f"An endpoint or account URL of the settings cannot be used: {exc}."
        raise SettingsError(msg, hint="Give it as https://HOST.") from exc
