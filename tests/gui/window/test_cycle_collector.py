"""Cycles that hold objects of Qt end in the window's thread, whoever allocates elsewhere."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject

from studio.desktop.main_thread.cycle_collector import CycleCollector


class Cyclic(QObject):
    """Refers to itself, so that only the collector ends it; says in which thread it ended."""

    def __init__(self, ends: list[int]) -> None:
        super().__init__()
        self.itself = self
        self.ends = ends

    def __del__(self) -> None:
        self.ends.append(threading.get_ident())


@pytest.fixture
def young() -> Iterator[None]:
    """Nothing old is due, and the interpreter's own collector is on."""
    gc.collect()
    gc.enable()
    yield
    gc.disable()


def allocate_elsewhere() -> list[list[int]]:
    """Return what was allocated: what is kept makes a collection due."""
    kept: list[list[int]] = []
    thread = threading.Thread(target=lambda: kept.extend([] for _ in range(100_000)))
    thread.start()
    thread.join()
    return kept


@pytest.mark.usefixtures("young", "qapp")
def test_without_it_they_end_wherever_something_is_allocated() -> None:
    ends: list[int] = []
    Cyclic(ends)
    allocate_elsewhere()
    assert ends
    assert ends != [threading.get_ident()]


@pytest.mark.usefixtures("young")
def test_with_it_they_end_in_the_window_thread(qtbot) -> None:
    ends: list[int] = []
    collector = CycleCollector(interval_ms=10)
    Cyclic(ends)
    kept = allocate_elsewhere()
    assert kept
    assert not ends
    qtbot.waitUntil(lambda: bool(ends))
    assert ends == [threading.get_ident()]
    collector.close()
    assert gc.isenabled()
