"""Benches: the registry, how figures are told, and that the quick ones measure something."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.cli import bench
from studio.cli.bench import start
from studio.cli.terminal.exit_code import ExitCode
from studio.protocol.errors import ErrorCode, StudioError
from studio.studio import Studio
from studio.testing.scripted import Fail, ScriptedRuntime
from tests.unit.cli.conftest import one_object

Command = Callable[..., tuple[int, str, str]]
Plugin = Callable[..., None]


def test_every_bench_is_listed_and_can_measure(command: Command) -> None:
    listed = one_object(command("bench", "--list", "--json")[1])["benches"]
    for name, own in bench.BENCHES.items():
        assert listed[name] == own.title
        assert name in command("bench", "--list")[1]
        assert callable(importlib.import_module(own.module).measure)


def test_unknown_bench_names_the_known_ones(command: Command) -> None:
    for words in ([], ["speed"]):
        code, _, err = command("bench", *words)
        assert code == ExitCode.BAD_INPUT
        assert "start, text" in err


def test_figures_are_told_as_text_and_as_json(
    command: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: dict[str, Any] = {"ratio": 1.23456, "runs": [0.1, 0.25], "heavy_modules": []}
    monkeypatch.setattr(start, "measure", lambda session: figures)
    out = command("bench", "start")[1]
    assert " ".join(out.split()).endswith("ratio 1.235 runs 0.1, 0.25 heavy_modules none")
    assert one_object(command("bench", "start", "--json")[1]) == {"bench": "start", **figures}


@pytest.mark.slow
def test_start_measures_both_windows(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    for name, value in (("RUNS", 1), ("FRESH_RUNS", 1), ("IDLE_SECONDS", 0.5)):
        monkeypatch.setattr(start, name, value)
    figures = one_object(command("bench", "start", "--json")[1])
    assert figures["seconds"] > 0
    assert figures["bare_seconds"] > 0
    assert figures["heavy_modules"] == []
    assert figures["page_seconds"] > 0
    assert figures["answer_seconds"] > 0, "somebody typed a question, and a model answered"
    assert figures["used_mb"] > figures["idle_mb"] > 0


# --- benches of plugins -----------------------------------------------------------------------

MEASURES = """
def measure(ctx):
    (ctx.scratch / "file").write_text("x")
    ctx.say("measuring")
    return {"ratio": 2.0, "scratch": str(ctx.scratch)}
"""


@pytest.fixture
def plugin(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    """Write a plugin ``fast`` with a bench of the same name; its module is the test's."""
    folder = tmp_path / "mine"

    def write(module: str, bench_id: str = "fast") -> None:
        package = folder / "studio_fast"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "manifest.toml").write_text(
            'id = "fast"\ntitle = "Fast"\nversion = "1"\napi = ">=1,<2"\nisolation = "studio"\n'
            f'benches = [{{ id = "{bench_id}", title = "How fast", module = "studio_fast.bench" }}]'
        )
        (package / "bench.py").write_text(module)
        monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(folder))
        monkeypatch.syspath_prepend(folder)

    yield write
    for name in ("studio_fast", "studio_fast.bench"):
        sys.modules.pop(name, None)


def test_bench_of_a_plugin_is_listed_and_runs(command: Command, plugin: Plugin) -> None:
    plugin(MEASURES)
    assert "How fast" in command("bench", "--list")[1]
    assert "studio_fast.bench" not in sys.modules
    code, out, err = command("bench", "fast", "--json")
    figures = one_object(out)
    assert (code, figures["bench"], figures["ratio"]) == (ExitCode.OK, "fast", 2.0)
    assert "measuring" in err
    assert not Path(figures["scratch"]).exists()


def test_bench_asks_for_weights_by_name(command: Command, plugin: Plugin) -> None:
    plugin("def measure(ctx):\n    return {'path': ctx.weights_path('nobody-has-these')}")
    code, _, err = command("bench", "fast")
    assert code == ExitCode.NOT_FOUND
    assert "no model “nobody-has-these”" in err


def test_bench_has_several_tasks_under_way(
    command: Command, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = os.environ["STUDIO_PLUGIN_PATH"]
    runtime = ScriptedRuntime()
    for lines in ((), (Fail(StudioError(ErrorCode.INTERNAL, "No reason.")),), (), ()):
        runtime.enqueue(*lines)
    monkeypatch.setattr(Studio, "_launch", lambda self: runtime.launch())
    plugin(
        "def measure(ctx):\n"
        "    drawn, seen, failed = [], [], []\n"
        "    wishes = (({'text': t}, {}) for t in 'abcd' if not drawn.append(t))\n"
        "    for place, one in ctx.run_all('echo.say', wishes, 2):\n"
        "        seen.append(len(drawn))\n"
        "        failed += [place] if isinstance(one, Exception) else []\n"
        "    return {'drawn': seen, 'failed': failed}\n"
    )
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", os.pathsep.join([sys.path[0], echo]))
    figures = one_object(command("--only", "echo,fast", "bench", "fast", "--json")[1])
    assert (figures["drawn"], figures["failed"]) == ([2, 3, 4, 4], [1])


@pytest.mark.parametrize(
    "module", ["import not_installed.speed", "def measure(ctx):\n    import not_installed.speed"]
)
def test_missing_package_is_named_with_the_way_out(
    command: Command, plugin: Plugin, module: str
) -> None:
    plugin(module)
    code, _, err = command("bench", "fast")
    assert code == ExitCode.of(ErrorCode.UNSUPPORTED)
    assert "needs the package not_installed" in err
    assert "pip install not_installed" in err


def test_bench_that_raises_is_the_plugins_fault(command: Command, plugin: Plugin) -> None:
    plugin("def measure(ctx):\n    raise ValueError('no clock today')")
    code, _, err = command("bench", "fast")
    assert code == ExitCode.of(ErrorCode.PLUGIN_FAILED)
    assert "“fast” failed in the bench fast: ValueError: no clock today" in err


def test_plugin_that_is_off_has_no_benches(command: Command, plugin: Plugin) -> None:
    plugin(MEASURES)
    command("plugins", "off", "fast")
    assert "fast" not in one_object(command("bench", "--list", "--json")[1])["benches"]
    command("plugins", "on", "fast")
    assert "fast" in one_object(command("bench", "--list", "--json")[1])["benches"]


def test_plugin_that_takes_the_name_of_anothers_bench_is_refused(
    command: Command, plugin: Plugin
) -> None:
    plugin(MEASURES, bench_id="start")
    code, out, _ = command("bench", "--list", "--json")
    assert code == ExitCode.OK
    assert one_object(out)["benches"]["start"] == bench.BENCHES["start"].title
    assert command("bench", "fast")[0] == ExitCode.BAD_INPUT


def test_bench_in_somebody_elses_code_is_refused(command: Command, plugin: Plugin) -> None:
    plugin(MEASURES)
    manifest = Path(sys.path[0]) / "studio_fast/manifest.toml"
    manifest.write_text(manifest.read_text().replace("studio_fast.bench", "os.path"))
    assert "fast" not in one_object(command("bench", "--list", "--json")[1])["benches"]
