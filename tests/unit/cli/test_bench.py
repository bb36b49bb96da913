"""Benches: the registry, how figures are told, and that the quick ones measure something."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from studio.cli import bench
from studio.cli.bench import start
from studio.cli.exit_code import ExitCode
from studio.core.studio import Studio
from studio.testing.scripted import ScriptedRuntime
from tests.unit.cli.conftest import one_object

Command = Callable[..., tuple[int, str, str]]


def test_every_bench_is_listed_and_can_measure(command: Command) -> None:
    listed = one_object(command("bench", "--list", "--json")[1])["benches"]
    assert listed == bench.BENCHES
    for name in listed:
        assert name in command("bench", "--list")[1]
        assert callable(importlib.import_module(f"studio.cli.bench.{name}").measure)


def test_unknown_bench_names_the_known_ones(command: Command) -> None:
    for words in ([], ["speed"]):
        code, _, err = command("bench", *words)
        assert code == ExitCode.BAD_INPUT
        assert "start, link, text" in err


def test_figures_are_told_as_text_and_as_json(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: dict[str, Any] = {"ratio": 1.23456, "runs": [0.1, 0.25], "heavy_modules": []}
    monkeypatch.setattr(start, "measure", lambda session: figures)
    out = command("bench", "start")[1]
    assert " ".join(out.split()).endswith("ratio 1.235 runs 0.1, 0.25 heavy_modules none")
    assert one_object(command("bench", "start", "--json")[1]) == {"bench": "start", **figures}


def test_link_measures_round_trips(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = ScriptedRuntime()
    monkeypatch.setattr(Studio, "_launch", lambda self: runtime.launch())
    monkeypatch.setattr("studio.cli.bench.link.ROUNDS", 20)
    monkeypatch.setattr("studio.cli.bench.link.WARM_UP", 2)
    figures = one_object(command("bench", "link", "--json")[1])
    assert figures["ratio"] > 0
    assert len(runtime.received) >= 22


@pytest.mark.slow
@pytest.mark.gui
def test_start_measures_both_windows(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(start, "RUNS", 1)
    figures = one_object(command("bench", "start", "--json")[1])
    assert figures["seconds"] > 0
    assert figures["bare_seconds"] > 0
    assert figures["heavy_modules"] == []
