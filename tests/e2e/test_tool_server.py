"""A real server in a real studio: its tools are in the catalogue, and what they make is kept."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from studio.api.artifacts import Kind
from studio.api.window.tools import Approval, ToolResult
from studio.automation.tools.servers.entry import ServerEntry
from studio.protocol.errors import StudioError
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import ScriptedRuntime

pytestmark = [pytest.mark.slow, pytest.mark.skipif("sys.platform != 'linux'")]


def _outcome(studio: Studio, name: str, arguments: dict[str, Any], conversation: str = "c") -> Any:
    said: list[Any] = []
    call = studio.tools.call(name, arguments, conversation=conversation)
    call.on_done(said.append).on_failed(said.append)
    pump_until(studio, lambda: bool(said))
    return said[0]


def test_a_server_of_the_package_works_as_a_tool(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for folder in {notes, tmp_path, *tmp_path.parents[:2]} - {Path(tempfile.gettempdir())}:
        folder.chmod(0o755)  # an administrator's servers run as somebody else
    for path in (notes / "a.txt", tmp_path / "b.txt"):
        path.write_text("Milk")
        path.chmod(0o644)
    # As installers leave it: a link whose program finds its parts where that leads.
    package = tmp_path / "package"
    package.mkdir(mode=0o755)
    shutil.copy(Path(__file__).with_name("tool_server.py"), package)
    started = "import runpy\nrunpy.run_module('tool_server', run_name='__main__')\n"
    (package / "main.py").write_text(f"#!{sys.executable}\n{started}")
    (package / "main.py").chmod(0o755)
    (tmp_path / "notes-server").symlink_to("package/main.py")
    studio = Studio.open(home=tmp_path / "home", launch=ScriptedRuntime().launch)
    try:
        servers = studio.tools.servers
        lent = (str(notes), str(package))
        entry = ServerEntry("notes", str(tmp_path / "notes-server"), readable=lent)
        servers.put(entry)
        assert not any(tool.group == "server:notes" for tool in studio.tools.all())
        checked: list[Any] = []
        servers.check("notes", checked.append, checked.append)
        pump_until(studio, lambda: bool(checked))
        assert not isinstance(checked[0], StudioError), checked[0]
        tool = studio.tools.get("notes__read_note")
        assert ("server:notes", "notes") in studio.tools.groups()
        studio.tools.approve(tool, "c", Approval.ALWAYS)
        assert studio.tools.approval(tool, "c") is Approval.ALWAYS

        assert _outcome(studio, tool.name, {"file": f"{notes}/a.txt"}) == ToolResult("Milk")
        outside = _outcome(studio, tool.name, {"file": f"{tmp_path}/b.txt"})
        assert isinstance(outside, StudioError)
        assert "No such file" in outside.message or "denied" in outside.message

        drawn = _outcome(studio, "notes__draw", {})
        (picture,) = drawn.artifacts
        assert studio.library.artifact(picture).kind == Kind.IMAGE
        private = _outcome(studio, "notes__draw", {}, conversation="")
        assert private.artifacts == ()
        assert "not kept" in private.text

        servers.put(ServerEntry(**{**entry.as_data(), "network": True}))
        servers.check("notes", checked.append, checked.append)
        pump_until(studio, lambda: len(checked) == 2)
        again = studio.tools.get("notes__read_note")
        assert studio.tools.approval(again, "c") is Approval.ASK, "another reach, another server"
    finally:
        studio.close()
