"""``studio plugins`` beside an open studio: both have the same plugins, or it is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.plugins import PluginState
from studio.plugins.install import trial
from studio.plugins.install.trial import Trial
from studio.testing.scripted import Artifact, Result
from tests.unit.cli.terminals.conftest import Window
from tests.unit.plugins.install.wheels import plugin

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such sockets")
Command = Callable[..., tuple[int, str, str]]


def states(window: Window) -> dict[str, PluginState]:
    return {each.id: each.state for each in window.studio.plugins.plugins}


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials have tests of their own."""
    schema = {"name": "Count", "help": "", "fields": []}
    done = Trial({"counter.count": schema}, "A")
    monkeypatch.setattr(trial, "attempt", lambda *args, **more: done)


def test_off_and_on_reach_the_open_studio(window: Window, command: Command) -> None:
    assert states(window)["echo"] is PluginState.DISCOVERED
    assert command("plugins", "off", "echo")[0] == ExitCode.OK
    assert states(window)["echo"] is PluginState.DISABLED
    code, _, err = command("run", "echo.say", "--text", "x")
    assert (code != ExitCode.OK, "You disabled it." in err) == (True, True), err
    assert command("plugins", "on", "echo")[0] == ExitCode.OK
    assert states(window)["echo"] is PluginState.DISCOVERED
    window.runtime.enqueue(Artifact("text", b"x", ".txt", title="X"), Result())
    assert command("run", "echo.say", "--text", "x")[0] == ExitCode.OK


def test_what_is_installed_and_enabled_runs_in_the_open_studio(
    window: Window, command: Command, works: None, tmp_path: Path
) -> None:
    wheel = str(plugin().write(tmp_path))
    assert command("plugins", "install", wheel, "--yes")[0] == ExitCode.OK
    assert states(window)["counter"] is PluginState.DISABLED
    code, out, err = command("plugins", "on", "counter")
    assert (code, "Counter is on." in out, "off in the open" in err) == (ExitCode.OK, True, False)
    window.runtime.enqueue(Result())
    code, _, err = command("run", "counter.count")
    assert code == ExitCode.OK, err
    command("plugins", "remove", "counter")
    assert "counter" not in states(window)
    command("plugins", "rollback", "--trust")
    assert states(window)["counter"] is PluginState.DISCOVERED


def test_where_the_open_studio_leaves_it_out_that_is_said(
    window: Window, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was started in safe mode, say."""
    command("plugins", "off", "echo")
    monkeypatch.setattr(window.studio.plugins, "switch_on", lambda id: None)
    look_again = window.studio.plugins.look_again

    def left_out() -> None:
        look_again()
        echo = window.studio.plugins.plugin("echo")
        echo.state, echo.reason = PluginState.DISABLED, "Offline Studio is in safe mode."

    monkeypatch.setattr(window.studio.plugins, "look_again", left_out)
    code, _, err = command("plugins", "on", "echo")
    assert code == ExitCode.OK
    assert "It is off in the open window. Offline Studio is in safe mode." in err


def test_a_command_that_tries_other_plugins_runs_beside_the_open_studio(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    here = os.environ["STUDIO_PLUGIN_PATH"]
    for tries, is_reached in (
        ("", True), (here, True), (os.pathsep.join((str(tmp_path), here)), False),
    ):  # fmt: skip
        monkeypatch.setenv("STUDIO_PLUGIN_PATH", tries)
        with StudioSession().open_studio() as found:
            assert (found is not None) == is_reached, tries
    assert "does not have the plugins that this command tries" in capsys.readouterr().err
