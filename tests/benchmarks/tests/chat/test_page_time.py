"""The bench of the page runs and measures; its figures are for people, not for tests."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.chat import page_time
from plugins.chat.tests import conftest

desk, home = conftest.desk, conftest.home


def test_it_measures_a_stream_and_a_long_thread(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_time, "TOKENS", 200)
    monkeypatch.setattr(page_time, "MESSAGES", 20)
    figures = page_time.run(desk.ctx.ui, desk.window)
    assert figures["stream_ms_per_token_by_1_median"] > 0
    assert all(value >= 0 for value in figures.values())
