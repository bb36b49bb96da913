"""The process in which chat templates are rendered. Imports jinja2 and nothing of the studio.

Run by path with ``python -I -S``. A template is a program by a stranger: the sandbox bounds what it
may touch, the limits set here bound memory and time, and the parent kills this process when they
do not.
"""

import faulthandler
import json
import signal
import struct
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any, NoReturn

if __name__ == "__main__":
    sys.path.extend(sys.argv[3:])  # "-S" leaves out where packages lie, and all that starts there

from jinja2 import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

HEADING = struct.Struct("<I")


class Refusal(TemplateError):
    """The template itself says that it cannot render these messages."""


class GenerationBlock(Extension):
    """``{% generation %}`` marks the reply for training; here it is only its content."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[Node]:
        """Return the statements between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def make_environment() -> ImmutableSandboxedEnvironment:
    """Return the sandbox, with the few names that chat templates expect."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, GenerationBlock]
    )

    def refuse(message: object) -> NoReturn:
        raise Refusal(str(message))

    def to_json(
        value: object,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        return json.dumps(
            value,
            ensure_ascii=ensure_ascii,
            indent=indent,
            separators=separators,
            sort_keys=sort_keys,
        )

    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    return environment


def limit_memory(limit: int) -> None:
    """Bound this process's memory, where the system can."""
    try:
        import resource
    except ImportError:
        return  # Windows: the parent watches instead
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return  # macOS refuses: the parent watches instead


def watch(seconds: float) -> None:
    """End this process once it has computed for so long, in case the parent died meanwhile and
    cannot kill; 0 to end the watch."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)  # nobody handles its signal, so that it ends
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()


def render(environment: ImmutableSandboxedEnvironment, order: Mapping[str, Any]) -> dict[str, str]:
    """Return the answer to one order: ``text``, ``refusal`` or ``error``."""
    now = datetime.fromisoformat(order["now"])
    try:
        template = environment.from_string(order["template"])
        pieces: list[str] = []
        size = 0
        for piece in template.generate(strftime_now=now.strftime, **order["names"]):
            size += len(piece)
            if size > order["output_limit"]:
                return {"error": f"it returned more than {order['output_limit']} characters"}
            pieces.append(piece)
        return {"text": "".join(pieces)}
    except Refusal as refusal:
        return {"refusal": str(refusal)[:500]}
    except MemoryError:
        return {"error": "it used too much memory"}
    except Exception as error:  # noqa: BLE001  whatever a template does is an answer
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def send(stream: IO[bytes], answer: Mapping[str, str]) -> None:
    """Write one answer: its length, then JSON."""
    data = json.dumps(answer).encode()
    stream.write(HEADING.pack(len(data)) + data)
    stream.flush()


def main() -> None:
    """Answer orders until the parent closes stdin."""
    memory_limit, seconds = int(sys.argv[1]), float(sys.argv[2])
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    limit_memory(memory_limit)
    environment = make_environment()
    send(answers, {"ready": "yes"})
    while len(heading := orders.read(HEADING.size)) == HEADING.size:
        order = json.loads(orders.read(HEADING.unpack(heading)[0]))
        watch(2 * seconds)
        answer = render(environment, order)
        watch(0)
        send(answers, answer)


if __name__ == "__main__":
    main()
