"""The verbs of `bootstrap.py`: which steps each needs, and what it starts at the end."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from studio_setup import chat_model, checks, display, environment, system, weights
from studio_setup.console import Console, SetupError
from studio_setup.project import Project
from studio_setup.stamps import only_one

ROOT = Path(__file__).resolve().parents[2]
VERBS = {
    "run": "set everything up and open Offline Studio (without a display: a tour)",
    "test": "set everything up and run the tests; further arguments go to pytest",
    "setup": "set everything up",
    "verify": "what takes minutes: installers, two machines, a cluster; ARGS=installer is one",
    "lint": "ruff and the layers",
    "types": "mypy",
    "bench": "run a benchmark; without a name, list them",
    "docs": "the guide as a site, and the reference for authors of plugins, into build/docs",
    "shots": "screenshots of every page into a folder (default: shots)",
    "weights": "download the starter models",
    "translations": "bring the catalogues of translations to the texts of today",
}
THOROUGH = (
    "setup",
    "test",
    "verify",
    "weights",
)  # verbs that look at everything even when all seems done
INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Runs one verb. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console of another alphabet must not stop us
    options = _parser().parse_args(argv)
    project = Project(ROOT)
    try:
        return _run_verb(project, options.verb, options.rest)
    except SetupError as error:
        _explain(project, error)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to resume.", file=sys.stderr)
        return INTERRUPTED


def _run_verb(project: Project, verb: str, rest: Sequence[str]) -> int:
    set_up(project, verb)
    if verb == "run":
        return open_studio(project, rest)
    if verb == "bench":
        return _start(project.command("benchmarks", *rest), PYTHONPATH=str(project.root / "tests"))
    if verb == "docs":
        script = project.root / "packaging" / "api_reference.py"
        return _start([str(project.python), str(script), *rest])
    if verb == "shots":
        folder = rest or ["shots"]
        return _start(project.command("studio.testing.shots", *folder), QT_QPA_PLATFORM="offscreen")
    if verb == "lint":
        return checks.run_all(project, checks.lint_stages(project))
    if verb == "types":
        return checks.run_all(project, checks.type_stages(project))
    if verb == "translations":
        script = project.root / "packaging" / "translations.py"
        return _start([str(project.python), str(script), *(rest or ["update"])])
    if verb == "test":
        *longer, last = checks.test_stages(project, rest)
        stages = [*checks.lint_stages(project), *longer, *checks.type_stages(project), last]
        return checks.run_all(project, stages, checks.lanes())
    if verb == "verify":
        return checks.run_all(project, checks.verify_stages(project, rest))
    return 0


def set_up(project: Project, verb: str) -> None:
    """Brings the checkout to where the verb can work; nearly free when it is there already."""
    only_one_waits = "Another setup is running in this folder; waiting for it."
    with only_one(project.state / "lock", lambda: print(only_one_waits, flush=True)):
        is_opened = verb == "run"
        is_settled = not is_opened or chat_model.is_settled(project)
        is_ready = environment.is_ready(project) and weights.are_there(project) and is_settled
        if verb not in THOROUGH and is_ready:
            return
        console = Console(project.log, steps=4 if is_opened else 3)
        _start_log(project)
        console.step("System packages")
        console.done(system.ensure(console, *_system_groups(verb)))
        console.step("Python environment")
        outcome = environment.ensure(console, project)
        if verb == "verify":
            environment.add(console, project, environment.VERIFY)
        console.done(outcome)
        console.step("Starter models")
        is_new = outcome != environment.UP_TO_DATE
        with environment.compiling(project) if is_new else nullcontext():
            console.done(_weights(console, project, verb))
        if is_opened:
            console.step("Chat model")
            console.done(chat_model.ensure(console, project))


def open_studio(project: Project, rest: Sequence[str]) -> int:
    """Opens the window, or says that there is no display and gives the tour."""
    reason = display.why_none()
    if not reason:
        return _start(project.command("studio", *rest))
    print(
        f"There is no display ({reason}), so the window cannot open.\nRunning `studio tour` "
        "instead, which runs an example of each plugin and saves the results.",
        flush=True,
    )
    return _start(project.command("studio", "tour", *rest), QT_QPA_PLATFORM="offscreen")


def _system_groups(verb: str) -> tuple[list[str], list[str]]:
    """Groups of system packages to look at, and those of them without which to stop."""
    groups = ["qt", "xcb", "look", "sound", "sandbox"]
    if verb in ("setup", "test", "verify"):
        groups.append("test")
    if verb == "verify":
        return [*groups, "verify"], ["qt", "test", "verify"]
    return groups, ["qt", "xcb"] if verb == "run" and not display.why_none() else ["qt"]


def _weights(console: Console, project: Project, verb: str) -> str:
    """A studio without starter weights still opens and says so; tests and setup must have them."""
    try:
        return weights.ensure(console, project)
    except SetupError as error:
        if verb != "run":
            raise
        console.say(f"      {error}")
        return "missing: Offline Studio works without them; run `make weights` to try again"


def _start(command: Sequence[str], **environment: str) -> int:
    """Runs the program in the foreground; Ctrl-C goes to it, and its exit code is ours."""
    env = {**os.environ, **environment}
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], list(command), env)
    return subprocess.run(command, env=env, check=False).returncode


def _start_log(project: Project) -> None:
    project.log.parent.mkdir(parents=True, exist_ok=True)
    project.log.write_text(f"Python {sys.version}\non {sys.platform}\n", "utf-8")


def _explain(project: Project, error: SetupError) -> None:
    print(f"\n{error}", file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)
    if project.log.exists():
        print(f"Log: {project.log}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Sets up, opens and tests Offline Studio.",
        epilog="\n".join(f"  {verb:<8} {text}" for verb, text in VERBS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=VERBS, metavar="VERB")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on")
    return parser
