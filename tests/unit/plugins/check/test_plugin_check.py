"""`studio plugins check`: what fails late is said here, and no code of the plugin runs in here."""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api import TaskContext
from studio.api.stability import MOVED
from studio.plugins import import_process, scaffold
from studio.plugins.check import check
from studio.sandbox.sandbox import Sandbox
from tests.unit.plugins.install.wheels import plugin

ROOT = Path(__file__).parents[4]
PLUGINS = [
    place.parent
    for pattern in ("plugins/*/studio_*", "plugins/examples/*/studio_*", "tests/plugins/examples/*")
    for place in sorted(ROOT.glob(f"{pattern}/manifest.toml"))
]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scaffold.write_project("toy_check", tmp_path_factory.mktemp("template"), page=True)


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "toy_check"))


def change(project: Path, name: str, *pairs: tuple[str, str]) -> None:
    file = project / name
    text = file.read_text("utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


PACKAGE = "studio_toy_check"
REST = """
@hookimpl
def studio_chekcs():
    return {}


def studio_checks():
    return {}
"""
WINDOW = """
@hookimpl
def studio_exporters(ctx):
    return ["text:.txt"]


@hookimpl
def studio_settings(ctx):
    return 5
"""


def test_what_the_code_gets_wrong_is_said_with_its_place(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = tmp_path / "torch.py"  # what torch does all these seconds is not looked at here
    quick.touch()
    lent = import_process.environment()
    monkeypatch.setattr(import_process, "environment", lambda: {**lent, quick.name: quick})
    change(
        project,
        f"{PACKAGE}/manifest.toml",
        ("seed = 1 }", "seeds = 1 }"),
        ('id = "toy_check.page"', 'id = "toy_check.pages"'),
    )
    change(project, f"{PACKAGE}/schema.py", ("] = 3", "] = 300"))
    change(
        project,
        f"{PACKAGE}/worker.py",
        ("from studio.api", "import PySide6.QtCore\n\nfrom studio.api"),
        ('{"toy_check.shuffle"', '{"toy_check.shufle"'),
    )
    change(project, f"{PACKAGE}/plugin.py", ("from studio.api", "import torch\n\nfrom studio.api"))
    for name, more in (("worker", REST), ("plugin", WINDOW)):
        file = project / PACKAGE / f"{name}.py"
        file.write_text(file.read_text("utf-8") + more, "utf-8")
    report = check(project)
    found = {(each.rule, each.file.rpartition("/")[2]): each for each in report.findings}
    assert set(found) >= {
        ("tour", "manifest.toml"),
        ("default-range", "schema.py"),
        ("qt-in-worker", "worker.py"),
        ("missing-task", "manifest.toml"),
        ("undeclared-task", "manifest.toml"),
        ("unknown-hook", "worker.py"),
        ("no-hookimpl", "worker.py"),
        ("torch-in-window", "plugin.py"),
        ("missing-page", "manifest.toml"),
        ("hook-result", "plugin.py"),
    }
    assert all(each.line for each in report.findings), report.findings
    assert not report.is_good
    assert "torch" not in vars(sys.modules["studio.plugins.check.code_trial"])
    assert not any(name.startswith(PACKAGE) for name in sys.modules), "none of it ran in here"


@pytest.mark.parametrize("place", PLUGINS, ids=[place.name for place in PLUGINS])
def test_the_plugins_of_this_tree_are_good(place: Path) -> None:
    report = check(place, runs_code=False)
    ours = [each for each in report.findings if each.rule not in ("no-project", "not-installed")]
    assert [each for each in ours if not each.is_advice] == []


def test_a_task_that_an_artifact_fills_has_the_parameter_for_it(project: Path) -> None:
    change(
        project,
        f"{PACKAGE}/manifest.toml",
        ('produces = ["text"]', 'produces = ["text"]\naccepts = { text = "txt", code = "text" }'),
    )
    (found,) = check(project).findings
    assert (found.rule, found.line) == ("accepts", 17)
    assert "no parameter or input “txt”" in found.message


def test_a_task_whose_time_grows_with_a_number_has_it(project: Path) -> None:
    change(
        project,
        f"{PACKAGE}/manifest.toml",
        ('produces = ["text"]', 'produces = ["text"]\ngrows_with = ["steps"]'),
    )
    (found,) = check(project).findings
    assert (found.rule, found.line) == ("grows-with", 17)
    assert "no number “steps”" in found.message


def test_hooks_with_wrong_arguments_are_named(project: Path) -> None:
    change(project, f"{PACKAGE}/worker.py", ("def studio_tasks()", "def studio_tasks(ctx)"))
    (found,) = [each for each in check(project).findings if not each.is_advice]
    assert (found.rule, found.file) == ("hook-arguments", f"{PACKAGE}/worker.py")
    assert "“studio_tasks” takes “ctx”" in found.message


@pytest.mark.parametrize("code", ["import os; os._exit(3)", "raise SystemExit", "1 / 0"])
def test_code_that_ends_its_process_is_a_finding(project: Path, code: str) -> None:
    change(project, f"{PACKAGE}/tasks.py", ("import random", f"import random\n\n{code}"))
    (found,) = [each for each in check(project).findings if not each.is_advice]
    assert found.rule == "import"


def test_a_package_that_its_author_installed_in_place_is_there(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere/my_words").mkdir(parents=True)
    (tmp_path / "elsewhere/my_words/__init__.py").touch()
    (tmp_path / "elsewhere/my_words-1.0.dist-info").mkdir()
    about = "Metadata-Version: 2.1\nName: my-words\nVersion: 1.0\n"
    (tmp_path / "elsewhere/my_words-1.0.dist-info/METADATA").write_text(about)
    change(project, f"{PACKAGE}/tasks.py", ("import random", "import random\n\nimport my_words"))
    change(project, "pyproject.toml", ('"offline-studio"]', '"offline-studio", "my-words"]'))
    assert "not-installed" in {each.rule for each in check(project).findings}, "the control"
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    assert check(project).findings == ()


@pytest.fixture
def outside(tmp_path: Path, project: Path) -> Path:
    """A file that anybody may write, and that both halves of the project try to."""
    folder = tmp_path / "open"
    folder.mkdir()
    for place in (folder, *list(folder.parents)[:4]):
        with contextlib.suppress(OSError):
            place.chmod(place.stat().st_mode | 0o777)
    mark = folder / "mark"
    code = f"import pathlib\ntry: pathlib.Path({str(mark)!r}).touch()\nexcept OSError: pass\n"
    for half in ("worker", "plugin", "schema"):
        file = project / PACKAGE / f"{half}.py"
        file.write_text(f"{file.read_text('utf-8')}\n{code}", "utf-8")
    return mark


def test_a_new_project_is_good_and_cannot_write_where_anybody_may(
    outside: Path, project: Path
) -> None:
    if not import_process.machine_sandbox().tier:
        pytest.skip("no sandbox can be set up on this machine")
    report = check(project)
    assert (report.plugin, report.is_good, report.findings) == ("toy_check", True, ())
    assert not outside.exists()


def test_where_no_sandbox_stands_its_code_is_not_imported(
    outside: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_process, "machine_sandbox", lambda: Sandbox(tiers=()))
    (found,) = check(project).findings
    assert (found.rule, found.is_advice, outside.exists()) == ("no-sandbox", True, False)
    assert check(project, needs_sandbox=False).findings == ()
    assert outside.exists(), "the control: without a sandbox its code does what it tries"


def test_what_reading_finds_needs_no_import(project: Path, command: Command) -> None:
    change(
        project,
        f"{PACKAGE}/manifest.toml",
        ('"studio_toy_check.worker"', '"studio_toy_check.work"'),
    )
    change(
        project,
        "pyproject.toml",
        ('["offline-studio"]', '["offline-studio", "no-such-package>=2"]'),
        ('version = "0.1.0"', 'version = "0.2.0"'),
        ('toy_check = "studio_toy_check"', 'toy_check = "studio_other"'),
    )
    change(
        project, f"{PACKAGE}/tasks.py", ("import random", "import pytest\nimport studio.base.disk")
    )
    code, out, _ = command("plugins", "check", str(project), "--no-code", "--json")
    found = {each["rule"]: each for each in json.loads(out)["findings"]}
    assert code == 8
    late = {"missing-module", "not-installed", "version-differs", "entry-point"}
    assert set(found) == {*late, "undeclared", "closed-door"}
    assert found["missing-module"]["cure"] == "Did you mean “studio_toy_check.worker”?"
    assert found["not-installed"]["message"].startswith("It needs no-such-package>=2")
    assert (found["undeclared"]["file"], found["undeclared"]["line"]) == (f"{PACKAGE}/tasks.py", 5)


def test_a_wheel_is_read_first_and_then_looked_at_like_its_project(
    project: Path, command: Command
) -> None:
    change(project, f"{PACKAGE}/schema.py", ("] = 3", "] = 300"))
    words = ["--no-build-isolation", "--no-deps", "--no-index", "-q", "-w", "dist"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", ".", *words], cwd=project, check=True)
    (wheel,) = (project / "dist").glob("*.whl")
    code, out, _ = command("plugins", "check", str(wheel))
    assert code == 8
    assert f"{PACKAGE}/schema.py:13: error [default-range]" in out
    damaged = wheel.with_name(wheel.name.replace("0.1.0", "0.3.0"))
    wheel.rename(damaged)
    code, out, _ = command("plugins", "check", str(damaged))
    assert (code, "[dist-info]" in out) == (8, True)


def test_something_else_is_told_apart(tmp_path: Path, command: Command) -> None:
    (tmp_path / "notes.txt").touch()
    assert "is not a wheel" in command("plugins", "check", str(tmp_path / "notes.txt"))[2]
    assert "no manifest.toml was found" in command("plugins", "check", str(tmp_path))[2]


OLD = """\
from studio.api.gui import Page
from studio.api.tensor_files import write_tensors, write_tensorz
from studio.api.worker import TaskContext
from studio.api import PageAction, hookimpl
import studio.api.nothing
import no_such_package


def draw(ctx: TaskContext, kit, run):
    ctx.call("image.generate", {})
    ctx.call("toy_check.shuffle", {})
    kit.button(icon="no-such-icon")
    return PageAction("a", "A", run, "playy")
"""


def test_all_that_an_older_plugin_has_to_change_is_one_list(project: Path) -> None:
    """With a package missing, so that none of its code can be imported."""
    change(project, "pyproject.toml", ("dependencies = [", 'dependencies = ["no-such-package", '))
    change(project, f"{PACKAGE}/manifest.toml", ('isolation = "studio"', 'isolation = "process"'))
    (project / PACKAGE / "old.py").write_text(OLD, "utf-8")
    report = check(project)
    assert not report.is_good
    found = {(each.rule, each.line) for each in report.findings if each.file.endswith("old.py")}
    assert found == {
        ("moved-name", 1), ("moved-name", 2), ("unknown-name", 2), ("moved-name", 3),
        ("unknown-name", 5), ("uses", 10), ("unknown-icon", 12), ("unknown-icon", 13),
    }  # fmt: skip
    rules = {each.rule for each in report.findings}
    assert {"not-installed", "isolation"} <= rules
    cures = " ".join(each.cure for each in report.findings)
    assert "studio.api.worker.tensor_files" in cures
    assert "“write_tensors”" in cures


def test_all_that_is_wrong_with_a_wheel_is_one_list(tmp_path: Path) -> None:
    draft = plugin()
    name = "studio_counter/manifest.toml"
    text = draft.files[name].decode().replace(">=1,<2", ">=7").replace('"1.0"', '"1.1"')
    draft.files[name] = text.replace(
        'title = "Counter"', 'title = "Counter"\nicon = "nope"'
    ).encode()
    draft.files["studio_counter/old.py"] = b"from studio.api.text import TextEngine\n"
    draft.tag = "cp27-cp27m-win32"
    rules = {each.rule for each in check(draft.write(tmp_path)).findings}
    assert {"api", "version", "tags", "unknown-icon", "moved-name"} <= rules


def test_the_old_names_of_modules_still_work(caplog: pytest.LogCaptureFixture) -> None:
    for old, here in MOVED.items():
        sys.modules.pop(old, None)
        module, now = importlib.import_module(old), importlib.import_module(here)
        shared = [name for name in vars(now) if not name.startswith("__")]
        assert all(getattr(module, name) is getattr(now, name) for name in shared)
        assert f"{old}, which is called {here} since 1.1" in caplog.text
    assert importlib.import_module("studio.api.worker").TaskContext is TaskContext


def test_files_that_nobody_picked_are_named_with_their_line(project: Path) -> None:
    change(
        project,
        f"{PACKAGE}/schema.py",
        ("import Label,", "import File, Label,"),
        ("    seed: Seed", '    config: Annotated[str, File()] = "/etc/hosts"\n    seed: Seed'),
    )
    change(
        project,
        f"{PACKAGE}/manifest.toml",
        ("seed = 1 }", 'seed = 1, config = "/etc/passwd" }'),
    )
    found = {
        (each.file, each.message): each.line
        for each in check(project).findings
        if each.rule == "file-value"
    }
    lines = {
        name: (project / PACKAGE / name).read_text().splitlines()
        for name in ("schema.py", "manifest.toml")
    }
    at = {
        name: next(n for n, line in enumerate(text, 1) if "/etc/" in line)
        for name, text in lines.items()
    }
    assert found == {
        (
            f"{PACKAGE}/schema.py",
            "The default of Shuffle.config is a file: only a person can pick files.",
        ): at["schema.py"],
        (
            "manifest.toml",
            "It names a file for “config”: only a person can pick files.",
        ): at["manifest.toml"],
    }


def test_former_names_of_the_api_are_listed_with_their_lines(project: Path) -> None:
    file = project / PACKAGE / "worker.py"
    first = len(file.read_text("utf-8").splitlines()) + 1
    file.write_text(
        file.read_text("utf-8")
        + "from studio.api import KeptResults, told\n"
        + "def show(kit, run, row):\n"
        + "    kit.save_as('a', 'b', (), print, trouble=row, said=print)\n"
        + "    run.on_made(print)\n"
        + "    run.made_in([])\n"
        + "def made_in(rows):\n"
        + "    return rows\n",
        "utf-8",
    )
    report = check(project, runs_code=False)
    renamed = [finding for finding in report.findings if finding.rule == "renamed"]
    assert sorted((finding.line - first, finding.cure) for finding in renamed) == [
        (0, "Use PageResults."),
        (0, "Use translated."),
        (2, "Use save_as(done=)."),
        (3, "Use .on_result."),
    ], "made_in is the plugin's own"
    assert all(finding.is_advice for finding in renamed)
