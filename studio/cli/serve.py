"""``studio serve``: the local server until Ctrl+C. The protocol is in ``studio.serving``."""

from __future__ import annotations

from collections.abc import Sequence

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession

_ABOUT = """\
Other programs of this machine may ask for text as they ask OpenAI: /v1/models,
/v1/chat/completions, /v1/completions, /v1/embeddings. Nothing but this machine's
own addresses is listened on; from another one, use a tunnel (ssh -L).

An answer has a form if the request says so: response_format (json_object,
json_schema), or the fields json_schema, regex and grammar (Lark).

An answer has at most 1024 tokens, or what max_tokens says; -1 is as many as the
model has room for. Of a conversation that is too long the oldest messages are
left out; “dropped” in the answer says how many.

The key lasts until --new-key draws another one. It is in the file that is named,
readable by you alone, and in no address. Whoever has it may generate text and list
models. A home has one server at a time."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Serve until the user ends it."""
    parser = ArgumentParser(
        prog="studio serve", description="Let programs of this machine ask for text.", epilog=_ABOUT
    )
    parser.add_argument(
        "--port", type=int, metavar="N", help="0 for any free one; by default what was pinned, or 0"
    )
    parser.add_argument("--pin", action="store_true", help="use this port from now on")
    parser.add_argument(
        "--new-key", action="store_true", help="draw another key; the old one stops working"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    from studio.serving import PORT, LocalServer

    if arguments.pin and arguments.port is None:
        parser.error("--pin needs --port")
    with session.studio() as studio:
        server = LocalServer(studio, arguments.port)
        if arguments.new_key:
            server.token.renew()
        if arguments.pin:
            studio.settings.set(PORT, arguments.port)
        told = {"address": server.address, "token_file": str(server.token.path)}
        if arguments.json:
            output.print_json(told)
        else:
            output.say(f"address  {server.address}\nkey      in {server.token.path}")
            output.say(f"try it   {server.example}")
            output.hint("Ctrl+C ends it.")
        try:
            while server.is_running:
                studio.pump(0.1)
        except KeyboardInterrupt:
            return ExitCode.OK
        finally:
            server.close()
    return ExitCode.PROBLEMS
