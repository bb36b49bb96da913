"""When a runtime is let go that nobody needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from studio.base.runtime_settings import IDLE_MINUTES
from studio.base.settings import Settings
from studio.protocol.device_status import LoadedWeights
from studio.protocol.messages import Status
from studio.runtimes.requests import RuntimeRequests
from studio.runtimes.rest import REST_SECONDS, IdleRest
from studio.runtimes.supervisor import Supervisor
from studio.testing import echo

IDLE = Status("cpu", "Processor", 2, 10, 100)


@dataclass
class Live:
    """A job that is not over."""

    begun: bool = False
    is_row: bool = False


@dataclass
class Bench:
    """An idle runtime, a clock that the test turns, and how often it was let go."""

    rest: IdleRest
    settings: Settings
    live: list[Live]
    rests: list[float]
    now: list[float] = field(default_factory=lambda: [0.0])

    def beat(self, at: float, status: Status = IDLE) -> None:
        self.now[0] = at
        self.rest.watch(status)


class Noting(Supervisor):
    """One that is never started and notes when it is let go."""

    rests: list[float]

    def rest(self) -> None:
        self.rests.append(1.0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    nothing: Any = lambda *_: None  # noqa: E731
    runtime = Noting(nothing, mine=echo.HELLO, post=nothing, on_message=nothing, on_state=nothing)
    runtime.rests = []
    settings, live, now = Settings(tmp_path / "settings.json"), list[Live](), [0.0]
    rest = IdleRest(runtime, settings, lambda: live, RuntimeRequests(runtime), lambda: now[0])
    return Bench(rest, settings, live, runtime.rests, now)


def test_it_is_let_go_after_ten_minutes_without_use(bench: Bench) -> None:
    bench.beat(0)
    bench.beat(REST_SECONDS - 1)
    assert not bench.rests
    bench.beat(REST_SECONDS)
    assert bench.rests


@pytest.mark.parametrize(
    "used",
    [
        {"running": ("image.generate",)},
        {"loaded": (LoadedWeights("smollm2", 1, "cpu"),)},
    ],
    ids=["at work", "with a model"],
)
def test_use_counts_anew(bench: Bench, used: dict[str, Any]) -> None:
    bench.beat(0)
    bench.beat(REST_SECONDS - 1, msgspec.structs.replace(IDLE, **used))
    bench.beat(REST_SECONDS + 1)
    assert not bench.rests


def test_a_job_that_was_only_handed_over_keeps_it_and_a_row_that_waits_does_not(
    bench: Bench,
) -> None:
    bench.live.append(Live())
    bench.beat(0)
    bench.beat(REST_SECONDS)
    assert not bench.rests
    bench.live[:] = [Live(is_row=True)]
    bench.beat(REST_SECONDS + 1)
    bench.beat(2 * REST_SECONDS + 1)
    assert bench.rests


def test_whoever_never_unloads_models_keeps_the_runtime(bench: Bench) -> None:
    bench.settings.set(IDLE_MINUTES, 0)
    bench.beat(0)
    bench.beat(REST_SECONDS)
    assert not bench.rests
