"""The doctor: each fault is found, with a cure; a check that breaks is a finding, not a crash."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.base import disk
from studio.cli import doctor
from studio.cli.doctor import display, machine
from studio.cli.terminal.exit_code import ExitCode
from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime
from tests.unit.cli.conftest import PLUGINS, one_object

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def findings(command: Command) -> Callable[[str], list[dict[str, Any]]]:
    def look(check: str) -> list[dict[str, Any]]:
        code, out, err = command("doctor", check, "--json")
        found = one_object(out)
        assert code == (ExitCode.OK if found["healthy"] else ExitCode.PROBLEMS)
        assert err == ""
        for finding in found["findings"]:
            assert finding["message"].endswith(".")
            assert bool(finding["cure"]) == (finding["level"] != "fine"), finding
        return list(found["findings"])

    return look


def levels(found: list[dict[str, Any]]) -> set[str]:
    return {finding["level"] for finding in found}


def test_fresh_home_is_healthy(findings: Callable[[str], Any], home: Path) -> None:
    assert "problem" not in levels(findings("home"))
    assert levels(findings("library")) == {"fine"}


@pytest.mark.parametrize(("free", "level"), [(10**8, "problem"), (10**9, "warning")])
def test_little_room_is_told(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda folder: free)
    assert level in levels(findings("home"))


def test_home_that_cannot_be_written(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "writable", lambda folder: False)
    assert "is not writable" in findings("home")[0]["message"]


def test_no_home_at_all(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "file" / "home"))
    code, out, _ = command("doctor", "home")
    assert code == ExitCode.PROBLEMS
    assert "STUDIO_HOME" in out


def test_no_weights_names_the_folders(
    findings: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = (tmp_path / "empty",)
    monkeypatch.setattr("studio.base.paths.StudioPaths.weights_folders", lambda self: folders)
    (finding,) = findings("weights")
    assert finding["level"] == "problem"
    assert str(folders[0]) in finding["cure"]


def test_bad_plugins_are_problems(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert levels(findings("plugins")) == {"fine"}
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS / "bad"))
    words = " ".join(f["message"] for f in findings("plugins") if f["level"] == "problem")
    for name in ("studio_bad_toml", "bad_api", "no schema today"):
        assert name in words


def test_no_display_is_a_note_with_what_works_without(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "has_display", lambda: False)
    (finding,) = findings("display")
    assert finding["level"] == "warning"
    assert "studio chat" in finding["cure"]


@pytest.mark.parametrize(
    ("complaint", "cure"),
    [
        ("From 6.5.0, xcb-cursor0 or libxcb-cursor0 is needed", "libxcb-cursor0"),
        ("ImportError: libEGL.so.1: cannot open shared object file", "libegl1"),
        ("ModuleNotFoundError: No module named 'PySide6'", "make setup"),
    ],
)
def test_window_that_cannot_open_names_the_package(
    findings: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    complaint: str,
    cure: str,
) -> None:
    script = f"import sys; print({complaint!r}, file=sys.stderr); sys.exit(134) # %s"
    monkeypatch.setattr(display, "_PROBE", script)
    monkeypatch.setattr(display, "has_display", lambda: True)
    (finding,) = findings("display")
    assert finding["level"] == "problem"
    assert cure in finding["cure"]


@pytest.mark.gui
def test_qt_is_really_asked(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert "offscreen" in findings("display")[0]["message"]
    monkeypatch.setattr(display, "SAMPLES", {"a script nobody writes": 0x10FFFE})
    assert "a script nobody writes" in findings("fonts")[0]["message"]


@pytest.mark.gui
@pytest.mark.skipif(sys.platform != "linux", reason="fontconfig is of Linux")
def test_boxes_for_want_of_fonts_are_no_fonts(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nothing = tmp_path / "fonts.conf"
    nothing.write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(nothing))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert "Greek" in findings("fonts")[0]["message"]


@pytest.mark.parametrize(("server", "level"), [("PipeWire", "fine"), ("", "warning")])
def test_sound(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, server: str, level: str
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(machine, "sound_server", lambda: server)
    assert levels(findings("audio")) == {level}


def test_little_memory(findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Little:
        available, total = 10**9, 8 * 10**9

    monkeypatch.setattr(psutil, "virtual_memory", Little)
    assert levels(findings("memory")) == {"warning"}


def test_device_comes_from_the_runtime(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = ScriptedRuntime("A fine processor")
    monkeypatch.setattr(Studio, "_launch", lambda self: runtime.launch())
    assert "A fine processor with 1 thread," in findings("device")[0]["message"]


def test_runtime_that_does_not_start_is_a_problem(
    findings: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Studio) -> Any:
        raise OSError("no such program")

    monkeypatch.setattr(Studio, "_launch", refuse)
    (finding,) = findings("device")
    assert finding["level"] == "problem"


def test_check_that_breaks_is_a_finding(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(session: object) -> Any:
        raise RuntimeError("the thermometer is broken")
        yield

    monkeypatch.setitem(doctor.CHECKS, "audio", broken)
    code, out, err = command("doctor", "audio")
    assert code == ExitCode.PROBLEMS
    assert "the thermometer is broken" in out
    assert "Traceback" not in out + err


def test_unknown_check_names_the_known_ones(command: Command) -> None:
    code, _, err = command("doctor", "aura")
    assert code == ExitCode.BAD_INPUT
    assert "plugins" in err
