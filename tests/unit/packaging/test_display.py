"""A display counts when it answers, not when it is named."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from studio_setup import display as display_module
from studio_setup.display import why_none

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems always have one")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_set() -> None:
    assert why_none() == "neither DISPLAY nor WAYLAND_DISPLAY is set"


@pytest.mark.parametrize("platform", ["offscreen", "minimal:x=1"])
def test_a_platform_that_nobody_sees(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert why_none() == f"QT_QPA_PLATFORM is {platform.partition(':')[0]}"


@pytest.mark.parametrize("name", [":60123", "unix:60123", "/no/such/socket:0", "nonsense"])
def test_a_dead_name_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("DISPLAY", name)
    assert why_none() == f"DISPLAY is {name} and nothing answers there"


def test_a_compositor_that_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert "nothing answers" in why_none()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen()
        assert why_none() == ""


def test_x11_takes_over_where_the_compositor_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("DISPLAY", "somewhere:10.0")
    asked = []

    def answers(address: object) -> bool:
        asked.append(address)
        return isinstance(address, tuple)

    monkeypatch.setattr(display_module, "_answers", answers)
    assert why_none() == ""
    assert asked == [str(tmp_path / "wayland-7"), ("somewhere", 6010)]
