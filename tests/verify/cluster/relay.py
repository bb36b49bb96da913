"""A line to a port elsewhere, which is cut by ending this process: ``relay.py HOST PORT``.

A process of its own, for a test may reach nothing outside it. Prints the port where it listens.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from contextlib import closing, suppress


async def main(host: str, port: int) -> None:
    async def join(near: StreamReader, there: StreamWriter) -> None:
        far, here = await asyncio.open_connection(host, port)
        await asyncio.gather(copy(near, here), copy(far, there))

    async with await asyncio.start_server(join, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def copy(source: StreamReader, target: StreamWriter) -> None:
    with closing(target), suppress(OSError):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
