"""``studio run`` and ``tour`` end to end, with a real runtime and the echo plugin."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.cli.terminal.exit_code import ExitCode
from studio.library import Library
from studio.testing.processes import without_torch
from tests.unit.cli.conftest import Studio, one_object

Command = Callable[..., tuple[int, str, str]]

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _echo_needs_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(tmp_path / "without", monkeypatch)


def test_json_is_one_object_with_record_seconds_artifacts_and_the_tasks_keys(
    studio: Studio, here: Studio, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out"
    words = ["run", "echo.say", "--text", "hi there", "--times", "2", "--seed", "7", "--json"]
    done = studio(*words, "--out", str(out))
    assert done.returncode == ExitCode.OK, done.stderr
    result = one_object(done.stdout)
    assert result["text"] == "hi there hi there"
    assert (result["words"], result["seed"]) == (4, 7)
    assert result["seconds"] >= 0
    (path,) = map(Path, result["artifacts"])
    assert path.parent == out
    assert path.read_text("utf-8") == "hi there hi there"
    shown = one_object(here("library", "show", result["record"], "--json").stdout)
    assert shown["params"]["text"] == "hi there"
    assert shown["seed"] == 7
    again = one_object(here(*words, "--out", str(out)).stdout)
    assert again["record"] != result["record"]
    for key in ("text", "words", "seed"):
        assert again[key] == result[key]
    assert len(list(out.glob("*.txt"))) == 2, "nothing is overwritten"
    bare = one_object(here(*words, "--out", str(out), "--provenance", "nothing").stdout)
    files = [str(path), bare["artifacts"][0]]
    told = one_object(here("verify", *files, "--json").stdout)["files"]
    assert [each["verdict"] for each in told] == ["ours", "none"]


def test_words_stream_to_stdout_and_the_rest_to_stderr(studio: Studio, here: Studio) -> None:
    done = here("run", "echo.say", "--text", "one two", "--number", "--skip", "two")
    assert done.stdout == "1.one \n"
    assert "record" in done.stderr
    assert "note" not in done.stderr
    told = here("run", "echo.say", "--text", "one", "--skip", "one")
    assert "note     Every word was skipped.\n" in told.stderr
    quiet = studio("run", "echo.say", "--text", "-", "--quiet", stdin="from\x1b[31m a pipe\n")
    assert quiet.stdout == "from a pipe \n"
    assert quiet.stderr == ""


def test_the_main_parameter_needs_no_flag(studio: Studio, here: Studio) -> None:
    assert here("run", "echo.say", "--quiet", "hi", "--times", "2").stdout == "hi hi \n"
    assert "studio run echo.say [TEXT] [--FLAG" in studio("run", "echo.say", "--help").stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["run", "echo.say"], ExitCode.BAD_INPUT, "Give it with --text."),
        (["run", "echo.say", "--text", "x", "--times", "0"], ExitCode.BAD_INPUT, "between 1 and"),
        (["run", "echo.shout"], ExitCode.NOT_FOUND, "no task called “echo.shout”"),
        (["run", "--quiet", "echo.say"], ExitCode.BAD_INPUT, "task must come first"),
        (
            ["run", "echo.say", "--text", "x", "--out", "{file}"],
            ExitCode.BAD_INPUT,
            "a file is in the way",
        ),
        (["models", "info", "nonesuch"], ExitCode.NOT_FOUND, "no model “nonesuch”"),
        (["library", "show", "nonesuch"], ExitCode.NOT_FOUND, "no item"),
        (["library", "export", "nonesuch", "--out", "{home}"], ExitCode.NOT_FOUND, "nonesuch"),
    ],
)
def test_bad_input_is_a_sentence_and_an_exit_code(
    command: Command, home: Path, tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    (tmp_path / "file").touch()
    ended, out, err = command(*(word.format(file=tmp_path / "file", home=home) for word in words))
    assert sentence in err
    assert "Traceback" not in err
    assert ended == code
    assert out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is another thing there")
def test_ctrl_c_stops_within_a_step_and_is_exit_130(home: Path) -> None:
    words = ["run", "echo.say", "--text", "word", "--times", "100000", "--seconds-per-word", "0.01"]
    with subprocess.Popen(
        [sys.executable, "-m", "studio", *words, "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.read(5) == "word "  # it runs
        child.send_signal(signal.SIGINT)
        rest, errors = child.communicate(timeout=600)
    assert child.returncode == ExitCode.INTERRUPTED
    assert errors == "Stopped.\n"
    assert len(rest.split()) < 50_000


def test_beside_a_window_results_are_printed_and_copied_but_not_saved(
    studio: Studio, home: Path, tmp_path: Path
) -> None:
    with Library.open(home / "library") as window:
        assert not window.read_only
        results = home / "cache" / "results"
        results.mkdir(parents=True)
        (results / "of-the-window").touch()
        done = studio("run", "echo.say", "--text", "hi", "--out", str(tmp_path / "out"))
        assert done.returncode == ExitCode.CANNOT_SAVE, done.stderr
        assert done.stdout == "hi \n"
        (copy,) = (tmp_path / "out").glob("*.txt")
        assert f"saved    {copy}" in done.stderr
        assert f"(process {os.getpid()})" in done.stderr
        told = one_object(studio("run", "echo.say", "--text", "hi", "--json").stdout)
        assert told["text"] == "hi"
        assert (told["record"], told["artifacts"]) == ("", [])
        toured = studio("--only", "echo", "tour", "--out", str(tmp_path / "tour"))
        assert "1 of 1 examples worked" in toured.stderr
        assert len(list((tmp_path / "tour" / "echo").glob("*.txt"))) == 1
        assert window.count() == 0
        assert (results / "of-the-window").exists()


def test_without_a_folder_it_says_how_a_result_is_copied(here: Studio, tmp_path: Path) -> None:
    told = here("run", "echo.say", "--text", "hi").stderr
    assert "objects/" not in told
    command = re.search(r"`studio (library export \S+) --out FOLDER`", told)
    assert command
    exported = here(*command[1].split(), "--out", str(tmp_path)).stdout
    assert Path(exported.strip()).read_text("utf-8") == "hi"


def test_tour_runs_the_examples_and_saves_them(studio: Studio, tmp_path: Path) -> None:
    done = studio("--only", "echo", "tour", "--out", str(tmp_path / "tour"))
    assert done.returncode == ExitCode.OK, done.stderr
    assert "Echo · Hello three times\nhello hello hello" in done.stdout
    (made,) = (tmp_path / "tour" / "echo").glob("*.txt")
    assert made.read_text("utf-8") == "hello hello hello"
    assert "1 of 1 examples worked" in done.stderr


def test_library_lists_searches_exports_backs_up_and_verifies(
    here: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here("run", "echo.say", "--text", "needle in a haystack")
    line = "needle task:echo.say after:today"
    (found,) = one_object(here("library", "search", line, "--json").stdout)["artifacts"]
    assert "needle" in found["snippet"]
    assert "not a date" in here("library", "search", "after:soon").stderr
    assert found["id"] in here("library", "list").stdout
    assert "needle in a haystack" in here("library", "show", found["id"]).stdout
    exported = here("library", "export", found["id"], "--out", str(tmp_path / "out")).stdout
    assert Path(exported.strip()).read_text("utf-8") == "needle in a haystack"
    assert here("library", "verify").returncode == ExitCode.OK
    assert here("library", "backup", str(tmp_path / "copy")).returncode == ExitCode.OK
    with monkeypatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(tmp_path / "copy"))
        assert found["id"] in here("library", "list").stdout
    folder = str(tmp_path / "backups")
    made = one_object(here("library", "backup", "--to", folder, "--json").stdout)
    assert made["verified"]
    (listed,) = one_object(here("library", "backups", "--in", folder, "--json").stdout)["backups"]
    assert (listed["name"], listed["artifacts"], listed["damaged"]) == (made["name"], 1, 0)
    assert "verified" in here("library", "backups", "--in", folder).stdout
    os.chmod(found["path"], 0o600)
    Path(found["path"]).write_bytes(b"changed")
    damaged = here("library", "verify")
    assert damaged.returncode == ExitCode.PROBLEMS
    assert found["id"] in damaged.stdout
    assert here("doctor", "library").returncode == ExitCode.PROBLEMS
    asked = here("library", "restore", made["folder"])
    assert asked.returncode == ExitCode.BAD_INPUT
    assert "Add --yes" in asked.stderr
    done = one_object(here("library", "restore", made["folder"], "--yes", "--json").stdout)
    assert done["restored"] == made["name"]
    assert here("library", "verify").returncode == ExitCode.OK
    kept = Path(done["kept"]).name
    assert kept in here("library", "backups", "--in", folder).stdout
    assert here("library", "restore", kept, "--yes").returncode == ExitCode.OK
    assert here("library", "verify").returncode == ExitCode.PROBLEMS
    assert "no backup" in here("library", "restore", "offline-studio-2001-01-01-000000").stderr
