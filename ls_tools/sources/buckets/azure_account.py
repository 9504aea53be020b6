"""An account of Azure Blob Storage: where it is, and what opens it.

Knows no blobs, and connects to nothing by itself.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ls_tools.errors import (
    CredentialsRejectedError,
    LsToolsError,
    MissingCredentialsError,
    MissingDependencyError,
    SettingsError,
)
from ls_tools.settings.stores import parse_connection_string
from ls_tools.transport.failures import network_failure
from ls_tools.transport.quiet import CallFilter

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from azure.core.credentials import AccessToken, TokenCredential

    from ls_tools.settings import AzureSettings, Settings
    from ls_tools.transport.retrying import TransientError

SCOPE = "https://storage.azure.com/.default"
HINT = (
    "Set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with "
    "AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or a login (`az login`)."
)

_LOGIN_TIMEOUT_S = 10
_SAS_LIFE = timedelta(hours=1)
_LOGIN_URL = "https://login.microsoftonline.com"
_HOST = re.compile(r"(?P<name>[a-z0-9]{3,24})(?:-secondary)?\.blob\.(?:core|storage)\.")
_ENTRA_CODE = re.compile(r"\bAADSTS[0-9]{4,10}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureAccount:
    """An account, and how to log in to it.

    Attributes:
        url: Its blob endpoint, without a slash at the end.
        key: Its key, base64.
        sas: A shared access signature, without ``?``.
        anonymous: Whether to send no credentials.
        given_name: Its name, where the settings give it.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    sas: str | None = field(default=None, repr=False)
    anonymous: bool = False
    given_name: str | None = None

    @property
    def name(self) -> str:
        """Its name, which the key signs for.

        Raises:
            SettingsError: The URL does not tell.
        """
        parts = urlsplit(self.url)
        found = _HOST.match(parts.netloc)
        path = parts.path.strip("/")
        name = self.given_name or (found["name"] if found else path.partition("/")[0])
        if name:
            return name
        msg = (
            f"The account key cannot be used: {parts.netloc} does not name its account."
        )
        hint = "Give a connection string, which names account, key and endpoint."
        raise SettingsError(msg, hint=hint)

    @property
    def needs_token(self) -> bool:
        """Whether a token of Microsoft Entra ID is what opens it."""
        return not (self.anonymous or self.key or self.sas)


def find_account(azure: AzureSettings, container: str) -> AzureAccount:
    """The account that the settings mean.

    A connection string comes before the URL of an account, and there a signature
    before a key, and that before a login.

    Args:
        azure: How it is reached.
        container: For messages.

    Raises:
        MissingCredentialsError: None is named, and references name none.
        SettingsError: The connection string makes no sense.
    """
    if azure.connection_string:
        account = _read_connection_string(azure.connection_string)
    elif azure.account_url:
        account = AzureAccount(
            url=azure.account_url.rstrip("/"),
            key=azure.account_key,
            sas=azure.sas_token,
        )
    else:
        msg = f"The storage account of the Azure container {container!r} is not known."
        raise MissingCredentialsError(msg, hint=HINT)
    sas = (account.sas or "").lstrip("?") or None
    anonymous = azure.anonymous
    return AzureAccount(
        url=account.url,
        key=None if anonymous or sas else account.key,
        sas=None if anonymous else sas,
        anonymous=anonymous,
        given_name=account.given_name,
    )


def _read_connection_string(text: str) -> AzureAccount:
    try:
        found = parse_connection_string(text)
    except ValueError as exc:
        msg = f"The connection string of Azure {exc}."
        raise SettingsError(msg, hint="Copy it again from the account's keys.") from exc
    return AzureAccount(
        url=found.url,
        key=found.key,
        sas=found.sas_token,
        given_name=found.account_name,
    )


class SignatureMaker:
    """Signs for reading one container, with the account's key, an hour at a time.

    Args:
        account: One with a key.
        container: What may be read and listed.

    Raises:
        SettingsError: The key is no key, or the account has no name.
    """

    def __init__(self, account: AzureAccount, container: str) -> None:
        _check_key(account.key or "")
        self._account = account
        self._container = container
        self._signed: tuple[datetime, str] | None = None

    def sign(self) -> str:
        """A shared access signature that holds for half an hour at least."""
        now = datetime.now(timezone.utc)
        signed = self._signed
        if signed is None or signed[0] - now < _SAS_LIFE / 2:
            ends = now + _SAS_LIFE
            signed = self._signed = (ends, self._make(ends))
        return signed[1]

    def _make(self, ends: datetime) -> str:
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        return generate_container_sas(
            account_name=self._account.name,
            container_name=self._container,
            account_key=self._account.key or "",
            permission=ContainerSasPermissions(read=True, list=True),
            expiry=ends,
        )


def _check_key(key: str) -> None:
    try:
        if base64.b64decode(key, validate=True):
            return
    except (binascii.Error, ValueError):
        pass
    msg = "The key of the Azure storage account is not base64."
    raise SettingsError(msg, hint="Copy it again from the account's keys.")


class Login:
    """A login of azure-identity that tells its failures as this library's errors.

    Args:
        credential: What gives tokens.
    """

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token; asked for by policies of azure-core.

        Raises:
            MissingCredentialsError: There is no login.
            CredentialsRejectedError: It was refused.
            TransientError: Nobody answered; the same may succeed.
        """
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        failure: LsToolsError | TransientError
        try:
            with _hushed():
                return self._credential.get_token(*scopes, **options)
        except ClientAuthenticationError as exc:
            failure = _login_failure(exc)
        except AzureError as exc:
            failure = network_failure(exc, _LOGIN_URL)
        raise failure


def find_login(settings: Settings) -> Login:
    """The login that azure-identity finds.

    That is one of the environment, of the workload, a managed identity, or that of
    ``az login``. No browser is opened; no program and no service is waited for
    over ten seconds.

    Raises:
        MissingDependencyError: azure-identity is not installed.
        MissingCredentialsError: The environment holds half of a login.
    """
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        msg = "Logging in to Azure needs the package azure-identity."
        raise MissingDependencyError(
            msg, hint="pip install 'ls-tools[azure]'"
        ) from None
    options: dict[str, Any] = {}
    if settings.verify is not True:
        options["connection_verify"] = settings.verify
    if settings.proxies is not None:
        options["proxies"] = dict(settings.proxies)
    try:
        credential = DefaultAzureCredential(
            process_timeout=_LOGIN_TIMEOUT_S,
            exclude_interactive_browser_credential=True,
            read_timeout=min(settings.read_timeout_s, _LOGIN_TIMEOUT_S),
            **options,
        )
    except ValueError:
        pass
    else:
        return Login(credential)
    msg = "The variables AZURE_… of the environment make no login."
    raise MissingCredentialsError(msg, hint=HINT)


def _login_failure(exc: Exception) -> LsToolsError:
    """The error for a login that gave no token."""
    found = _ENTRA_CODE.search(str(exc))
    if found:
        msg = f"Microsoft Entra ID refuses the login to Azure ({found[0]})."
        hint = "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret or certificate."
        return CredentialsRejectedError(msg, hint=hint, code=found[0])
    msg = "There is no login to Azure."
    return MissingCredentialsError(msg, hint=HINT)


class _Hush(CallFilter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not self.is_ours or record.levelno < logging.WARNING


_HUSH = _Hush()


def _hushed() -> AbstractContextManager[None]:
    """While this lasts azure-identity warns of nothing: the error says it all."""
    logging.getLogger("azure.identity._credentials.chained").addFilter(_HUSH)
    return _HUSH.calling()
