"""What is no longer wanted says so once for each plugin, and goes on working."""

from __future__ import annotations

import logging

import pytest

from studio.api import stability
from studio.api.stability import deprecated, since


@since("1.1")
@deprecated("1.2", "Use twice.")
def doubled(number: int) -> int:
    """Return twice the number."""
    return 2 * number


def test_it_works_and_warns_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stability, "_told", set())
    with caplog.at_level(logging.WARNING, "studio.api"):
        assert [doubled(number) for number in range(3)] == [0, 2, 4]
        assert eval("f(5)", {"f": doubled, "__name__": "studio_toy.worker"}) == 10
    mine = __name__.partition(".")[0]
    said = "uses doubled, deprecated since 1.2: Use twice."
    assert caplog.messages == [f"{mine} {said}", f"studio_toy {said}"]


def test_the_reference_can_say_it() -> None:
    told = vars(doubled)
    assert (told["__since__"], told["__deprecated__"]) == (
        "1.1",
        "Deprecated since 1.2: Use twice.",
    )
    assert doubled.__doc__ == "Return twice the number."
