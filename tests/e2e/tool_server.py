"""A server as their authors write them, with the package ``mcp``."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

from mcp import types
from mcp.server import Server
from mcp.server.stdio import stdio_server

_FILE = {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]}


async def _list(context: Any, params: Any) -> types.ListToolsResult:
    tools = [
        types.Tool(name="read_note", description="Reads a note.", input_schema=_FILE),
        types.Tool(name="draw", title="Draw", input_schema={"type": "object"}),
    ]
    return types.ListToolsResult(tools=tools)


async def _call(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    if params.name == "draw":
        return types.CallToolResult(content=[_picture(), types.TextContent(text="Drawn.")])
    return _read(Path((params.arguments or {})["file"]))


def _read(path: Path) -> types.CallToolResult:
    try:
        text = path.read_text()
    except OSError as error:
        text = f"{path.name}: {error.strerror}"
        return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
    resource = types.TextResourceContents(uri=path.as_uri(), text=text)
    return types.CallToolResult(content=[types.EmbeddedResource(resource=resource)])


def _picture() -> types.ImageContent:
    from PIL import Image

    held = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(held, "PNG")
    return types.ImageContent(
        data=base64.b64encode(held.getvalue()).decode(), mime_type="image/png"
    )


async def _main() -> None:
    server: Server[Any] = Server("notes", on_list_tools=_list, on_call_tool=_call)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(_main())
