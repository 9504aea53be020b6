"""Any sequence of puts, uses, leases, pins and evictions keeps its promises."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from cache.rig import Store, request_for, stored
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ls_tools.cache import Cache, Entry
from ls_tools.settings import CacheLimits

GRACE_S = 600.0
KEYS = st.integers(0, 3)


class Keeping(RuleBasedStateMachine):
    """A cache whose clock moves by moving the noted times back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.cache = Cache(self.folder / "cache", CacheLimits(grace_s=GRACE_S))
        self.handed_out: dict[Path, float] = {}
        self.newest: dict[int, int] = {}
        self.leases: dict[Path, ExitStack] = {}
        self.pins: dict[Path, Path] = {}
        self.clock_s = 0.0

    def teardown(self) -> None:
        for lease in self.leases.values():
            lease.close()
        shutil.rmtree(self.folder)

    @rule(key=KEYS, size_bytes=st.integers(1, 300))
    def put(self, key: int, size_bytes: int) -> None:
        entry = stored(self.cache, key, size_bytes)
        self.newest[key] = size_bytes
        self.hand_out(entry)

    @rule(key=KEYS)
    def use(self, key: int) -> None:
        if (entry := self.cache.lookup(request_for(key).key)) is not None:
            assert self.cache.get(request_for(key), Store().fill).from_cache
            self.hand_out(entry)

    @rule(key=KEYS)
    def lease(self, key: int) -> None:
        entry = self.cache.lookup(request_for(key).key)
        if entry is not None and entry.path not in self.leases:
            stack = ExitStack()
            stack.enter_context(self.cache.lease(entry))
            self.leases[entry.path] = stack

    @precondition(lambda self: self.leases)
    @rule()
    def end_lease(self) -> None:
        self.leases.popitem()[1].close()

    @rule(key=KEYS)
    def pin(self, key: int) -> None:
        entry = self.cache.lookup(request_for(key).key)
        if entry is not None and entry.path not in self.pins:
            holder = self.folder / f"holder-{len(self.pins)}-{self.clock_s}"
            holder.touch()
            self.cache.pin(entry, holder)
            self.pins[entry.path] = holder

    @precondition(lambda self: self.pins)
    @rule()
    def remove_holder(self) -> None:
        self.pins.popitem()[1].unlink()

    @rule(seconds=st.sampled_from([10.0, 61.0, 599.0, 700.0, 5000.0, -3000.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock_s += seconds
        for path in self.cache.root.glob("v1/entries/*/*/*/meta.json"):
            then_s = path.stat().st_mtime - seconds
            os.utime(path, (then_s, then_s))
        if seconds < 0:
            self.handed_out.clear()

    @rule(max_bytes=st.integers(0, 600))
    def prune(self, max_bytes: int) -> None:
        done = self.cache.prune(max_bytes=max_bytes)
        assert done.kept_bytes == self.cache.info().size_bytes
        assert done.kept == self.cache.info().versions
        if done.kept_bytes > max_bytes:
            assert done.needed + done.recent > 0

    @rule(max_age_s=st.floats(0, 10_000))
    def prune_by_age(self, max_age_s: float) -> None:
        self.cache.prune(max_age_s=max_age_s)

    def hand_out(self, entry: Entry) -> None:
        self.handed_out[entry.path] = self.clock_s

    @invariant()
    def what_is_needed_is_there(self) -> None:
        assert all(path.exists() for path in (*self.leases, *self.pins))

    @invariant()
    def what_was_handed_out_within_the_grace_is_there(self) -> None:
        for path, at_s in self.handed_out.items():
            assert self.clock_s - at_s > GRACE_S or path.exists()

    @invariant()
    def no_key_falls_back_to_older_bytes(self) -> None:
        for key, size_bytes in self.newest.items():
            entry = self.cache.lookup(request_for(key).key)
            assert entry is None or entry.size_bytes == size_bytes

    @invariant()
    def the_cache_is_sound(self) -> None:
        assert self.cache.verify() == []


TestKeeping = Keeping.TestCase
TestKeeping.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, print_blob=True
)
