"""``studio serve``: the local server until Ctrl+C. The protocol is in ``studio.serving``."""

from __future__ import annotations

import time
from collections.abc import Sequence

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession

_LOOK_SECONDS = 3.0
_ABOUT = """\
Programs on this machine can use the OpenAI API: /v1/models, /v1/chat/completions,
/v1/completions (with suffix, to fill in the middle; /infill as llama.cpp has it, for
llama.vim and its like), /v1/embeddings, /v1/responses,
/v1/images/generations, /v1/audio/speech (WAV), /v1/audio/transcriptions and
/v1/audio/translations. The server listens on local addresses only; from another
machine, use a tunnel (ssh -L).

Names of OpenAI's models (gpt-4o, text-embedding-3-small, tts-1, whisper-1, dall-e-3) stand for
the best installed model of that kind; the reply names it.

For structured output, use response_format (json_object, json_schema), or the fields
json_schema, regex and grammar (Lark). Models call tools; arguments fit their schemas.

A reply has at most max_tokens tokens (default 1024); -1 means as many as the context
allows. If a conversation is too long, its oldest messages are left out; “dropped” in
the reply tells how many.

The key stays the same until --new-key replaces it. It is saved in the file shown,
readable by you alone. `studio serve keys create NAME` makes one for a single program.
Anyone with a key can generate text, pictures and speech, and list models. Only one server can
run at a time."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Serve until the user ends it; ``serve keys`` manages keys instead."""
    if argv and argv[0] == "keys":
        from studio.cli import serve_keys

        return serve_keys.main(argv[1:], session)
    parser = ArgumentParser(
        prog="studio serve",
        description="Start a local OpenAI-compatible API server.",
        epilog=_ABOUT,
    )
    parser.add_argument(
        "--port", type=int, metavar="N", help="0 for automatic; default: the pinned port, or 0"
    )
    parser.add_argument("--pin", action="store_true", help="always use this port")
    parser.add_argument(
        "--new-key", action="store_true", help="replace the key; the old one stops working"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    from studio.serving import PORT, LocalServer
    from studio.terminals import Terminals

    if arguments.pin and arguments.port is None:
        parser.error("--pin needs --port")
    with session.studio() as studio:
        server = LocalServer(studio, arguments.port)
        terminals = Terminals(studio)
        if arguments.new_key:
            server.token.renew()
        if arguments.pin:
            studio.settings.set(PORT, arguments.port)
        facts = {"address": server.address, "token_file": str(server.token.path)}
        if arguments.json:
            output.print_json(facts)
        else:
            output.say(f"address  {server.address}\nkey      in {server.token.path}")
            output.say(f"try it   {server.example}")
            output.hint("Press Ctrl+C to stop.")
        try:
            looked = time.monotonic()
            while server.is_running:
                studio.pump(0.1)
                if time.monotonic() > looked + _LOOK_SECONDS:  # models that have come meanwhile
                    looked = time.monotonic()
                    studio.scans.look()
        except KeyboardInterrupt:
            return ExitCode.OK
        finally:
            terminals.close()
            server.close()
    return ExitCode.PROBLEMS
