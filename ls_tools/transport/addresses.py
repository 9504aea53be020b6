"""Which addresses may be contacted, checked where the connection is made.

A name is resolved once per connection and the address that was checked is the
one connected to, so that a name which changes its address gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.connection import create_connection

from ls_tools.errors import RefusedError

if TYPE_CHECKING:
    from urllib3.poolmanager import PoolManager

    from ls_tools.settings import Network, Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal"})
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle Cloud
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_OWN = frozenset(map(ipaddress.ip_address, ("::", "::1")))
_COMPATIBLE = ipaddress.ip_network("::/96")


class ForbiddenAddressError(Exception):
    """A connection that the policy forbids.

    No OSError, which urllib3 would take for a failed connection.

    Attributes:
        host: The host as named in the URL.
        reason: What is wrong with it.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host} {reason}")
        self.host = host
        self.reason = reason


def address_failure(exc: ForbiddenAddressError, network: Network) -> RefusedError:
    """The error for a connection that the policy forbids."""
    msg = f"ls_tools does not contact {exc.host}: it {exc.reason}."
    hint = {
        "any": "Check the reference: no setting allows this address.",
        "public": 'Only public addresses may be contacted (network="public").',
        "allow-list": "Add the host to allowed_hosts if it may be contacted.",
    }[network]
    return RefusedError(msg, hint=hint, host=exc.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Which hosts and addresses may be contacted.

    Link-local and metadata addresses are refused always. The configured server
    is exempt from the other rules: it was chosen by the user, not by data.

    Attributes:
        network: ``any``, ``public`` or ``allow-list``.
        allowed_hosts: For ``allow-list``, in lower case.
        home: Host and port of the configured server.
    """

    network: Network = "any"
    allowed_hosts: frozenset[str] = frozenset()
    home: tuple[str, int] | None = None

    @classmethod
    def of(cls, settings: Settings) -> AddressPolicy:
        """The policy that ``settings`` ask for."""
        origin = settings.origin
        return cls(
            network=settings.network,
            allowed_hosts=frozenset(map(_normal_host, settings.allowed_hosts)),
            home=None if origin is None else (origin.host, origin.port),
        )

    def check_host(self, host: str, port: int) -> None:
        """Check what can be told from the host's name alone.

        Raises:
            ForbiddenAddressError: It may not be contacted.
        """
        name = _normal_host(host)
        literal = _parse_literal(name)
        reason = "" if literal is None else self._objection(literal, host, port)
        if name in _METADATA_NAMES:
            reason = "is a metadata service"
        elif self.network == "allow-list" and not self._is_listed(name):
            reason = "is not among the allowed hosts"
        if reason:
            raise ForbiddenAddressError(host, reason)

    def approve(self, host: str, port: int) -> list[str]:
        """The addresses of ``host`` that may be connected to.

        Raises:
            ForbiddenAddressError: None of them may be.
            socket.gaierror: The name does not resolve.
        """
        self.check_host(host, port)
        objections = {
            found: self._objection(ipaddress.ip_address(found), host, port)
            for found in _resolve(host, port)
        }
        approved = [found for found, reason in objections.items() if not reason]
        if not approved:
            raise ForbiddenAddressError(host, next(iter(objections.values())))
        return approved

    def _is_listed(self, name: str) -> bool:
        is_home = self.home is not None and name == self.home[0]
        return is_home or name in self.allowed_hosts

    def _objection(self, address: Address, host: str, port: int) -> str:
        for form in _unwrap(address):
            if form.is_link_local or form in _METADATA:
                return f"has the link-local or metadata address {form}"
            if self.network != "public" or (_normal_host(host), port) == self.home:
                continue
            if form.is_multicast or not form.is_global:
                return f"has the private address {form}"
        return ""


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as exc:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from exc
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def _normal_host(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _parse_literal(host: str) -> Address | None:
    """The address that ``host`` spells in any form that a resolver takes."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not host[:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _unwrap(address: Address) -> tuple[Address, ...]:
    """The addresses to judge ``address`` by: an IPv4 address inside of it too."""
    if isinstance(address, ipaddress.IPv4Address) or address in _OWN:
        return (address,)
    if address.sixtofour is not None:
        return address, address.sixtofour
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64 or address in _COMPATIBLE:
        return (ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF),)
    return (address,)


def _connect(
    connection: HTTPConnection | HTTPSConnection, policy: AddressPolicy
) -> socket.socket:
    host, port = connection.host, connection.port or 0
    try:
        addresses = policy.approve(host, port)
    except socket.gaierror as exc:
        raise NameResolutionError(host, connection, exc) from exc
    failure: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, port),
                connection.timeout,
                source_address=connection.source_address,
                socket_options=connection.socket_options,
            )
        except OSError as exc:  # noqa: PERF203 - the next address may do
            failure = exc
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "connecting took too long") from failure
    raise NewConnectionError(connection, "no connection") from failure


class _CheckedHTTPConnection(HTTPConnection):
    policy: ClassVar[AddressPolicy]

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.policy)


class _CheckedHTTPSConnection(HTTPSConnection):
    policy: ClassVar[AddressPolicy]

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.policy)


def _checked_pools(policy: AddressPolicy) -> dict[str, type[HTTPConnectionPool]]:
    class Connection(_CheckedHTTPConnection):
        pass

    class SecureConnection(_CheckedHTTPSConnection):
        pass

    # urllib3's own connections do not quite fit its protocol for them either.
    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection  # pyright: ignore[reportAssignmentType]

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection  # pyright: ignore[reportAssignmentType]

    Connection.policy = SecureConnection.policy = policy
    return {"http": Pool, "https": SecurePool}


class CheckedAdapter(HTTPAdapter):
    """An adapter of requests whose direct connections obey an AddressPolicy.

    What goes through a proxy is resolved by the proxy; there only names are
    checked, by whoever sends the request.

    Args:
        policy: What may be contacted.
        size: Connections kept open per host.
    """

    def __init__(self, policy: AddressPolicy, size: int) -> None:
        self._policy = policy
        super().__init__(pool_connections=max(size, 10), pool_maxsize=size)

    poolmanager: PoolManager

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _checked_pools(self._policy)
