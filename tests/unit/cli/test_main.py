"""The dispatcher: what opens, what is refused, and that no traceback reaches anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import studio.__main__ as entry
from studio.cli import main as dispatcher
from studio.cli import tasks
from studio.cli.terminal.exit_code import ExitCode
from studio.protocol.errors import ErrorCode, StudioError
from tests.unit.cli.conftest import one_object

Command = Callable[..., tuple[int, str, str]]


def test_without_a_command_the_window_opens_with_what_was_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(entry, "open_window", lambda *words: asked.append(words) or 0)
    assert entry.main([]) == 0
    assert entry.main(["--safe-mode", "--only", "chat,image", "--only", "music"]) == 0
    assert asked == [(False, ()), (True, ("chat", "image", "music"))]


@pytest.mark.parametrize("name", dispatcher.COMMANDS)
def test_every_command_has_help(name: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = dispatcher.main([name, "--help"], lambda *_: 1)
    except SystemExit as ended:
        code = ended.code
    assert code == 0
    assert f"usage: studio {name}" in capsys.readouterr().out


def test_help_is_there_for_who_starts_a_process(home: Path) -> None:
    words = [sys.executable, "-m", "studio", "run", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: studio run" in done.stdout


def test_help_lists_commands_and_exit_codes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        dispatcher.main(["--help"], lambda *_: 0)
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for code in ExitCode:
        assert f"{code:<5}{code.meaning}" in text
    for name in dispatcher.COMMANDS:
        assert f"  {name}" in text


def test_every_error_code_has_an_exit_code_of_its_own_kind() -> None:
    for code in ErrorCode:
        assert ExitCode.of(code) not in (ExitCode.OK, ExitCode.BUG)
    assert ExitCode.of(ErrorCode.DISK_FULL) is ExitCode.CANNOT_SAVE


def test_unknown_command_and_option_are_bad_input(command: Command) -> None:
    for word in ("frobnicate", "--frobnicate"):
        code, out, err = command(word)
        assert code == ExitCode.BAD_INPUT
        assert out == ""
        assert "frobnicate" in err


def test_only_with_an_unknown_plugin_says_which_there_are(command: Command) -> None:
    code, _, err = command("--only", "nonesuch", "tasks")
    assert code == ExitCode.NOT_FOUND
    assert "nonesuch" in err
    assert "echo" in err


def test_only_and_safe_mode_reach_the_commands(command: Command) -> None:
    assert "echo.say" in command("--only", "echo", "tasks")[1]
    assert "echo.say" not in command("--safe-mode", "tasks")[1]


def test_bug_is_one_sentence_and_a_report(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("very \x1b[31mdeep inside")

    monkeypatch.setattr(tasks, "main", broken)
    code, out, err = command("tasks", "--json")
    assert code == ExitCode.BUG
    assert "ZeroDivisionError: very deep inside" in one_object(out)["error"]["message"]
    assert "Traceback" not in out + err
    log = home / "logs" / "cli.log"
    assert str(log) in err
    assert "Traceback" in log.read_text("utf-8")


def test_expected_error_is_told_as_json_too(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise StudioError(ErrorCode.RUNTIME_LOST, "It ended.", "Again.", "secret", "echo")

    monkeypatch.setattr(tasks, "main", refused)
    code, out, err = command("tasks", "--json")
    assert code == ExitCode.RUNTIME_LOST
    told = {"code": "RUNTIME_LOST", "message": "It ended.", "hint": "Again.", "plugin": "echo"}
    assert one_object(out) == {"error": told}
    assert err == "studio: It ended.\nThis comes from the plugin “echo”.\nAgain.\n"


def test_a_plugin_is_not_named_for_what_the_user_gave(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise StudioError(ErrorCode.BAD_WEIGHTS, "It is cut short.", "Copy it.", plugin="echo")

    monkeypatch.setattr(tasks, "main", refused)
    assert command("tasks")[2] == "studio: It is cut short.\nCopy it.\n"


def test_home_that_cannot_be_made_is_a_sentence(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "file" / "home"))
    code, _, err = command("library", "list")
    assert code in (ExitCode.CANNOT_SAVE, ExitCode.NOT_FOUND)
    assert "STUDIO_HOME" in err


def test_reader_that_has_seen_enough_is_no_error(home: Path) -> None:
    script = f"{sys.executable} -m studio tasks --schema | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout == "{\n0\n"
    assert done.stderr == ""


def test_dispatch_imports_neither_qt_nor_torch(home: Path) -> None:
    code = (
        "import sys; from studio.__main__ import main; main(['tasks']);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'PySide6', 'numpy', 'studio.runtime')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=600, check=False
    )
    assert done.returncode == 0


def test_plugin_path_goes_to_the_end_of_the_path(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", ["first"])
    monkeypatch.setattr(entry, "open_window", lambda *_: 0)
    entry.main([])
    entry.main([])
    assert sys.path == ["first", str(tmp_path)]


@pytest.mark.parametrize("display", ["", ":4077", "unix:4077.0"])
@pytest.mark.parametrize("words", [[], ["--safe-mode"]])
def test_no_display_is_a_sentence_not_an_abort(home: Path, words: list[str], display: str) -> None:
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    if display:
        environment["DISPLAY"] = display
    done = subprocess.run(
        [sys.executable, "-m", "studio", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith("studio: There is no display")
    assert display in done.stderr


def test_window_that_breaks_is_a_sentence_and_a_report(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("cracked pane")

    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(entry, "open_window", broken)
    assert entry.main([]) == ExitCode.BUG
    err = capsys.readouterr().err
    assert "cracked pane" in err
    assert "Traceback" not in err
    assert "cracked pane" in (home / "logs" / "cli.log").read_text("utf-8")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_output_on_a_full_disk_is_a_sentence(home: Path) -> None:
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "studio", "tasks"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == ExitCode.CANNOT_SAVE
    assert done.stderr.startswith("studio: The output cannot be written: ")
    assert "Traceback" not in done.stderr
