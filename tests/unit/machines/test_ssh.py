"""What ssh says becomes a sentence; what a user gives never becomes an option of ssh."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import studio
from studio.api.jobs import FREE
from studio.base.settings import Settings
from studio.cli.terminal.exit_code import ExitCode
from studio.machines.registry import MachineEntry, Registry, check
from studio.machines.ssh import Ended, SshWire, Unreachable, command, refusal
from studio.protocol.errors import StudioError

BOX = MachineEntry(name="box", host="box.local", user="ada", port=2222, identity="~/key")


@pytest.mark.parametrize(
    "facts",
    [
        {"host": "-oProxyCommand=reboot"},
        {"host": "a b"},
        {"host": ""},
        {"user": "-l"},
        {"port": 70_000},
        {"studio": "-x"},
        {"studio": "a\nb"},
        {"identity": "-i"},
        {"name": "here"},
        {"name": FREE},
        {"name": "../x"},
    ],
)
def test_what_ssh_would_misread_is_refused(facts: dict[str, Any]) -> None:
    entry = MachineEntry(**{"name": "box", "host": "box", **facts})
    with pytest.raises(StudioError) as caught:
        check(entry)
    assert caught.value.hint


def test_ssh_is_asked_for_nothing_and_checks_host_keys() -> None:
    line = command(BOX, "--attach 1")
    assert "BatchMode=yes" in line
    assert not any("StrictHostKey" in each or "UserKnownHosts" in each for each in line)
    assert line[line.index("-p") + 1] == "2222"
    assert line[-3:-1] == ["--", "box.local"]
    assert line[-1] == "exec studio --runtime --attach 1"


@pytest.mark.parametrize(
    ("said", "code", "words", "again"),
    [
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", 255, "has changed", False),
        ("Host key verification failed.", 255, "is not known", False),
        ("ada@box.local: Permission denied (publickey,password).", 255, "password", False),
        ("bash: line 1: exec: studio: not found", 127, "no `studio` on box", False),
        ("ssh: Could not resolve hostname box.local: Name or service", 255, "no host", True),
        ("ssh: connect to host box.local port 22: Connection refused", 255, "refused", True),
    ],
)
def test_each_refusal_is_a_sentence_with_a_way_on(
    said: str, code: int, words: str, again: bool
) -> None:
    error = refusal(BOX, [said], code)
    assert words in error.message
    assert error.hint
    assert isinstance(error, Unreachable) is again
    meaning = ExitCode.of(error.code).meaning
    assert ("machine cannot be reached" in meaning) is (code == 127 or again)
    assert ("refused, also by a machine" in meaning) is not (code == 127 or again)


def test_machines_are_kept_in_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").touch()
    registry = Registry(Settings(tmp_path / "settings.json"))
    registry.put(BOX)
    registry.put(MachineEntry(name="shed", host="shed"))
    registry.put(MachineEntry(name="box", host="other"))
    registry.run_on = "box"
    again = Registry(Settings(tmp_path / "settings.json"))
    assert [(each.name, each.host) for each in again.all()] == [("box", "other"), ("shed", "shed")]
    assert again.run_on == "box"
    again.remove("box")
    assert again.run_on == "here"
    with pytest.raises(StudioError, match="no machine “box”"):
        again.get("box")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for ssh: a script whose body a test writes."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


ARRIVED = f'OFFLINE-STUDIO-RUNTIME{{"wire":1,"studio":"{studio.__version__}"}}'


def test_what_a_shell_prints_at_login_is_passed_over(stand_in: Path) -> None:
    stand_in.write_text(f"#!/bin/sh\necho Welcome to box\necho; echo '{ARRIVED}'\nexec cat\n")
    wire = SshWire(BOX, "0" * 32, False)
    wire.writer.write(b"echo")
    assert wire.reader.read(4) == b"echo"
    wire.close()


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("echo Permission denied >&2; exit 255", StudioError, "did not let you in"),
        ("""echo 'OFFLINE-STUDIO-RUNTIME{"wire":1,"studio":"9.9"}'""", StudioError, "has .* 9.9"),
        ("""echo 'OFFLINE-STUDIO-RUNTIME{"gone":true}'""", Ended, "has ended"),
        ("echo rubbish; exit 1", Unreachable, "cannot be reached"),
        ("yes", StudioError, "cannot be reached"),
    ],
)
def test_whoever_is_there_instead_is_told(
    stand_in: Path, body: str, kind: type[StudioError], words: str
) -> None:
    stand_in.write_text(f"#!/bin/sh\n{body}\n")
    with pytest.raises(kind, match=words):
        SshWire(BOX, "0" * 32, True)


def test_what_a_hint_says_to_run_reaches_that_machine() -> None:
    error = refusal(BOX, ["Permission denied (publickey)."], 255)
    assert f"`ssh-copy-id -p 2222 -i {Path.home() / 'key'} ada@box.local`" in error.hint


def test_a_key_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    registry = Registry(Settings(tmp_path / "settings.json"))
    with pytest.raises(StudioError, match="There is no key file"):
        registry.put(MachineEntry(name="box", host="box.local", identity=str(tmp_path / "key")))
    (tmp_path / "key").touch()
    registry.put(MachineEntry(name="box", host="box.local", identity=str(tmp_path / "key")))
    assert registry.get("box").identity
