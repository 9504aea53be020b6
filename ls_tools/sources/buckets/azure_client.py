"""Clients of azure-storage-blob and azure-core, set up as the settings say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ls_tools.errors import MissingCredentialsError
from ls_tools.sources.buckets.azure_account import (
    SCOPE,
    AzureAccount,
    SignatureMaker,
    find_login,
)
from ls_tools.sources.buckets.muting import mute
from ls_tools.sources.buckets.sessions import USER_AGENT, mount_store

if TYPE_CHECKING:
    from azure.core.pipeline import Pipeline
    from azure.storage.blob import ContainerClient

    from ls_tools.settings import Settings


@dataclass(frozen=True, slots=True)
class AzureLink:
    """The way to a container: two clients on the same connections.

    Attributes:
        pipeline: Sends single requests, logged in.
        client: Lists.
    """

    pipeline: Pipeline[Any, Any]
    client: ContainerClient


def connect(settings: Settings, account: AzureAccount, container: str) -> AzureLink:
    """The way to a container. Its own retries are off; not safe for forks.

    Raises:
        MissingCredentialsError: A login would be sent over plain http.
        MissingDependencyError: azure-identity is not installed, and needed.
        SettingsError: The account key is none.
    """
    import requests as requests_library
    from azure.core.pipeline import Pipeline
    from azure.core.pipeline.policies import (
        AzureSasCredentialPolicy,
        BearerTokenCredentialPolicy,
    )
    from azure.core.pipeline.transport import RequestsTransport
    from azure.storage.blob import ContainerClient

    session = requests_library.Session()
    mount_store(session, settings, account.url)
    transport = RequestsTransport(session=session, session_owner=False)
    credential = _credential(settings, account, container)
    policies: list[Any] = []
    if account.needs_token:
        policies.append(BearerTokenCredentialPolicy(credential, SCOPE))
    elif credential is not None:
        policies.append(AzureSasCredentialPolicy(credential))
    client = ContainerClient(
        account.url,
        container,
        credential=credential,
        transport=transport,
        retry_total=0,
        user_agent=USER_AGENT,
    )
    mute("azure")
    return AzureLink(Pipeline(transport, policies), client)


def _credential(settings: Settings, account: AzureAccount, container: str) -> Any:
    """What clients of azure-core log in with; None for nothing."""
    from azure.core.credentials import AzureSasCredential

    if account.anonymous:
        return None
    if account.sas:
        return AzureSasCredential(account.sas)
    if not account.key:
        if urlsplit(account.url).scheme != "https":
            msg = "No login is sent to an Azure endpoint over plain http."
            hint = "Set a key, a shared access signature, or anonymous."
            raise MissingCredentialsError(msg, hint=hint)
        return find_login(settings)
    maker = SignatureMaker(account, container)

    class Signed(AzureSasCredential):
        @property
        def signature(self) -> str:
            return maker.sign()

    return Signed(maker.sign())
