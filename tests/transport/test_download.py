"""One file comes whole, or an error says why not."""

from __future__ import annotations

import gzip
import hashlib
import os
import tracemalloc
from base64 import b64encode
from collections.abc import Callable

import pytest
from transport.faults import FaultServer, Reply, Rule, Sink, StoredFile, stream_is_none

from ls_tools.errors import (
    AccessError,
    IntegrityError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ServerError,
    TokenRejectedError,
)
from ls_tools.settings import Bounds
from ls_tools.transfer import Validator
from ls_tools.transport import Transport

DATA = os.urandom(70_000)
OTHER = DATA[::-1]
NO_PERMISSION = b"{\"detail\": \"'NoneType' object has no attribute 'has_permission'\"}"
PATH = "/data/upload/1/a.jpg"
Connect = Callable[..., Transport]


def ranges(server: FaultServer) -> list[str | None]:
    return [seen.headers.get("range") for seen in server.requests(PATH)]


def test_every_download_asks_for_a_range_so_that_a_cut_is_seen(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    url = server.on(PATH, StoredFile(content=DATA))
    fetched = transport.download(url, sink)
    assert fetched.size_bytes == len(DATA)
    assert sink.content == DATA
    assert ranges(server) == ["bytes=0-"]
    assert server.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_cut_download_goes_on_from_its_last_byte(
    server: FaultServer, transport: Transport, sink: Sink, how: str
) -> None:
    url = server.on(PATH, StoredFile(content=DATA, faults=[(300, how), (1000, how)]))
    transport.download(url, sink)
    assert sink.content == DATA
    assert ranges(server) == ["bytes=0-", "bytes=300-", "bytes=1300-"]
    assert sink.truncated == []


def test_a_stalled_download_goes_on_from_its_last_byte(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    """G5: a silent server ends in a timeout, not in waiting for ever."""
    url = server.on(PATH, StoredFile(content=DATA, faults=[(5000, "stall")]))
    connect(read_timeout_s=0.3).download(url, sink)
    assert sink.content == DATA
    assert ranges(server) == ["bytes=0-", "bytes=5000-"]


def test_a_resumed_range_is_bound_to_the_strong_etag(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    url = server.on(PATH, StoredFile(content=DATA, etag='"v1"', faults=[(9, "close")]))
    transport.download(url, sink)
    assert server.seen[1].headers["if-range"] == '"v1"'


def test_a_weak_etag_binds_no_range(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, etag='W/"v1"', faults=[(9, "close")])
    transport.download(server.on(PATH, stored), sink)
    assert "if-range" not in server.seen[1].headers
    assert sink.content == DATA


@pytest.mark.parametrize(
    "changed",
    [
        StoredFile(content=OTHER, etag='W/"v2"'),
        StoredFile(content=OTHER[:-1], etag='W/"v1"'),
        StoredFile(content=OTHER[:400], etag='W/"v1"'),
        StoredFile(content=OTHER[:300], etag='W/"v1"'),
        StoredFile(content=OTHER[:200], etag='W/"v1"'),
    ],
    ids=["etag", "total", "shorter", "just what came", "less than came"],
)
def test_a_file_that_changes_underway_is_started_again(
    server: FaultServer, transport: Transport, sink: Sink, changed: StoredFile
) -> None:
    first = StoredFile(content=DATA, etag='W/"v1"', faults=[(300, "close")])
    fetched = transport.download(server.on(PATH, first, changed), sink)
    assert sink.content == changed.content
    assert fetched.validator.etag == changed.etag


def test_a_file_that_changes_every_time_ends_in_an_error(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    def changing(tag: int) -> Rule:
        return StoredFile(content=DATA, etag=f'W/"{tag}"', cap=10_000)

    url = server.on(PATH, *[changing(tag) for tag in range(50)])
    with pytest.raises(IntegrityError, match="changed while it was downloaded"):
        connect(retry_attempts=3).download(url, sink)
    assert len(server.seen) < 12


def test_capped_ranges_are_asked_for_until_all_is_there(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    url = server.on(PATH, StoredFile(content=DATA, cap=30_001))
    transport.download(url, sink)
    assert sink.content == DATA
    assert ranges(server) == ["bytes=0-", "bytes=30001-", "bytes=60002-"]


def test_only_content_range_is_believed(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    """A body shorter than its own range is taken as far as it goes."""
    short = Reply(
        status=206, body=DATA[:50], headers={"Content-Range": "bytes 0-69999/70000"}
    )
    transport.download(server.on(PATH, short, StoredFile(content=DATA)), sink)
    assert sink.content == DATA
    assert ranges(server) == ["bytes=0-", "bytes=50-"]


def test_a_range_that_never_brings_a_byte_is_an_error(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    empty = Reply(status=206, headers={"Content-Range": "bytes 0-9/10"})
    with pytest.raises(IntegrityError, match="stops at byte 0"):
        connect(retry_attempts=3).download(server.on(PATH, empty), sink)
    assert len(server.seen) == 3


def test_what_is_made_anew_each_time_is_never_continued(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, faults=[(300, "close")])
    transport.download(server.on(PATH, stored), sink, resumable=False)
    assert ranges(server) == ["bytes=0-"] * 2
    assert sink.content == DATA


def test_bytes_beyond_the_announced_range_are_left_out(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    headers = {"Content-Range": "bytes 0-49/70000"}
    long = Reply(status=206, body=DATA[:50] + b"surplus", headers=headers)
    transport.download(server.on(PATH, long, StoredFile(content=DATA)), sink)
    assert sink.content == DATA


@pytest.mark.parametrize(
    "content_range",
    ["bytes 7-69999/70000", "bytes 0-1/1", "apples", "bytes 5-2/9", "bytes 0-9/5", ""],
)
def test_a_range_that_was_not_asked_for_is_not_written(
    server: FaultServer, transport: Transport, sink: Sink, content_range: str
) -> None:
    first = StoredFile(content=DATA, faults=[(300, "close")])
    odd = Reply(status=206, body=b"odd", headers={"Content-Range": content_range})
    transport.download(server.on(PATH, first, odd, StoredFile(content=DATA)), sink)
    assert sink.content == DATA


def test_a_server_that_ignores_ranges_makes_a_cut_download_start_again(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, ignores_range=True, faults=[(300, "close")])
    transport.download(server.on(PATH, stored), sink)
    assert sink.content == DATA
    assert sink.truncated == [0]


def test_a_server_that_always_cuts_at_the_same_byte_ends_in_an_error(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, ignores_range=True, faults=[(300, "close")] * 50)
    with pytest.raises(NetworkError):
        connect(retry_attempts=3).download(server.on(PATH, stored), sink)
    assert len(server.seen) == 4


def test_tries_count_anew_after_new_bytes(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    faults = [(1000, "close")] * 60
    url = server.on(PATH, StoredFile(content=DATA, faults=faults))
    connect(retry_attempts=2).download(url, sink)
    assert sink.content == DATA


def test_an_empty_file_is_a_file(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    url = server.on(PATH, StoredFile(content=b""))
    assert transport.download(url, sink).size_bytes == 0
    assert len(server.seen) == 1


@pytest.mark.parametrize("past_end", [200, 424])
@pytest.mark.parametrize("has_length", [True, False])
def test_an_empty_file_of_label_studio_is_a_file(
    server: FaultServer,
    transport: Transport,
    sink: Sink,
    past_end: int,
    has_length: bool,  # noqa: FBT001 - a parameter
) -> None:
    stored = StoredFile(content=b"", past_end=past_end, has_length=has_length)
    assert transport.download(server.on(PATH, stored), sink).size_bytes == 0


@pytest.mark.parametrize("past_end", [416, 200, 424])
def test_a_total_that_is_never_told_still_ends(
    server: FaultServer, transport: Transport, sink: Sink, past_end: int
) -> None:
    stored = StoredFile(content=DATA, past_end=past_end)
    unknown = Reply(status=206, body=DATA, headers={"Content-Range": "bytes 0-69999/*"})
    transport.download(server.on(PATH, unknown, stored), sink)
    assert sink.content == DATA


def test_past_the_end_is_complete_where_the_total_fits(
    server: FaultServer, transport: Transport
) -> None:
    url = server.on(PATH, StoredFile(content=DATA))
    full = Sink(DATA)
    assert transport.download(url, full, start=len(DATA)).size_bytes == len(DATA)
    assert full.content == DATA
    assert len(server.seen) == 1


def test_a_download_goes_on_from_what_an_earlier_one_left(
    server: FaultServer, transport: Transport
) -> None:
    """E9: a partial file is used."""
    partial = Sink(DATA[:5000])
    url = server.on(PATH, StoredFile(content=DATA))
    assert transport.download(url, partial, start=5000).size_bytes == len(DATA)
    assert partial.content == DATA
    assert ranges(server) == ["bytes=5000-"]


def test_a_left_part_is_dropped_where_the_server_sends_the_whole(
    server: FaultServer, transport: Transport
) -> None:
    partial = Sink(b"x" * 5000)
    url = server.on(PATH, StoredFile(content=DATA, ignores_range=True))
    transport.download(url, partial, start=5000)
    assert partial.content == DATA


def test_a_body_without_any_length_is_taken_where_nothing_better_is_had(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, ignores_range=True, has_length=False)
    assert transport.download(server.on(PATH, stored), sink).size_bytes == len(DATA)


def test_a_cut_chunked_body_is_noticed(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    cut = Reply(body=DATA, is_chunked=True, cut=3000)
    whole = Reply(body=DATA, is_chunked=True)
    transport.download(server.on(PATH, cut, whole), sink)
    assert sink.content == DATA


def test_a_content_length_that_is_too_small_is_noticed_by_the_range(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    lie = Reply(
        status=206,
        body=DATA,
        headers={"Content-Range": "bytes 0-69999/70000"},
        length=50,
    )
    transport.download(server.on(PATH, lie, StoredFile(content=DATA)), sink)
    assert sink.content == DATA


def test_a_content_length_that_is_always_too_large_is_an_error(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    url = server.on(PATH, Reply(body=DATA, length=len(DATA) + 9))
    with pytest.raises(NetworkError):
        connect(retry_attempts=2).download(url, sink)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_file_that_comes_compressed_is_decoded_over_cuts(
    server: FaultServer, transport: Transport, sink: Sink, encoding: str
) -> None:
    import zlib

    text = b"many words " * 50_000
    packed = gzip.compress(text) if encoding == "gzip" else zlib.compress(text)
    stored = StoredFile(
        content=packed,
        etag='"z"',
        cap=len(packed) // 2,
        faults=[(100, "close")],
        headers={"Content-Encoding": encoding, "x-goog-hash": "md5=" + "A" * 22 + "=="},
    )
    fetched = transport.download(server.on(PATH, stored), sink)
    assert sink.content == text
    assert (fetched.size_bytes, fetched.checksums) == (len(text), {})
    assert max(sink.sizes) <= 256 * 2**10


def test_a_left_part_is_dropped_where_the_rest_comes_compressed(
    server: FaultServer, transport: Transport
) -> None:
    """What was left is decoded, so where it ends in the encoded file is unknown."""
    packed = gzip.compress(DATA)
    stored = StoredFile(content=packed, headers={"Content-Encoding": "gzip"})
    partial = Sink(DATA[:5000])
    transport.download(server.on(PATH, stored), partial, start=5000)
    assert partial.content == DATA


def test_compressed_data_that_stop_in_the_middle_are_an_error(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    packed = gzip.compress(DATA)[:-20]
    url = server.on(PATH, Reply(body=packed, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(IntegrityError, match="stop in the middle"):
        connect(retry_attempts=2).download(url, sink)


def test_damaged_compressed_data_are_an_error(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    url = server.on(PATH, Reply(body=DATA, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(IntegrityError, match="damaged"):
        connect(retry_attempts=2).download(url, sink)


def test_an_encoding_that_nobody_asked_for_is_an_error(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    url = server.on(PATH, Reply(body=DATA, headers={"Content-Encoding": "br"}))
    with pytest.raises(ServerError, match="br"):
        transport.download(url, sink)


def test_a_current_version_is_not_downloaded(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    url = server.on(PATH, StoredFile(content=DATA, etag='W/"1-2"'))
    known = Validator(etag='W/"1-2"')
    fetched = transport.download(url, sink, validator=known)
    assert (fetched.not_modified, fetched.validator) == (True, known)
    assert "range" not in server.seen[0].headers
    assert sink.content == b""


def test_a_date_revalidates_where_there_is_no_etag(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    url = server.on(PATH, StoredFile(content=DATA, last_modified=date))
    known = Validator(last_modified=date)
    assert transport.download(url, sink, validator=known).not_modified


@pytest.mark.parametrize("known", [Validator(etag='"old"'), Validator(version="7")])
def test_another_version_is_downloaded(
    server: FaultServer, transport: Transport, sink: Sink, known: Validator
) -> None:
    url = server.on(PATH, StoredFile(content=DATA, etag='"new"'))
    fetched = transport.download(url, sink, validator=known)
    assert fetched.validator.etag == '"new"'
    assert sink.content == DATA
    assert len(server.seen) == 1


def test_a_conditional_answer_without_length_is_asked_again_with_a_range(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, etag='"new"', has_length=False)
    url = server.on(PATH, stored)
    transport.download(url, sink, validator=Validator(etag='"old"'))
    assert ranges(server) == [None, "bytes=0-"]
    assert sink.content == DATA


def test_a_conditional_download_that_is_cut_goes_on(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, etag='"new"', faults=[(40, "close")])
    transport.download(server.on(PATH, stored), sink, validator=Validator(etag='"o"'))
    assert ranges(server) == [None, "bytes=40-"]
    assert sink.content == DATA


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8"])
def test_a_login_page_is_not_taken_for_a_file(
    server: FaultServer, transport: Transport, sink: Sink, kind: str
) -> None:
    """G6: an HTML page never becomes a picture."""
    page = Reply(body=b"<html>Log in", headers={"Content-Type": kind})
    url = server.on(PATH, Reply(status=302, headers={"Location": "/user/login"}))
    server.on("/user/login", page)
    with pytest.raises(TokenRejectedError, match="HTML page came where"):
        transport.download(url, sink)
    assert sink.content == b""


def test_a_page_elsewhere_is_not_taken_for_a_file(
    elsewhere: FaultServer, transport: Transport, sink: Sink
) -> None:
    """G6."""
    page = Reply(body=b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(AccessError, match="HTML page came where"):
        transport.download(elsewhere.on("/a.jpg", page), sink)


def test_a_page_that_is_wanted_is_taken(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    page = StoredFile(content=b"<html>", headers={"Content-Type": "text/html"})
    fetched = transport.download(server.on(PATH, page), sink, accept_html=True)
    assert sink.content == b"<html>"
    assert fetched.content_type == "text/html"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404, body=b"<html>" + b"x" * 170_000),
        Reply(status=500, body=NO_PERMISSION),
        stream_is_none(),
    ],
    ids=["404", "500", "424"],
)
def test_a_missing_file_is_not_found_at_once(
    server: FaultServer,
    transport: Transport,
    sink: Sink,
    reply: Reply,
    waits: list[float],
) -> None:
    url = server.on(PATH, reply)
    with pytest.raises(NotFoundError) as caught:
        transport.download(url, sink)
    assert waits == []
    assert "<html>" not in str(caught.value)
    assert PATH in str(caught.value)


@pytest.mark.parametrize("status", [500, 424, 502])
def test_a_broken_upstream_is_tried_again(
    server: FaultServer, transport: Transport, sink: Sink, status: int
) -> None:
    url = server.on(PATH, Reply(status=status), StoredFile(content=DATA))
    transport.download(url, sink)
    assert sink.content == DATA


def test_an_object_that_vanishes_underway_is_not_found(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    cut = StoredFile(content=DATA, faults=[(300, "close")])
    with pytest.raises(NotFoundError):
        transport.download(server.on(PATH, cut, stream_is_none()), sink)


def test_a_file_beyond_the_bound_is_refused_before_it_is_written(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    url = server.on(PATH, StoredFile(content=DATA * 10))
    with pytest.raises(RefusedError, match="larger than 600000"):
        connect(bounds=Bounds(download_bytes=600_000)).download(url, sink)
    assert sink.content == b""


def test_a_file_of_unknown_size_stops_at_the_bound(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    url = server.on(PATH, Reply(body=DATA * 10, is_chunked=True))
    with pytest.raises(RefusedError, match="larger than 600000"):
        connect(bounds=Bounds(download_bytes=600_000)).download(url, sink)
    assert len(sink.content) <= 600_000


def test_a_bomb_stops_at_the_bound(
    server: FaultServer, connect: Connect, sink: Sink
) -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    url = server.on(PATH, Reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    bounded = connect(bounds=Bounds(download_bytes=1_000_000))
    with pytest.raises(RefusedError, match="larger than"):
        bounded.download(url, sink)
    assert len(sink.content) <= 1_000_000


def test_an_expected_md5_is_checked_and_a_wrong_file_downloaded_once_more(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    wrong = StoredFile(content=DATA[:-1] + b"?")
    url = server.on(PATH, wrong, StoredFile(content=DATA))
    md5 = hashlib.md5(DATA).hexdigest()  # noqa: S324 - what the server announces
    transport.download(url, sink, expected_md5=md5.upper())
    assert sink.content == DATA


def test_a_file_with_another_md5_twice_is_an_error(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    url = server.on(PATH, StoredFile(content=DATA))
    with pytest.raises(IntegrityError, match="another md5"):
        transport.download(url, sink, expected_md5="0" * 32)
    assert len(server.seen) == 2


def test_only_digests_that_a_store_documents_are_vouched_for(
    server: FaultServer, transport: Transport
) -> None:
    digest = hashlib.md5(DATA).digest()  # noqa: S324 - what stores send
    md5 = b64encode(digest).decode()
    cases = [
        ({"x-goog-hash": f"crc32c=AAAAAA==,md5={md5}"}, {"md5": digest.hex()}),
        ({"x-ms-blob-content-md5": md5}, {"md5": digest.hex()}),
        ({"Content-MD5": md5}, {}),
        ({"ETag": f'"{digest.hex()}"'}, {}),
        ({"x-goog-hash": "md5=garbage"}, {}),
        ({"x-goog-hash": f"md5={md5}", "x-goog-stored-content-encoding": "gzip"}, {}),
    ]
    for headers, expected in cases:
        url = server.on(PATH, StoredFile(content=DATA, headers=headers))
        assert transport.download(url, Sink()).checksums == expected
    whole = StoredFile(content=DATA, ignores_range=True, headers={"Content-MD5": md5})
    fetched = transport.download(server.on(PATH, whole), Sink())
    assert fetched.checksums == {"md5": digest.hex()}


def test_a_version_that_the_store_names_is_told(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    stored = StoredFile(content=DATA, headers={"x-amz-version-id": "v7"})
    assert transport.download(server.on(PATH, stored), sink).validator.version == "v7"


def test_errors_of_the_sink_come_through_as_they_are(
    server: FaultServer, transport: Transport
) -> None:
    class FullDisk(Sink):
        def write_at(self, offset: int, chunk: bytes) -> None:  # noqa: ARG002
            raise OSError(28, "No space left on device")

    url = server.on(PATH, StoredFile(content=DATA))
    with pytest.raises(OSError, match="No space left") as caught:
        transport.download(url, FullDisk())
    assert type(caught.value) is OSError
    assert len(server.seen) == 1


def test_progress_hears_of_every_byte(
    server: FaultServer, transport: Transport, sink: Sink
) -> None:
    class Meter:
        moved = 0

        def start(self, label: str, total: int | None = None, unit: str = "") -> None:
            raise AssertionError(label, total, unit)

        def advance(self, count: int = 1, *, size_bytes: int = 0) -> None:
            assert count == 0
            self.moved += size_bytes

        def finish(self) -> None:
            raise AssertionError

    meter = Meter()
    url = server.on(PATH, StoredFile(content=DATA, cap=20_000))
    transport.download(url, sink, progress=meter)
    assert meter.moved == len(DATA)


def test_memory_stays_at_a_few_chunks_whatever_the_size(
    server: FaultServer, transport: Transport
) -> None:
    """G19: a file is never held in memory."""

    class Counter:
        size_bytes = 0
        largest = 0

        def write_at(self, offset: int, chunk: bytes) -> None:
            assert offset == self.size_bytes
            self.size_bytes += len(chunk)
            self.largest = max(self.largest, len(chunk))

        def truncate(self, size_bytes: int) -> None:
            raise AssertionError(size_bytes)

    content = bytes(40 * 2**20)
    url = server.on(PATH, Reply(body=content))
    counter = Counter()
    tracemalloc.start()
    try:
        transport.download(url, counter)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counter.size_bytes == len(content)
    assert counter.largest <= 512 * 2**10
    assert peak_bytes < 4 * 2**20
