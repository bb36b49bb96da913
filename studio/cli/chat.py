"""``studio chat``: a conversation in the terminal, saved in the library like any other."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from studio.api.jobs import JobRequest
from studio.api.params import Params
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser, add_flags, values_of
from studio.cli.terminal.job_progress import PUMP_SECONDS, JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.library.rows import Conversation, MessageState
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState, Priority
from studio.studio import Studio
from studio.terminals import OpenStudio

TASK = "chat.reply"
_TITLE_CHARACTERS = 60

HELP = """\
/help           list the commands
/new            start a new conversation
/system TEXT    set the system prompt; without TEXT, remove it
/quit           exit (also Ctrl+D)
Ctrl+C stops a reply. End a line with \\ to continue on the next one."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Talk until the user leaves."""
    host = session.plugins
    host.task(TASK)  # says what is missing, if it is
    arguments, params = _arguments(argv, host.params_class(TASK))
    with session.at_work(talks=True) as studio:
        chat = Chat(studio, params, arguments.system)
        if arguments.resume is not None:
            chat.resume(arguments.resume)
        code = chat.talk()
    return code if session.saves else ExitCode.CANNOT_SAVE


def _arguments(argv: Sequence[str], params: type[Params]) -> tuple[Namespace, dict[str, Any]]:
    parser = ArgumentParser(
        prog="studio chat",
        usage="studio chat [--FLAG VALUE …]",
        description="Chat with a language model. Everything stays on this machine.",
        epilog=f"commands:\n{HELP}",
    )
    parser.add_argument(
        "--resume", nargs="?", const="", metavar="ID", help="continue the latest conversation"
    )
    parser.add_argument("--system", metavar="TEXT", help="system prompt")
    add_flags(parser, params, leave_out=("prompt", "system"))
    arguments = parser.parse_args(argv)
    return arguments, values_of(arguments, params)


@dataclass
class Chat:
    """A conversation under way.

    Attributes:
        params: Of each reply.
        system: What the model is told to be; empty for nothing, None for what the weights say.
    """

    studio: Studio | OpenStudio
    params: dict[str, Any]
    system: str | None = None
    conversation: Conversation | None = None

    def resume(self, wanted: str) -> None:
        """Go on with a conversation, by id, or with the latest.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        conversations = self.studio.library.conversations
        if wanted:
            self.conversation = conversations.get(wanted)
        elif latest := conversations.list(limit=1):
            self.conversation = latest[0]
        else:
            raise StudioError(ErrorCode.NOT_FOUND, "There is no conversation to continue.")
        if self.system is None:
            self.system = self.conversation.system
        for message in conversations.thread(self.conversation.id):
            output.say(f"{'›' if message.role == 'user' else ' '} {message.content}")

    def talk(self) -> int:
        """Read lines and answer them until there are no more."""
        _use_line_editing()
        if sys.stdin.isatty():
            output.hint("Enter a message. /help lists the commands; /quit exits.")
        while True:
            try:
                with self._at_work_for_others():
                    line = _read()
            except EOFError:
                return ExitCode.OK
            except KeyboardInterrupt:
                output.hint("\n/quit or Ctrl+D exits.")
                continue
            if line.startswith("/"):
                if not self._obey(*line[1:].split(maxsplit=1)):
                    return ExitCode.OK
            elif line:
                self._answer_or_explain(line)

    @contextmanager
    def _at_work_for_others(self) -> Iterator[None]:
        """While the user types, go on with what other terminals ask of the studio opened here."""
        studio, over = self.studio, threading.Event()

        def pump() -> None:
            while not over.is_set():
                studio.pump(PUMP_SECONDS)

        pumping = threading.Thread(target=pump, daemon=True)
        if isinstance(studio, Studio):
            pumping.start()
        try:
            yield
        finally:
            over.set()
            if pumping.ident:
                pumping.join()

    def _obey(self, command: str = "", rest: str = "") -> bool:
        """Execute a line that starts with ``/``; return False to end the conversation."""
        if command in ("quit", "exit", "q"):
            return False
        if command == "new":
            self.conversation = None
            output.hint("New conversation.")
        elif command == "system":
            self.system = rest
            if self.conversation:
                conversations = self.studio.library.conversations
                self.conversation = conversations.update(self.conversation.id, system=rest)
            output.hint("System prompt set." if rest else "System prompt removed.")
        else:
            output.hint(HELP if command == "help" else f"Unknown command /{command}.\n{HELP}")
        return True

    def _answer_or_explain(self, prompt: str) -> None:
        try:
            self._answer(prompt)
        except StudioError as error:
            output.hint(str(error))

    def _answer(self, prompt: str) -> None:
        conversations = self.studio.library.conversations
        if self.conversation is None:
            title = output.one_line(prompt, _TITLE_CHARACTERS)
            if self.system is None:
                kind = self.studio.plugins.params_class(TASK)
                filled = self.studio.weights_manager.filled(kind, self.params)
                self.system = str(filled.get("system", ""))
            self.conversation = conversations.create(title, system=self.system)
        here = self.conversation.id
        question = conversations.add_message(here, conversations.get(here).head, "user", prompt)
        job = self.studio.submit(self._request(here))
        # In the open studio or here: if either dies, what was written is kept at the next start.
        reply = conversations.add_message(
            here, question.id, "assistant", state=MessageState.PARTIAL, record=job.record
        )
        journal = conversations.journal(reply.id)
        try:
            JobProgress(self.studio).follow(job, journal.append)
        finally:
            is_whole = job.state is JobState.DONE
            conversations.update_message(
                reply.id,
                content=journal.text,
                state=MessageState.COMPLETE if is_whole else MessageState.INTERRUPTED,
                extra={k: v for k, v in job.result.items() if k != "text"},
            )
            journal.remove()
        if job.state is JobState.CANCELLED:
            output.hint("(stopped)")
        if job.error is not None:
            raise job.error
        for words in _to_be_known(job.result):
            output.hint(f"({words})")

    def _request(self, conversation: str) -> JobRequest:
        thread = self.studio.library.conversations.thread(conversation)
        messages = [{"role": m.role, "content": m.content} for m in thread if m.content]
        return JobRequest(
            TASK,
            {**self.params, "assisted": True, "system": self.system},
            priority=Priority.INTERACTIVE,
            inputs={"messages": messages},
            keep=False,
            conversation=conversation,
        )


def _to_be_known(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what should be known about how a reply came to be."""
    if note := result.get("note"):
        yield str(note)
    if dropped := result.get("dropped"):
        messages = "message was" if dropped == 1 else f"{dropped} messages were"
        yield f"the oldest {messages} left out because the context is full"
    if result.get("finish_reason") == "length":
        yield "the reply reached the maximum length; change it with --max-tokens"
    if result.get("finish_reason") == "context":
        yield (
            "the context is full: ask the model to continue, and the oldest messages will be left "
            "out"
        )


def _read() -> str:
    """Return the next prompt; a backslash at the end of a line joins it with the next."""
    lines: list[str] = []
    while True:
        shown = ("› " if not lines else "… ") if sys.stdin.isatty() else ""
        line = input(shown)
        lines.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            return "\n".join(lines).strip()


def _use_line_editing() -> None:
    """Let arrow keys recall and edit lines, where Python has it (not on Windows)."""
    if sys.stdin.isatty():
        try:
            import readline  # noqa: F401 - importing it is all it takes
        except ImportError:
            return
