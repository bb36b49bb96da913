"""Benches of plugins for ``studio bench``, and fair timing of alternatives.

A bench is a module that the manifest names under ``benches``, with a function
``measure(ctx: BenchContext) -> Mapping[str, Any]``. It runs in a process of its own command, so it
may import anything a worker may. The returned plain data are shown in order: ``ratio`` first
if the bench compares two alternatives in one run, then the underlying figures.

Alternatives run in turn, so that all of them meet the same load: see :func:`median_times`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

from studio.protocol.errors import StudioError

Figure = TypeVar("Figure")

AT_ONCE: Final = 4
"""Tasks that a bench has under way where their times do not matter."""
Wish: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]
"""The parameters of a task and its inputs."""


class BenchContext(Protocol):
    """All that a bench gets of the studio."""

    @property
    def scratch(self) -> Path:
        """A folder of this run, emptied when it ends."""
        ...

    def say(self, text: str) -> None:
        """Tell who waits what happens now; one line, never part of the figures."""
        ...

    def weights_path(self, weights: str) -> Path:
        """Return where ``weights`` lie on disk.

        Raises:
            StudioError: There are none of that name, or they cannot be used; says why.
        """
        ...

    def weights_for(self, capability: str, prefer: str = "") -> str:
        """Return the id of the weights that a task would take where none are named.

        Raises:
            StudioError: There are none.
        """
        ...

    def run(
        self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Run a task of the studio to its end, as a page does, and return its result.

        Nothing of it is kept. The runtime is started by the first call and lives as long as the
        bench.

        Raises:
            StudioError: It failed; says why.
        """
        ...

    def run_all(
        self, task: str, wishes: Iterable[Wish], at_once: int = AT_ONCE
    ) -> Iterator[tuple[int, Mapping[str, Any] | StudioError]]:
        """Run a task once for each of ``wishes``, several at a time; see :meth:`run`.

        Texts that the same weights write share their readings of them, so that a bench that runs
        to its end takes less time. What one takes by itself says nothing then.

        Args:
            wishes: The parameters and the inputs of each, drawn as there is room for it.
            at_once: How many are under way.

        Yields:
            The place in ``wishes``, from 0, with the result or the error, as each is over.
        """
        ...


class Times(NamedTuple):
    """Duration of one call in seconds.

    Attributes:
        clock: Wall-clock time.
        processor: CPU time of this process, all threads together; unaffected by other processes.
    """

    clock: float
    processor: float


def median_times(rounds: int, *calls: Callable[[], object], warm_up: int = 1) -> list[Times]:
    """Return the median times of each call.

    Args:
        rounds: How often each is timed; they take turns.
        warm_up: Rounds before these that fill caches and do not count.
    """
    spent = _in_turn(rounds, warm_up, [partial(_timed, call) for call in calls])
    return [Times(*map(statistics.median, zip(*times, strict=True))) for times in spent]


def median_figures(rounds: int, *measures: Callable[[], float], warm_up: int = 1) -> list[float]:
    """Return the median of what each of ``measures`` returns; rounds as in :func:`median_times`."""
    return [statistics.median(figures) for figures in _in_turn(rounds, warm_up, measures)]


def _in_turn(
    rounds: int, warm_up: int, measures: Sequence[Callable[[], Figure]]
) -> list[list[Figure]]:
    turns = [[measure() for measure in measures] for _ in range(warm_up + rounds)][warm_up:]
    return [list(figures) for figures in zip(*turns, strict=True)]


def _timed(call: Callable[[], object]) -> Times:
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return Times(time.perf_counter() - clock, time.process_time() - processor)
