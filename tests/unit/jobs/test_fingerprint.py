"""A fingerprint is of content: names and places have no part in it, every byte has."""

from __future__ import annotations

from typing import Any

import pytest

from studio.jobs.fingerprint import fingerprint

ASKED: dict[str, Any] = {
    "task": "toy.draw",
    "params": {"prompt": "a hut", "steps": 4, "weights": "small", "styles": ["ink"]},
    "seed": 7,
    "inputs": {"picture": "aa"},
    "weights": {"small": "bb", "ink": "cc"},
    "plugin": "dd",
}


def test_the_order_of_names_does_not_matter() -> None:
    turned = {**ASKED, "params": dict(reversed(ASKED["params"].items()))}
    assert fingerprint(**ASKED) == fingerprint(**turned)


def test_weights_that_were_renamed_are_the_same() -> None:
    renamed = {
        **ASKED,
        "params": {**ASKED["params"], "weights": "small-2", "styles": ["pen"]},
        "weights": {"small-2": "bb", "pen": "cc"},
    }
    assert fingerprint(**ASKED) == fingerprint(**renamed)


@pytest.mark.parametrize(
    "change",
    [
        {"task": "toy.paint"},
        {"params": {**ASKED["params"], "steps": 5}},
        {"seed": 8},
        {"seed": None},
        {"inputs": {"picture": "ab"}},
        {"inputs": {"mask": "aa"}},
        {"weights": {"small": "bb", "ink": "cd"}},
        {"weights": {"small": "cc", "ink": "bb"}},
        {"plugin": "de"},
    ],
)
def test_each_change_tells(change: dict[str, Any]) -> None:
    assert fingerprint(**ASKED) != fingerprint(**{**ASKED, **change})


def test_a_text_that_reads_like_a_digest_is_no_weights() -> None:
    said = {**ASKED, "params": {**ASKED["params"], "prompt": "bb"}}
    named = {**ASKED, "params": {**ASKED["params"], "prompt": "small"}}
    assert fingerprint(**said) != fingerprint(**named)
