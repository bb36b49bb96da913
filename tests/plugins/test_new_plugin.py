"""`studio plugins new`: its project is whole, tested, and builds without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.plugins import scaffold
from studio.plugins.project import package_folder
from studio.testing.plugins import importable, plugins_in

Command = Callable[..., tuple[int, str, str]]


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a project, as its author does: nothing of it is installed."""
    variables = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("page", [False, True])
@pytest.mark.parametrize("family", [False, True])
def test_the_studio_knows_it_at_once(tmp_path: Path, page: bool, family: bool) -> None:
    project = scaffold.write_project("tried_out", tmp_path, page=page, family=family)
    with importable(project):
        (found,) = plugins_in(project)
    assert found.error is None
    assert found.manifest is not None
    rate = ["tried_out.rate"] if family else []
    assert [task.id for task in found.manifest.tasks] == ["tried_out.shuffle", *rate]
    assert len(found.manifest.families) == len(rate)
    assert [each.id for each in found.manifest.pages] == (["tried_out.page"] if page else [])
    texts = {path.name: path.read_text("utf-8") for path in project.rglob("*") if path.is_file()}
    assert {name for name, text in texts.items() if "xample" in text} == set()


def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, command: Command) -> None:
    code, _, err = command("plugins", "new", "My-Plugin", "--to", str(tmp_path))
    assert code == 2
    assert "“my_plugin” would do." in err
    assert command("plugins", "new", "chat", "--to", str(tmp_path))[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path, command: Command) -> None:
    (tmp_path / "mine").mkdir()
    code, _, err = command("plugins", "new", "mine", "--to", str(tmp_path))
    assert (code, "already exists" in err) == (2, True)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


@pytest.mark.parametrize("place", [".", "studio_mine", "src"])
def test_the_package_of_a_project_is_found(tmp_path: Path, place: str) -> None:
    package = tmp_path / ("src/studio_mine" if place == "src" else "studio_mine")
    package.mkdir(parents=True)
    (package / "manifest.toml").touch()
    assert package_folder(tmp_path / (place if place != "src" else ".")) == package.resolve()


def test_a_folder_without_a_plugin_says_so(tmp_path: Path, command: Command) -> None:
    code, _, err = command("plugins", "try", str(tmp_path))
    assert (code, "holds no plugin" in err) == (3, True)


@pytest.mark.slow
def test_from_an_empty_folder_to_a_wheel_that_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An author's first ten minutes, without the author's thinking."""
    clock = [time.monotonic()]
    said: list[str] = []

    def step(name: str, folder: Path, *words: str, fails: bool = False) -> str:
        done = python(folder, "-m", *words)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        clock.append(time.monotonic())
        said.append(f"{name} {clock[-1] - clock[-2]:.1f} s")
        return done.stdout + done.stderr

    studio, tests = ("studio", "plugins"), ("pytest", "-q", "-p", "no:cacheprovider")
    step("new", tmp_path, *studio, "new", "tried_out", "--page", "--family")
    project = tmp_path / "tried_out"
    assert "11 passed" in step("test", project, *tests)
    tasks = project / "studio_tried_out" / "tasks.py"  # an edit that breaks it is seen
    good = tasks.read_text("utf-8")
    tasks.write_text(good.replace("random.Random(ctx.rng.seed)", "random.Random()"), "utf-8")
    edited = (*tests, "tests/test_tasks.py", "-k", "same_seed")
    assert "test_the_same_seed_makes_the_same_lines" in step("test", project, *edited, fails=True)
    tasks.write_text(good, "utf-8")
    words = ("--no-build-isolation", "--no-deps", "--no-index", "-w", "dist")
    step("wheel", project, "pip", "wheel", ".", *words)
    (wheel,) = (project / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"studio_tried_out/manifest.toml", "studio_tried_out/page.py"} <= names
    assert not any("tests" in name for name in names)
    assert "no mistakes found" in step("check", project, *studio, "check", str(wheel))
    with capsys.disabled():
        print(f"\n{', '.join(said)}: {clock[-1] - clock[0]:.0f} s in all")


def depends_on_psutil(project: Path) -> None:
    """Let its task need a package that the studio has and lends to nobody unasked."""
    file = project / "pyproject.toml"
    text = file.read_text("utf-8")
    assert "dependencies = [" in text
    file.write_text(text.replace("dependencies = [", 'dependencies = ["psutil", ', 1), "utf-8")
    tasks = project / "studio_tried_out" / "tasks.py"
    code = tasks.read_text("utf-8")
    assert "import random\n" in code
    tasks.write_text(code.replace("import random\n", "import random\n\nimport psutil  # noqa\n"))


def test_what_a_project_depends_on_is_lent_while_it_is_tried(tmp_path: Path) -> None:
    project = scaffold.write_project("tried_out", tmp_path)
    assert plugins_in(project)[0].lends == ()
    depends_on_psutil(project)
    text = (project / "pyproject.toml").read_text("utf-8")
    missing = text.replace('"psutil"', '"psutil", "no-such-thing>1", "scipy; extra == \'x\'", "!"')
    (project / "pyproject.toml").write_text(missing, "utf-8")
    assert plugins_in(project)[0].lends == ("psutil",)


@pytest.mark.slow
def test_try_lends_what_the_project_depends_on(tmp_path: Path) -> None:
    project = scaffold.write_project("tried_out", tmp_path)
    depends_on_psutil(project)
    words = ("plugins", "try", ".", "--task", "tried_out.shuffle", "one two", "--times", "2")
    done = python(project, "-m", "studio", *words, "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_try_runs_one_of_its_tasks(tmp_path: Path) -> None:
    project = scaffold.write_project("tried_out", tmp_path)
    words = ("plugins", "try", ".", "--task", "tried_out.shuffle", "one two", "--times", "2")
    done = python(project, "-m", "studio", *words, "--json")
    assert done.returncode == 0, done.stderr
    assert '"words": 2' in done.stdout.replace('":2', '": 2')
