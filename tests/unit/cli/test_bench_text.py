"""The bench ``text``: engines in children, asked in turn; what is missing is said."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.cli.bench import text
from studio.cli.bench.text import fidelity, installs, repeat_costs, speed
from studio.cli.bench.text.child import Child, NotMeasured
from studio.protocol.errors import StudioError
from tests.unit.cli.conftest import one_object

MODULE = "tests.unit.cli.bench_engine"
ROOT = Path(__file__).parents[3]
Make = Callable[..., Child]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Make]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made: list[Child] = []

    def child(kind: str, title: str = "") -> Child:
        made.append(Child(title or kind, sys.executable, MODULE, tmp_path / "weights", 1, kind))
        made[-1].__enter__()
        return made[-1]

    yield child
    for each in made:
        each.__exit__(None, None, None)


def test_an_engine_answers_in_a_process_of_its_own_whatever_it_prints(make: Make) -> None:
    child = make("exact")
    assert child.ask("load")["name"] == "exact, 1"
    assert child.seconds("prefill", tokens=50) > 0
    assert child.ask("ask", method="encode", text="a b c")["answer"] == [0, 1, 2]


def test_what_an_engine_throws_and_how_its_process_ends_is_said(make: Make) -> None:
    child = make("broken")
    child.ask("load")
    with pytest.raises(NotMeasured, match="RuntimeError: no reading today"):
        child.ask("prefill", tokens=1)
    missing = Child("missing", sys.executable, "no_such_module", Path(), 1)
    with missing, pytest.raises(NotMeasured, match="exited with 1 during “load”"):
        missing.ask("load")


def test_all_rates_of_all_engines_are_measured(make: Make) -> None:
    children = [make("exact"), make("close")]
    for child in children:
        child.ask("load")
    for row in speed.rates(children, 1):
        assert row.keys() == {"decode", "prefill", "streams4", "load"}
        assert all(rate > 0 for rate in row.values())
        assert row["decode"] < 1e5, "control: a token takes 10 µs"


def test_divergences_are_from_the_exact_scores(make: Make, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"x")
    ours, theirs = make("close"), make("far")
    for child in (ours, theirs):
        child.ask("load")
    found = fidelity.divergences([ours, theirs], ours, make("exact"), tmp_path / "weights")
    assert 0 < found["close"] < found["far"]


def test_too_little_memory_for_float32_is_said(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights").write_bytes(b"x" * 100)
    memory = SimpleNamespace(available=999)
    monkeypatch.setattr(fidelity.psutil, "virtual_memory", lambda: memory)
    with pytest.raises(NotMeasured, match="float32 takes up to"):
        fidelity.divergences([], make("close"), make("exact"), tmp_path / "weights")


def test_what_is_not_installed_is_not_fetched_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = installs.Install("native", "by", "no-such-package", "no_such_package")
    with pytest.raises(NotMeasured, match="use --native to install it"):
        installs.python_for(nowhere, tmp_path, fetch=False)
    assert not list(tmp_path.iterdir())
    assert installs.python_for(installs.Install("x", "x", "x", "json"), tmp_path, fetch=False)
    monkeypatch.setattr(installs.shutil, "which", lambda name: None)
    monkeypatch.setattr(installs, "_has", lambda python, install: False)
    with pytest.raises(NotMeasured, match="needs a C\\+\\+ compiler"):
        installs.python_for(installs.NATIVE, tmp_path, fetch=True)


def test_ratios_are_ours_by_theirs_and_what_is_missing_has_a_reason(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    (tmp_path / "weights").write_bytes(b"x")
    kinds = {"ours": "close", "wheel": "far", "reference": "exact"}
    monkeypatch.setattr(text, "Child", lambda title, *words: make(kinds[title], title))
    monkeypatch.setattr(Child, "__enter__", lambda self: self)

    def python_for(install: installs.Install, folder: Path, *, fetch: bool) -> str:
        if install is installs.NATIVE:
            raise NotMeasured("there is none")
        return sys.executable

    monkeypatch.setattr(installs, "python_for", python_for)
    monkeypatch.setattr(repeat_costs, "measure", lambda path: {"second_turn": 0.1})
    figures = one_object(command("bench", "text", "--rounds", "1", "--json")[1])
    assert figures["ratios"].keys() == {"decode", "prefill", "streams4", "load", "fidelity"}
    assert figures["ratios"]["fidelity"] == pytest.approx(100, rel=0.01), "1 for 0.01"
    assert figures["native"] == "not measured: there is none"
    assert figures["known_text"] == {"second_turn": 0.1}


def test_a_device_is_measured_by_itself(command, monkeypatch) -> None:
    monkeypatch.setattr(
        repeat_costs, "measure", lambda path, device: {"told": f"No {device} is here."}
    )
    assert "No cuda is here." in command("bench", "text", "--device", "cuda")[1]


def test_a_measurement_that_fails_says_how(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(repeat_costs, "_MODULE", "no_such_module")
    with pytest.raises(StudioError, match="No module named"):
        repeat_costs.measure(tmp_path)


def test_arguments_of_a_bench_are_known_to_it_alone(command: Command) -> None:
    parser = argparse.ArgumentParser()
    text.add_arguments(parser)
    assert parser.parse_args(["--threads", "2"]).threads == 2
    code, _, err = command("bench", "link", "--threads", "2")
    assert code
    assert "--threads" in err
