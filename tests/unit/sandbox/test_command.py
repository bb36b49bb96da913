"""`studio sandbox probe`: what it prints and how it ends, with probes that need no sandbox."""

from __future__ import annotations

import json

import pytest

from studio.cli import sandbox as command
from studio.cli.terminal.studio_session import StudioSession
from studio.sandbox.probes import PROBES, Finding

FINDINGS = {
    "blocked": Finding("read a secret", True, True, "PermissionError"),
    "hole": Finding("connect", False, True, "DONE \x1b[2Jhere"),
    "no proof": Finding("make a ring", True, False, "control: it is off here"),
}


class _Sandbox:
    tier, reason = "A", ""

    def __init__(self, tiers: object) -> None:
        pass


def probe(monkeypatch: pytest.MonkeyPatch, *names: str, flags: tuple[str, ...] = ()) -> int:
    found = [FINDINGS[name] for name in names]
    monkeypatch.setattr(command, "Sandbox", _Sandbox)
    monkeypatch.setattr(command, "try_all", lambda sandbox, probes: iter(found))
    return command.main(["probe", *flags], StudioSession())


def test_a_leak_is_counted_and_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(monkeypatch, "blocked", "hole", flags=("--json",)) == 8
    said = json.loads(capsys.readouterr().out)
    assert (said["tier"], said["leaks"]) == ("A", 1)
    assert said["probes"][1] == {
        "name": "connect", "blocked": False, "control": True, "detail": "DONE \x1b[2Jhere",
    }  # fmt: skip


def test_what_proves_nothing_is_marked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(monkeypatch, "blocked", "no proof") == 0
    said = capsys.readouterr().out
    assert "2 attempts, no leaks" in said
    assert "?     make a ring" in said
    assert "they prove nothing" in said
    probe(monkeypatch, "hole")
    said = capsys.readouterr().out
    assert "LEAK  connect" in said
    assert "\x1b" not in said


def test_the_limits_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"], StudioSession())
    assert "A kernel vulnerability defeats it" in capsys.readouterr().out


def test_there_are_forty_at_least_and_none_twice() -> None:
    assert len({probe.name for probe in PROBES}) == len(PROBES) >= 40
