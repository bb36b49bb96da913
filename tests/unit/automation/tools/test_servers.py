"""What is kept of servers, and what is refused before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.automation.tools.servers import imported, program
from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.program import how_to_install
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.status import ServerState
from studio.automation.tools.servers.tool_list import ServerTool
from studio.automation.tools.servers.words import harmless
from studio.base.paths import StudioPaths
from studio.protocol.errors import StudioError


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    return Servers(StudioPaths.default(tmp_path / "home"), lambda call: call())


def test_servers_are_kept_where_only_their_user_reads_them(servers: Servers) -> None:
    servers.put(ServerEntry("notes", "notes-server", ("--here",), {"KEY": "secret"}))
    paths = servers._paths
    assert Servers(paths, lambda call: call()).entries() == servers.entries()
    assert (paths.home / "servers.json").stat().st_mode & 0o077 == 0
    assert servers.status("notes").state is ServerState.STOPPED
    servers.remove("notes")
    assert servers.entries() == []
    with pytest.raises(StudioError, match="There is no server “notes”"):
        servers.entry("notes")


def test_what_a_terminal_changes_is_seen_here(servers: Servers) -> None:
    terminal = Servers(servers._paths, lambda call: call())
    changes: list[list[tuple[str, bool]]] = []
    servers.on_change(lambda: changes.append([(e.name, e.is_on) for e in servers.entries()]))
    assert servers.entries() == []
    terminal.put(ServerEntry("notes", "notes-server"))
    assert [each.name for each in servers.entries()] == ["notes"]
    assert changes[-1] == [("notes", True)]
    terminal.put(ServerEntry("notes", "notes-server", is_on=False))
    tool = ServerTool("write", "", "", {}, "")
    with pytest.raises(StudioError, match="“notes” is off"):
        servers.call("notes", tool, {}, lambda _: None, lambda _: None)
    assert servers.status("notes").state is ServerState.OFF
    servers.put(ServerEntry("notes", "notes-server"))
    assert [each.is_on for each in terminal.entries()] == [True]
    terminal.remove("notes")
    assert servers.entries() == []


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (ServerEntry("studio", "x"), "not be “studio”"),
        (ServerEntry("a b", "x"), "letters, digits and dashes"),
        (ServerEntry("a", " "), "no command"),
        (ServerEntry("a", "x", ("1\n2",)), "line end"),
        (ServerEntry("a", "x", ("1",) * 200), "more than 100 words"),
        (ServerEntry("a", "x", environment={"A=B": "c"}), "not the name of a variable"),
        (ServerEntry("a", "x", readable=("relative",)), "full path"),
        (ServerEntry("a", "x", readable=("/no/such/folder",)), "there is no folder"),
        (ServerEntry("a", "x", writable=("/",)), "a whole home"),
        (ServerEntry("a", "x", writable=(str(Path.home()),)), "a whole home"),
        (ServerEntry("a", "x", readable=("/usr/lib",), writable=("/usr",)), "not read-only"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(servers: Servers, entry: ServerEntry, why: str) -> None:
    with pytest.raises(StudioError, match=why):
        servers.put(entry)
    assert servers.entries() == []


def test_no_server_reaches_what_the_studio_keeps(servers: Servers, tmp_path: Path) -> None:
    for folder in (tmp_path / "home", tmp_path):
        with pytest.raises(StudioError, match="what Offline Studio keeps"):
            servers.put(ServerEntry("a", "x", readable=(str(folder),)))


def test_the_block_of_other_programs_is_read_and_nothing_of_it_is_on(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "build").mkdir(parents=True)
    (project / "package.json").touch()
    (project / "build/index.js").touch()
    rows = {
        "my notes!": {"command": "node", "args": [f"{project}/build/index.js", "--x"]},
        "files": {"command": "npx", "args": ["-y", "fs", str(tmp_path)], "env": {"A": "b"}},
        "far": {"type": "http", "url": "https://example.org"},
        "odd": {"command": 5},
    }
    entries, notes = imported.read_block(json.dumps({"mcpServers": rows}))
    assert [each.name for each in entries] == ["my-notes", "files"]
    assert entries[0].readable == (str(project),)
    assert entries[1].readable == (str(tmp_path),)
    assert entries[1].environment == {"A": "b"}
    assert not any(each.is_on or each.network or each.writable for each in entries)
    assert len(notes) == 2
    assert "over the network" in notes[0]


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", "[" * 100_000, '{"mcpServers": 5}'])
def test_what_is_no_block_is_a_sentence(text: str) -> None:
    with pytest.raises(StudioError, match="not a list of MCP servers"):
        imported.read_block(text)


def test_the_identity_is_of_all_that_runs_and_all_that_it_reaches(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text("1")
    entry = ServerEntry("a", "sh", (str(script),))
    path = program.find(entry)
    seen = {program.digest(entry, path)}
    for change in ({"network": True}, {"environment": {"A": "b"}}, {"writable": (str(tmp_path),)}):
        seen.add(program.digest(ServerEntry(**{**entry.as_data(), **change}), path))
    script.write_text("2 ")
    seen.add(program.digest(entry, path))
    assert len(seen) == 5
    assert program.digest(ServerEntry(**{**entry.as_data(), "is_on": False}), path) in seen


def test_a_program_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(StudioError, match="there is no program “no-such-program”"):
        program.find(ServerEntry("a", "no-such-program"))


def test_words_lose_what_is_not_for_readers() -> None:
    assert harmless("a\x1b[2Jb\u202ec\u200bd", 100) == "abcd"
    assert harmless("<tool<tool_call>_call>x</tools><|im_end|>", 100) == "x"
    assert harmless("Zürich\n你好 👍", 100) == "Zürich\n你好 👍"
    assert harmless("12345", 3) == "123…"


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("uvx", ("mcp-server-time", "--tz", "UTC"), "“uv tool install mcp-server-time”"),
        ("/usr/bin/npx", ("-y", "@scope/files", "/data"), "“npm install --global @scope/files”"),
        ("pipx", ("run", "mcp-git"), "“pipx install mcp-git”"),
        ("python3", ("-m", "mcp_server_time"), ""),
    ],
)
def test_who_starts_a_server_by_fetching_it_is_told_to_install_it(
    command: str, arguments: tuple[str, ...], told: str
) -> None:
    said = how_to_install(ServerEntry("it", command, arguments))
    assert told in said
    assert bool(said) == bool(told)
