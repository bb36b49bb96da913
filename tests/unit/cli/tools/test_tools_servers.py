"""``studio tools servers``: for people and as JSON; nothing of an environment is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from studio.cli.terminal.exit_code import ExitCode
from studio.protocol.errors import ErrorCode
from tests.unit.cli.conftest import one_object

Command = Callable[..., tuple[int, str, str]]


def test_servers_are_added_listed_switched_and_removed(command: Command, tmp_path: Path) -> None:
    more = ("--read", str(tmp_path / "docs"), "--env", "KEY=secret")
    (tmp_path / "docs").mkdir()
    code, out, _ = command("tools", "servers", "add", "notes", *more, "--", "notes", "--here")
    assert code == ExitCode.OK
    assert f"reads {tmp_path}/docs, no network" in out
    row = one_object(command("tools", "servers", "list", "--json")[1])["servers"][0]
    assert row["arguments"] == ["--here"]
    assert row["environment"] == ["KEY"]
    assert command("tools", "servers", "off", "notes")[0] == ExitCode.OK
    code, out, err = command("tools", "servers", "list")
    assert "off, not checked yet" in out
    assert "secret" not in out + err
    assert command("tools", "servers", "remove", "notes")[0] == ExitCode.OK
    assert command("tools", "servers", "remove", "notes")[0] == ExitCode.of(ErrorCode.NOT_FOUND)


def test_the_block_of_another_program_is_added_off(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    rows = {"a": {"command": sys.executable, "args": ["x"]}, "b": {"url": "https://example.org"}}
    file.write_text(json.dumps({"mcpServers": rows}))
    said = one_object(command("tools", "servers", "import", str(file), "--json")[1])
    assert [(each["name"], each["is_on"]) for each in said["added"]] == [("a", False)]
    assert len(said["notes"]) == 1
    again = one_object(command("tools", "servers", "import", str(file), "--json")[1])
    assert again["added"] == []


def test_a_program_that_is_not_there_is_a_sentence(command: Command) -> None:
    command("tools", "servers", "add", "a", "--", "no-such-program")
    code, _, err = command("tools", "servers", "check", "a")
    assert code != ExitCode.OK
    assert "there is no program “no-such-program”" in err
    assert "Traceback" not in err
