"""Whatever a server does to a download, it ends in the file or in an error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transport.faults import FaultServer, Reply, Rule, Sink, StoredFile, stream_is_none

from ls_tools.errors import LsToolsError
from ls_tools.settings import Settings
from ls_tools.transport import Transport
from ls_tools.transport.ranges import parse_content_range
from ls_tools.transport.retrying import parse_retry_after

DATA = os.urandom(2000)
PATH = "/data/upload/1/a.jpg"

_cuts = st.tuples(st.integers(0, 2000), st.sampled_from(["close", "reset"]))
_files = st.builds(
    StoredFile,
    content=st.sampled_from([DATA, DATA[:1], b""]),
    etag=st.sampled_from([None, '"v1"', 'W/"v1"', '"v2"']),
    cap=st.none() | st.integers(40, 2000),
    ignores_range=st.booleans(),
    past_end=st.sampled_from([416, 200, 424]),
    faults=st.lists(st.none() | _cuts, max_size=6),
)
_odd = st.sampled_from(
    [
        Reply(status=503),
        Reply(status=500),
        Reply(status=404),
        Reply(status=416),
        Reply(status=206, body=b"odd"),
        Reply(status=206, body=b"odd", headers={"Content-Range": "bytes 1-3/9"}),
        Reply(status=304),
        Reply(drop=True),
        stream_is_none(),
    ]
)
_one_file = st.builds(
    lambda stored, odd: [*odd, stored], _files, st.lists(_odd, max_size=3)
)


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[FaultServer, Transport]]:
    with FaultServer() as server:
        limits = Settings(url=server.url, read_timeout_s=10, retry_attempts=4)
        with Transport(limits, sleep=lambda _: None) as transport:
            yield server, transport


def outcome(lab: tuple[FaultServer, Transport], rules: list[Any]) -> Sink | None:
    server, transport = lab
    sink = Sink()
    try:
        fetched = transport.download(server.on(PATH, *rules), sink)
    except LsToolsError:
        return None
    assert fetched.size_bytes == len(sink.content)
    return sink


@given(rules=_one_file)
@settings(max_examples=150, deadline=None)
def test_a_download_ends_in_identical_bytes_or_a_typed_error(
    lab: tuple[FaultServer, Transport], rules: list[Rule | Reply]
) -> None:
    sink = outcome(lab, rules)
    stored = rules[-1]
    assert isinstance(stored, StoredFile)
    assert sink is None or sink.content == stored.content


@given(stored=_files)
@settings(max_examples=100, deadline=None)
def test_cuts_that_bring_something_new_never_fail(
    lab: tuple[FaultServer, Transport], stored: StoredFile
) -> None:
    stored.faults = [(1 + n, how) for n, how in filter(None, stored.faults)][:3]
    sink = outcome(lab, [stored])
    assert sink is not None
    assert sink.content == stored.content


@given(versions=st.lists(_files, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_versions_with_etags_of_their_own_are_never_mixed(
    lab: tuple[FaultServer, Transport], versions: list[StoredFile]
) -> None:
    for number, stored in enumerate(versions):
        stored.etag = f'"{number}"'
        stored.content = bytes([number]) * len(stored.content)
    sink = outcome(lab, list(versions))
    assert sink is None or bytes(sink.content) in {v.content for v in versions}


@given(st.text() | st.from_regex(r"bytes [0-9]*-?[0-9]*/[0-9*]*", fullmatch=True))
def test_a_content_range_is_parsed_or_none(text: str) -> None:
    start, end, total = parse_content_range(text)
    assert (start is None) == (end is None)
    if start is not None and end is not None:
        assert 0 <= start < end
        assert total is None or end <= total


@given(st.text() | st.from_regex(r"[0-9]+", fullmatch=True), st.floats(0, 4e9))
def test_a_retry_after_is_bounded_or_none(text: str, now_s: float) -> None:
    wait_s = parse_retry_after(text, now_s=now_s)
    assert wait_s is None or 0 <= wait_s <= 86_400
