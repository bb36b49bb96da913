"""One run of tools for a reply: choice, approval and execution, until the text can follow.

Knows no widget. Each step is in the library before the next begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.api import JobRequest, PluginContext, StudioError, WorkQueue
from studio.api.window.language import tr
from studio.api.window.tools import Approval, Tool, ToolCall, ToolResult
from studio_chat.pages.open_conversation import OpenConversation
from studio_chat.pages.pictures import sees, why_blind
from studio_chat.pages.thread.turns import (
    Reply,
    Turn,
    as_messages,
    documents_of,
    pictures_of,
)
from studio_chat.pages.tools.offer import offered, tool_of
from studio_chat.tools import choice, own
from studio_chat.tools.calls import (
    ASKED,
    DONE,
    FAILED,
    OVER,
    REFUSED,
    RUNNING,
    STOPPED,
    Call,
    Made,
    as_told,
    document_words,
    known_results,
    messages_of,
    next_word,
)
from studio_chat.tools.plan import Comparison, Planning, planning, similarity_in

TASK = "chat.reply"
RANK = "chat.rank"
MOST_STEPS = 8
"""Of one run, unless the settings say otherwise."""
_MOST_CHOICES = 3
"""So often a run may choose anew after something failed."""
_MOST_TRIES = 3
"""So often a program is written until one ends well."""


class ToolRun:
    """The tools of one reply.

    Attributes:
        path: The branch before the reply.
    """

    def __init__(
        self,
        ctx: PluginContext,
        work_queue: WorkQueue,
        session: OpenConversation,
        reply: Reply,
        path: Sequence[Turn],
        *,
        write: Callable[[], None],
        end: Callable[[StudioError | None], None],
    ) -> None:
        """Begin with nothing.

        Args:
            write: Has the words written that follow the last step.
            end: Ends the reply without any: it failed, or was stopped.
        """
        self._ctx, self._work_queue, self._session = ctx, work_queue, session
        self._reply, self.path = reply, list(path)
        self._write, self._end = write, end
        attached = session.instructions.documents(session.folder, documents_of(self.path))
        files = [path for path in attached if not Path(path).is_dir()]
        self._documents = document_words(files)
        pictures = pictures_of(self.path)
        self._seen = pictures if sees(ctx, reply.weights) else []
        """Pictures that the model looks at while it chooses; tools work on the others, too."""
        self._files = {**self._documents, **document_words(pictures, "picture")}
        self._suffixes = {word: path.suffix.lower() for word, path in self._files.items()}
        self._call: ToolCall | None = None
        self._choices = 0
        self._tools: dict[str, Tool] = {}
        self._repeated: set[str] = set()
        """Tools whose failed call the model asked for again: a further choice is without them."""

    # --- the way of a run ---------------------------------------------------------------------

    def start(self) -> None:
        """Choose tools, or go on where a run was cut."""
        calls = self._reply.calls
        if calls and calls[-1].state in (ASKED, RUNNING, STOPPED):
            self._propose(calls[-1])
        elif calls or self._reply.plan:
            self._next()
        else:
            self._choose()

    def stop(self) -> None:
        """Stop the running step; finished artifacts stay."""
        call = self._current()
        if self._call is not None:
            self._call.cancel()
        elif self._reply.job is not None and not self._reply.job.state.is_terminal:
            self._reply.job.cancel()
        else:
            if call is not None:
                call.state = STOPPED
            self._end(None)

    def _choose(self) -> None:
        """Ask the model which tools are needed."""
        request = self._request()
        kinds = [*(m.kind for m in self._known().values()), *choice.document_kinds(self._suffixes)]
        self._choices += 1
        tools = offered(self._ctx, self._session, self._documents)
        tools = [tool for tool in tools if tool.name not in self._repeated]
        plan = planning(
            request,
            tools,
            lambda text: self._ctx.tools.likely(text, choice.MOST_RANKED, tools),
            [*self._known(), *self._files],
            kinds,
            self._so_far(),
        )
        self._plan_on(plan, None)

    def _plan_on(self, plan: Planning, answer: Any) -> None:
        """Ask the next question of a plan, or start the planned steps."""
        try:
            request = plan.send(answer)
        except StopIteration as end:
            self._reply.plan, self._tools = end.value
            self._planned()
            return
        if isinstance(request, Comparison):
            self._compare(request, lambda similarity: self._plan_on(plan, similarity))
        else:
            self._ask(request, lambda text: self._plan_on(plan, text))

    def _planned(self) -> None:
        if not self._reply.plan:
            self._finish()
        elif self._session.tools.plan:
            self._reply.waits_for_plan = True
            self._keep()
        else:
            self._next()

    def begin_plan(self, steps: Sequence[str]) -> None:
        """Do the steps of the plan that the user agreed to."""
        if self._reply.waits_for_plan:
            self._reply.waits_for_plan = False
            self._reply.plan = list(steps)
            self._next()

    def _next(self) -> None:
        """Begin the next step, or let words follow."""
        reply = self._reply
        if reply.stopping:
            self._end(None)
            return
        most = self._most()
        if reply.plan and len(reply.calls) >= most:
            reply.note = tr("The run ended after {most} steps, as set in Settings.").format(
                most=most
            )
            reply.plan = []
        if not reply.plan:
            failed = bool(reply.calls) and reply.calls[-1].state == FAILED
            if failed and self._choices < _MOST_CHOICES and len(reply.calls) < most:
                self._choose()
            else:
                self._finish()
            return
        tool = self._tool(reply.plan.pop(0))
        if tool is None:
            self._next()
        elif missing := choice.lacks(tool, self._known(), self._suffixes):
            message = f"There is no {' or '.join(missing)} to work on yet."
            self._add(Call(tool.name, tool.title, state=FAILED, told=message))
            self._next()
        else:
            self._ask_arguments(tool)

    def _finish(self) -> None:
        blind = pictures_of(self.path[-1:]) and why_blind(self._ctx, self._reply.weights)
        if not self._reply.calls:
            self._reply.note = blind or self._reply.note or tr("No tool was used.")
        self._keep()
        self._write()

    def _ask_arguments(
        self, tool: Tool, failed: Call | None = None, *, whole: bool = False
    ) -> None:
        """Have the model write the arguments of a call; once more if those it wrote do not fit.

        Args:
            whole: The call is for all of the request, not for one of its parts.
        """
        tried = messages_of({"calls": [failed.plain()]}) if failed is not None else []
        messages = [*as_messages(self.path, self._seen), *self._own_messages(), *tried]
        before = len(self._reply.calls)
        steps = before + 1 + len(self._reply.plan)
        part = "" if whole else choice.part_of(self._request(), before, steps)
        question = choice.call_question(messages, tool, self._known(), self._suffixes, part)

        def written(text: str) -> None:
            arguments = choice.arguments_in(text)
            if arguments is None:
                message = "The arguments were cut off."
                self._add(Call(tool.name, tool.title, state=FAILED, told=message))
                self._next()
                return
            given = {
                name: value for name, value in arguments.items() if value not in ("", [], None)
            }
            call = Call(tool.name, tool.title, given)
            if failed is None and (wrong := self._wrong(tool, given)):
                self._ask_arguments(tool, replace(call, state=FAILED, told=wrong))
                return
            self._proposed(call)

        self._ask(question, written)

    def _wrong(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        """Return the task's complaint about arguments before approval; files are checked later."""
        if tool.name in own.BY_NAME or not tool.files.keys().isdisjoint(arguments):
            return ""
        try:
            if (params := self._ctx.tools.params(tool.name)) is not None:
                params.parse(dict(arguments))
        except StudioError as error:
            return f"{error.message} {error.hint}".strip()
        return ""

    def _proposed(self, call: Call) -> None:
        same = next((other for other in self._reply.calls if other.key == call.key), None)
        if same is not None:
            self._reply.plan = []
            if same.state == FAILED and self._choices < _MOST_CHOICES:
                self._repeated.add(call.name)
                self._choose()
                return
            self._reply.note = tr(
                "The model asked for the same step again, so the run ended: {title}."
            ).format(title=call.title)
            self._finish()
            return
        self._add(call)
        self._propose(call)

    def _propose(self, call: Call) -> None:
        """Do a call if that is allowed already; else wait for the user."""
        tool = self._tool(call.name)
        if tool is None:
            call.state, call.told = FAILED, "There is no such tool any more."
            self._next()
            return
        call.state = ASKED
        approval = self._ctx.tools.approval(tool, self._session.id)
        if tool.name in own.HARMLESS or approval is Approval.ALWAYS:
            self._do(call, tool)
        else:
            self._reply.asks = True
            self._keep()

    # --- what the user says -------------------------------------------------------------------

    def allow(self, arguments: Mapping[str, Any], *, always: bool) -> None:
        """Do the call that waits, with ``arguments`` as the user left them."""
        call = self._current()
        tool = self._tool(call.name) if call is not None else None
        if call is None or tool is None or call.state != ASKED:
            return
        call.arguments = dict(arguments)
        if always:
            self._ctx.tools.approve(tool, self._session.id, Approval.ALWAYS)
        self._do(call, tool)

    def refuse(self, *, never: bool) -> None:
        """Leave the call that waits undone."""
        call = self._current()
        if call is None or call.state != ASKED:
            return
        tool = self._tool(call.name)
        if never and tool is not None:
            self._ctx.tools.approve(tool, self._session.id, Approval.NEVER)
        self._reply.asks = False
        call.state = REFUSED
        self._reply.plan = [name for name in self._reply.plan if name != call.name or not never]
        self._keep()
        self._next()

    # --- doing --------------------------------------------------------------------------------

    def _do(self, call: Call, tool: Tool) -> None:
        self._reply.asks = False
        call.state, call.message = RUNNING, ""
        self._keep()
        if tool.name in own.HARMLESS:
            arguments, documents = dict(call.arguments), self._documents
            self._work_queue.do(
                lambda: own.answer(self._ctx, tool.name, arguments, documents),
                lambda outcome: self._done(call, outcome.text, outcome.results, found=True),
                lambda error: self._failed(call, error),
            )
            return
        try:
            if tool.name == own.RUN_CODE.name:
                self._run_code(call)
                return
            self._call = under_way = self._ctx.tools.call(
                tool.name,
                self._with_ids(call.arguments, tool),
                conversation=self._session.id,
                documents=self._files,
            )
        except StudioError as error:
            self._failed(call, error)
            return
        under_way.on_progress(lambda *news: self._progress(call, *news))
        under_way.on_done(lambda result: self._look_up(call, result))
        under_way.on_failed(lambda error: self._failed(call, error))
        under_way.on_cancelled(lambda: self._stopped(call))

    def _run_code(self, call: Call) -> None:
        code = str(call.arguments.get("code", ""))
        job = self._ctx.tasks.submit(own.run_request(code, self._session.id))
        self._reply.job = job
        job.on_done(lambda result: self._ran(call, result))
        job.on_failed(lambda error: self._failed(call, error))
        job.on_cancelled(lambda: self._stopped(call))

    def _ran(self, call: Call, result: Mapping[str, Any]) -> None:
        """Take the output of a program; have a failed one written once more."""
        output, failed = own.printed(result), own.fault_of(result)
        if not failed:
            self._done(call, output, ())
            return
        call.state, call.told = FAILED, " ".join(filter(None, (output, failed)))
        self._keep()
        tries = sum(other.name == call.name for other in self._reply.calls)
        if tries < _MOST_TRIES and len(self._reply.calls) < self._most():
            self._ask_arguments(own.RUN_CODE, whole=True)
        else:
            self._next()

    def _with_ids(self, arguments: Mapping[str, Any], tool: Tool) -> dict[str, Any]:
        """Return arguments in which results go by their ids, documents by their words."""
        artifacts = self._known()
        return {
            name: artifacts[value].id if name in tool.files and value in artifacts else value
            for name, value in arguments.items()
        }

    def _progress(self, call: Call, done: float, total: float, message: str) -> None:
        call.done, call.total, call.message = done, total, message
        self._session.tell("reply_changed")

    def _look_up(self, call: Call, result: ToolResult) -> None:
        library = self._ctx.library
        self._work_queue.do(
            lambda: [library.artifact(id) for id in result.artifacts],
            lambda artifacts: self._done(call, result.text, artifacts),
            lambda error: self._failed(call, error),
        )

    def _done(self, call: Call, text: str, results: Sequence[Any], *, found: bool = False) -> None:
        self._call = None
        artifacts, rows = self._known(), []
        for result in results:
            word = next((w for w, m in artifacts.items() if m.id == result.id), "")
            word = word or next_word(result.kind, artifacts)
            artifacts[word] = one = Made(word, result.id, result.kind, result.title[:80], found)
            rows.append(one)
        call.results, call.told, call.state = tuple(rows), text, DONE
        if found and rows:
            call.told = f"{text} {', '.join(f'{m.word}: {m.title}' for m in rows)}"
        self._keep()
        self._next()

    def _failed(self, call: Call, error: StudioError) -> None:
        self._call = None
        call.state, call.told = FAILED, f"{error.message} {error.hint}".strip()
        self._keep()
        self._next()

    def _stopped(self, call: Call) -> None:
        self._call = None
        call.state = STOPPED
        if self._reply.stopping:
            self._end(None)
        else:  # from the list of jobs: the run goes on without it
            self._keep()
            self._next()

    # --- asking the model ---------------------------------------------------------------------

    def _compare(self, comparison: Comparison, then: Callable[[Any], None]) -> None:
        """Have the tools compared with the request by meaning; nothing where nothing can."""
        if not self._ctx.weights.for_capability("embedding"):
            then(())
            return
        request = JobRequest(RANK, comparison.params, title=self._session.title, keep=False,
                             private=True, conversation=self._session.id)  # fmt: skip
        try:
            self._reply.job = job = self._ctx.tasks.submit(request)
        except StudioError:  # words decide
            then(())
            return
        job.on_done(lambda result: then(similarity_in(result)))
        job.on_failed(lambda _error: then(()))
        job.on_cancelled(lambda: self._end(None))
        self._session.tell("reply_changed")

    def _ask(self, question: choice.Question, then: Callable[[str], None]) -> None:
        """Have the model answer a question that no one sees."""
        reply, pieces = self._reply, list[str]()
        request = JobRequest(
            TASK,
            {**question.params, "weights": reply.weights, "pictures": self._seen},
            title=self._session.title,
            inputs=question.inputs(),
            keep=False,
            private=True,
            conversation=self._session.id,
        )
        try:
            reply.job = job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._end(error)
            return
        wanted = "call" if question.tools else ""
        job.on_state(lambda state, reason: self._on_state(reply, state, reason))
        job.on_text(
            lambda text, _tokens, channel: (
                pieces.append(text) if channel.partition(" ")[0] == wanted else None
            )
        )
        job.on_done(lambda _result: then("".join(pieces)))
        job.on_failed(self._end)
        job.on_cancelled(lambda: self._end(None))
        self._session.tell("reply_changed")

    def _on_state(self, reply: Reply, state: Any, reason: str) -> None:
        reply.state, reply.reason, reply.share = state, reason, None
        self._session.tell("reply_changed")

    # --- what there is ------------------------------------------------------------------------

    def _tool(self, name: str) -> Tool | None:
        return self._tools.get(name) or tool_of(self._ctx, name)

    def _most(self) -> int:
        most = self._ctx.settings.get("tool_steps", MOST_STEPS)
        return most if isinstance(most, int) and most > 0 else MOST_STEPS

    def _request(self) -> str:
        return next((turn.content for turn in reversed(self.path) if turn.mine), "")

    def _known(self) -> dict[str, Made]:
        own_calls = {"calls": [call.plain() for call in self._reply.calls]}
        return known_results([*(turn.extra for turn in self.path), own_calls])

    def _so_far(self) -> str:
        return "; ".join(f"{call.name}: {as_told(call)[:200]}" for call in self._reply.calls)

    def _own_messages(self) -> list[dict[str, Any]]:
        return as_messages([Turn("", "assistant", "", extra=self._reply.run_facts())])

    def _current(self) -> Call | None:
        calls = self._reply.calls
        return calls[-1] if calls and calls[-1].state not in OVER else None

    def _add(self, call: Call) -> None:
        self._reply.calls.append(call)
        self._keep()

    def _keep(self) -> None:
        """Write down how far the run is, and show it."""
        reply, store = self._reply, self._ctx.library.conversations
        facts = {"weights": reply.weights, **reply.run_facts()}
        if reply.turn:
            self._work_queue.do(lambda: store.update_message(reply.turn, extra=facts))
        self._session.tell("reply_changed")
