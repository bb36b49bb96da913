"""Identifiers sort by birth, whatever the clock does."""

from __future__ import annotations

import time

import pytest

from studio.library.storage import ulid


def test_identifiers_grow() -> None:
    made = [ulid.new_id() for _ in range(2000)]
    assert made == sorted(set(made))
    assert all(ulid.is_ulid(identifier) for identifier in made)


def test_a_clock_set_back_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ulid.new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert ulid.new_id() > before


def test_what_was_seen_is_passed() -> None:
    later = "0" + ulid.new_id()[1:3] + "Z" * 23
    ulid.seen(later)
    assert ulid.new_id() > later
    ulid.seen("not an identifier")


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "8" + "0" * 25, "0" * 25 + "u"])
def test_other_text_is_no_identifier(text: str) -> None:
    assert not ulid.is_ulid(text)
