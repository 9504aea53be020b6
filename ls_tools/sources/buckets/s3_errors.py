"""Failures of boto3 as the errors of this library.

Messages of boto3 and bodies of answers may hold signed URLs and keys: only codes of
a strict form and names of classes are quoted, and nothing is chained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ls_tools.errors import (
    BadReferenceError,
    LsToolsError,
    MissingCredentialsError,
    NetworkError,
    NotFoundError,
    SettingsError,
)
from ls_tools.sources.buckets.answers import (
    Meaning,
    StoreRefusal,
    failure_of,
    judge,
    missing_meaning,
    read_code,
    read_retry_after_s,
)
from ls_tools.transport.failures import network_failure
from ls_tools.transport.retrying import THROTTLE_STATUSES, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ls_tools.sources.buckets.protocol import ObjectName

Failure = LsToolsError | TransientError

_STORE = "The S3 store"
_MISSING_HINT = (
    "Set credentials (AWS_PROFILE or a profile, AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY, or a role), or anonymous for a public bucket; and the"
    " endpoint, if the store is not that of AWS."
)
_LOGIN_HINT = (
    "Log in again (aws sso login), or set other credentials: AWS_PROFILE, or"
    " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)
_MISSING = {
    "NoCredentialsError": ("there are no credentials", _MISSING_HINT),
    "PartialCredentialsError": (
        "a part of the credentials is missing",
        "Set both the key and its secret, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    "ProfileNotFound": (
        "the AWS profile does not exist",
        "See `aws configure list-profiles`; unset AWS_PROFILE or set another one.",
    ),
    "ConfigParseError": (
        "the AWS configuration file cannot be read",
        "Repair it, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    "InvalidConfigError": (
        "the AWS profile is not complete",
        "Complete it, or set another one with AWS_PROFILE.",
    ),
    "MissingDependencyException": (
        "the AWS profile needs a package that is not installed",
        "pip install 'boto3[crt]'",
    ),
}
_LOGIN = frozenset(
    {
        "CredentialRetrievalError",
        "LoginError",
        "LoginRefreshRequired",
        "LoginTokenLoadError",
        "LoginInsufficientPermissions",
        "MetadataRetrievalError",
        "NoAuthTokenError",
        "RefreshWithMFAUnsupportedError",
        "SSOError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
_BAD_NAMES = frozenset(
    {
        "InvalidBucketName",
        "InvalidDNSNameError",
        "InvalidURI",
        "KeyTooLongError",
        "ParamValidationError",
    }
)
_BAD_SETTINGS = frozenset(
    {"InvalidProxiesConfigError", "InvalidRegionError", "EndpointProviderError"}
)
_REJECTED_HINTS = {
    "AccessDenied": (
        "The credentials need s3:GetObject (and s3:GetObjectVersion for a version); a"
        " missing object looks like this without s3:ListBucket."
    ),
    "AllAccessDisabled": "The bucket was closed by its provider.",
    "ExpiredToken": _LOGIN_HINT,
    "ExpiredTokenException": _LOGIN_HINT,
    "InvalidAccessKeyId": (
        "The store does not know this access key: check AWS_ACCESS_KEY_ID or the"
        " profile, and the endpoint."
    ),
    "InvalidToken": _LOGIN_HINT,
    "RequestTimeTooSkewed": "Check the clock of this machine: it is minutes wrong.",
    "SignatureDoesNotMatch": (
        "Check AWS_SECRET_ACCESS_KEY, and the region and the endpoint set."
    ),
    "TokenRefreshRequired": _LOGIN_HINT,
}
_MEANINGS: Mapping[str, Meaning] = {
    "NoSuchBucket": "no-bucket",
    "NoSuchKey": "no-object",
    "NoSuchVersion": "no-version",
    "PreconditionFailed": "changed",
    "InvalidRange": "past-end",
    "InvalidObjectState": "archived",
    "RequestTimeout": "timed-out",
    **dict.fromkeys(_REJECTED_HINTS, "rejected"),
    **dict.fromkeys(("InternalError", "OperationAborted"), "passing"),
    **dict.fromkeys(
        (
            "SlowDown",
            "RequestLimitExceeded",
            "ServiceUnavailable",
            "Throttling",
            "ThrottlingException",
            "TooManyRequests",
            "TooManyRequestsException",
            "BandwidthLimitExceeded",
        ),
        "throttled",
    ),
}
_HINTS: Mapping[Meaning, str] = {
    "rejected": _REJECTED_HINTS["AccessDenied"],
    "archived": ("Restore it (aws s3api restore-object), or copy it to another class."),
    "other": "Try again later; if it stays so, check the region and the endpoint.",
}


def call_failure(exc: Exception, *, name: str, host: str) -> Failure:
    """The error for a call of boto3 that gave no answer.

    Args:
        exc: What botocore raised, but for its ClientError.
        name: The object or bucket, for the message.
        host: The endpoint.

    Returns:
        A TransientError where the same call may succeed.
    """
    kinds = [cls.__name__ for cls in type(exc).__mro__]
    found = next((_MISSING[kind] for kind in kinds if kind in _MISSING), None)
    if found is None and not _LOGIN.isdisjoint(kinds):
        found = ("the credentials cannot be had", _LOGIN_HINT)
    if found is not None:
        msg = f"{name} cannot be read: {found[0]}."
        return MissingCredentialsError(msg, hint=found[1])
    if not _BAD_NAMES.isdisjoint(kinds):
        return _bad_name(name)
    if not _BAD_SETTINGS.isdisjoint(kinds):
        msg = f"{name} cannot be read: boto3 makes no sense of the settings."
        return SettingsError(msg, hint="Check the region, the endpoint and the proxy.")
    return _connection_failure(exc, name=name, host=host)


def _connection_failure(exc: Exception, *, name: str, host: str) -> Failure:
    kwargs: Mapping[str, Any] = getattr(exc, "kwargs", {})
    cause = kwargs.get("error")
    if isinstance(cause, Exception):
        return cut_failure(cause, name=name, host=host)
    msg = f"{name} did not come: boto3 says {type(exc).__name__}."
    return TransientError(NetworkError(msg, hint="Try again."))


def cut_failure(exc: Exception, *, name: str, host: str) -> Failure:
    """The error for a connection that failed, as urllib3 or the system says it."""
    found = network_failure(exc, host)
    error = found.error if isinstance(found, TransientError) else found
    named = type(error)(
        f"{name} did not come: {error.message}", hint=error.hint, **error.data
    )
    named.__cause__ = error.__cause__
    return TransientError(named) if isinstance(found, TransientError) else named


def answer_failure(
    answer: Mapping[str, Any],
    name: ObjectName,
    *,
    is_begun: bool = False,
    is_anonymous: bool = False,
) -> Failure:
    """The error for an answer of a store that is not what was asked for.

    Args:
        answer: What botocore's ClientError holds.
        name: What was asked for.
        is_begun: Whether more of a version was asked for, some of which came.
        is_anonymous: Whether no credentials were sent.

    Returns:
        A TransientError where the same call may succeed.
    """
    meta = answer.get("ResponseMetadata", {})
    status, headers = int(meta.get("HTTPStatusCode") or 0), meta.get("HTTPHeaders", {})
    code = read_code(answer.get("Error", {}).get("Code"))
    if code in _BAD_NAMES:
        return _bad_name(name.canonical)
    if headers.get("x-amz-delete-marker") == "true" and not is_begun:
        msg = f"{name.canonical} was deleted: its newest version is a delete marker."
        hint = "Ask for an older version of it, with ?versionId=."
        return NotFoundError(msg, hint=hint, status=status, code=code)
    meaning = judge(status, code, _MEANINGS)
    if meaning == "no-object":
        meaning = missing_meaning(name, is_begun=is_begun)
    elif meaning == "rejected" and is_anonymous:
        meaning = "no-credentials"
    elif meaning == "passing" and status in THROTTLE_STATUSES:
        meaning = "throttled"
    known = _REJECTED_HINTS.get(code, "") if meaning == "rejected" else ""
    refusal = StoreRefusal(
        store=_STORE,
        status=status,
        code=code,
        meaning=meaning,
        retry_after_s=read_retry_after_s(headers),
        hint=known or _HINTS.get(meaning, ""),
    )
    return failure_of(refusal, name)


def _bad_name(name: str) -> BadReferenceError:
    msg = f"{name} is no name that an object of S3 can have."
    return BadReferenceError(msg, hint="Check the reference in the task data.")
