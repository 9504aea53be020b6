"""A store on obstore, where that is as safe as the SDK; else on the SDK.

obstore takes a fifth of the processor time of an SDK. It gives no digests, so that
an answer counts only where its ETag is an md5; all else, and all that goes wrong in
more than passing, is left to the SDK's own store, which finds the same credentials.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from ls_tools.errors import DeadlineError, NetworkError
from ls_tools.forks import PerProcess
from ls_tools.sources.buckets.answers import (
    StoreRefusal,
    failure_of,
    http_date,
    judge,
    read_encoding,
)
from ls_tools.sources.buckets.interrupting import call
from ls_tools.sources.buckets.protocol import CHUNK_BYTES, Body, ObjectInfo
from ls_tools.sources.buckets.s3 import md5_of_etag
from ls_tools.transfer import Validator
from ls_tools.transport.retrying import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from obstore import GetResult
    from obstore.store import GCSStore, S3Store

    from ls_tools.sources.buckets.protocol import ObjectName, Store

    FastStore = S3Store | GCSStore

STREAM_BYTES = 256 * 2**10
"""Least size of the pieces of what does not come at once."""

MOST_MISSES = 8
"""Answers in a row that were of no use, after which obstore is not asked again."""

_STATUS = re.compile(r"non-2xx status code: (\d{3})\b")
_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>")
_TIMED_OUT = re.compile(r"\bkind: Timeout\b")
# obstore takes no name with an empty segment, and drops a slash at either end.
_EXACT_KEY = re.compile(r"[^/\x00-\x1f\x7f]+(?:/[^/\x00-\x1f\x7f]+)*\Z")


class _UselessError(Exception):
    """obstore gave no answer that may be kept.

    Attributes:
        is_telling: Whether it will be the same with other objects.
    """

    def __init__(self, *, is_telling: bool = True) -> None:
        super().__init__()
        self.is_telling = is_telling


class _Forks:
    """Whether obstore may be used here: its threads do not survive a fork."""

    def __init__(self) -> None:
        self.is_broken = False
        os.register_at_fork(after_in_child=self._note)

    def _note(self) -> None:
        self.is_broken = "obstore" in sys.modules


_FORKS = _Forks()


class FastFirst:
    """A Store that asks obstore, and the SDK where obstore will not do.

    What is asked for again at once in the same thread is had from the SDK: its md5
    did not fit, maybe since the ETag is none, as of encrypted objects.

    Args:
        sdk: The store of the SDK.
        open_fast: Opens obstore's with the credentials of the SDK; None where it
            cannot be used.
    """

    def __init__(self, sdk: Store, open_fast: Callable[[], FastStore | None]) -> None:
        self._sdk = sdk
        self._fast = PerProcess(open_fast)
        self._misses = 0
        self._last = threading.local()

    @property
    def is_fast(self) -> bool:
        """Whether obstore is still asked."""
        return self._misses < MOST_MISSES and not _FORKS.is_broken

    def get(
        self,
        name: ObjectName,
        *,
        start: int = 0,
        stop: int | None = None,
        match: Validator | None = None,
        unless: Validator | None = None,
    ) -> Body | None:
        """Ask for the bytes from ``start`` to before ``stop``; see Store."""
        is_whole = not (start or match or stop is not None)
        key, md5 = getattr(self._last, "given", ("", ""))
        self._last.given = ("", "")
        is_doubted = is_whole and not unless and key == name.key
        if self.is_fast and not is_doubted and _can_ask(name, match, unless):
            try:
                body = self._ask(name, _options(start, stop, match, unless))
            except _UselessError as exc:
                self._misses += exc.is_telling
            else:
                if is_whole and body is not None:
                    self._last.given = (name.key, body.info.checksums["md5"])
                return body
        body = self._sdk.get(name, start=start, stop=stop, match=match, unless=unless)
        if is_doubted and body is not None and body.info.checksums.get("md5") != md5:
            self._misses = MOST_MISSES
        return body

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """The objects whose name begins with ``prefix``, as the SDK lists them."""
        return self._sdk.list(bucket, prefix)

    def _ask(self, name: ObjectName, options: dict[str, Any]) -> Body | None:
        """The answer of obstore; None where the version is current."""
        store = self._fast.get()
        if store is None:
            self._misses = MOST_MISSES
            raise _UselessError
        from obstore import exceptions

        failure: Exception | None
        try:
            result = call(partial(store.get, name.key, options=options or None))  # type: ignore[arg-type]
        except exceptions.NotModifiedError:
            return None
        except exceptions.PreconditionError:
            failure = failure_of(_refusal(412), name)
        except FileNotFoundError:
            failure = _UselessError(is_telling=False)
        except (exceptions.BaseError, OSError, ValueError) as exc:
            failure = _passing_failure(str(exc), name)
        else:
            body = _body(result, name)
            self._misses = 0
            return body
        raise failure or _UselessError()


def _can_ask(
    name: ObjectName, match: Validator | None, unless: Validator | None
) -> bool:
    """Whether obstore can ask for exactly this."""
    if name.version or not _EXACT_KEY.match(name.key):
        return False
    return _is_known(match) and _is_known(unless)


def _is_known(validator: Validator | None) -> bool:
    """Whether it is none, or one that obstore gave."""
    return validator is None or md5_of_etag(validator.etag, "") is not None


def _options(
    start: int, stop: int | None, match: Validator | None, unless: Validator | None
) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if stop is not None:
        options["range"] = (start, stop)
    elif start:
        options["range"] = {"offset": start}
    if match:
        options["if_match"] = match.etag
    if unless:
        options["if_none_match"] = unless.etag
    return options


def _body(result: GetResult, name: ObjectName) -> Body:
    """What ``result`` is, if its bytes can be checked.

    Raises:
        _UselessError: They cannot, or it is another object.
    """
    meta, sent = result.meta, result.attributes
    etag = meta["e_tag"]
    md5 = md5_of_etag(etag, name.bucket)
    if md5 is None or meta["path"] != name.key:
        raise _UselessError
    start, stop = result.range
    version = meta["version"]
    info = ObjectInfo(
        key=name.key,
        size_bytes=meta["size"],
        validator=Validator(
            etag=etag,
            last_modified=http_date(meta["last_modified"]),
            version=None if version == "null" else version,
        ),
        checksums={"md5": md5},
        content_type=sent.get("Content-Type"),
        encoding=read_encoding(sent.get("Content-Encoding")),
    )
    chunks = _read(result, stop - start, name)
    return Body(info=info, start=start, chunks=chunks, close=chunks.close)


def _read(result: GetResult, size_bytes: int, name: ObjectName) -> Generator[bytes]:
    from obstore.exceptions import BaseError

    try:
        if size_bytes <= CHUNK_BYTES:
            yield call(lambda: bytes(result.bytes()))
            return
        for piece in result.stream(STREAM_BYTES):
            for start in range(0, len(piece), CHUNK_BYTES):
                yield piece[start : start + CHUNK_BYTES]
    except BaseError as exc:
        failure = _passing_failure(str(exc), name)
    else:
        return
    msg = f"{name.canonical} did not come: the connection broke."
    raise failure or TransientError(NetworkError(msg, hint="Try again."))


def _passing_failure(text: str, name: ObjectName) -> TransientError | None:
    """The failure that ``text`` of obstore tells of, if it may pass.

    It may hold signed URLs and whole answers; only a code is quoted.
    """
    if _TIMED_OUT.search(text):
        msg = f"{name.canonical} did not come: the store stopped answering."
        hint = "If it only needs longer, raise LS_TOOLS_READ_TIMEOUT_S."
        return TransientError(DeadlineError(msg, hint=hint))
    found, code = _STATUS.search(text), _CODE.search(text)
    status = int(found[1]) if found else 0
    failure = failure_of(_refusal(status, code[1] if code else ""), name)
    return failure if isinstance(failure, TransientError) else None


def _refusal(status: int, code: str = "") -> StoreRefusal:
    meaning = judge(status, code, {})
    return StoreRefusal(store="The store", status=status, code=code, meaning=meaning)
