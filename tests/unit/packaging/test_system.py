"""Missing system packages: installed where allowed, otherwise named with the command to run."""

from __future__ import annotations

import pytest
from studio_setup import system
from studio_setup.console import CommandError, SetupError

from tests.unit.packaging.conftest import RecordingConsole


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A Debian on which nothing is there yet; tests add probes to the returned set."""
    there: set[str] = set()
    monkeypatch.delenv("STUDIO_SYSTEM_PACKAGES", raising=False)
    monkeypatch.setattr(system.sys, "platform", "linux")
    monkeypatch.setattr(system, "present", lambda probe: probe in there)
    monkeypatch.setattr(system, "_apt_knows", lambda name: name != "libglib2.0-0t64")
    monkeypatch.setattr(
        system.shutil, "which", lambda name: name if name in ("apt-get", "sudo") else None
    )
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system, "_root_prefix", lambda: None if system.os.geteuid() else [])
    return there


def everything() -> set[str]:
    return {need.probe for need in system.NEEDS}


def test_nothing_missing_runs_nothing(machine: set[str], console: RecordingConsole) -> None:
    machine |= everything()
    assert system.ensure(console, ["qt", "xcb", "look", "test"], ["qt"]) == "all installed"
    assert console.commands == []


def test_root_installs_with_apt(
    machine: set[str], console: RecordingConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    machine |= everything() - {"lib:libGL.so.1", "lib:libglib-2.0.so.0"}

    def answer(command: list[str]) -> None:
        if "install" in command:
            machine.update(everything())

    console.answer = answer
    assert system.ensure(console, ["qt"], ["qt"]) == "installed"
    update, install = console.commands
    assert update[-1] == "update"
    # The name with the suffix is unknown to this release, so the older one is taken.
    assert install[-2:] == ["libgl1", "libglib2.0-0"]


def test_without_rights_the_packages_and_the_command_are_named(
    machine: set[str], console: RecordingConsole
) -> None:
    machine |= everything() - {"lib:libGL.so.1", "lib:libEGL.so.1"}
    with pytest.raises(SetupError) as caught:
        system.ensure(console, ["qt", "look"], ["qt"])
    assert "libegl1, libgl1" in str(caught.value)
    assert "without a password" in str(caught.value)
    assert "sudo apt-get install -y --no-install-recommends libegl1 libgl1" in caught.value.hint
    assert console.commands == []


def test_optional_ones_are_named_and_the_setup_goes_on(
    machine: set[str], console: RecordingConsole
) -> None:
    machine |= everything() - {"font:NotoColorEmoji"}
    outcome = system.ensure(console, ["qt", "look"], ["qt"])
    assert outcome == "some optional ones are missing"
    assert "fonts-noto-color-emoji" in console.said


def test_apt_that_fails_gives_its_reason(
    machine: set[str], console: RecordingConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    machine |= everything() - {"lib:libGL.so.1"}

    def answer(command: list[str]) -> None:
        raise CommandError("apt could not install them: Unable to locate package libgl1", [])

    console.answer = answer
    with pytest.raises(SetupError, match="Unable to locate package libgl1"):
        system.ensure(console, ["qt"], ["qt"])


@pytest.mark.parametrize(
    ("manager", "command"),
    [("dnf", "sudo dnf install -y libglvnd-glx"), ("pacman", "sudo pacman -S --needed libglvnd")],
)
def test_other_distributions_get_their_own_names(
    machine: set[str],
    console: RecordingConsole,
    monkeypatch: pytest.MonkeyPatch,
    manager: str,
    command: str,
) -> None:
    there = (manager, "sudo")
    monkeypatch.setattr(system.shutil, "which", lambda name: name if name in there else None)
    machine |= everything() - {"lib:libGL.so.1"}
    with pytest.raises(SetupError) as caught:
        system.ensure(console, ["qt"], ["qt"])
    assert command in caught.value.hint


def test_an_unknown_distribution_gets_the_names_of_the_libraries(
    machine: set[str], console: RecordingConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.shutil, "which", lambda name: None)
    machine |= everything() - {"lib:libGL.so.1"}
    with pytest.raises(SetupError, match=r"libGL\.so\.1"):
        system.ensure(console, ["qt"], ["qt"])


def test_who_wants_their_system_left_alone_has_it_left_alone(
    machine: set[str], console: RecordingConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_SYSTEM_PACKAGES", "no")
    assert "skipped" in system.ensure(console, ["qt"], ["qt"])
    assert console.commands == []


def test_macos_and_windows_need_nothing(
    console: RecordingConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.sys, "platform", "darwin")
    assert "none needed" in system.ensure(console, ["qt"], ["qt"])


def test_probes_tell_what_is_there() -> None:
    assert system.present("module:json")
    assert not system.present("module:no_such_module")
    assert system.present("bin:sh")
    assert not system.present("bin:no-such-program")
    assert not system.present("lib:libno-such-library.so.9")
    here = __file__.removesuffix("system.py")
    assert system.present(f"file:/no/such/folder/*|{here}*.py")
    assert not system.present(f"file:{here}*.sf2")
