"""Every error that ls_tools raises on purpose.

::

    LsToolsError
    ├── UsageError (ValueError)            the call or command is wrong
    │   ├── SettingsError                  a setting is missing or malformed
    │   │   └── MissingUrlError            (FileNotFoundError) no server URL
    │   ├── BadReferenceError              a task data reference is malformed
    │   ├── LabelConfigError               the labeling XML does not parse
    │   └── UnknownFormatError             no such output format
    ├── MissingDependencyError (ImportError)  an optional extra is not installed
    ├── NotFoundError (FileNotFoundError)  what was asked for is not there
    │   ├── NotCachedError                 offline, and not in the cache
    │   └── WrongRootError                 a local-files root that lacks the file
    ├── AccessError (PermissionError)      not authorised, or refused
    │   ├── MissingTokenError (FileNotFoundError)  no token to send
    │   ├── TokenRejectedError             the server refused the token
    │   ├── MissingCredentialsError        no credentials for a bucket
    │   ├── CredentialsRejectedError       the store refused the credentials
    │   └── RefusedError (ValueError)      ls_tools will not do this: unsafe
    ├── NetworkError (ConnectionError)     worth a retry later
    │   ├── DeadlineError (TimeoutError)   a timeout or deadline passed
    │   ├── ServerError                    the server answered 5xx or nonsense
    │   └── IntegrityError                 the bytes are not those announced
    ├── ExportFailedError                  a snapshot or conversion failed
    ├── NotAnExportError (ValueError)      the input is not labeled data
    ├── UnreadableMediaError (ValueError)  a media file cannot be read
    ├── BadRleError (ValueError)           a run-length code is malformed
    ├── OutputError (OSError)              the output cannot be written
    ├── CacheError (OSError)               the cache cannot be read or written
    └── LossError                          losses that were not allowed

Each message says what happened, to what, and what to do next. No message ever
holds a token or a signature: whoever builds one passes URLs through
``ls_tools.origin.redact_url`` first.
"""

from __future__ import annotations

from typing import Any, ClassVar


class LsToolsError(Exception):
    """Base of every error that ls_tools raises on purpose.

    Args:
        message: What happened, and to what. One line.
        hint: What to do next. One line, may be empty.
        **data: Facts for programs (``status``, ``reference``, ``project_id``);
            readable as attributes through ``data``.

    Attributes:
        kind: A stable word for programs, the same in JSON output.
        exit_code: The exit code of the command line for this error.
        retryable: Whether the same call may succeed later.
    """

    kind: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data: dict[str, Any] = data

    def __str__(self) -> str:
        """The message and the hint on one line."""
        return f"{self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with message, hint and data, so that workers can raise it."""
        return _rebuild, (type(self), self.message, self.hint, self.data)


def _rebuild(
    cls: type[LsToolsError], message: str, hint: str, data: dict[str, Any]
) -> LsToolsError:
    return cls(message, hint=hint, **data)


class UsageError(LsToolsError, ValueError):
    """The call or the command line is wrong."""

    kind = "usage"
    exit_code = 2


class SettingsError(UsageError):
    """A setting is missing or malformed."""

    kind = "settings"


class MissingUrlError(SettingsError, FileNotFoundError):
    """A server reference was given and no server URL is configured."""

    kind = "missing-url"


class BadReferenceError(UsageError):
    """A task data reference is malformed or of an unknown kind."""

    kind = "bad-reference"


class LabelConfigError(UsageError):
    """The labeling configuration does not parse."""

    kind = "label-config"


class UnknownFormatError(UsageError):
    """No output format, source or policy has this name."""

    kind = "unknown-format"


class MissingDependencyError(LsToolsError, ImportError):
    """An optional extra is not installed; the hint has the pip command."""

    kind = "missing-dependency"
    exit_code = 2


class NotFoundError(LsToolsError, FileNotFoundError):
    """What was asked for does not exist."""

    kind = "not-found"
    exit_code = 3


class NotCachedError(NotFoundError):
    """Offline mode, and the reference is not in the cache."""

    kind = "not-cached"


class WrongRootError(NotFoundError):
    """The local-files root does not hold the file: wrong root or no mount."""

    kind = "wrong-root"


class AccessError(LsToolsError, PermissionError):
    """Not authorised, or refused by ls_tools itself."""

    kind = "access"
    exit_code = 4


class MissingTokenError(AccessError, FileNotFoundError):
    """The server needs a token and none is configured for it."""

    kind = "missing-token"


class TokenRejectedError(AccessError):
    """The server refused the token (401 or 403)."""

    kind = "token-rejected"


class MissingCredentialsError(AccessError):
    """No credentials of one's own for a bucket were found."""

    kind = "missing-credentials"


class CredentialsRejectedError(AccessError):
    """A store refused the credentials, or they may not read the object."""

    kind = "credentials-rejected"


class RefusedError(AccessError, ValueError):
    """Doing this would be unsafe: an escaping path, a forbidden address."""

    kind = "refused"


class NetworkError(LsToolsError, ConnectionError):
    """The network failed; the same call may succeed later."""

    kind = "network"
    exit_code = 5
    retryable = True


class DeadlineError(NetworkError, TimeoutError):
    """A timeout or a deadline passed."""

    kind = "deadline"


class ServerError(NetworkError):
    """The server answered with 5xx, or with something that makes no sense."""

    kind = "server"


class IntegrityError(NetworkError):
    """The bytes received are not those that were announced."""

    kind = "integrity"


class ExportFailedError(LsToolsError):
    """A snapshot or a conversion on the server failed."""

    kind = "export-failed"


class NotAnExportError(LsToolsError, ValueError):
    """The input is not a Label Studio export."""

    kind = "not-an-export"


class UnreadableMediaError(LsToolsError, ValueError):
    """A media file cannot be read or decoded, or is beyond a bound."""

    kind = "unreadable-media"


class BadRleError(LsToolsError, ValueError):
    """A run-length code of a mask is malformed, or is beyond a bound."""

    kind = "bad-rle"


class OutputError(LsToolsError, OSError):
    """The output cannot be written as asked."""

    kind = "output"


class CacheError(LsToolsError, OSError):
    """The cache cannot be read or written."""

    kind = "cache"


class LossError(LsToolsError):
    """Something was lost that the caller did not allow to be lost.

    ``data["report"]`` holds the Report.
    """

    kind = "losses"
    exit_code = 6
