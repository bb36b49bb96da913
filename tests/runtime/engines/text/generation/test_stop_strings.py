"""A stop string is found however the text is cut, and nothing of it, or after it, comes out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.runtime.engines.text.generation.generation import StopScanner


def scan(pieces: list[str], stops: list[str]) -> tuple[str, bool]:
    """What comes out in all, and whether a stop string came."""
    scanner = StopScanner(stops)
    out = "".join(scanner.push(piece) for piece in pieces)
    return out + scanner.flush(), scanner.stopped


def test_nothing_is_held_back_without_need() -> None:
    scanner = StopScanner(["END"])
    assert scanner.push("hello E") == "hello "
    assert scanner.push("at") == "Eat"
    assert scanner.push(" EN") == " "
    assert scanner.flush() == "EN"


def test_over_the_border_of_tokens() -> None:
    assert scan(["ab", "E", "N", "D", "cd"], ["END"]) == ("ab", True)


def test_the_earliest_wins() -> None:
    assert scan(["one two three"], ["three", "two"]) == ("one ", True)


def test_a_stop_that_begins_with_itself() -> None:
    assert scan(["a", "a", "a", "a", "b"], ["aab"]) == ("aa", True)


def test_no_stops_and_empty_stops_let_all_through() -> None:
    assert scan(["a", "", "b"], []) == ("ab", False)
    assert scan(["a", "b"], ["", ""]) == ("ab", False)


def test_nothing_comes_after_a_stop() -> None:
    scanner = StopScanner(["."])
    assert scanner.push("a.b") == "a"
    assert scanner.push("c") == ""
    assert scanner.flush() == ""


LETTERS = st.text("ab", max_size=5)


@given(st.lists(LETTERS, max_size=12), st.lists(LETTERS, max_size=3))
def test_as_if_the_text_had_come_whole(pieces: list[str], stops: list[str]) -> None:
    whole, out, stopped = "".join(pieces), *scan(pieces, stops)
    if not stopped:
        assert out == whole
        assert not any(stop and stop in whole for stop in stops)
        return
    assert whole.startswith(out)
    assert any(whole.startswith(stop, len(out)) for stop in stops if stop)
    assert not any(stop in out for stop in stops if stop)
