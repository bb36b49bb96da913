"""Lives of a studio with a queue, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.jobs.resolver import Resolver
from tests.unit.jobs.queue_desk import QueueDesk, resolve

Open = Callable[..., QueueDesk]


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a studio; with another one, what that one leaves when it is killed now."""
    monkeypatch.setattr(Resolver, "resolve", resolve)
    lives: list[QueueDesk] = []

    def begin(before: QueueDesk | None = None, **options: Any) -> QueueDesk:
        home = tmp_path / str(len(lives))
        desk = before.killed(home, **options) if before else QueueDesk(home, **options)
        lives.append(desk)
        return desk

    yield begin
    for desk in lives:
        desk.studio.close()
