"""The quick ones of the benches of the studio itself measure something."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import studio
from benchmarks import (
    BENCHES,
    child_environment,
    nothing_lost,
    plugin_process,
    provenance,
    storm,
    window,
)
from benchmarks.__main__ import main
from studio.cli.terminal.exit_code import ExitCode
from studio.protocol.errors import ErrorCode, StudioError
from studio.studio import Studio
from studio.testing.guards import THOROUGH
from studio.testing.plugins import importable
from studio.testing.scripted import Fail, ScriptedRuntime
from tests.unit.cli import conftest

Bench = Callable[..., tuple[int, str, str]]
home = conftest.home


@pytest.fixture
def bench(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """Run ``python -m benchmarks`` in this process, with the toy plugins."""

    def run(*words: str) -> tuple[int, str, str]:
        return (int(main(words)), *capsys.readouterr())

    with importable(conftest.PLUGINS / "good", conftest.PLUGINS / "bad"):
        yield run


def test_every_bench_is_there_and_has_a_line_in_the_list(bench: Bench) -> None:
    out = bench()[1]
    for name, entry in BENCHES.items():
        assert f"\n{name} " in f"\n{out}"
        assert importlib.util.find_spec(entry.module), name


def test_a_name_that_is_none_says_so(bench: Bench) -> None:
    code, _, err = bench("speed")
    assert code == ExitCode.BAD_INPUT
    assert "There is no benchmark “speed”" in err


def test_link_measures_round_trips(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = ScriptedRuntime()
    monkeypatch.setattr(Studio, "_launch", lambda self: runtime.launch())
    monkeypatch.setattr("benchmarks.link.ROUNDS", 20)
    monkeypatch.setattr("benchmarks.link.WARM_UP", 2)
    figures = conftest.one_object(bench("link", "--json")[1])
    assert figures["ratio"] > 0
    assert len(runtime.received) >= 22


def test_provenance_finds_all_that_was_changed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "ROUNDS", 1)
    monkeypatch.setattr(provenance, "TAMPERED", 4)
    payloads = provenance._PAYLOADS
    monkeypatch.setattr(
        provenance, "_PAYLOADS", {name: payloads[name] for name in (".jpg", ".txt")}
    )
    figures = conftest.one_object(bench("provenance", "--json")[1])
    assert figures["found"] == figures["tampered"] == 8
    assert all(1 < row["recipe +kB"] < 8 for row in figures["table"]), "a record is small"


def test_the_suites_of_nothing_lost_are_there() -> None:
    root = Path(studio.__file__).parents[1]
    files = [root / file for suite in nothing_lost.SUITES.values() for file in suite]
    assert [file for file in files if not file.is_file()] == []


@pytest.mark.slow
def test_nothing_lost_counts_faults_and_promises_broken(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "test_broken.py"
    broken.write_text(
        "import pytest\n"
        "def test_kept(record_property): record_property('faults', 40)\n"
        "def test_lost(record_property): record_property('faults', 2); assert False\n"
        "def test_not_here(): pytest.skip('no such disk')\n"
    )
    monkeypatch.setattr(nothing_lost, "SUITES", {"kills": (str(broken),)})
    figures = conftest.one_object(bench("nothing-lost", "--json")[1])
    assert (figures["faults"], figures["lost"], figures["broken"]) == (42, 1, ["test_lost"])
    assert figures["table"][0]["skipped"] == 1


@pytest.mark.slow
@pytest.mark.skipif("sys.platform != 'linux'")
def test_bench_of_processes_tells_of_starts_and_calls(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ROUNDS", 1), ("CALLS", 3), ("STEPS", 50)):
        monkeypatch.setattr(plugin_process, name, value)
    code, out, _ = bench("plugins", "--json")
    figures = json.loads(out)
    assert code == 0
    assert figures["bytes told a call"] > 0
    assert [row["process"] for row in figures["table"]][:2] == ["bare Python", "own process"]


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.skipif(not THOROUGH, reason="a bench of its own, each night: STUDIO_THOROUGH=1")
def test_a_storm_leaves_nothing_without_a_cause(home: Path) -> None:
    words = ("--only", "molecules,music", "storm", "--jobs", "4", "--kills", "1", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        env=child_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    figures = conftest.one_object(done.stdout)
    assert (figures["without_cause"], figures["over_budget"]) == (0, 0), figures["causes"]
    assert figures["budget_mb"] < figures["needed_mb"]
    assert figures["library_whole"]
    assert figures["kills"] == 1
    assert sum(row["done"] for row in figures["table"]) > 0
    assert figures["stall_ms"]["max"] > 0
    assert len(figures["held"]["runtime megabytes"]) == storm.QUARTERS


def test_a_job_that_fails_in_a_storm_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    runtime = ScriptedRuntime()
    for lines in ((), (), (Fail(StudioError(ErrorCode.INTERNAL, "No reason at all.")),)):
        runtime.enqueue(*lines)
    monkeypatch.setattr(Studio, "_launch", lambda self: runtime.launch())
    monkeypatch.setattr(storm, "WORK", {"echo.say": lambda chance: {"text": "hi"}})
    words = ("--only", "echo", "storm", "--windowless", "--jobs", "4", "--kills", "0")
    figures = conftest.one_object(bench(*words, "--json")[1])
    assert figures["without_cause"] == 1
    assert "No reason at all." in figures["causes"][0]


@pytest.mark.e2e
@pytest.mark.slow
def test_a_window_that_is_held_is_seen_by_its_bench() -> None:
    """The control of what a storm says of stalls."""
    held = "loop.turn(0.1); loop.late.clear(); time.sleep(0.2); loop.turn(0.1); show(loop.late)"
    assert window.lateness(window.run(held, {}, ["echo"]))["max"] > 150


@pytest.mark.e2e
@pytest.mark.slow
def test_a_bench_whose_window_ends_early_says_so() -> None:
    with pytest.raises(StudioError, match="ended early") as told:
        window.run("raise ValueError(arguments['why'])", {"why": "no reason"}, ["echo"])
    assert "no reason" in told.value.details
