"""The bench ``code-folder``: twelve changes to three real packages, planned, written and judged.

The packages are those that pytest brings. A change is asked for in a sentence or two; the model
plans and writes it (``code.edit``), and a hidden test judges the package in the sandbox.
What counts are the changes that pass, those that leave the package as it was, and broken imports.

STUDIO_BENCH_FOLDER_EVERY takes each n-th task (1), …_SECONDS starts none after so long, …_WEIGHTS
names the weights, and …_LOG a file (JSON lines) with which a run goes on where it was ended.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from benchmarks.code.run_log import Line, RunLog
from studio.api import BenchContext, StudioError
from studio.api.worker.bench import Wish
from studio_code.generation import file_edit
from studio_code.generation.file_edit import Edited

_SECONDS_OF_A_TEST: Final = 20


@dataclass(frozen=True)
class Change:
    """A package, what is asked for, and the test that judges it."""

    package: str
    request: str
    test: str

    @property
    def id(self) -> str:
        """What it is called in a log."""
        return f"{self.package}: {self.request}"


CHANGES: Final = (
    Change(
        "iniconfig",
        "Add a function parse_bool(text) to _parse.py: True for yes, true, on and 1 in any case, "
        "False for no, false, off and 0, else it raises ValueError.",
        "from iniconfig._parse import parse_bool as f\n"
        "assert f('Yes') is True and f('0') is False and f('off') is False\n"
        "try:\n    f('maybe')\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError\n",
    ),
    Change(
        "iniconfig",
        "Add a method get_int(section, name, default=0) to IniConfig that returns the value as an "
        "int, or the default where it is missing.",
        "from iniconfig import IniConfig\nc = IniConfig('x', data='[a]\\nb = 3\\n')\n"
        "assert c.get_int('a', 'b') == 3 and c.get_int('a', 'z') == 0\n"
        "assert c.get_int('q', 'z', 7) == 7\n",
    ),
    Change(
        "iniconfig",
        "Add a method keys() to SectionWrapper that returns the list of its keys.",
        "from iniconfig import IniConfig\nc = IniConfig('x', data='[a]\\nb = 3\\nc = 4\\n')\n"
        "assert list(c['a'].keys()) == ['b', 'c']\n",
    ),
    Change(
        "iniconfig",
        "Add an exception MissingSection, a KeyError, to exceptions.py, and raise it in "
        "IniConfig.__getitem__ where a section is missing.",
        "from iniconfig import IniConfig\nfrom iniconfig.exceptions import MissingSection\n"
        "assert issubclass(MissingSection, KeyError)\nc = IniConfig('x', data='[a]\\nb = 3\\n')\n"
        "assert c['a']['b'] == '3'\n"
        "try:\n    c['q']\nexcept MissingSection:\n    pass\nelse:\n    raise AssertionError\n",
    ),
    Change(
        "pluggy",
        "Add a method plugin_count() to PluginManager that returns how many plugins are "
        "registered.",
        "import pluggy\np = pluggy.PluginManager('x')\nassert p.plugin_count() == 0\n"
        "p.register(object())\nassert p.plugin_count() == 1\n",
    ),
    Change(
        "pluggy",
        "Add a method names() to PluginManager that returns the sorted names of the registered "
        "plugins.",
        "import pluggy\np = pluggy.PluginManager('x')\np.register(object(), 'b')\n"
        "p.register(object(), 'a')\nassert list(p.names()) == ['a', 'b']\n",
    ),
    Change(
        "pluggy",
        "Give Result in _result.py a method is_success() that returns whether no exception was "
        "raised.",
        "from pluggy import Result\nassert Result(1, None).is_success() is True\n"
        "assert Result(None, ValueError()).is_success() is False\n",
    ),
    Change(
        "pluggy",
        "Make a new module _info.py with a function describe() that returns the string "
        "'plugin system', and export describe from __init__.py.",
        "import pluggy\nassert pluggy.describe() == 'plugin system'\n"
        "from pluggy._info import describe\n",
    ),
    Change(
        "packaging",
        "Add a function same_project(a, b) to utils.py that returns whether two project names are "
        "the same once they are normalized.",
        "from packaging.utils import same_project as f\n"
        "assert f('Foo_bar', 'foo.BAR') and not f('foo', 'bar')\n",
    ),
    Change(
        "packaging",
        "Add a property is_final to Version in version.py that is True for a version that is no "
        "prerelease, no postrelease and no development release.",
        "from packaging.version import Version as V\nassert V('1.2').is_final is True\n"
        "assert not (V('1.2rc1').is_final or V('1.2.post1').is_final or V('1.dev1').is_final)\n",
    ),
    Change(
        "packaging",
        "Add a function requirement_names(lines) to requirements.py that returns the list of the "
        "names of the requirements in lines; blank lines and comments are skipped.",
        "from packaging.requirements import requirement_names as f\n"
        "assert f(['a>=1', '', '# no', 'b[x]']) == ['a', 'b']\n",
    ),
    Change(
        "packaging",
        "Add a method bump() to Version in version.py that returns a new Version with the last "
        "number of the release raised by one, without any suffix.",
        "from packaging.version import Version as V\nassert V('1.2.3rc1').bump() == V('1.2.4')\n"
        "assert V('1.9').bump() == V('1.10')\n",
    ),
)


class Judged(Line, frozen=True):
    """What came of one change: ``outcome`` and its patch."""

    outcome: str
    patch: str


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return how many changes pass their test."""
    weights = _setting("WEIGHTS", "") or ctx.weights_for("text", "code")
    log = RunLog(Path(_setting("LOG", "") or ctx.scratch / "changes.jsonl"), Judged, weights)
    until = time.monotonic() + float(_setting("SECONDS", "inf"))
    chosen = CHANGES[:: int(_setting("EVERY", "1"))]
    left = [change for change in chosen if change.id not in log.done]
    copies: list[Path] = []

    def wishes() -> Iterator[Wish]:
        for change in left:
            if time.monotonic() < until:
                copies.append(ctx.scratch / secrets.token_hex(4))
                _copy(change.package, copies[-1])
                folder = str(copies[-1])
                yield (
                    {"prompt": change.request, "folder": folder, "weights": weights, "seed": 1},
                    {},
                )

    for place, made in ctx.run_all("code.edit", wishes()):
        outcome, patch = _judged(ctx, left[place], made, copies[place])
        log.add(Judged(left[place].id, weights, outcome, patch))
        ctx.say(f"{len(log.done)}. {outcome:<8} {left[place].id}")
    told = {change.id: log.done[change.id].outcome for change in chosen if change.id in log.done}
    outcomes = list(told.values())
    return {
        "ratio": round(outcomes.count("passed") / max(1, len(outcomes)), 3),
        "passed": f"{outcomes.count('passed')} of {len(outcomes)}",
        "nothing changed": outcomes.count("nothing"),
        "package broken": outcomes.count("broken"),
        "weights": weights,
        "changes": told,
    }


def _judged(
    ctx: BenchContext, change: Change, made: Mapping[str, Any] | StudioError, folder: Path
) -> tuple[str, str]:
    """Return ``passed``, ``failed``, ``broken`` (it cannot be imported) or ``nothing``; a patch."""
    if isinstance(made, StudioError):
        ctx.say(made.message)
        return "nothing", ""
    for row in made.get("unapplied", ()):
        ctx.say(f"{row['path']}: {row['why']}")
    edits = made["edits"]
    if not edits:
        return "nothing", ""
    patch = file_edit.patch([Edited(row["path"], row["base"], row["text"]) for row in edits])
    files = _files(folder) | {str(row["path"]): str(row["text"]) for row in edits}
    if not _runs(ctx, files, f"import {change.package}\n"):
        return "broken", patch
    return "passed" if _runs(ctx, files, change.test) else "failed", patch


def _copy(package: str, folder: Path) -> None:
    """Copy a package into a folder."""
    found = find_spec(package)
    assert found is not None, "pytest brings it"
    assert found.submodule_search_locations
    there = Path(next(iter(found.submodule_search_locations)))
    ignored = shutil.ignore_patterns("__pycache__", "_vendor", "licenses")
    shutil.copytree(there, folder / package, ignore=ignored)


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


def _runs(ctx: BenchContext, files: Mapping[str, str], program: str) -> bool:
    token = secrets.token_hex(16)
    rows = [{"path": path, "text": text} for path, text in files.items()]
    rows.append({"path": "judged.py", "text": f"{program}print({token!r})\n"})
    wish = {"path": "judged.py", "seconds": _SECONDS_OF_A_TEST}
    made = ctx.run("code.run", wish, {"files": rows})
    return made["exit_code"] == 0 and str(made["stdout"]).rstrip().endswith(token)


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"STUDIO_BENCH_FOLDER_{name}", default)
