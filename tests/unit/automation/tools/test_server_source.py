"""Tools of servers beside those of tasks, by what is known of them: nothing is started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.source import ServerSource
from studio.automation.tools.servers.tool_list import ServerTool
from studio.base.paths import StudioPaths
from studio.library import Library
from studio.protocol.errors import StudioError

READ = ServerTool("files.read", "Read a file", "Reads a file.", {"type": "object"}, "d1")


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    servers = Servers(StudioPaths.default(tmp_path / "home"), lambda call: call())
    servers.put(ServerEntry("files", "true", network=True))
    _looked_at(servers, READ)
    return servers


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(StudioPaths.default(tmp_path / "home")) as library:
        yield library


def _looked_at(servers: Servers, tool: ServerTool, identity: str = "i1") -> None:
    servers._file.set("tools.files", {"identity": identity, "tools": [asdict(tool)]})
    servers._tell()


def test_a_tool_says_whose_it_is_and_what_it_may_do(servers: Servers, library: Library) -> None:
    source = ServerSource(servers, library)
    (tool,) = source.tools()
    assert tool.name == "files__files_read"
    assert tool.title == "files: Read a file"
    assert tool.source == "server:files:i1"
    assert source.groups() == [("server:files", "files")]
    assert tool.effects.runs_code
    assert tool.effects.writes_outside


def test_another_server_or_another_schema_is_another_tool(
    servers: Servers, library: Library
) -> None:
    source = ServerSource(servers, library)
    first = source.tools()[0]
    _looked_at(servers, replace(READ, schema={"type": "object", "title": "x"}))
    second = source.tools()[0]
    _looked_at(servers, READ, "i2")
    third = source.tools()[0]
    assert len({each.digest for each in (first, second, third)}) == 3
    with pytest.raises(StudioError, match="has changed or is not there"):
        source.call(first, {})


def test_a_server_that_is_off_offers_nothing(servers: Servers, library: Library) -> None:
    servers.put(replace(servers.entry("files"), is_on=False))
    assert ServerSource(servers, library).tools() == []
    servers.put(replace(servers.entry("files"), is_on=True))
    assert len(ServerSource(servers, library).tools()) == 1
    servers.put(replace(servers.entry("files"), network=False))
    assert ServerSource(servers, library).tools() == [], "it reaches other things: look again"
