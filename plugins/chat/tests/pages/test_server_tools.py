"""A chat that uses a tool of the user's server: asked about, called in the sandbox, told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel

from studio.automation.tools.servers.entry import ServerEntry
from studio.testing.scripted import Result, Tokens
from studio_chat.pages.tools.settings import ToolSettings

pytestmark = [pytest.mark.slow, pytest.mark.skipif("sys.platform != 'linux'")]

SERVER = """
import json, sys

TEXT = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "weather", "description": "The weather in a city.", "inputSchema": TEXT}
for line in sys.stdin:
    asked = json.loads(line)
    params = asked.get("params") or {}
    answer = {
        "initialize": lambda: {
            "protocolVersion": params["protocolVersion"],
            "serverInfo": {"name": "sky", "version": "1"},
            "capabilities": {"tools": {}},
        },
        "tools/list": lambda: {"tools": [TOOL]},
        "tools/call": lambda: {
            "content": [{"type": "text", "text": f"Sunny in {params['arguments']['city']}"}]
        },
    }.get(asked.get("method"))
    if answer:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer()}), flush=True)
"""


def test_a_tool_of_a_server_is_asked_about_called_and_told(desk: Any, tmp_path: Path) -> None:
    script = tmp_path / "sky.py"
    script.write_text(SERVER)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # an administrator's servers run as somebody else
    script.chmod(0o644)
    servers = desk.studio.tools.servers
    servers.put(ServerEntry("sky", sys.executable, ("-I", "-S", str(script))))
    checked: list[Any] = []
    servers.check("sky", checked.append, checked.append)
    desk.until(lambda: bool(checked))
    desk.runtime.enqueue(Tokens("Wanted: the weather.\nTools: sky__weather"), Result())
    desk.runtime.enqueue(Tokens('{"city": "Ulm"}', channel="call 1 1 sky__weather"), Result())
    desk.runtime.enqueue(Tokens("It is sunny."), Result())
    desk.page.session.change_tools(ToolSettings(on=True))
    desk.begin("what is the weather in Ulm like?")

    def card() -> Any:
        last = desk.page.thread_view.last_card(mine=False)
        cards = last.body.calls.cards if last is not None else []
        return cards[0] if cards and cards[0].approval is not None else None

    desk.until(lambda: card() is not None)
    labels = [each.text() for each in card().approval.findChildren(QLabel)]
    assert any("It belongs to your server sky." in each for each in labels), labels
    card().approval.once.click()
    desk.over()
    assert desk.page.thread_view.last_card(mine=False).body.calls.cards[0].words == "Sunny in Ulm"
    assert desk.thread()[-1][1] == "It is sunny."
