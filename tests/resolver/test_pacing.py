"""How much is under way at once follows what the stores bear."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable

import pytest

from ls_tools.errors import ServerError
from ls_tools.pacing import START, Pace
from ls_tools.settings import Settings
from ls_tools.transport.failures import Refusal, status_failure
from ls_tools.transport.retrying import RetryPolicy, TransientError


def run(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until(is_so: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.001)


def waiting(pace: Pace) -> int:
    return len(pace._lots.get()._waiting)


def test_the_bound_is_halved_and_never_below_one() -> None:
    pace = Pace(16)
    bounds = []
    for _ in range(6):
        pace.slow_down()
        bounds.append(pace.bound)
    assert bounds == [8, 4, 2, 1, 1, 1]


def test_one_round_of_complaints_halves_once() -> None:
    pace = Pace(16)
    marks = [pace.mark() for _ in range(16)]
    for mark in marks:
        pace.slow_down(mark)
    assert pace.bound == 8
    pace.slow_down(pace.mark())
    assert pace.bound == 4


def test_a_window_of_successes_adds_one() -> None:
    pace = Pace(16)
    pace.slow_down()
    for _ in range(7):
        pace.done()
    assert pace.bound == 8
    pace.done()
    assert pace.bound == 9
    for _ in range(1000):
        pace.done()
    assert pace.bound == 16


class Work:
    """Clocks of the wall and of the processor, set by hand."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now_s = self.spent_s = 0.0
        patch.setattr("ls_tools.pacing.time.monotonic", lambda: self.now_s)
        patch.setattr("ls_tools.pacing._user_s", lambda: self.spent_s)

    def rounds(self, pace: Pace, count: int, *, busy: float, is_store: bool) -> None:
        """So many rounds of requests of a second, with a share of it busy."""
        for _ in range(count):
            self.now_s += 1
            self.spent_s += busy
            for _ in range(pace.bound):
                pace.done(is_store=is_store)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


def test_more_than_at_first_are_under_way_while_all_wait_for_a_store(
    work: Work,
) -> None:
    pace = Pace(100)
    assert pace.bound == START
    bounds = []
    for _ in range(4):
        work.rounds(pace, 1, busy=0.2, is_store=True)
        bounds.append(pace.bound)
    assert bounds == [32, 64, 100, 100]


def test_no_more_are_under_way_than_the_processor_serves(work: Work) -> None:
    pace = Pace(100)
    assert pace.bound == START
    work.rounds(pace, 5, busy=0.9, is_store=True)
    assert pace.bound == START


def test_of_a_server_no_more_is_asked_than_at_first(work: Work) -> None:
    pace = Pace(100)
    work.rounds(pace, 5, busy=0.1, is_store=False)
    assert pace.bound == START
    pace.slow_down()
    work.rounds(pace, 20, busy=0.9, is_store=False)
    assert pace.bound == START


def test_after_a_complaint_it_grows_by_ones(work: Work) -> None:
    pace = Pace(100)
    work.rounds(pace, 2, busy=0.1, is_store=True)
    pace.slow_down()
    assert pace.bound == 32
    work.rounds(pace, 3, busy=0.1, is_store=True)
    assert pace.bound == 35


def test_successes_of_before_count_for_nothing() -> None:
    pace = Pace(4)
    mark = pace.mark()
    pace.slow_down(mark)
    for _ in range(10):
        pace.done(mark)
    assert pace.bound == 2


def test_no_more_than_the_bound_is_under_way() -> None:
    pace = Pace(3)
    lock = threading.Lock()
    now, most = 0, 0

    def work() -> None:
        nonlocal now, most
        for _ in range(200):
            with pace.hold():
                with lock:
                    now += 1
                    most = max(most, now)
                with lock:
                    now -= 1

    for thread in [run(work) for _ in range(8)]:
        thread.join(30)
    assert most <= 3
    assert pace.under_way == 0


def test_a_place_is_given_in_the_order_asked() -> None:
    pace = Pace(1)
    served: list[int] = []
    threads = []

    def work(number: int) -> None:
        with pace.hold():
            served.append(number)

    with pace.hold():
        for number in range(6):
            threads.append(run(lambda number=number: work(number)))  # type: ignore[misc]
            wait_until(lambda number=number: waiting(pace) == number + 1)  # type: ignore[misc]
    for thread in threads:
        thread.join(30)
    assert served == list(range(6))


def test_a_lower_bound_waits_for_those_under_way() -> None:
    pace = Pace(4)
    go_on = threading.Event()
    entered = threading.Semaphore(0)

    def work() -> None:
        with pace.hold():
            entered.release()
            go_on.wait(30)

    threads = [run(work) for _ in range(4)]
    for _ in threads:
        assert entered.acquire(timeout=30)
    pace.slow_down()
    late = run(work)
    wait_until(lambda: waiting(pace) == 1)
    assert pace.under_way == 4
    go_on.set()
    for thread in [*threads, late]:
        thread.join(30)
    assert pace.under_way == 0


def test_who_rests_leaves_its_place_to_others() -> None:
    pace = Pace(1)
    done: list[str] = []

    def other() -> None:
        with pace.hold():
            done.append("other")

    with pace.hold():
        thread = run(other)
        wait_until(lambda: waiting(pace) == 1)
        with pace.rest():
            thread.join(30)
            assert pace.under_way == 0
        assert pace.under_way == 1
    assert done == ["other"]
    assert pace.under_way == 0


def test_who_has_no_place_rests_without_one() -> None:
    pace = Pace(1)
    with pace.rest():
        assert pace.under_way == 0
    assert pace.under_way == 0


def test_a_place_inside_of_a_place_is_the_same() -> None:
    pace = Pace(1)
    with pace.hold(), pace.hold():
        assert pace.under_way == 1
    assert pace.under_way == 0


def test_waiting_ends_at_an_interrupt_and_costs_no_place() -> None:
    pace = Pace(1)
    release = threading.Event()

    def occupy() -> None:
        with pace.hold():
            release.wait(30)

    thread = run(occupy)
    wait_until(lambda: pace.under_way == 1)

    def interrupt() -> None:
        wait_until(lambda: waiting(pace) == 1)
        os.kill(os.getpid(), signal.SIGINT)

    run(interrupt)
    with pytest.raises(KeyboardInterrupt), pace.hold():
        pytest.fail("There was no place.")
    assert waiting(pace) == 0
    release.set()
    thread.join(30)
    assert pace.under_way == 0


def test_an_interrupt_while_it_rests_costs_no_place() -> None:
    pace = Pace(1)
    with pytest.raises(KeyboardInterrupt), pace.hold(), pace.rest():
        raise KeyboardInterrupt
    assert pace.under_way == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_begins_with_all_places() -> None:
    pace = Pace(1)
    with pace.hold():
        pid = os.fork()
        if pid == 0:
            with pace.hold():
                os._exit(0 if pace.under_way == 1 else 1)
        assert os.waitpid(pid, 0)[1] == 0


def test_it_is_pickled_as_a_new_one() -> None:
    pace = Pace(4)
    pace.slow_down()
    assert pickle.loads(pickle.dumps(pace)).bound == 4  # noqa: S301


@pytest.mark.parametrize(("status", "bound"), [(429, 8), (503, 8), (500, 16)])
def test_a_status_that_asks_for_less_slows_down(status: int, bound: int) -> None:
    pace = Pace(16)
    answers = [status]

    def attempt() -> int:
        if not answers:
            return 200
        refusal = Refusal(
            status=answers.pop(), url="u", host="h", path=None, with_token=False
        )
        raise status_failure(refusal)

    policy = RetryPolicy.of(Settings(), sleep=lambda _: None, pace=pace)
    assert policy.call(attempt) == 200
    assert pace.bound == bound


def test_a_retry_waits_without_a_place() -> None:
    pace = Pace(1)
    taken: list[int] = []
    failures = [TransientError(ServerError("Slow."), retry_after_s=7)]

    def attempt() -> None:
        if failures:
            raise failures.pop()

    policy = RetryPolicy.of(
        Settings(), sleep=lambda _: taken.append(pace.under_way), pace=pace
    )
    with pace.hold():
        policy.call(attempt)
        policy.pause()
        assert pace.under_way == 1
    assert taken == [0, 0]
