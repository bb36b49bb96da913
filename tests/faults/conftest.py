"""Each test of faults reports how many it has tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults import tally


@pytest.fixture(autouse=True)
def _faults(record_property: Callable[[str, object], None]) -> Iterator[None]:
    tally.count = 0
    yield
    record_property("faults", max(1, tally.count))
