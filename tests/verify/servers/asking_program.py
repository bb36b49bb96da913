"""Another program: calls a tool of ``studio mcp`` so often as it is told, and prints what came."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from mcp import Client, StdioServerParameters


async def main(times: int) -> None:
    """Call it, one time after the other."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "studio", "mcp"], env=dict(os.environ)
    )
    async with Client(server) as client:
        for _ in range(times):
            came: Any = await client.call_tool("music_effect", {"prompt": "small coin"})
            print("failed" if came.is_error else "made", came.content[0].text, flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
