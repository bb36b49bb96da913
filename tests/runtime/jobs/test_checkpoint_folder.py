"""The folder that outlives a kill, as a task sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.testing.plugins import run_task
from tests.unit.conftest import Draw


def counts(ctx: Any, params: Any) -> Iterator[Any]:
    file = ctx.checkpoint / "count"
    done = int(file.read_text()) if file.exists() else 0
    while done < 4:
        done += 1
        file.write_text(str(done))
        yield ctx.progress(done, 4)
    yield ctx.result(done=done)


def test_a_task_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    assert run_task(counts, Draw(), checkpoint=tmp_path, stop_after=2).cancelled
    assert run_task(counts, Draw(), checkpoint=tmp_path).steps == 3


def test_without_a_place_it_goes_with_the_scratch() -> None:
    assert [run_task(counts, Draw()).steps for _ in range(2)] == [5, 5]
