"""A team does all work once, waits by spinning, and sleeps when a wait is long."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from studio.runtime.engines.text.kernels import team_work
from studio.runtime.engines.text.kernels.jit import compiled
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from studio.runtime.engines.text.kernels.parallel_for import together
from studio.runtime.engines.text.kernels.scalar_math import address

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="this processor has no packed kernels"),
]
UNITS = 100
PATIENCE = 60.0


@compiled
def mark(first, last, done):
    for unit in range(first, last):
        done[unit] += 1


@compiled
def check(first, last, done, wrong):
    """Count units of the work before that are not done."""
    for unit in range(first, last):
        wrong[unit] += abs(done[UNITS - 1 - unit] - 1)


@compiled
def member(counters, threads, done, wrong):
    crew = np.zeros(1, np.intp)
    if threads > 1:
        crew[0] = address(counters)
    for work in range(done.shape[0]):
        team_work.share(mark, UNITS, crew, (done[work],))
        team_work.share(check, UNITS, crew, (done[work], wrong[work]))


@compiled
def run(threads, counters, done, wrong):
    together(member, threads, (counters, threads, done, wrong))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_unit_is_done_once_before_the_next_work_begins(threads) -> None:
    """Five threads are more than most machines have processors left."""
    done, wrong = np.zeros((50, UNITS), np.int64), np.zeros((50, UNITS), np.int64)
    run(threads, team_work.counters(2 * len(done)), done, wrong)
    assert (done == 1).all()
    assert not wrong.any()


def test_whoever_waits_for_long_sleeps_and_whoever_need_not_wait_does_not() -> None:
    counters, naps = team_work.counters(1), []
    place = counters.ctypes.data
    assert team_work.wait(place, 0) == 0, "control: there is nothing to wait for"
    waiting = threading.Thread(target=lambda: naps.append(team_work.wait(place, 1)))
    waiting.start()
    deadline = time.monotonic() + PATIENCE
    while not _has_slept(waiting) and time.monotonic() < deadline:
        pass
    counters[0, 0] = 1
    waiting.join()
    assert naps[0] > 0


def _has_slept(thread: threading.Thread) -> bool:
    """Whether a thread was often without work: one that spins never is."""
    with open(f"/proc/self/task/{thread.native_id}/status") as status:
        (line,) = (each for each in status if each.startswith("voluntary"))
    return int(line.split()[1]) > 50
