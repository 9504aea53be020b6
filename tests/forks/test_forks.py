"""Things of which every process has its own."""

from __future__ import annotations

import os
import threading

from ls_tools.forks import PerProcess


def test_thing_of_a_process_is_made_once_and_anew_after_a_fork() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(os.getpid())
        return len(made)

    own = PerProcess(make)
    threads = [threading.Thread(target=own.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (own.get(), made) == (1, [os.getpid()])
    pid = os.fork()
    if pid == 0:
        os._exit(0 if own.get() == 2 else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_thing_that_was_taken_is_made_anew() -> None:
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    own = PerProcess(make)
    assert own.take() is None
    first = own.get()
    assert own.take() is first
    assert own.take() is None
    assert own.get() is made[1]


def test_nothing_is_a_thing_too() -> None:
    made: list[None] = []
    own = PerProcess(lambda: made.append(None))
    assert own.get() is None
    assert own.get() is None
    assert len(made) == 1
