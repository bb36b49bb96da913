"""A studio whose runtime does what the tasks of ``studio_steps`` say, at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.automation.workflows.runner import Runner
from studio.library.workflow_runs import RowState, RunRow
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Submit
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.plugins import importable
from studio.testing.scripted import Artifact, Become, Fail, Line, ScriptedRuntime, Stall

PLUGINS = Path(__file__).parent / "plugins"

THREE_STEPS = """
name = "Three steps"
[input]
kind = "text"
[params.word]
default = "and"
[[step]]
id = "first"
task = "steps.write"
params = { prompt = "{input}" }
[[step]]
id = "second"
task = "steps.add"
inputs = { text = "{step.first}" }
params = { word = "{param.word}" }
[[step]]
id = "third"
task = "steps.add"
inputs = { text = "{step.second}" }
params = { word = "so on" }
"""


class Talker(ScriptedRuntime):
    """A prompt with “fail” in it fails, one with “wait” stalls; one with “luck” is valid where its
    seed says so."""

    def next_script(self) -> tuple[Line, ...]:
        """Return what the last job does."""
        submit = self.submitted[-1]
        text = self._text(submit)
        if "fail" in text:
            error = StudioError(ErrorCode.BAD_INPUT, "That cannot be written.", "Change it.")
            return Become(JobState.RUNNING), Fail(error)
        kind, suffix = ("image", ".png") if submit.task == "steps.draw" else ("text", ".txt")
        verdict: dict[str, Any] = {}
        if "luck" in text or "good" in text or "bad" in text:
            lucky = hashlib.sha256(str(submit.seed).encode()).digest()[0] % 4 == 0
            passed = "good" in text or (lucky and "bad" not in text)
            verdict = {"checks": [{"name": "luck", "passed": passed}]}
        made = Artifact(kind, text.encode(), suffix, text=text, verdict=verdict)
        return (*([Stall()] if "wait" in text else []), made)

    def _text(self, submit: Submit) -> str:
        params = submit.params
        if submit.task == "steps.write":
            return " ".join([params["prompt"]] * params["times"])
        if submit.task == "steps.add":
            return f"{self.inputs_of(submit).text('text')} {params['word']}"
        return Path(params["file"]).read_text() if "file" in params else "nothing"


class Desk:
    """One studio, and what is done with it."""

    def __init__(self, home: Path, attended: bool = False) -> None:
        self.home = home
        self.runtime = Talker()
        self.studio = Studio.open(
            home=home, only=("steps",), launch=self.runtime.launch, attended=attended
        )
        if attended:  # as a window does
            self.studio.take_up_queue()

    @property
    def asked(self) -> list[str]:
        """Which tasks the runtime was given."""
        return [submit.task for submit in self.runtime.submitted]

    def until(self, done: Any) -> None:
        """Pump until ``done()``."""
        pump_until(self.studio, lambda: bool(done()))

    def finish(self, runner: Runner) -> Runner:
        """Pump until a run is over, and that is written down."""
        self.until(lambda: runner.is_over)
        return runner

    def rows(self, runner: Runner) -> list[RunRow]:
        """Return the rows of a run."""
        return self.studio.library.workflow_runs.rows(runner.id)

    def states(self, runner: Runner) -> list[RowState]:
        """Return the states of the rows of a run."""
        return [row.state for row in self.rows(runner)]

    def texts(self, runner: Runner, step: str) -> list[str]:
        """Return what a step made, by row."""
        rows, library = self.rows(runner), self.studio.library
        steps = library.workflow_runs.steps(runner.id, [row.number for row in rows])
        made = {each.number: each.artifacts for each in steps if each.step == step}
        return [library.artifact(made[row.number][0]).text for row in rows if made.get(row.number)]


@contextmanager
def desk_at(home: Path, attended: bool = False) -> Iterator[Desk]:
    """Open a studio with these steps, and close it."""
    before = os.environ.get("STUDIO_PLUGIN_PATH", "")
    os.environ["STUDIO_PLUGIN_PATH"] = str(PLUGINS)
    try:
        with importable(PLUGINS):
            desk = Desk(home, attended)
            yield desk
            desk.studio.close()
    finally:
        os.environ["STUDIO_PLUGIN_PATH"] = before
