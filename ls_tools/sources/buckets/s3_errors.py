"""Failures of boto3 as the errors of this library.

Messages of boto3 and bodies of answers may hold signed URLs and keys: only codes of
a strict form and names of classes are quoted, and nothing is chained.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ls_tools.errors import (
    AccessError,
    BadReferenceError,
    CredentialsRejectedError,
    DeadlineError,
    IntegrityError,
    LsToolsError,
    MissingCredentialsError,
    NetworkError,
    NotFoundError,
    ServerError,
    SettingsError,
)
from ls_tools.transport.failures import network_failure
from ls_tools.transport.retrying import (
    RETRY_STATUSES,
    TransientError,
    parse_retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Failure = LsToolsError | TransientError

_CODE = re.compile(r"[A-Za-z0-9._]{1,60}\Z")
_FORBIDDEN = (401, 403)
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
_MISSING_CODES = {
    "NoSuchBucket": (
        "There is no bucket of {name}.",
        "Check its name, the region and the endpoint.",
    ),
    "NoSuchVersion": (
        "There is no such version of {name}.",
        "Leave the version away for the current one.",
    ),
    "NoSuchKey": ("There is no object {name}.", "Check its name: case counts."),
}
_THROTTLED = frozenset(
    {
        "SlowDown",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
    }
)
_PASSING = frozenset(
    {"InternalError", "RequestTimeout", "ServiceUnavailable", "OperationAborted"}
)
_STATUS_CODES = {404: "NoSuchKey", 412: "PreconditionFailed", 416: "InvalidRange"}


def map_failure(exc: Exception, *, name: str, host: str) -> Failure:
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
        msg = f"{name} is no name that an object of S3 can have."
        return BadReferenceError(msg, hint="Check the reference in the task data.")
    if not _BAD_SETTINGS.isdisjoint(kinds):
        msg = f"{name} cannot be read: boto3 makes no sense of the settings."
        return SettingsError(msg, hint="Check the region, the endpoint and the proxy.")
    return _connection_failure(exc, name=name, host=host)


def _connection_failure(exc: Exception, *, name: str, host: str) -> Failure:
    kwargs: Mapping[str, Any] = getattr(exc, "kwargs", {})
    cause = kwargs.get("error")
    if isinstance(cause, Exception):
        return map_cut(cause, name=name, host=host)
    msg = f"{name} did not come: boto3 says {type(exc).__name__}."
    return TransientError(NetworkError(msg, hint="Try again."))


def map_cut(exc: Exception, *, name: str, host: str) -> Failure:
    """The error for a connection that failed, as urllib3 or the system says it."""
    found = network_failure(exc, host)
    error = found.error if isinstance(found, TransientError) else found
    named = type(error)(
        f"{name} did not come: {error.message}", hint=error.hint, **error.data
    )
    named.__cause__ = error.__cause__
    return TransientError(named) if isinstance(found, TransientError) else named


def map_answer(
    response: Mapping[str, Any],
    *,
    name: str,
    is_version: bool = False,
    is_anonymous: bool = False,
) -> Failure:
    """The error for an answer of a store that is not what was asked for.

    Args:
        response: What botocore's ClientError holds.
        name: The object or bucket, for the message.
        is_version: Whether a version of its own was asked for.
        is_anonymous: Whether no credentials were sent.

    Returns:
        A TransientError where the same call may succeed.
    """
    meta = response.get("ResponseMetadata", {})
    status = int(meta.get("HTTPStatusCode") or 0)
    headers = meta.get("HTTPHeaders", {})
    code = _read_code(response, status, is_version=is_version)
    if headers.get("x-amz-delete-marker") == "true":
        msg = f"{name} was deleted: its newest version is a delete marker."
        hint = "Ask for an older version of it, with ?versionId=."
        return NotFoundError(msg, hint=hint, code=code)
    if is_anonymous and status in _FORBIDDEN:
        msg = f"The store refused access to {name} without credentials."
        hint = "It is not public: unset anonymous, and set credentials."
        return CredentialsRejectedError(msg, hint=hint, code=code, status=status)
    lasting = _lasting_failure(code, status, name)
    if lasting is not None:
        return lasting
    return _server_failure(code, status, name, headers)


def _read_code(response: Mapping[str, Any], status: int, *, is_version: bool) -> str:
    code = str(response.get("Error", {}).get("Code", ""))
    if code.isdigit() or not _CODE.match(code):
        code = _STATUS_CODES.get(status, "")
    if is_version and code == "NoSuchKey":
        return "NoSuchVersion"
    return code


def _lasting_failure(code: str, status: int, name: str) -> LsToolsError | None:
    if code in _MISSING_CODES:
        msg, hint = _MISSING_CODES[code]
        return NotFoundError(msg.format(name=name), hint=hint, code=code)
    if code in {"PreconditionFailed", "InvalidRange"}:
        msg = f"{name} changed while it was downloaded."
        return IntegrityError(msg, hint="Try again.", code=code)
    if code == "InvalidObjectState":
        msg = f"{name} is archived and cannot be read before it is restored."
        hint = "Restore it (aws s3api restore-object), or copy it to another class."
        return AccessError(msg, hint=hint, code=code)
    if code in _BAD_NAMES:
        msg = f"{name} is no name that an object of S3 can have."
        return BadReferenceError(msg, hint="Check the reference in the task data.")
    if code in _REJECTED_HINTS or status in _FORBIDDEN:
        hint = _REJECTED_HINTS.get(code, _REJECTED_HINTS["AccessDenied"])
        msg = f"The store refused access to {name}: {code or status}."
        return CredentialsRejectedError(msg, hint=hint, code=code, status=status)
    return None


def _server_failure(
    code: str, status: int, name: str, headers: Mapping[str, str]
) -> Failure:
    msg = f"The store answered {status} for {name}: {code or 'no code'}."
    hint = "Try again later; if it stays so, check the region and the endpoint."
    error: LsToolsError = ServerError(msg, hint=hint, code=code, status=status)
    if code == "RequestTimeout":
        error = DeadlineError(msg, hint=hint, code=code, status=status)
    # 503 is how S3 throttles, whatever code a store of another make gives with it.
    is_throttled = code in _THROTTLED or status in {429, 503}
    if not (is_throttled or code in _PASSING or status in RETRY_STATUSES):
        return error
    wait_s = parse_retry_after(headers.get("retry-after"), now_s=time.time())
    return TransientError(error, retry_after_s=wait_s, is_throttled=is_throttled)
